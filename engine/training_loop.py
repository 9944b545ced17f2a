"""TrainingLoop: one optimizer update reads as the algorithm. ValidationLoop: one pass, no trace."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from engine.averaging import average_of
from engine.clipping import global_norm, scale_to
from engine.compiled import Compiled
from engine.config.safety import SkipConfig
from engine.data.batching import Batch, BatchPlan, BatchSource
from engine.data.workers import Prepared
from engine.errors import NonFiniteLoss, NoTargets
from engine.inspection import Inspection, Inspector
from engine.losses import Amount, Loss
from engine.losses.mixing import batch_amount, batch_sum
from engine.memory import (
    OutOfMemory,
    Splitter,
    Tell,
    free_cached,
    is_out_of_memory,
    samples_of,
)
from engine.metrics import NOTHING, Known, ValidationMetrics, step_metrics, validation_metrics
from engine.metrics_tracker import Number
from engine.optimizers.like import OptimizerLike, forget, remember
from engine.precision import Scaler, autocast
from engine.scheduler_factory import Schedule
from engine.task_spec import TaskSpec
from engine.training_config import TrainingConfig

_NOTHING: AbstractContextManager[None] = nullcontext()


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
    """Facts of one optimizer update."""

    step: int
    loss: float
    """The mean over all targets of the update that count."""
    grad_norm: float
    """Global L2 norm of the gradients before clipping; of fp16 infinite where they overflowed,
    and the update was left out."""
    lr: float
    measures: dict[str, Tensor]
    """The task's training metrics: scalars on the device, not yet read."""
    inspection: Inspection | None = None
    """What was seen inside of the model, where it was looked at."""
    loss_scale: float | None = None
    """What the loss was multiplied by; None but for fp16."""

    def metrics(self) -> dict[str, Number]:
        """The curves' next points, by their names."""
        found: dict[str, Number] = {
            "train/loss": self.loss,
            "optim/lr": self.lr,
            "optim/grad_norm": self.grad_norm,
        }
        for name, value in self.measures.items():
            found[f"train/{name}"] = value
        if self.loss_scale is not None:
            found["optim/loss_scale"] = self.loss_scale
        return found


class TrainingLoop:
    """Makes optimizer updates from a stream of batches that is a pure function of its position."""

    def __init__(  # noqa: PLR0913 - the parts of one algorithm, by name
        self,
        model: nn.Module,
        optimizer: OptimizerLike,
        schedule: Schedule,
        batches: Prepared,
        config: TrainingConfig,
        task: TaskSpec,
        *,
        loss: Loss,
        tell: Tell,
        known: Known = NOTHING,
    ) -> None:
        self.model = model
        self.optimizer = optimizer
        self.schedule = schedule
        self.progress = Progress()
        self.batches, self._task, self._loss, self._known = batches, task, loss, known
        self._accumulate = config.batching.accumulate
        self._clipping = config.gradients
        self._peak_lr = config.optimizer.lr
        self._lr_factors = [group["lr_factor"] for group in optimizer.param_groups]
        self._parameters = [p for group in optimizer.param_groups for p in group["params"]]
        self.device = self._parameters[0].device
        self._on_cpu = self.device.type == "cpu"
        self._autocast = autocast(config.precision, self.device)
        self.scaler = Scaler(config.precision, self.device)
        self.splitter = Splitter(config.memory, tell)
        self.average = average_of(model, config.averaging)
        skips = isinstance(config.divergence, SkipConfig)
        self._buffers = [b for b in model.buffers() if skips and b.is_floating_point()]
        self._kept_buffers: list[Tensor] = []
        self._forward = Compiled(model, config.precision, tell)
        self._inspector = Inspector(model, config.logging)

    def update(self, *, measure: bool = False) -> StepResult:
        """Make one optimizer update from ``accumulate`` batches.

        The gradient is that of the mean over all targets of these batches, whatever their sizes.

        Raises:
            NonFiniteLoss: before the weights are touched.
            NoTargets: when no target of these batches counts.
            OutOfMemory: when not even single samples fit, or halving is switched off.
        """
        step = self.progress.step + 1
        self._keep_buffers()
        inspection = self._inspector.begin(step)
        batches = [self._next_batch() for _ in range(self._accumulate)]
        lr = self._set_lr()
        with inspection.watching() if inspection else _NOTHING:
            seen_inside = inspection is not None and inspection.histograms is not None
            self._forward.begin(plain=seen_inside)  # compiled code calls no hooks
            loss, measures = self._gradients(batches, measure=measure)
        self.scaler.unscale(self.optimizer)
        if inspection:
            inspection.after_backward()
        grad_norm = self._clip()
        self._refuse_divergence(loss, grad_norm)
        if inspection:
            inspection.before_step()
        self.scaler.step(self.optimizer)
        if inspection:
            inspection.after_step()
        if self.average:
            self.average.update(step)
        self.progress.step = step
        return StepResult(step, loss, grad_norm, lr, measures, inspection, self.scaler.scale)

    def skip(self) -> None:
        """Count an update that diverged as made, and leave the weights as they are."""
        self.scaler.forget()
        for buffer, before in zip(self._buffers, self._kept_buffers, strict=True):
            buffer.copy_(before)
        self.progress.step += 1

    def _keep_buffers(self) -> None:
        """Where updates may be left out, what batch norm counted in them is to be undone."""
        self._kept_buffers = [buffer.clone() for buffer in self._buffers]

    def state_dict(self) -> dict[str, Any]:
        """Everything but the weights and their average."""
        return {
            "progress": self.progress.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scaler": self.scaler.state_dict(),
            "parts": self.splitter.parts,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.progress.load_state_dict(state["progress"])
        if "optimizer" in state:  # a fork with another optimizer begins with a fresh one
            remember(self.optimizer, state["optimizer"])
        else:
            forget(self.optimizer)
        self.scaler.load_state_dict(state.get("scaler", {}))  # not in checkpoints of version 0.1
        self.splitter.parts = state.get("parts", 1)

    def _next_batch(self) -> tuple[Batch, Amount]:
        """The next batch, on the device, and how much its targets count."""
        progress = self.progress
        batch = self.batches.batch(progress.micro_step)
        amount = batch_amount(self._loss, batch, self._task.target)
        progress.micro_step += 1
        progress.samples += samples_of(batch)
        progress.targets += amount.targets
        return (batch if self._on_cpu else _moved(batch, self.device)), amount

    def _set_lr(self) -> float:
        lr = self._peak_lr * self.schedule(self.progress.step)
        for group, factor in zip(self.optimizer.param_groups, self._lr_factors, strict=True):
            group["lr"] = lr * factor
        return lr

    def _gradients(
        self, batches: list[tuple[Batch, Amount]], *, measure: bool
    ) -> tuple[float, dict[str, Tensor]]:
        """Add up the gradients of all batches; their mean loss and training metrics.

        What fails for lack of memory, or in the compiler, is done again in another way.
        """
        weight = sum(amount.weight for _, amount in batches)
        if not weight:
            raise NoTargets(self.progress.step + 1)
        while True:
            for parameter in self._parameters:  # the optimizer's own way takes 20 times as long
                parameter.grad = None
            try:
                passes = [
                    self._forward_backward(part, weight, measure=measure)
                    for part in self._parts(batches)
                ]
            except (RuntimeError, MemoryError) as error:
                if not self._goes_on_after(error, batches):
                    raise
                self._forward.in_parts = self.splitter.parts > 1
            else:
                return _total([loss for loss, _ in passes]).item(), _mean([m for _, m in passes])
            free_cached(self.device)

    def _parts(self, batches: list[tuple[Batch, Amount]]) -> Iterator[tuple[Batch, int]]:
        """What goes through the model at once, and how many of its targets count."""
        if self.splitter.parts == 1:
            yield from ((batch, amount.targets) for batch, amount in batches)
            return
        for batch, _ in batches:
            for part in self.splitter.split(batch):
                yield part, batch_amount(self._loss, part, self._task.target).targets

    def _goes_on_after(self, error: Exception, batches: list[tuple[Batch, Amount]]) -> bool:
        """Whether the pass that failed can be made in another way, which is prepared."""
        if self._forward.gives_up(error):
            return True
        if not is_out_of_memory(error):
            return False
        largest = max(samples_of(batch) for batch, _ in batches)
        self.splitter.halve(largest, self.progress.step + 1, str(error))
        return True

    def _forward_backward(
        self, part: tuple[Batch, int], weight: float, *, measure: bool
    ) -> tuple[Tensor, tuple[dict[str, Tensor], int]]:
        """The part's share of the mean loss, and its training metrics with their weight."""
        batch, count = part
        targets = batch[self._task.target]
        with self._autocast:
            outputs = self._forward(*[batch[name] for name in self._task.inputs])
            loss = batch_sum(self._loss, outputs, batch, self._task.target) / weight
        self.scaler.backward(loss)
        measures = self._measured(outputs.detach(), targets) if measure else {}
        return loss.detach(), (measures, count)

    def _measured(self, outputs: Tensor, targets: Tensor) -> dict[str, Tensor]:
        return step_metrics(outputs, targets, self._task, self._known)

    def _clip(self) -> float:
        """Clip the gradients; their global norm from before."""
        gradients = [p.grad for p in self._parameters if p.grad is not None]
        by_norm, by_value = self._clipping.clip_norm, self._clipping.clip_value
        norm = global_norm(gradients)
        if by_value is not None:
            torch._foreach_clamp_min_(gradients, -by_value)
            torch._foreach_clamp_max_(gradients, by_value)
        if by_norm is not None:
            now = norm if by_value is None else global_norm(gradients)
            scale_to(gradients, now, by_norm)
        return norm.item()

    def _refuse_divergence(self, loss: float, grad_norm: float) -> None:
        if math.isfinite(loss + grad_norm):
            return
        finite = math.isfinite(loss)
        if finite and self.scaler.overflowed(grad_norm):
            return  # the scaler leaves this update out and tries a smaller scale
        metric, value = ("optim/grad_norm", grad_norm) if finite else ("train/loss", loss)
        raise NonFiniteLoss(self.progress.step + 1, metric, value)


class ValidationLoop:
    """Measures a model on held-out data and leaves no trace in it or in the random numbers."""

    def __init__(
        self,
        source: BatchSource,
        config: TrainingConfig,
        task: TaskSpec,
        known: Known = NOTHING,
        tell: Tell = lambda kind, text: None,
    ) -> None:
        self._source = source
        self._config = config
        self._task = task
        self._known = known
        self._tell = tell
        most = config.evaluation.max_samples
        self._samples = len(source) if most is None else min(most, len(source))
        self._batch_size = config.evaluation.batch_size

    def evaluate(self, model: nn.Module) -> ValidationMetrics:
        """The task's metrics over the held-out samples, added up.

        What does not fit into memory is done in half batches: the same metrics.

        Raises:
            OutOfMemory: when not even single samples fit.
        """
        device = next(model.parameters()).device
        while True:
            try:
                return self._pass(model, device)
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                self._halve(str(error))
            free_cached(device)

    def _pass(self, model: nn.Module, device: torch.device) -> ValidationMetrics:
        measured = validation_metrics(self._task, self._known)
        plan = BatchPlan(self._samples, self._batch_size, shuffle=False, seed=0)
        was_training = model.training
        model.eval()
        try:
            with torch.no_grad(), autocast(self._config.precision, device):
                for micro_step in range(plan.micro_batches_per_epoch):
                    batch = _moved(self._source.batch(0, plan.indices(micro_step)), device)
                    outputs = model(*[batch[name] for name in self._task.inputs])
                    measured.update(outputs, batch[self._task.target])
        finally:
            model.train(was_training)
        return measured

    def _halve(self, error: str) -> None:
        if self._batch_size == 1:
            raise OutOfMemory(1, None, error, "Use a smaller model or a shorter context.")
        self._batch_size = -(-self._batch_size // 2)
        self._tell(
            "out-of-memory",
            f"Out of memory in validation; it goes on with {self._batch_size:,} samples at once.",
        )


def _total(parts: list[Tensor]) -> Tensor:
    return parts[0] if len(parts) == 1 else torch.stack(parts).sum()


def _mean(parts: list[tuple[dict[str, Tensor], int]]) -> dict[str, Tensor]:
    """The metrics of all parts, each weighted by the targets that it was measured on."""
    if len(parts) == 1:
        return parts[0][0]
    count = sum(targets for _, targets in parts)
    measured = [(measures, targets / count) for measures, targets in parts if targets]
    names = measured[0][0] if measured else {}
    return {name: _total([m[name] * share for m, share in measured]) for name in names}


def _moved(batch: Batch, device: torch.device) -> Batch:
    if device.type == "cpu":
        return batch
    return {
        name: field.to(device, non_blocking=True) if isinstance(field, Tensor) else field
        for name, field in batch.items()
    }
