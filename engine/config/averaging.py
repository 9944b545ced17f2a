"""Averages of the weights over training."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from engine.frozen import Frozen, knob


class NoAveragingConfig(Frozen):
    """The weights of the newest step are the model."""

    name: Literal["off"] = "off"


class EMAConfig(Frozen):
    """An exponential moving average (EMA) of the weights, kept beside them."""

    name: Literal["ema"] = "ema"
    decay: float = knob(0.999, "Decay", gt=0, lt=1)
    """Share of the average that is kept at each step; 0.999 averages about 1,000 steps."""
    evaluate: Literal["average", "weights"] = knob("average", "Validate with")
    """Which weights are validated and shown; every checkpoint has both."""


AveragingConfig = Annotated[NoAveragingConfig | EMAConfig, Field(discriminator="name")]
