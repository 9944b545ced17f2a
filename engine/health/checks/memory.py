"""How the memory of training grows with the batch, and up to which batch it fits here.

A process's memory on a CPU says little about one model: the allocator keeps what was freed, and
libraries take more than small models. So what is measured is what autograd really keeps for the
backward pass, to the byte; weights, gradients and the optimizer's state are counted.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from engine.health.outcome import Clock, Complaint, Outcome, Skipped, concluded
from engine.health.report import Curve, Lines
from engine.health.subject import Subject
from engine.machine import machine_facts

SIZES = (2, 4, 8, 16)
"""Batch sizes that are measured: not one alone, which a batch norm does not train on."""
BUDGET_S = 6.0
USED = 0.8
"""The share of the free memory that training may take: other programs need some, too."""
ADAM_COPIES = 4
"""Numbers for each trained weight: itself, its gradient and the two averages of AdamW."""
UNEVEN = 0.1
"""How far a measured size may lie off the line through all of them."""
SHOWN = 12
"""Points of the extrapolated line: each twice the batch of the one before."""


def memory(subject: Subject) -> Outcome:
    """Measure what is kept for the backward pass, fit a line, extrapolate to the memory here."""
    model = subject.model()
    trained = sum(w.nbytes for w in model.parameters() if w.requires_grad)
    whole = sum(t.nbytes for t in {*model.parameters(), *model.buffers()})
    fixed = whole + (ADAM_COPIES - 1) * trained
    kept = _measured(subject, model)
    if not min(kept.values()):
        raise Skipped("It keeps nothing for a backward pass: nothing in it is trained.")
    per_sample, once = (float(v) for v in np.polyfit(list(kept), list(kept.values()), 1))
    off = max(abs(once + per_sample * n - kept[n]) / kept[n] for n in kept)
    always = fixed + max(0.0, once)
    needed = always + per_sample * subject.batch_size
    free = float(machine_facts(Path()).memory_available_bytes)
    most = int((USED * free - always) / per_sample) if per_sample > 0 else None
    return concluded(
        f"Training takes {_words(always)} and {_words(per_sample)} a sample: {_words(needed)} "
        f"with batches of {subject.batch_size:,}"
        + ("." if most is None else f", and up to {most:,} samples at once fit here."),
        _complaints(needed, free, most, off),
        {
            "kept for a sample": (per_sample / 1e6, "MB"),
            "weights, gradients and AdamW": (fixed / 1e6, "MB"),
            f"with batches of {subject.batch_size:,}": (needed / 1e6, "MB"),
            "free memory": (free / 1e6, "MB"),
            "largest batch that fits": (most, "samples"),
            "off the line by": (off, "at most"),
        },
        [_lines(kept, fixed, always, per_sample, free)],
    )


def _measured(subject: Subject, model: nn.Module) -> dict[int, int]:
    """Bytes kept for the backward pass, for each batch size; two sizes at least."""
    clock, kept = Clock(BUDGET_S), {}
    for size in SIZES:
        kept[size] = kept_bytes(subject, model, size)
        if clock.is_over and len(kept) > 1:
            break
    return kept


def kept_bytes(subject: Subject, model: nn.Module, samples: int) -> int:
    """Bytes that autograd keeps of one forward pass, without weights, buffers and the batch.

    What several operations keep is counted once. Buffers that exist only for a moment within an
    operation are not seen.
    """
    batch = subject.batch(samples)
    known = {_place(t) for t in (*model.parameters(), *model.buffers())}
    known |= {_place(t) for t in batch.values() if isinstance(t, Tensor)}
    found: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        if _place(tensor) not in known:
            found[_place(tensor)] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        loss = subject.mean_loss(subject.outputs(model, batch), batch)
    assert loss.ndim == 0  # and held until here: a freed address would be counted once for two
    return sum(found.values())


def _place(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()


def _complaints(needed: float, free: float, most: int | None, off: float) -> list[Complaint]:
    found = []
    if needed > USED * free:
        text = f"Training would take {_words(needed)}; {_words(free)} are free here."
        fits = f"Use batches of at most {most:,} and" if most and most > 0 else "Use"
        remedy = f"{fits} gradient accumulation, activation checkpointing, or a smaller model."
        found.append(Complaint("fail" if needed > free else "warn", text, remedy))
    if off > UNEVEN:
        text = f"Memory does not grow in proportion to the batch: {off:.0%} off the line."
        remedy = "Measure larger batches before training: python -m engine batch-size."
        found.append(Complaint("warn", text, remedy))
    return found


def _lines(
    kept: dict[int, int], fixed: float, always: float, per_sample: float, free: float
) -> Lines:
    sizes = [2.0**power for power in range(SHOWN)]
    line = Curve(
        name="extrapolated",
        x=tuple(sizes),
        y=tuple((always + per_sample * size) / 1e6 for size in sizes),
    )
    points = Curve(
        name="measured",
        x=tuple(map(float, kept)),
        y=tuple((fixed + size) / 1e6 for size in kept.values()),
    )
    return Lines(
        title="Memory of training",
        x_title="batch size",
        y_title="MB",
        curves=(line, points),
        log_x=True,
        log_y=True,
        bounds={"free": free / 1e6},
    )


def _words(size: float) -> str:
    for unit, amount in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= amount:
            return f"{size / amount:,.1f} {unit}"
    return f"{size:,.0f} bytes"
