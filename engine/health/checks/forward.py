"""Whether a model takes batches and sequences of several sizes, and gives what the task needs."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from engine.health.outcome import Complaint, Outcome, concluded, in_words
from engine.health.subject import Subject, longest, shortened
from engine.task_spec import COUNTS_TOKENS

SIZES = (1, 2, 3)
"""Batch sizes that are tried besides the one in training: one alone, and one that is odd."""
MOST_SAMPLES = 64
"""Larger batches than this bring nothing new but time."""
_WRITES = ("causal-lm", "seq2seq")
"""Tasks whose models are given texts that grow from one token on."""


def forward(subject: Subject) -> Outcome:
    """One pass in evaluation mode for each batch size and length, compared with the targets."""
    model = subject.model().eval()
    refused = _sizes(subject, model, SIZES)
    if refused:
        return concluded("", refused, {"batch sizes tried": (len(SIZES), "")})
    largest = subject.affordable(min(subject.batch_size, MOST_SAMPLES))
    sizes = sorted({*SIZES, largest})
    length = longest(subject, subject.batch(1))
    lengths = sorted({1, 2, length // 2, length} - {0}) if length else []
    complaints = [*_sizes(subject, model, [largest]), *_lengths(subject, model, lengths)]
    shape, outputs = "", 0
    if not any(one.verdict == "fail" for one in complaints):
        found = _one(subject, model, largest, length)
        shape, outputs = " x ".join(map(str, found.shape)), _width(found)
        complaints += _of_width(subject, outputs)
    tried = f"batches of {_words(sizes)}"
    tried += f" and sequences of {_words(lengths)} tokens" if lengths else ""
    return concluded(
        f"It takes {tried}; {largest} samples give {shape} numbers that fit the targets.",
        complaints,
        {
            "batch sizes tried": (len(sizes), ""),
            "largest batch": (largest, "samples"),
            "lengths tried": (len(lengths), ""),
            "longest sequence": (length or None, "tokens"),
            "sizes refused": (len(complaints), ""),
            "outputs for one target": (outputs or None, ""),
        },
    )


def _sizes(subject: Subject, model: nn.Module, sizes: Sequence[int]) -> list[Complaint]:
    """A complaint where batch sizes do not work."""
    refused = {size: said for size in sizes if (said := _trouble(subject, model, size, None))}
    if not refused:
        return []
    size, said = next(iter(refused.items()))
    text = f"Batches of {_words(list(refused))} samples do not work: for {size}, {said}."
    remedy = "Take the batch size from the input's shape instead of writing it down."
    alike = len(refused) == len(sizes)  # then it is not for the size
    return [Complaint("fail", text, "" if alike else remedy)]


def _lengths(subject: Subject, model: nn.Module, lengths: list[int]) -> list[Complaint]:
    """A complaint where shorter texts do not work: an error for what writes, which needs them."""
    writes = subject.task.kind in _WRITES
    needed = "Writing text begins with one token, so it must take" if writes else "It could take"
    remedy = f"{needed} sequences of any length up to its longest: use the input's length."
    refused = {n: said for n in lengths if (said := _trouble(subject, model, 2, n))}
    if not refused:
        return []
    length, said = next(iter(refused.items()))
    text = f"Sequences of {_words(list(refused))} tokens do not work: for {length}, {said}."
    return [Complaint("fail" if writes or max(lengths) in refused else "warn", text, remedy)]


def _trouble(subject: Subject, model: nn.Module, samples: int, length: int | None) -> str:
    """What is wrong with one size, in words; nothing if all is well."""
    try:
        outputs = _one(subject, model, samples, length)
    except Exception as error:  # noqa: BLE001 - whatever the user's model raises is the finding
        return in_words(error)
    return "" if outputs.isfinite().all() else "its outputs are NaN or infinite"


def _one(subject: Subject, model: nn.Module, samples: int, length: int | None) -> Tensor:
    batch = subject.batch(samples)
    if length and length < longest(subject, batch):
        batch = shortened(subject, batch, length)
    with torch.no_grad():
        outputs = subject.outputs(model, batch)
        subject.mean_loss(outputs, batch)  # raises where they do not fit the targets
    return outputs


def _width(outputs: Tensor) -> int:
    """How many numbers there are for one target."""
    return outputs.shape[-1] if outputs.ndim > 1 else 1


def _of_width(subject: Subject, found: int) -> list[Complaint]:
    """Whether there are as many outputs as the data has classes, labels or tokens."""
    wanted = subject.facts.outputs
    if wanted is None or found == wanted:
        return []
    unit = (
        "tokens" if subject.task.kind in COUNTS_TOKENS and not subject.facts.classes else "classes"
    )
    text = f"It gives {found} outputs for one target, but the data has {wanted} {unit}."
    remedy = f"Give its last layer {wanted} outputs."
    return [Complaint("fail" if found < wanted else "warn", text, remedy)]


def _words(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers))
