"""The work that is measured: an example's model, data and optimizer, the same for everybody."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import DataLoader, Dataset

from engine.data.batching import Batch, BatchPlan, BatchSource, Indices, batch_sources
from engine.data.loaded import LoadedData
from engine.data.sources import load_for
from engine.examples import EXAMPLES
from engine.frozen import with_changes
from engine.models.build import build_model
from engine.run_spec import RunSpec
from engine.scheduler_factory import SchedulerFactory
from engine.training_config import AdamWConfig

_WARMUP = 0.1
"""The share of the steps that is not timed."""


class ClockedSource:
    """A batch source that notes when each batch is fetched: one clock for every loop.

    From fetch to fetch is one whole step, whatever a loop does in it and in which order.
    """

    draws_nothing = True

    def __init__(self, source: BatchSource) -> None:
        self._source = source
        self.fetched: list[float] = []

    def __len__(self) -> int:
        return len(self._source)

    def batch(self, epoch: int, indices: Indices) -> Batch:
        self.tick()
        return self._source.batch(epoch, indices)

    def tick(self) -> None:
        """A batch is fetched now."""
        self.fetched.append(time.perf_counter())

    def samples(self) -> Samples:
        """The samples of the first epoch, one by one."""
        return Samples(self._source.batch(0, np.arange(len(self))))

    def step_s(self) -> float:
        """Mean seconds of a step, without the first tenth of them, the start and the end."""
        timed = self.fetched[max(2, int(_WARMUP * len(self.fetched))) :]
        return (timed[-1] - timed[0]) / (len(timed) - 1)


@dataclass(frozen=True)
class Work:
    """One training task. What its methods give is new each time, and equal each time."""

    spec: RunSpec
    loaded: LoadedData
    steps: int

    def model(self) -> nn.Module:
        torch.manual_seed(0)
        return build_model(self.spec.model, self.loaded.facts).train()

    def source(self) -> ClockedSource:
        return ClockedSource(batch_sources(self.loaded, seed=0)[0])

    def plan(self, source: BatchSource) -> BatchPlan:
        """The batches that the Trainer makes too."""
        return BatchPlan(len(source), self.spec.training.batching.batch_size, shuffle=True, seed=0)

    def optimizer(self, model: nn.Module) -> torch.optim.Optimizer:
        """PyTorch's AdamW as the Trainer sets it up: biases and norms are not decayed."""
        config, parameters = self.spec.training.optimizer, list(model.parameters())
        assert isinstance(config, AdamWConfig)
        groups = [
            {"params": [p for p in parameters if p.ndim >= 2], "weight_decay": config.weight_decay},
            {"params": [p for p in parameters if p.ndim < 2], "weight_decay": 0.0},
        ]
        betas = (config.beta1, config.beta2)
        return torch.optim.AdamW(groups, lr=config.lr, betas=betas, eps=config.eps, fused=True)

    def schedule(self, optimizer: torch.optim.Optimizer) -> LambdaLR:
        """The Trainer's schedule, as PyTorch has schedules."""
        return LambdaLR(optimizer, SchedulerFactory.build(self.spec.training.scheduler, self.steps))

    def ready_made(self, source: BatchSource) -> DataLoader[Batch]:
        """The same batches for loops that want a DataLoader: nothing is left to collate."""
        return DataLoader(_Batches(self, source), batch_size=None, collate_fn=_as_it_is)


class Samples(Dataset[Batch]):
    """One sample as one item: what data sets usually are."""

    def __init__(self, tensors: Batch) -> None:
        self._tensors = tensors

    def __len__(self) -> int:
        return len(self._tensors["targets"])

    def __getitem__(self, index: int) -> Batch:
        return {name: tensor[index] for name, tensor in self._tensors.items()}


class _Batches(Dataset[Batch]):
    """A whole batch as one item, for as many steps as there are."""

    def __init__(self, work: Work, source: BatchSource) -> None:
        self._source, self._plan, self._steps = source, work.plan(source), work.steps

    def __len__(self) -> int:
        return self._steps

    def __getitem__(self, step: int) -> Batch:
        return self._source.batch(self._plan.epoch(step), self._plan.indices(step))


def work_of(example: str, steps: int, **changes: Any) -> Work:
    """An example for so many steps with nothing in between, on as many threads as are set now.

    ``changes`` are of its training, with ``__`` for dots.
    """
    spec = EXAMPLES[example].spec
    fixed: dict[str, object] = {
        "training.length": {"amount": steps, "unit": "steps"},
        "training.scheduler.warmup_steps": min(50, steps // 2),
        "training.evaluation.every_steps": 10**9,
        "training.checkpointing.every_steps": 10**9,
        "training.hardware.device": "cpu",
        "training.hardware.threads": torch.get_num_threads(),
    }
    wanted = {f"training.{name.replace('__', '.')}": value for name, value in changes.items()}
    return Work(with_changes(spec, fixed | wanted), load_for(spec.data, spec.model), steps)


def loss_of(model: nn.Module, batch: Batch) -> Tensor:
    """What everybody minimizes."""
    return F.cross_entropy(model(batch["inputs"]).flatten(0, -2), batch["targets"].flatten())


def _as_it_is(batch: Batch) -> Batch:
    return batch
