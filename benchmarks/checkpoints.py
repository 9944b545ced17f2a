"""How long training stands still for a checkpoint: written in the background, and at once."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

import torch
from torch import nn

from benchmarks import effort
from benchmarks.interleaving import interleaved
from benchmarks.table import print_table
from benchmarks.work import ClockedSource
from engine.data.batching import ArraySource
from engine.observers import Observer
from engine.task_spec import TaskSpec
from engine.trainer import Trainer
from engine.training_config import (
    BatchingConfig,
    CheckpointingConfig,
    LengthConfig,
    TrainingConfig,
)

if TYPE_CHECKING:
    from engine.training_loop import StepResult

ROUNDS = effort.of(3, 1)
CHECKPOINTS = effort.of(3, 2)
EVERY = effort.of(40, 20)
"""Steps between two checkpoints: so many that one is written when the next is due."""
WIDTH, LAYERS, BATCH = 2048, 7, 8
MOST = 0.10
"""The share of the stall at once that the background's may be."""


@dataclass
class _Stamps(Observer):
    """When each step was done."""

    done: list[float] = field(default_factory=list)

    def on_step(self, result: StepResult) -> None:
        self.done.append(time.perf_counter())


@dataclass(frozen=True)
class Stalled:
    """Seconds that a checkpoint costs, medians of a run."""

    stall_s: float
    """From the end of the step that is saved to the beginning of the next."""
    lost_s: float
    """What all steps until the next checkpoint take longer than ordinary ones, stall included."""
    step_s: float
    """An ordinary step: one before the first checkpoint."""


def main() -> None:
    torch.set_num_threads(effort.of(os.cpu_count() or 1, 1))
    found: dict[bool, list[Stalled]] = {True: [], False: []}

    def stall_s(*, background: bool) -> float:
        found[background].append(_measured(background))
        return found[background][-1].stall_s

    kinds = {"at once": False, "in the background": True}
    measures = {title: partial(stall_s, background=kind) for title, kind in kinds.items()}
    stalls = interleaved(measures, ROUNDS)
    pairs = zip(stalls["in the background"], stalls["at once"], strict=True)
    share = statistics.median(background / at_once for background, at_once in pairs)
    _show({title: found[kind][1:] for title, kind in kinds.items()}, share)


def _measured(background: bool) -> Stalled:
    stamps, source = _Stamps(), ClockedSource(_random_data())
    with tempfile.TemporaryDirectory() as folder:
        Trainer(
            model=_model(),
            training_config=_config(background),
            task_spec=TaskSpec(kind="image-classification"),
            run=folder,
            observers=[stamps],
        ).train(train_data=source)
    begun, done = source.fetched, stamps.done
    step_s = statistics.median(after - at for at, after in pairwise(begun[1:EVERY]))
    saved = range(EVERY, EVERY * CHECKPOINTS + 1, EVERY)
    return Stalled(
        statistics.median(begun[step] - done[step - 1] for step in saved),
        statistics.median(done[step + EVERY - 2] - done[step - 1] for step in saved)
        - (EVERY - 1) * step_s,
        step_s,
    )


def _random_data() -> ArraySource:
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(BATCH, WIDTH, generator=generator)
    return ArraySource({"inputs": inputs, "targets": torch.arange(BATCH)})


def _model() -> nn.Module:
    torch.manual_seed(0)
    hidden = [part for _ in range(LAYERS) for part in (nn.Linear(WIDTH, WIDTH), nn.GELU())]
    return nn.Sequential(*hidden, nn.Linear(WIDTH, 10))


def _config(background: bool) -> TrainingConfig:
    steps = EVERY * (CHECKPOINTS + 1)
    return TrainingConfig(
        length=LengthConfig(amount=steps, unit="steps"),
        batching=BatchingConfig(batch_size=BATCH),
        checkpointing=CheckpointingConfig(every_steps=EVERY, background=background),
    )


def _show(found: dict[str, list[Stalled]], share: float) -> None:
    rows = [
        (
            title,
            1000 * statistics.median(one.step_s for one in runs),
            1000 * statistics.median(one.stall_s for one in runs),
            1000 * statistics.median(one.lost_s for one in runs),
            f"{share:.3f}" if title == "in the background" else "",
            f"<= {MOST:.2f}" if title == "in the background" else "",
        )
        for title, runs in found.items()
    ]
    size = sum(parameter.numel() for parameter in _model().parameters())
    print_table(
        f"Checkpoints of {size / 1e6:.0f} million parameters with AdamW's state "
        f"({12 * size / 2**20:.0f} MiB), CPU threads: {torch.get_num_threads()}, in "
        f"{tempfile.gettempdir()}; medians of {ROUNDS} interleaved runs of {CHECKPOINTS}",
        (
            "written",
            "ms/step",
            "stall ms",
            "lost until the next ms",
            "of the stall at once",
            "target",
        ),
        rows,
    )


if __name__ == "__main__":
    main()
