"""TrainingConfig: everything that decides a run's numbers, apart from task, model and data."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from engine.config.optimizers import (
    AdafactorConfig,
    AdagradConfig,
    AdamConfig,
    AdamWConfig,
    LionConfig,
    MuonConfig,
    NAdamConfig,
    OptimizerConfig,
    RAdamConfig,
    RMSpropConfig,
    SGDConfig,
)
from engine.config.parameters import ParametersConfig
from engine.config.schedules import (
    ConstantConfig,
    CosineConfig,
    ExponentialConfig,
    InverseSqrtConfig,
    LinearConfig,
    OneCycleConfig,
    PlateauConfig,
    PolynomialConfig,
    RangeTestConfig,
    SchedulerConfig,
    StepConfig,
    Warmed,
    WarmupStableDecayConfig,
)
from engine.frozen import Frozen, knob

__all__ = [
    "AdafactorConfig",
    "AdagradConfig",
    "AdamConfig",
    "AdamWConfig",
    "BatchingConfig",
    "CheckpointingConfig",
    "ConstantConfig",
    "CosineConfig",
    "EarlyStoppingConfig",
    "EvaluationConfig",
    "ExponentialConfig",
    "GradientConfig",
    "HardwareConfig",
    "InverseSqrtConfig",
    "LengthConfig",
    "LinearConfig",
    "LionConfig",
    "LoggingConfig",
    "MuonConfig",
    "NAdamConfig",
    "OneCycleConfig",
    "OptimizerConfig",
    "ParametersConfig",
    "PlateauConfig",
    "PolynomialConfig",
    "PrecisionConfig",
    "RAdamConfig",
    "RMSpropConfig",
    "RangeTestConfig",
    "ReproducibilityConfig",
    "SGDConfig",
    "SchedulerConfig",
    "StepConfig",
    "TrainingConfig",
    "WarmupStableDecayConfig",
]


class LengthConfig(Frozen):
    """How long to train."""

    amount: int = knob(1000, "Training length", common=True, gt=0, le=100_000_000)
    """How many optimizer updates or passes over the training data."""
    unit: Literal["steps", "epochs"] = knob("steps", "Counted in", common=True)
    """A step is one optimizer update; an epoch is one pass over the training data."""


class BatchingConfig(Frozen):
    """How samples are grouped into updates."""

    batch_size: int = knob(32, "Batch size", unit="samples", common=True, gt=0, le=1_000_000)
    """Samples that go through the model at once."""
    accumulate: int = knob(1, "Gradient accumulation", unit="batches", gt=0, le=10_000)
    """Batches whose gradients are added up before one optimizer update."""
    shuffle: bool = knob(True, "Shuffle")
    """Draw a new random order in every epoch; off keeps the order of the data."""


class GradientConfig(Frozen):
    """What happens to gradients before the update."""

    clip_norm: float | None = knob(1.0, "Clip gradient norm", common=True, gt=0)
    """Scale the gradients down when their global norm is larger; empty for no clipping."""


class PrecisionConfig(Frozen):
    """The number format of the forward and backward pass."""

    dtype: Literal["fp32", "bf16"] = knob("fp32", "Precision")
    """bf16 autocast saves memory and time on recent GPUs; on a CPU it is slower than fp32."""


class EvaluationConfig(Frozen):
    """When and on what the model is validated."""

    every_steps: int = knob(100, "Validate every", unit="steps", common=True, gt=0)
    """Optimizer updates between two validations; there is always one after the last step."""
    max_samples: int | None = knob(None, "Validation samples at most", unit="samples", gt=0)
    """Validate on the first so many held-out samples; empty for all of them."""
    batch_size: int = knob(256, "Validation batch size", unit="samples", gt=0, le=1_000_000)
    """Samples that go through the model at once during validation."""
    monitor: str = knob("val/loss", "Best model by")
    """The metric that decides which checkpoint is best and when to stop early."""
    samples: int = knob(3, "Samples to show", ge=0, le=64)
    """Texts generated, or misclassified images shown, at each validation."""


class CheckpointingConfig(Frozen):
    """What is kept so that a run can be continued and its best model used."""

    every_steps: int = knob(100, "Checkpoint every", unit="steps", common=True, gt=0)
    """Optimizer updates between two checkpoints; there is always one after the last step."""
    keep_last: int = knob(2, "Keep last", unit="checkpoints", gt=0, le=1000)
    """Older checkpoints are deleted, except the best."""
    keep_best: bool = knob(True, "Keep the best")
    """Make a checkpoint at every new best of the monitored metric, and keep the newest of them."""


class EarlyStoppingConfig(Frozen):
    """When to stop because nothing improves any more."""

    patience: int | None = knob(None, "Patience", unit="validations", gt=0)
    """Validations without improvement after which training stops; empty for never."""
    min_delta: float = knob(0.0, "Smallest improvement", ge=0)
    """A smaller change of the monitored metric does not count as an improvement."""


class ReproducibilityConfig(Frozen):
    """What makes a run repeatable."""

    seed: int = knob(0, "Seed", common=True, ge=0, le=2**32 - 1)
    """Decides initial weights, data order and dropout."""
    deterministic: bool = knob(True, "Deterministic algorithms")
    """Use only algorithms that give the same bits every time; some are slower on a GPU."""


class HardwareConfig(Frozen):
    """Where the arithmetic runs."""

    device: Literal["auto", "cpu", "cuda", "mps"] = knob("auto", "Device")
    """auto takes a GPU where there is one."""
    threads: int = knob(0, "CPU threads", ge=0, le=1024)
    """Threads of one operation on the CPU; 0 for one per core. Other counts change last digits."""


class LoggingConfig(Frozen):
    """How often the training metrics are recorded."""

    every_steps: int = knob(1, "Log every", unit="steps", gt=0)
    """Optimizer updates between two recorded points; 1 records each."""


class TrainingConfig(Frozen):
    """Everything that decides a run's numbers, apart from task, model and data."""

    length: LengthConfig = Field(LengthConfig(), title="Length")
    optimizer: OptimizerConfig = Field(AdamWConfig(), title="Optimizer")
    scheduler: SchedulerConfig = Field(CosineConfig(), title="Learning-rate schedule")
    parameters: ParametersConfig = Field(ParametersConfig(), title="Parameters")
    batching: BatchingConfig = Field(BatchingConfig(), title="Batching")
    gradients: GradientConfig = Field(GradientConfig(), title="Gradients")
    evaluation: EvaluationConfig = Field(EvaluationConfig(), title="Validation")
    checkpointing: CheckpointingConfig = Field(CheckpointingConfig(), title="Checkpoints")
    early_stopping: EarlyStoppingConfig = Field(EarlyStoppingConfig(), title="Early stopping")
    precision: PrecisionConfig = Field(PrecisionConfig(), title="Precision")
    reproducibility: ReproducibilityConfig = Field(ReproducibilityConfig(), title="Reproducibility")
    hardware: HardwareConfig = Field(HardwareConfig(), title="Hardware")
    logging: LoggingConfig = Field(LoggingConfig(), title="Logging")

    @model_validator(mode="after")
    def _warmup_fits(self) -> TrainingConfig:
        scheduler, length = self.scheduler, self.length
        warmup = scheduler.warmup_steps if isinstance(scheduler, Warmed) else 0
        if length.unit == "steps" and warmup >= length.amount:
            raise ValueError(
                f"scheduler.warmup_steps is {warmup}, but training is only {length.amount} steps "
                "long; shorten the warmup or train longer."
            )
        return self
