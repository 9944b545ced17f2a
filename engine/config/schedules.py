"""The learning-rate schedules: each a document of its own."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator
from pydantic_core.core_schema import ValidationInfo

from engine.frozen import Frozen, knob


def _warmup(default: int) -> Any:
    words = "Steps over which the learning rate rises linearly to its peak."
    return knob(default, "Warmup", unit="steps", common=True, ge=0, description=words)


def _floor(default: float) -> Any:
    words = "The last learning rate as a share of the peak."
    return knob(default, "Floor", ge=0, le=1, description=words)


class Scheduler(Frozen):
    """What all schedules have."""

    name: str

    def warmup(self, total_steps: int) -> int:
        """The step of a run of so many steps at which the learning rate first is at its peak."""
        return 0


class Warmed(Scheduler):
    """A schedule with a linear warmup, said in steps or as a share of the run, not in both.

    Two fields in place of one with a unit, so that documents of before the share still parse.
    """

    warmup_steps: int = _warmup(50)
    warmup_share: float = knob(0.0, "Warmup as a share", ge=0, lt=1)
    """Share of the run over which the learning rate rises; needs a warmup of 0 steps."""

    @field_validator("warmup_share")
    @classmethod
    def _one_warmup(cls, share: float, info: ValidationInfo) -> float:
        steps = info.data.get("warmup_steps")
        if share and steps:
            raise ValueError(f"the warmup is given in steps too ({steps}); set one of them to 0.")
        return share

    def warmup(self, total_steps: int) -> int:
        return self.warmup_steps or int(self.warmup_share * total_steps)


class ConstantConfig(Warmed):
    """The learning rate stays at its peak after the warmup."""

    name: Literal["constant"] = "constant"
    warmup_steps: int = _warmup(0)


class LinearConfig(Warmed):
    """The learning rate falls on a straight line from the peak to the floor."""

    name: Literal["linear"] = "linear"
    floor: float = _floor(0.0)


class CosineConfig(Warmed):
    """The learning rate falls along half a cosine from the peak to the floor."""

    name: Literal["cosine"] = "cosine"
    floor: float = _floor(0.1)
    restarts: int = knob(0, "Restarts", ge=0, le=1000)
    """How often the learning rate jumps back to the peak and falls again."""


class PolynomialConfig(Warmed):
    """The learning rate falls along a power of the way that is left."""

    name: Literal["polynomial"] = "polynomial"
    floor: float = _floor(0.0)
    power: float = knob(2.0, "Power", gt=0, le=100)
    """1 is a straight line; more falls faster at first, less faster at last."""


class ExponentialConfig(Warmed):
    """The learning rate falls by the same factor at every step."""

    name: Literal["exponential"] = "exponential"
    last: float = knob(0.01, "Last learning rate", log=True, common=True, gt=0, le=1)
    """The learning rate at the end as a share of the peak."""


class StepConfig(Warmed):
    """The learning rate drops by a factor every so many steps."""

    name: Literal["step"] = "step"
    drop_every: int = knob(300, "Drop every", unit="steps", common=True, gt=0)
    """Steps between two drops, counted from the end of the warmup."""
    drop_factor: float = knob(0.5, "Drop factor", common=True, gt=0, lt=1)
    """What a drop multiplies the learning rate by."""


class OneCycleConfig(Scheduler):
    """The learning rate rises along a cosine to the peak and falls far below where it began."""

    name: Literal["one-cycle"] = "one-cycle"
    rise_share: float = knob(0.3, "Rise", common=True, ge=0, lt=1)
    """Share of the run over which the learning rate rises to its peak."""
    start_divisor: float = knob(25.0, "Start divisor", ge=1, le=1e9)
    """The first learning rate is the peak divided by this."""
    end_divisor: float = knob(1e4, "End divisor", log=True, ge=1, le=1e9)
    """The last learning rate is the first divided by this."""

    def warmup(self, total_steps: int) -> int:
        return max(0, int(self.rise_share * total_steps) - 1)


class InverseSqrtConfig(Warmed):
    """The learning rate falls with the square root of the step: no length needs to be known."""

    name: Literal["inverse-sqrt"] = "inverse-sqrt"
    warmup_steps: int = _warmup(100)


class WarmupStableDecayConfig(Warmed):
    """The learning rate stays at its peak and falls only at the end of the run."""

    name: Literal["warmup-stable-decay"] = "warmup-stable-decay"
    decay_share: float = knob(0.2, "Decay", common=True, gt=0, le=1)
    """Share of the run, at its end, over which the learning rate falls."""
    decay_shape: Literal["linear", "cosine", "sqrt"] = knob("sqrt", "Shape of the decay")
    """A line, half a cosine, or 1 minus a square root."""
    floor: float = _floor(0.0)

    @field_validator("decay_share")
    @classmethod
    def _parts_fit(cls, share: float, info: ValidationInfo) -> float:
        warmup = info.data.get("warmup_share", 0.0)
        if share + warmup > 1:
            raise ValueError(f"warmup ({warmup:g}) and decay take more than the run; shorten one.")
        return share


class PlateauConfig(Warmed):
    """The learning rate drops when the monitored metric no longer improves; needs validation."""

    name: Literal["plateau"] = "plateau"
    drop_factor: float = knob(0.5, "Drop factor", common=True, gt=0, lt=1)
    """What a drop multiplies the learning rate by."""
    drop_patience: int = knob(3, "Patience of drops", unit="validations", common=True, gt=0)
    """Validations without improvement after which the learning rate drops."""
    smallest_gain: float = knob(0.0, "Smallest gain", ge=0)
    """A smaller change of the monitored metric does not count as an improvement."""
    cooldown: int = knob(0, "Cooldown", unit="validations", ge=0)
    """Validations after a drop that are not counted."""
    floor: float = _floor(0.0)


class RangeTestConfig(Scheduler):
    """A test, not a training: the learning rate rises to its peak until training diverges."""

    name: Literal["range-test"] = "range-test"
    start: float = knob(1e-6, "First learning rate", log=True, common=True, gt=0, lt=1)
    """The learning rate at the first step as a share of the peak, which comes at the last."""
    divergence: float = knob(4.0, "Stop at", common=True, gt=1, le=1e6)
    """Ends the test when the smoothed loss is this many times its lowest value."""


SchedulerConfig = Annotated[
    ConstantConfig
    | LinearConfig
    | CosineConfig
    | PolynomialConfig
    | ExponentialConfig
    | StepConfig
    | OneCycleConfig
    | InverseSqrtConfig
    | WarmupStableDecayConfig
    | PlateauConfig
    | RangeTestConfig,
    Field(discriminator="name"),
]
