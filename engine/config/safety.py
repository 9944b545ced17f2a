"""What is done when training goes wrong, and what is said when it seems to."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from engine.frozen import Frozen, knob


class StopConfig(Frozen):
    """End the run at the first loss or gradient that is not a finite number."""

    name: Literal["stop"] = "stop"


class SkipConfig(Frozen):
    """Leave out the updates whose loss or gradient is not a finite number."""

    name: Literal["skip"] = "skip"
    limit: int = knob(5, "In a row at most", unit="updates", gt=0, le=1_000_000)
    """So many skipped updates, one after the other, end the run."""


class RollBackConfig(Frozen):
    """Go back to the last good checkpoint and go on with a lower learning rate."""

    name: Literal["roll-back"] = "roll-back"
    limit: int = knob(3, "Times at most", gt=0, le=1000)
    """One more divergence ends the run."""
    lr_factor: float = knob(0.5, "Learning-rate factor", gt=0, lt=1)
    """What the learning rate is multiplied by, each time."""


DivergenceConfig = Annotated[StopConfig | SkipConfig | RollBackConfig, Field(discriminator="name")]


class AlertsConfig(Frozen):
    """What is worth an alert in the event log. Alerts change nothing in the training."""

    loss_spike: float | None = knob(6.0, "Loss spike", unit="standard deviations", gt=0)
    """The training loss is so far above its running mean; empty for no such alert."""
    gradient_explosion: float | None = knob(10.0, "Gradient explosion", unit="times usual", gt=1)
    """The gradient norm is so many times its running mean; empty for no such alert."""
    gradient_vanishing: float | None = knob(1e-6, "Vanishing gradient", log=True, gt=0)
    """The running mean of the gradient norm is below this; empty for no such alert."""
    plateau: int | None = knob(5, "Plateau", unit="validations", gt=0)
    """So many validations in a row without a better loss; empty for no such alert."""
    overfitting: int | None = knob(3, "Overfitting", unit="validations", gt=0)
    """The validation loss rose so often in a row while the training loss fell; empty: no alert."""
