"""TrainingLoop: one optimizer update reads as the algorithm. ValidationLoop: one pass, no trace."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_, get_total_norm

from engine.data.batching import Batch, BatchPlan, BatchSource
from engine.errors import NonFiniteLoss
from engine.losses import loss_sum, target_count
from engine.metrics import step_metrics, validation_metrics
from engine.optimizers.like import OptimizerLike
from engine.precision import autocast
from engine.scheduler_factory import Schedule
from engine.task_spec import TaskSpec
from engine.training_config import TrainingConfig


@dataclass(slots=True)
class Progress:
    """All that changes while training, apart from weights and optimizer. Each clock has a name."""

    step: int = 0
    """Optimizer updates made."""
    micro_step: int = 0
    """Batches seen."""
    samples: int = 0
    """Samples seen, repeats counted."""
    targets: int = 0
    """Predictions that the loss was taken over (tokens of a language model)."""

    def state_dict(self) -> dict[str, int]:
        return asdict(self)

    def load_state_dict(self, state: dict[str, int]) -> None:
        for name, value in state.items():
            setattr(self, name, value)


class StepResult(NamedTuple):
    """Facts of one optimizer update. Tensors are scalars on the device, not yet read."""

    step: int
    loss: Tensor
    grad_norm: Tensor
    lr: float
    measures: dict[str, Tensor]


class TrainingLoop:
    """Makes optimizer updates from a stream of batches that is a pure function of its position."""

    def __init__(
        self,
        model: nn.Module,
        optimizer: OptimizerLike,
        schedule: Schedule,
        data: tuple[BatchSource, BatchPlan],
        config: TrainingConfig,
        task: TaskSpec,
    ) -> None:
        self.model = model
        self.optimizer = optimizer
        self.schedule = schedule
        self.progress = Progress()
        self._source, self._plan = data
        self._task = task
        self._accumulate = config.batching.accumulate
        self._clip_norm = config.gradients.clip_norm
        self._peak_lr = config.optimizer.lr
        self._lr_factors = [group["lr_factor"] for group in optimizer.param_groups]
        self._parameters = [p for group in optimizer.param_groups for p in group["params"]]
        self._device = self._parameters[0].device
        self._autocast = autocast(config.precision, self._device)

    def update(self, *, measure: bool = False) -> StepResult:
        """Make one optimizer update from ``accumulate`` batches.

        The gradient is that of the mean over all targets of these batches, whatever their sizes.

        Raises:
            NonFiniteLoss: before the weights are touched.
        """
        batches = [self._next_batch() for _ in range(self._accumulate)]
        targets = sum(count for _, count in batches)
        lr = self._set_lr()
        self.optimizer.zero_grad(set_to_none=True)
        passes = [self._forward_backward(batch, targets) for batch, _ in batches]
        loss = _total([share for share, _ in passes])
        grad_norm = self._clip()
        self._refuse_divergence(loss, grad_norm)
        self.optimizer.step()
        self.progress.step += 1
        self.progress.targets += targets
        measures = self._measures(passes, batches, targets) if measure else {}
        return StepResult(self.progress.step, loss, grad_norm, lr, measures)

    def _next_batch(self) -> tuple[Batch, int]:
        """The next batch, on the device, and how many of its targets count."""
        progress, plan = self.progress, self._plan
        indices = plan.indices(progress.micro_step)
        batch = self._source.batch(progress.micro_step // plan.micro_batches_per_epoch, indices)
        progress.micro_step += 1
        progress.samples += len(indices)
        return _moved(batch, self._device), target_count(batch[self._task.target])

    def _set_lr(self) -> float:
        lr = self._peak_lr * self.schedule(self.progress.step)
        for group, factor in zip(self.optimizer.param_groups, self._lr_factors, strict=True):
            group["lr"] = lr * factor
        return lr

    def _forward_backward(self, batch: Batch, targets: int) -> tuple[Tensor, Tensor]:
        """The batch's share of the mean loss, and the outputs; both cut from the graph."""
        with self._autocast:
            outputs = self.model(*[batch[name] for name in self._task.inputs])
            loss = loss_sum(outputs, batch[self._task.target], self._task) / targets
        loss.backward()  # type: ignore[no-untyped-call]
        return loss.detach(), outputs.detach()

    def _clip(self) -> Tensor:
        """The global gradient norm before clipping."""
        if self._clip_norm is not None:
            return clip_grad_norm_(self._parameters, self._clip_norm)
        return get_total_norm([p.grad for p in self._parameters if p.grad is not None])

    def _refuse_divergence(self, loss: Tensor, grad_norm: Tensor) -> None:
        if math.isfinite((loss + grad_norm).item()):
            return
        finite = bool(loss.isfinite())
        metric, value = ("optim/grad_norm", grad_norm) if finite else ("train/loss", loss)
        raise NonFiniteLoss(self.progress.step + 1, metric, value.item())

    def _measures(
        self, passes: list[tuple[Tensor, Tensor]], batches: list[tuple[Batch, int]], targets: int
    ) -> dict[str, Tensor]:
        """The training metrics of the whole update, each batch weighted by its targets."""
        parts = [
            (step_metrics(outputs, batch[self._task.target], self._task), count / targets)
            for (_, outputs), (batch, count) in zip(passes, batches, strict=True)
        ]
        return {name: _total([part[name] * share for part, share in parts]) for name in parts[0][0]}


class ValidationLoop:
    """Measures a model on held-out data and leaves no trace in it or in the random numbers."""

    def __init__(self, source: BatchSource, config: TrainingConfig, task: TaskSpec) -> None:
        self._source = source
        self._config = config
        self._task = task
        most = config.evaluation.max_samples
        self._samples = len(source) if most is None else min(most, len(source))
        self._plan = BatchPlan(self._samples, config.evaluation.batch_size, shuffle=False, seed=0)

    def evaluate(self, model: nn.Module) -> dict[str, float]:
        """The task's metrics over the held-out samples, by their names without a prefix."""
        device = next(model.parameters()).device
        measured = validation_metrics(self._task)
        was_training = model.training
        model.eval()
        try:
            with torch.no_grad(), autocast(self._config.precision, device):
                for micro_step in range(self._plan.micro_batches_per_epoch):
                    batch = _moved(self._source.batch(0, self._plan.indices(micro_step)), device)
                    outputs = model(*[batch[name] for name in self._task.inputs])
                    measured.update(outputs, batch[self._task.target])
        finally:
            model.train(was_training)
        return measured.compute()


def _total(parts: list[Tensor]) -> Tensor:
    return parts[0] if len(parts) == 1 else torch.stack(parts).sum()


def _moved(batch: Batch, device: torch.device) -> Batch:
    if device.type == "cpu":
        return batch
    return {name: tensor.to(device, non_blocking=True) for name, tensor in batch.items()}
