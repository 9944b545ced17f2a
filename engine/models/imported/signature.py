"""What the arguments of a forward mean, by their names and places."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from engine.models.imported.loading import ImportedFailed

MaskKind = Literal["tokens", "padding", "source", "target", "decoder-tokens"]
"""What a mask says: which tokens there are, which are padding, who looks at whom."""

_TARGETS = ("targets", "target", "labels", "label", "y", "y_true", "gt", "lm_labels")
_DECODER = (
    "tgt",
    "trg",
    "decoder_input_ids",
    "decoder_inputs",
    "decoder_input",
    "dec_input",
    "dec_inputs",
    "target",
    "targets",
    "y",
)
_MASKS: dict[str, MaskKind] = {
    "attention_mask": "tokens",
    "attn_mask": "source",
    "mask": "source",
    "src_mask": "source",
    "source_mask": "source",
    "causal_mask": "source",
    "input_mask": "tokens",
    "tgt_mask": "target",
    "trg_mask": "target",
    "target_mask": "target",
    "padding_mask": "padding",
    "pad_mask": "padding",
    "key_padding_mask": "padding",
    "src_key_padding_mask": "padding",
    "src_padding_mask": "padding",
    "decoder_attention_mask": "decoder-tokens",
}


@dataclass(frozen=True)
class Signature:
    """The arguments of a forward by what they are for."""

    inputs: tuple[str, ...]
    """Given the task's inputs, in its order; empty: by position."""
    targets: str = ""
    targets_required: bool = False
    masks: tuple[tuple[str, MaskKind, bool], ...] = ()
    """(name, what it says, whether it is required)."""


def signature_of(
    forward: Callable[..., Any], count: int, chosen: tuple[str, ...] = ()
) -> Signature:
    """Read the signature of a forward that is given so many inputs.

    Raises:
        ImportedFailed: when it wants something that Traindeck does not have, naming the argument.
    """
    known = inspect.signature(forward).parameters
    named = {n: p for n, p in known.items() if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}
    if len(named) < count and any(p.kind is p.VAR_POSITIONAL for p in known.values()):
        return Signature(())
    inputs = chosen or _inputs(tuple(named), count)
    absent = [name for name in inputs if name not in named]
    if absent or len(inputs) < count:
        wanted = f"{count} inputs" if count > 1 else "one input"
        message = f"forward({', '.join(known)}) has no argument for each of {wanted}"
        found = f"; there is no {absent[0]!r}" if absent else ""
        raise ImportedFailed("signature", message + found)
    rest = {name: p for name, p in named.items() if name not in inputs}
    targets = next((name for name in rest if name in _TARGETS), "")
    masks = tuple((n, _MASKS[n], p.default is p.empty) for n, p in rest.items() if n in _MASKS)
    _refuse_unknown({n: p for n, p in rest.items() if n not in (targets, *_MASKS)})
    required = bool(targets) and rest[targets].default is inspect.Parameter.empty
    return Signature(inputs, targets, required, masks)


def _inputs(names: tuple[str, ...], count: int) -> tuple[str, ...]:
    """The arguments for the data: the first that are no masks; a decoder's by its name."""
    usual = [name for name in names if name not in _MASKS]
    first = next((name for name in usual if name not in _TARGETS), "") or "".join(usual[:1])
    if not first or count == 1:
        return (first,) if first else ()
    others = [name for name in usual if name != first]
    second = next((name for name in others if name in _DECODER), "") or "".join(others[:1])
    return (first, second) if second else (first,)


def _refuse_unknown(rest: dict[str, inspect.Parameter]) -> None:
    for name, parameter in rest.items():
        if parameter.default is parameter.empty:
            message = (
                f"forward wants an argument {name!r}, and Traindeck does not know what it is. "
                "Give it a default, or name it as usual: input_ids, attention_mask, labels, src, "
                "tgt, src_mask, tgt_mask."
            )
            raise ImportedFailed("signature", message)
