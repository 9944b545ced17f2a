"""The two loops at home: the Trainer, and the same updates written out by hand."""

from __future__ import annotations

import tempfile
from pathlib import Path

from torch import nn

from benchmarks.work import Work, loss_of
from engine.scheduler_factory import SchedulerFactory
from engine.trainer import Trainer

CLIP_NORM = 1.0


def bare(work: Work) -> float:
    """Seconds a step of a hand-written loop; nothing is logged."""
    model, source = work.model(), work.source()
    optimizer, plan = work.optimizer(model), work.plan(source)
    lr = work.spec.training.optimizer.lr
    schedule = SchedulerFactory.build(work.spec.training.scheduler, work.steps)
    for step in range(work.steps):
        batch = source.batch(plan.epoch(step), plan.indices(step))
        for group in optimizer.param_groups:
            group["lr"] = lr * schedule(step)
        optimizer.zero_grad(set_to_none=True)
        loss_of(model, batch).backward()
        nn.utils.clip_grad_norm_(model.parameters(), CLIP_NORM)
        optimizer.step()
    return source.step_s()


def trained(work: Work) -> float:
    """Seconds a step of the Trainer as it is: every step logged and checked, a run folder kept."""
    source = work.source()
    with tempfile.TemporaryDirectory() as folder:
        trainer_of(work, Path(folder)).train(train_data=source)
    return source.step_s()


def trainer_of(work: Work, folder: Path) -> Trainer:
    """A Trainer with a new model."""
    spec = work.spec
    assert spec.training.gradients.clip_norm == CLIP_NORM
    return Trainer(
        model=work.model(), training_config=spec.training, task_spec=spec.task, run=folder
    )
