"""TrainingConfig: everything that decides a run's numbers, apart from task, model and data."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from engine.config.averaging import AveragingConfig, EMAConfig, NoAveragingConfig
from engine.config.generation import GenerationConfig
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
from engine.config.safety import (
    AlertsConfig,
    DivergenceConfig,
    RollBackConfig,
    SkipConfig,
    StopConfig,
)
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
    "AlertsConfig",
    "AveragingConfig",
    "BatchingConfig",
    "CheckpointingConfig",
    "ConstantConfig",
    "CosineConfig",
    "DivergenceConfig",
    "EMAConfig",
    "EarlyStoppingConfig",
    "EvaluationConfig",
    "ExponentialConfig",
    "GenerationConfig",
    "GradientConfig",
    "HardwareConfig",
    "InverseSqrtConfig",
    "LengthConfig",
    "LinearConfig",
    "LionConfig",
    "LoggingConfig",
    "MemoryConfig",
    "MuonConfig",
    "NAdamConfig",
    "NoAveragingConfig",
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
    "RollBackConfig",
    "SGDConfig",
    "SchedulerConfig",
    "SkipConfig",
    "StepConfig",
    "StopConfig",
    "TrainingConfig",
    "WarmupStableDecayConfig",
]


class LengthConfig(Frozen):
    """How long to train."""

    amount: int = knob(1000, "Training length", common=True, gt=0, le=100_000_000)
    """How many optimizer updates or passes over the training data."""
    unit: Literal["steps", "epochs"] = knob("steps", "Counted in", common=True)
    """A step is one optimizer update; an epoch is one pass over the training data."""
    max_minutes: float | None = knob(None, "At most", unit="minutes", gt=0)
    """End, saved, after so many minutes of training, pauses not counted; empty for no limit."""


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
    clip_value: float | None = knob(None, "Clip gradient values", gt=0)
    """Limit every element of the gradients to this size, before the norm is clipped; empty: no."""


class PrecisionConfig(Frozen):
    """The number format of the forward and backward pass, and whether it is compiled."""

    dtype: Literal["fp32", "bf16", "fp16"] = knob("fp32", "Precision")
    """bf16 and fp16 save memory and time on recent GPUs; on a CPU bf16 is slower than fp32."""
    tf32: bool = knob(False, "TF32")
    """Multiply fp32 matrices with 10-bit mantissas: several times faster on NVIDIA's Ampere on."""
    compile: Literal["off", "default", "reduce-overhead", "max-autotune"] = knob("off", "Compile")
    """torch.compile: faster steps after a minute or so of compiling; needs a C++ compiler."""


class MemoryConfig(Frozen):
    """What is done so that training fits into memory."""

    activation_checkpointing: bool = knob(False, "Activation checkpointing")
    """Keep only each block's input and compute the rest again in the backward pass."""
    on_out_of_memory: Literal["halve", "fail"] = knob("halve", "When memory runs out")
    """halve: repeat the update in half batches whose gradients are added up; the same update."""


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
    generation: GenerationConfig = Field(GenerationConfig(), title="Texts to show")


class CheckpointingConfig(Frozen):
    """What is kept so that a run can be continued and its best model used."""

    every_steps: int | None = knob(100, "Checkpoint every", unit="steps", common=True, gt=0)
    """Optimizer updates between two checkpoints; there is always one after the last step."""
    every_epochs: float | None = knob(None, "Also every", unit="epochs", gt=0)
    """Passes over the training data between two checkpoints; a fraction is allowed."""
    every_minutes: float | None = knob(None, "Also every", unit="minutes", gt=0)
    """Minutes between two checkpoints, however many steps that are."""
    keep_last: int = knob(2, "Keep last", unit="checkpoints", gt=0, le=1000)
    """Older checkpoints are deleted, except the best."""
    keep_best: int = knob(1, "Keep best", unit="checkpoints", ge=0, le=1000)
    """Make a checkpoint whenever the monitored metric is among the best so many, and keep those."""
    background: bool = knob(True, "Write in the background")
    """Copy the state and train on while it is written; needs memory for the copy."""


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
    workers: int = knob(0, "Data workers", unit="processes", ge=0, le=256)
    """Processes that prepare batches ahead; 0 prepares them between the updates."""


class LoggingConfig(Frozen):
    """How often the training metrics are recorded."""

    every_steps: int = knob(1, "Log every", unit="steps", gt=0)
    """Optimizer updates between two recorded points; 1 records each."""
    layers_every_steps: int | None = knob(None, "Layers every", unit="steps", gt=0)
    """Gradient norm and update-to-weight ratio of each parameter, so often; empty for never."""
    histograms_every_steps: int | None = knob(None, "Histograms every", unit="steps", gt=0)
    """Distributions of weights, gradients and activations, so often; empty for never."""
    system_every_s: float | None = knob(5.0, "System every", unit="seconds", ge=0.1)
    """Load, memory, disk and GPUs of the machine, so often, beside training; empty for never."""


class TrainingConfig(Frozen):
    """Everything that decides a run's numbers, apart from task, model and data."""

    length: LengthConfig = Field(LengthConfig(), title="Length")
    optimizer: OptimizerConfig = Field(AdamWConfig(), title="Optimizer")
    scheduler: SchedulerConfig = Field(CosineConfig(), title="Learning-rate schedule")
    parameters: ParametersConfig = Field(ParametersConfig(), title="Parameters")
    batching: BatchingConfig = Field(BatchingConfig(), title="Batching")
    gradients: GradientConfig = Field(GradientConfig(), title="Gradients")
    averaging: AveragingConfig = Field(NoAveragingConfig(), title="Weight averaging")
    evaluation: EvaluationConfig = Field(EvaluationConfig(), title="Validation")
    checkpointing: CheckpointingConfig = Field(CheckpointingConfig(), title="Checkpoints")
    early_stopping: EarlyStoppingConfig = Field(EarlyStoppingConfig(), title="Early stopping")
    divergence: DivergenceConfig = Field(StopConfig(), title="Divergence")
    alerts: AlertsConfig = Field(AlertsConfig(), title="Alerts")
    precision: PrecisionConfig = Field(PrecisionConfig(), title="Precision")
    memory: MemoryConfig = Field(MemoryConfig(), title="Memory")
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
