"""The logits among what a forward gives, in the shape that losses want."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from torch import Tensor

from engine.models.imported.loading import ImportedFailed
from engine.models.imported.probe import Wanted

_NAMES = ("logits", "output", "outputs", "prediction", "predictions", "preds", "pred", "y_hat")


def logits_of(output: object, where: str) -> tuple[Tensor, str]:
    """The tensor that holds the logits, and where it was, in words.

    Raises:
        ImportedFailed: when there is none, or not where it was said to be.
    """
    if where not in ("found", "tensor", "first"):
        return _at(output, where)
    if isinstance(output, Tensor):
        return output, "one tensor"
    if where != "tensor":
        found = _first(output)
        if found is not None:
            return found
    raise ImportedFailed("output", f"the output is {_kind(output)}: no tensor of logits")


def _at(output: object, where: str) -> tuple[Tensor, str]:
    named = dict(_named(output))
    if isinstance(named.get(where), Tensor):
        return named[where], f"its {where!r}"
    there = ", ".join(map(repr, named)) or type(output).__name__
    raise ImportedFailed("output", f"the output has no tensor {where!r}; there is: {there}")


def _first(output: object) -> tuple[Tensor, str] | None:
    """The first tensor that is more than one number: by place, or by usual names."""
    if isinstance(output, Sequence) and not hasattr(output, "_fields"):
        entries = [(f"number {n + 1} of {len(output)}", value) for n, value in enumerate(output)]
    else:
        entries = [(f"its {n!r}", value) for n, value in _in_order(dict(_named(output)))]
    tensors = ((v, place) for place, v in entries if isinstance(v, Tensor) and v.ndim > 0)
    return next(tensors, None)


def arranged(logits: Tensor, inputs: Tensor, wanted: Wanted, *, batch_first: bool) -> Tensor:
    """The logits as (samples, tokens, classes) or (samples, classes), where they can be that.

    `inputs` are those of the task: samples first, for text with their tokens.
    """
    if not wanted.per_token:
        return _a_sample_each(logits, len(inputs))
    samples, tokens = inputs.shape[:2]
    if logits.ndim == 2 and len(logits) == samples * tokens:
        first, second = (samples, tokens) if batch_first else (tokens, samples)
        logits = logits.view(first, second, -1)
    if logits.ndim != 3:
        return logits
    if not batch_first:
        logits = logits.transpose(0, 1)
    if wanted.spare(logits.shape[-1]) and logits.shape[:2] == (samples, tokens):
        return logits[..., : wanted.outputs]
    swapped = logits.shape[0] == samples and logits.shape[1:] == (wanted.outputs, tokens)
    if swapped and logits.shape[1] != tokens:
        return logits.transpose(1, 2)
    return logits


def fits(logits: Tensor, inputs: Tensor, wanted: Wanted) -> bool:
    """Whether logits have the shape that the task wants."""
    shape = tuple(logits.shape)
    if wanted.task == "tabular-regression":
        return shape in ((len(inputs),), (len(inputs), 1))
    lead = tuple(inputs.shape[:2]) if wanted.per_token else (len(inputs),)
    right = len(shape) == len(lead) + 1 and shape[:-1] == lead
    return right and wanted.outputs in (None, shape[-1])


def _a_sample_each(logits: Tensor, samples: int) -> Tensor:
    while logits.ndim > 2 and 1 in logits.shape[1:]:
        place = next(n for n in range(1, logits.ndim) if logits.shape[n] == 1)
        logits = logits.squeeze(place)
    if logits.ndim == 3 and logits.shape[0] == 1 and logits.shape[1] == samples:
        return logits.squeeze(0)
    return logits


def _named(output: object) -> Iterator[tuple[str, Any]]:
    """What is in an output by name: of a mapping, a named tuple, or any object."""
    if isinstance(output, Mapping):
        yield from ((str(name), value) for name, value in output.items())
    elif hasattr(output, "_asdict"):
        yield from output._asdict().items()
    elif hasattr(output, "__dict__") and not isinstance(output, Tensor):
        yield from vars(output).items()


def _in_order(named: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    yield from ((name, named[name]) for name in _NAMES if name in named)
    yield from ((name, value) for name, value in named.items() if name not in _NAMES)


def _kind(output: object) -> str:
    if isinstance(output, Mapping):
        return f"a mapping with {', '.join(map(repr, output)) or 'nothing'}"
    if isinstance(output, Sequence):
        return f"{type(output).__name__} of {', '.join(type(v).__name__ for v in output)}"
    return f"an object of {type(output).__name__}"
