"""Adapted: a model of anybody's, called and answered as Traindeck's loop expects it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from engine.data.specs import DataFacts
from engine.memory import is_out_of_memory
from engine.models.imported import masks
from engine.models.imported.loading import ImportedFailed, code_errors
from engine.models.imported.masks import MaskStyle
from engine.models.imported.outputs import arranged, fits, logits_of
from engine.models.imported.probe import Wanted, made_up, perturbed, wanted_of
from engine.models.imported.signature import Signature, signature_of
from engine.models.imported.spec import CallSpec
from engine.task_spec import TaskKind

_PADDING = 0


@dataclass(frozen=True)
class Way:
    """One way to call a forward."""

    masks: MaskStyle = "none"
    targets: bool = False
    flatten: bool = False
    shift: bool = False
    batch_first: bool = True


class Adapted(nn.Module):
    """The user's module behind the loop's: inputs of the task in, logits as losses want them out.

    Its weights are those of `model`; nothing is computed besides.
    """

    def __init__(
        self, model: nn.Module, wanted: Wanted, signature: Signature, call: CallSpec, way: Way
    ) -> None:
        super().__init__()
        self.model = model
        self.wanted, self.signature, self.call, self.way = wanted, signature, call, way
        self.folder: Path | None = None
        self.found: tuple[str, ...] = ()
        """What was found out about the call, in sentences."""
        self.warnings: tuple[str, ...] = ()
        """What is probably not meant."""

    def forward(self, *inputs: Tensor) -> Tensor:
        try:
            return self.answered(*inputs)
        except ImportedFailed:
            raise
        except Exception as error:
            if self.folder is None or is_out_of_memory(error):
                raise  # the loop goes on with smaller batches
            with code_errors("forward", self.folder, f"forward failed for {_shapes(inputs)}"):
                raise

    def answered(self, *inputs: Tensor) -> Tensor:
        """The logits of a batch."""
        positional, named = self._handed(inputs)
        output = self.model(*positional, **named)
        logits, _ = logits_of(output, self.call.output)
        batch_first = self.way.batch_first
        return arranged(logits, inputs[-1], self.wanted, batch_first=batch_first)

    def _handed(self, inputs: tuple[Tensor, ...]) -> tuple[list[Tensor], dict[str, Tensor]]:
        given = [self._given(x) for x in inputs]
        signature, named = self.signature, {}
        padded, causal = self.wanted.padded, self.wanted.task == "causal-lm"
        for name, kind, required in signature.masks:
            by_kind = kind in ("tokens", "padding", "decoder-tokens")
            if required or (padded if by_kind else self.way.masks != "none"):
                named[name] = masks.made(kind, self.way.masks, inputs, padded=padded, causal=causal)
        if self.way.targets:
            named[signature.targets] = self._stand_in(inputs)
        if not signature.inputs:
            return given, named
        return [], dict(zip(signature.inputs, given, strict=True)) | named

    def _given(self, x: Tensor) -> Tensor:
        if self.way.flatten:
            x = x.flatten(1)
        if self.way.shift:
            x = nn.functional.pad(x, (0, 1), value=_PADDING)
        return x if self.way.batch_first else x.transpose(0, 1)

    def _stand_in(self, inputs: tuple[Tensor, ...]) -> Tensor:
        """Something that can be targets, for models that give their logits only then."""
        last = inputs[-1]
        if self.wanted.per_token:
            most = self.wanted.outputs or 1
            stand_in = last.clamp(max=most - 1)
            return stand_in if self.way.batch_first else stand_in.transpose(0, 1)
        if self.wanted.task == "tabular-regression":
            return last.new_zeros(len(last))
        if self.wanted.task == "multi-label-classification":
            return last.new_zeros(len(last), self.wanted.outputs or 1, dtype=torch.float32)
        return last.new_zeros(len(last), dtype=torch.int64)


def adapted(
    model: nn.Module, task: TaskKind, facts: DataFacts, call: CallSpec, folder: Path | None = None
) -> Adapted:
    """The model, with the way to call it worked out on a small made-up batch.

    The same code and facts give the same; torch's random numbers are left as they were.

    Raises:
        ImportedFailed: when there is none, naming the argument or shape at fault.
    """
    wanted, inputs = wanted_of(task, facts), made_up(task, facts)
    signature = signature_of(model.forward, len(inputs), call.inputs)
    with undisturbed(model):
        search = _Search(model, wanted, signature, call, inputs)
        search.vocabulary = facts.vocabulary_size or 2
        found = search.found(folder or Path("/nowhere"))
    found.folder = folder
    if not any(parameter.requires_grad for parameter in model.parameters()):
        frozen = "no parameters" if next(model.parameters(), None) is None else "only frozen ones"
        raise ImportedFailed("build", f"the model has {frozen}, so there is nothing to train")
    return found


@contextmanager
def undisturbed(model: nn.Module) -> Iterator[None]:
    """Look at what a model gives, and leave it and torch's random numbers as they were."""
    was_training = model.training
    model.eval()
    try:
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            yield
    finally:
        model.train(was_training)


class _Search:
    """Tries ways to call a forward, the plainest first."""

    def __init__(
        self,
        model: nn.Module,
        wanted: Wanted,
        signature: Signature,
        call: CallSpec,
        inputs: tuple[Tensor, ...],
    ) -> None:
        self._model, self._wanted, self._signature = model, wanted, signature
        self._call, self._inputs = call, inputs
        self.vocabulary = 2
        self._first: ImportedFailed | None = None

    def found(self, folder: Path) -> Adapted:
        """The first way without a fault; else the first with the right shape."""
        usable: list[Adapted] = []
        for way in self._ways():
            candidate = self._with(way)
            logits = self._tried(candidate, folder)
            if logits is None:
                continue
            candidate.warnings = tuple(self._faults(candidate, logits))
            if not candidate.warnings:
                usable = [candidate]
                break
            usable.append(candidate)
        if not usable:
            assert self._first is not None
            raise self._first
        best = min(usable, key=lambda candidate: len(candidate.warnings))
        best.found = tuple(self._said(best))
        return best

    def _with(self, way: Way) -> Adapted:
        return Adapted(self._model, self._wanted, self._signature, self._call, way)

    def _ways(self) -> Iterator[Way]:
        call, wanted, signature = self._call, self._wanted, self._signature
        free = [m for m in signature.masks if m[1] in ("source", "target")]
        required = any(mask[2] for mask in free)
        styles = masks.STYLES[call.masks] if free else ("none",)
        if call.masks == "found" and free and required:
            styles = styles[1:]
        if wanted.causal and free and call.masks == "found":
            styles = (*styles[1:], "none") if not required else styles
        sequences = wanted.is_text
        flat = not wanted.is_text and self._inputs[0].ndim > 2
        for first, shift, flatten, targets, style in itertools.product(
            _tried(call.batch_first, sequences, usual=True),
            _tried(call.shift, wanted.per_token, usual=False),
            _tried(call.flatten, flat, usual=False),
            _tried(call.targets, bool(signature.targets), usual=signature.targets_required),
            styles,
        ):
            if signature.targets_required and not targets:
                continue
            yield Way(style, targets, flatten, shift, first)

    def _tried(self, candidate: Adapted, folder: Path) -> Tensor | None:
        """The logits if they have the right shape; the first failure is kept."""
        try:
            with code_errors("forward", folder, f"forward failed for {_shapes(self._inputs)}"):
                logits = candidate.answered(*self._inputs)
            if not fits(logits, self._inputs[-1], self._wanted):
                raise ImportedFailed("output", self._misfit(logits))
        except ImportedFailed as failed:
            self._first = self._first or self._explained(failed)
            return None
        return logits

    def _explained(self, failed: ImportedFailed) -> ImportedFailed:
        if not self._wanted.is_text or "IndexError" not in failed.message:
            return failed
        tokens = max(x.shape[1] for x in self._inputs)
        hint = (
            f"{failed.message}. The data has {self.vocabulary:,} different tokens and texts of "
            f"{tokens:,} of them: does the model take so many?"
        )
        return ImportedFailed(failed.stage, hint, failed.lines)

    def _misfit(self, logits: Tensor) -> str:
        wanted, shape = self._wanted, tuple(logits.shape)
        text = (
            f"the model gave {shape} for inputs of shape {tuple(self._inputs[-1].shape)}, and "
            f"this task needs {wanted.in_words}"
        )
        last = shape[-1] if shape else 0
        head = last != wanted.outputs and wanted.task != "tabular-regression"
        if head and wanted.outputs and len(shape) == 2 + wanted.per_token:
            text += (
                f". The model has {last:,} outputs where the data needs {wanted.outputs:,}: "
                "change its arguments, or let its head be resized"
            )
        return text + "."

    def _faults(self, candidate: Adapted, logits: Tensor) -> Iterator[str]:
        if not torch.isfinite(logits).all():
            yield "The outputs for a random batch are not all finite numbers."
            return
        if self._wanted.is_text and self._mixes(candidate, logits):
            yield (
                "What is predicted for one sample changes with the others in its batch: is the "
                "batch dimension another one?"
            )
        if self._wanted.causal and self._looks_ahead(candidate, logits):
            yield (
                "Predictions change with later tokens, which are what is to be predicted: the "
                "loss will be far too good. Is a causal mask missing?"
            )

    def _mixes(self, candidate: Adapted, logits: Tensor) -> bool:
        inputs = [perturbed(x, self.vocabulary, sample=1) for x in self._inputs]
        others = [0, 2]  # those before it and those behind: recurrent nets see only one side
        return self._moved(candidate, inputs, logits[others], lambda other: other[others])

    def _looks_ahead(self, candidate: Adapted, logits: Tensor) -> bool:
        *others, last = self._inputs
        if last.shape[1] < 2:
            return False
        inputs = [*others, perturbed(last, self.vocabulary)]
        return self._moved(candidate, inputs, logits[:, :-1], lambda other: other[:, :-1])

    def _moved(self, candidate: Adapted, inputs: list[Tensor], before: Tensor, part: Any) -> bool:
        try:
            after = part(candidate.answered(*inputs))
        except Exception:  # noqa: BLE001 - whatever it is, the model does not take such inputs
            return True
        scale = float(before.abs().max()) or 1.0
        return not bool(torch.allclose(before, after, rtol=1e-3, atol=1e-4 * scale))

    # -- in words ----------------------------------------------------------------------------------

    def _said(self, candidate: Adapted) -> Iterator[str]:
        way, signature = candidate.way, self._signature
        names = ", ".join(signature.inputs) or "its arguments in their order"
        yield f"forward is given {_shapes(self._inputs)} as {names}."
        positional, named = candidate._handed(self._inputs)
        extra = [name for name in named if name not in (*signature.inputs, signature.targets)]
        if extra:
            yield f"Masks are made for it: {', '.join(extra)} ({masks.IN_WORDS[way.masks]})."
        if way.targets:
            yield (
                f"It is given its own inputs as {signature.targets}, because it gives all its "
                "logits only then; the true targets are not shown to it."
            )
        if not way.batch_first:
            yield "The first dimension is that of the tokens, the second that of the samples."
        if way.flatten:
            yield "Each image is given as one row of numbers."
        if way.shift:
            yield "It drops the last token of what it is given, so one more is given."
        output = self._model(*positional, **named)
        logits, place = logits_of(output, self._call.output)
        if self._wanted.spare(logits.shape[-1]):
            yield (
                f"It has {logits.shape[-1]:,} outputs where the data has {self._wanted.outputs:,} "
                "tokens: the others are left out."
            )
        shape = tuple(logits.shape)
        yield f"Its logits are {place}, {shape}. Traindeck computes the loss from them."


def _tried(choice: str, matters: bool, *, usual: bool) -> tuple[bool, ...]:
    """What is tried for one choice: what the user said, else the usual and then the other."""
    if choice != "found":
        return (choice == "yes",)
    return (usual, not usual) if matters else (usual,)


def _shapes(inputs: tuple[Tensor, ...]) -> str:
    return " and ".join(f"{tuple(x.shape)} {str(x.dtype).removeprefix('torch.')}" for x in inputs)
