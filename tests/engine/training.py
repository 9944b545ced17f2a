"""Small real training for tests: a classifier on points in a plane, a few milliseconds a run."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from engine.data.batching import BatchPlan, BatchSource
from engine.data.workers import Prepared
from engine.losses import loss_for
from engine.optimizer_factory import OptimizerFactory
from engine.runs.run import Run
from engine.task_spec import TaskSpec
from engine.trainer import Trainer, TrainingResults
from engine.training_config import TrainingConfig
from engine.training_loop import TrainingLoop

TASK = TaskSpec(kind="image-classification")
Points = tuple[Tensor, Tensor]
Told = list[tuple[str, str]]


def points(count: int = 70) -> Points:
    """(inputs (N, 2), targets (N,)): which quadrant a random point lies in."""
    generator = torch.Generator().manual_seed(7)
    inputs = torch.randn(count, 2, generator=generator)
    return inputs, (inputs[:, 0] > 0).long() + 2 * (inputs[:, 1] > 0).long()


def config(**changes: object) -> TrainingConfig:
    document: dict[str, object] = {
        "length": {"amount": 30, "unit": "steps"},
        "scheduler": {"name": "cosine", "warmup_steps": 5},
        "batching": {"batch_size": 16},
        "evaluation": {"every_steps": 10},
        "checkpointing": {"every_steps": 10},
        "hardware": {"threads": 1, "device": "cpu"},
    }
    return TrainingConfig.parse(document | changes)


def model(seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(2, 16), nn.GELU(), nn.Dropout(0.2), nn.Linear(16, 4))


def trained(
    runs: Path | Run, training: TrainingConfig | None = None, net: nn.Module | None = None
) -> TrainingResults:
    """Train the classifier with validation data into a runs folder, or go on with a run."""
    trainer = Trainer(
        model=net or model(), training_config=training or config(), task_spec=TASK, run=runs
    )
    return trainer.train(train_data=points(), val_data=points(20))


def loop_of(
    net: nn.Module,
    source: BatchSource,
    training: TrainingConfig,
    task: TaskSpec = TASK,
    told: Told | None = None,
) -> TrainingLoop:
    """A training loop alone, on batches in the order of the data; what it tells is in `told`."""
    notes: Told = [] if told is None else told
    plan = BatchPlan(len(source), training.batching.batch_size, shuffle=False, seed=0)
    return TrainingLoop(
        net,
        OptimizerFactory.build(net, training.optimizer),
        lambda step: 1.0,
        Prepared(source, plan, workers=0, seed=0),
        training,
        task,
        loss=loss_for(task, source),
        tell=lambda kind, text: notes.append((kind, text)),
    )


def weights_of(net: nn.Module) -> Tensor:
    """All parameters in one row."""
    return torch.cat([parameter.detach().flatten() for parameter in net.parameters()])
