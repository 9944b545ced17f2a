"""What a run will amount to, before it starts. No torch: it is computed while the user types."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from engine.checkpointing_pace import epoch_interval
from engine.data.specs import DataFacts
from engine.models.parameters import parameter_facts
from engine.models.size import Size, size_of
from engine.optimizer_memory import state_floats, trained_floats
from engine.run_spec import RunSpec
from engine.training_config import TrainingConfig

FLOAT_BYTES = 4
RUNTIME_BYTES = 350_000_000
"""What PyTorch, its libraries and the interpreter take before any model."""
BF16_ACTIVATIONS = 0.6
"""Share that is left of the activations under bf16 autocast: not all of them are cast."""
VALIDATION_WORKING_SET = 0.25
"""Share of a sample's activations that a forward pass without gradients holds at once, at most."""
BACKWARD_FLOPS = 2.0
"""A backward pass costs twice the forward pass: gradients of inputs and of weights."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A run in numbers. Unknown is None."""

    steps: int | None
    """Optimizer updates."""
    steps_per_epoch: float | None
    epochs: float | None
    samples: int | None
    """Training samples seen, repeats counted."""
    tokens: int | None
    """Training tokens seen, about as many where samples differ in length; None when the data is no
    text."""
    parameters: int | None
    memory_bytes: int | None
    """Of the process or of the GPU: weights, gradients, optimizer, activations and PyTorch."""
    checkpoint_bytes: int | None
    """One checkpoint on disk."""
    disk_bytes: int | None
    """All checkpoints that are kept."""
    flops: float | None
    """Floating-point operations of the whole training."""


def estimate(spec: RunSpec, facts: DataFacts) -> Estimate:
    """All numbers that follow from the spec and the facts about its data."""
    training, size = spec.training, size_of(spec.model, facts)
    known = parameter_facts(spec.model, facts) or ()
    gradients = trained_floats(known, training.parameters)
    states = state_floats(known, training.optimizer, training.parameters)
    if training.averaging.name == "ema":
        states += gradients  # each trained number has an average beside it
    steps = total_steps(training, facts.train_samples)
    samples = None if steps is None else samples_seen(training, facts.train_samples, steps)
    per_epoch = steps_per_epoch(training, facts.train_samples)
    checkpoint = None if size is None else FLOAT_BYTES * (size.parameters + states)
    kept = checkpoints_kept(training, steps, per_epoch)
    is_text = facts.modality == "text"
    return Estimate(
        steps=steps,
        steps_per_epoch=per_epoch,
        epochs=None if steps is None or per_epoch is None else steps / per_epoch,
        samples=samples,
        tokens=_times(samples, facts.typical.tokens_per_sample if is_text else None),
        parameters=None if size is None else size.parameters,
        memory_bytes=None
        if size is None
        else _memory_bytes(size, gradients + states, training, facts),
        checkpoint_bytes=checkpoint,
        disk_bytes=_times(checkpoint, kept),
        flops=_flops(size_of(spec.model, facts.typical), samples),
    )


def steps_per_epoch(training: TrainingConfig, train_samples: int) -> float | None:
    """Optimizer updates of one pass over the data; None when there is none.

    A fraction when the accumulation does not divide the number of batches: an update may span
    two epochs.
    """
    batching = training.batching
    micro_batches = -(-train_samples // batching.batch_size)
    return micro_batches / batching.accumulate if train_samples else None


def total_steps(training: TrainingConfig, train_samples: int) -> int | None:
    """Optimizer updates of the run; a begun epoch counts whole. None without data."""
    per_epoch = steps_per_epoch(training, train_samples)
    if per_epoch is None:
        return None
    amount = training.length.amount
    return amount if training.length.unit == "steps" else math.ceil(amount * per_epoch)


def samples_seen(training: TrainingConfig, train_samples: int, steps: int) -> int:
    """Training samples of so many updates, exact: the last batch of an epoch may be short."""
    batch_size = training.batching.batch_size
    micro_batches = -(-train_samples // batch_size)
    epochs, rest = divmod(steps * training.batching.accumulate, micro_batches)
    return epochs * train_samples + rest * batch_size


def checkpoints_kept(
    training: TrainingConfig, steps: int | None, per_epoch: float | None = None
) -> int | None:
    """Checkpoints on disk when the run is over, at most."""
    if steps is None:
        return None
    config = training.checkpointing
    most = config.keep_last + config.keep_best
    if config.every_minutes is not None:
        return min(steps, most)  # nobody knows yet how many steps a minute has
    saved = {steps, *checkpoint_steps(training, steps, per_epoch)}
    if config.keep_best:
        every = training.evaluation.every_steps
        saved.update(range(every, steps, every)[:most])
    return min(len(saved), most)


def checkpoint_steps(
    training: TrainingConfig, steps: int, per_epoch: float | None
) -> Iterator[int]:
    """The first steps before the last one at which a checkpoint is due by steps or epochs, as
    many as can be kept."""
    config = training.checkpointing
    most = config.keep_last + config.keep_best
    if config.every_steps is not None:
        yield from range(config.every_steps, steps, config.every_steps)[:most]
    interval = epoch_interval(config.every_epochs, per_epoch)
    if interval is not None:
        dues = (math.ceil(times * interval) for times in range(1, most + 1))
        yield from (due for due in dues if due < steps)


def _memory_bytes(size: Size, beside: int, training: TrainingConfig, facts: DataFacts) -> int:
    """The higher of the peaks of training and of validation, on top of what is always there:
    the parameters and as many numbers beside them."""
    always = RUNTIME_BYTES + FLOAT_BYTES * (size.parameters + beside)
    activation_bytes = FLOAT_BYTES * size.activation_floats
    if training.precision.dtype == "bf16":
        activation_bytes = int(BF16_ACTIVATIONS * activation_bytes)
    train = min(training.batching.batch_size, facts.train_samples) * activation_bytes
    held_out = min(training.evaluation.batch_size, facts.val_samples)
    return always + max(train, int(VALIDATION_WORKING_SET * held_out * activation_bytes))


def _flops(size: Size | None, samples: int | None) -> float | None:
    if size is None or samples is None:
        return None
    return (1 + BACKWARD_FLOPS) * size.forward_flops * samples


def _times(number: int | None, factor: int | None) -> int | None:
    return None if number is None or factor is None else number * factor
