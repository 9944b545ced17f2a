"""What training minimises, one class for each loss."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from engine.frozen import Frozen, knob


class CrossEntropyConfig(Frozen):
    """Negative log-likelihood of the right class or token."""

    name: Literal["cross-entropy"] = "cross-entropy"
    label_smoothing: float = knob(0.0, "Label smoothing", ge=0, lt=1)
    """Share of the target probability that is spread over all classes in the training loss."""
    class_weights: Literal["equal", "balanced"] = knob("equal", "Class weights")
    """balanced: every class counts the same in total, however many samples it has."""


class FocalConfig(Frozen):
    """Cross entropy in which samples that are classified well count less."""

    name: Literal["focal"] = "focal"
    gamma: float = knob(2.0, "Focus (gamma)", ge=0, le=20)
    """0 is cross entropy; the larger, the less easy samples count."""
    class_weights: Literal["equal", "balanced"] = knob("equal", "Class weights")
    """balanced: every class counts the same in total, however many samples it has."""


class BinaryCrossEntropyConfig(Frozen):
    """Negative log-likelihood of each label by itself: any number of them can be right."""

    name: Literal["binary-cross-entropy"] = "binary-cross-entropy"
    class_weights: Literal["equal", "balanced"] = knob("equal", "Label weights")
    """balanced: the samples that have a label count as much as those without it."""


class MSEConfig(Frozen):
    """Mean squared error."""

    name: Literal["mse"] = "mse"


class HuberConfig(Frozen):
    """Squared error near zero and absolute error beyond: outliers count less."""

    name: Literal["huber"] = "huber"
    delta: float = knob(1.0, "Delta", gt=0)
    """Errors beyond this, in units of the target's standard deviation, count linearly."""


LossConfig = Annotated[
    CrossEntropyConfig | FocalConfig | BinaryCrossEntropyConfig | MSEConfig | HuberConfig,
    Field(discriminator="name"),
]
