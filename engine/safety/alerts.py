"""Alerts: says in words when training seems to go wrong, and changes nothing in it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from engine.config.safety import AlertsConfig

WARMUP = 50
"""Updates of a run without an alert: its first losses fall steeply, its first means are guesses."""
MEMORY = 50
"""Updates that the running means look back on."""
LEAST_RISE = 0.1
"""Share of its running mean that the loss must rise by, however little it scattered before."""
LEAST_FALL = 0.01
"""Share that the training loss must fall by for a rising validation loss to be overfitting."""
VANISHED_FOR = 50
"""Updates in a row with a running mean below the bound."""

_SHARE = 1 / MEMORY
_INF = math.inf
_Kind = Literal["loss-spike", "gradient-explosion", "vanishing-gradient", "plateau", "overfitting"]


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that is worth a look. `text` is whole sentences: what, the numbers, what to do."""

    kind: _Kind
    text: str


@dataclass(slots=True)
class _Memory:
    """All that is known of the run so far; plain numbers."""

    updates: int = 0
    loss: float = 0.0
    """Running mean of the training loss."""
    variance: float = 0.0
    """Running variance of the training loss."""
    norm: float = 0.0
    """Running mean of the gradient norm."""
    spiking: bool = False
    exploding: bool = False
    vanished_for: int = 0
    best: float = _INF
    best_at: int = 0
    stale: int = 0
    last: float = _INF
    """The newest validation loss."""
    rises: int = 0
    before_rise: float = _INF
    """The validation loss before it began to rise."""
    loss_then: float = _INF
    """The running mean of the training loss at that validation."""
    warned: bool = False
    """Whether the present rise was said to be overfitting."""


class Alerts:
    """Watches the numbers of a run. Each alert comes once, and again only after a recovery.

    What is not finite is left out: the answer to that is divergence, and it must not spoil the
    running means. What is alarming enters them only as far as it is still usual, so that one
    spike hides no second, and a new level becomes the usual one in time.
    """

    def __init__(self, config: AlertsConfig) -> None:
        self._spread = config.loss_spike or _INF
        self._times = config.gradient_explosion or _INF
        self._least = config.gradient_vanishing or 0.0
        self._plateau = config.plateau
        self._overfitting = config.overfitting
        self._memory = _Memory()

    def state_dict(self) -> dict[str, Any]:
        return asdict(self._memory)

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._memory = _Memory(**state)

    def after_update(self, step: int, loss: float, grad_norm: float) -> Sequence[Alert]:
        """Take note of an update: in every step, so that a microsecond counts."""
        if not -_INF < loss + grad_norm < _INF:
            return ()
        memory = self._memory
        memory.updates = updates = memory.updates + 1
        share = _SHARE if updates > MEMORY else 1 / updates  # at first the plain mean of all
        rise, usual = loss - memory.loss, memory.norm
        found: Sequence[Alert] = ()
        if updates > WARMUP and (
            rise * rise > self._spread * self._spread * memory.variance
            or grad_norm > self._times * usual
            or usual < self._least
            or memory.spiking
            or memory.exploding
            or memory.vanished_for
        ):
            found, rise, grad_norm = self._look_at(step, rise, grad_norm)
        memory.loss += share * rise
        memory.variance = (1 - share) * (memory.variance + share * rise * rise)
        memory.norm = usual + share * (grad_norm - usual)
        return found

    def after_validation(self, step: int, val_loss: float) -> Sequence[Alert]:
        """Take note of a validation."""
        if not math.isfinite(val_loss):
            return ()
        found = [*self._look_for_plateau(step, val_loss), *self._look_for_overfitting(val_loss)]
        self._memory.last = val_loss
        return found

    # -- what is alarming ----------------------------------------------------------------------

    def _look_at(self, step: int, rise: float, norm: float) -> tuple[list[Alert], float, float]:
        """Alerts of an update that may be alarming; its rise and norm as far as they are usual."""
        memory, found = self._memory, []
        allowed, usual = self._allowed_rise(), memory.norm
        jumped = rise > allowed
        if jumped and not memory.spiking:
            found.append(self._spike(step, rise))
        memory.spiking = jumped or (memory.spiking and rise > allowed / 2)
        most = self._times * usual if usual else _INF
        exploded, halfway = norm > most, (usual + most) / 2
        if exploded and not memory.exploding:
            found.append(self._explosion(step, norm))
        memory.exploding = exploded or (memory.exploding and norm > halfway)
        memory.vanished_for = memory.vanished_for + 1 if usual < self._least else 0
        if memory.vanished_for == VANISHED_FOR:
            found.append(self._vanishing(step))
        return found, allowed / 2 if jumped else rise, halfway if exploded else norm

    def _allowed_rise(self) -> float:
        if self._spread == _INF:
            return _INF
        return max(
            self._spread * math.sqrt(self._memory.variance), LEAST_RISE * abs(self._memory.loss)
        )

    def _look_for_plateau(self, step: int, val_loss: float) -> list[Alert]:
        memory = self._memory
        if val_loss < memory.best:
            memory.best, memory.best_at, memory.stale = val_loss, step, 0
            return []
        memory.stale += 1
        return [self._no_progress(step)] if memory.stale == self._plateau else []

    def _look_for_overfitting(self, val_loss: float) -> list[Alert]:
        memory = self._memory
        if val_loss <= memory.last:
            memory.rises, memory.warned = 0, False
            memory.before_rise, memory.loss_then = val_loss, memory.loss
            return []
        memory.rises += 1
        enough = self._overfitting is not None and memory.rises >= self._overfitting
        fell = memory.loss_then - memory.loss > LEAST_FALL * abs(memory.loss_then)
        if memory.warned or not enough or not fell:
            return []
        memory.warned = True
        return [self._overfits(val_loss)]

    # -- in words ------------------------------------------------------------------------------

    def _spike(self, step: int, rise: float) -> Alert:
        usual, deviation = self._memory.loss, math.sqrt(self._memory.variance)
        times = f", {rise / deviation:.1f} standard deviations" if deviation else ""
        return Alert(
            "loss-spike",
            f"The training loss jumped to {usual + rise:.4g} at step {step:,}: {rise:.4g}{times} "
            f"above its running mean of {usual:.4g}. If it does not come back, lower the learning "
            "rate, lengthen the warmup or clip the gradient norm at a smaller value.",
        )

    def _explosion(self, step: int, norm: float) -> Alert:
        usual = self._memory.norm
        return Alert(
            "gradient-explosion",
            f"The gradient norm was {norm:.4g} at step {step:,}, {norm / usual:.1f} times its "
            f"running mean of {usual:.4g}. If it happens often, clip the gradient norm, lower the "
            "learning rate or look at the samples of that step.",
        )

    def _vanishing(self, step: int) -> Alert:
        return Alert(
            "vanishing-gradient",
            f"The gradient norm has had a running mean below {self._least:.4g} for {VANISHED_FOR} "
            f"updates (now {self._memory.norm:.3g}, step {step:,}), so the weights hardly learn. "
            "Either the training loss is as low as it gets, or the gradient is lost on its way: "
            "look at the gradient norm by layer, the initial weights and the activations.",
        )

    def _no_progress(self, step: int) -> Alert:
        memory = self._memory
        return Alert(
            "plateau",
            f"{memory.stale} validations in a row, up to step {step:,}, brought no better "
            f"validation loss than {memory.best:.4g} at step {memory.best_at:,}. Lower the "
            "learning rate, stop the run, or try a larger model or more data.",
        )

    def _overfits(self, val_loss: float) -> Alert:
        memory = self._memory
        return Alert(
            "overfitting",
            f"The validation loss rose {memory.rises} times in a row, from "
            f"{memory.before_rise:.4g} to {val_loss:.4g}, while the training loss fell from "
            f"{memory.loss_then:.4g} to {memory.loss:.4g}: the model begins to learn its training "
            "data by heart. Stop here, or use more data, dropout or weight decay.",
        )
