"""Alerts: says in words when training seems to go wrong, and changes nothing in it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from engine.config.safety import AlertsConfig

WARMUP = 50
"""Updates of a run without an alert: its first losses fall steeply, its first means are guesses."""
MEMORY = 50
"""Updates that the running means look back on."""
LEAST_RISE = 0.1
"""Share of its running mean that the loss must rise by, however little it scattered before."""
TAIL = 4.0
"""Standard deviations that the logarithm must rise by too. Near zero, losses and gradients scatter
over orders of magnitude; one hard sample among learned ones is no alarm there."""
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
class _Usual:
    """Running mean and variance of a quantity, and of its logarithm where it is positive."""

    mean: float = 0.0
    variance: float = 0.0
    log_mean: float = 0.0
    log_variance: float = 0.0

    def learn(self, value: float, share: float) -> None:
        rise = value - self.mean
        self.mean += share * rise
        self.variance = (1 - share) * (self.variance + share * rise * rise)
        if value > 0:
            rise = math.log(value) - self.log_mean
            self.log_mean += share * rise
            self.log_variance = (1 - share) * (self.log_variance + share * rise * rise)

    def rise_of(self, deviations: float) -> float:
        """How far above the mean so many standard deviations are, of both kinds."""
        linear = deviations * math.sqrt(self.variance)
        if self.mean <= 0:
            return linear
        exponent = self.log_mean + min(deviations, TAIL) * math.sqrt(self.log_variance)
        return max(linear, math.exp(min(exponent, 700)) - self.mean)


@dataclass(slots=True)
class _Memory:
    """All that is known of the run so far; plain numbers."""

    updates: int = 0
    loss: _Usual = field(default_factory=_Usual)
    norm: _Usual = field(default_factory=_Usual)
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
        usual = {name: _Usual(**state[name]) for name in ("loss", "norm")}
        self._memory = _Memory(**state | usual)

    def after_update(self, step: int, loss: float, grad_norm: float) -> Sequence[Alert]:
        """Take note of an update: in every step, so that a microsecond counts."""
        if not -_INF < loss + grad_norm < _INF:
            return ()
        memory = self._memory
        memory.updates = updates = memory.updates + 1
        rise, usual = loss - memory.loss.mean, memory.norm.mean
        found: Sequence[Alert] = ()
        if updates > WARMUP and (
            rise * rise > self._spread * self._spread * memory.loss.variance
            or grad_norm > self._times * usual
            or usual < self._least
            or memory.spiking
            or memory.exploding
            or memory.vanished_for
        ):
            found, loss, grad_norm = self._look_at(step, loss, grad_norm)
        share = _SHARE if updates > MEMORY else 1 / updates  # at first the plain mean of all
        memory.loss.learn(loss, share)
        memory.norm.learn(grad_norm, share)
        return found

    def after_validation(self, step: int, val_loss: float) -> Sequence[Alert]:
        """Take note of a validation."""
        if not math.isfinite(val_loss):
            return ()
        found = [*self._look_for_plateau(step, val_loss), *self._look_for_overfitting(val_loss)]
        self._memory.last = val_loss
        return found

    # -- what is alarming ----------------------------------------------------------------------

    def _look_at(self, step: int, loss: float, norm: float) -> tuple[list[Alert], float, float]:
        """Alerts of an update that may be alarming; its loss and norm as far as they are usual."""
        memory, found = self._memory, []
        if memory.norm.mean < self._least:
            memory.vanished_for += 1
        else:
            memory.vanished_for = 0
        if memory.vanished_for == VANISHED_FOR:
            found.append(self._vanishing(step))
        jumped, exploded = loss > self._most_loss(), norm > self._most_norm()
        if jumped and not memory.spiking:
            found.append(self._spike(step, loss))
        if exploded and not memory.exploding:
            found.append(self._explosion(step, norm))
        half_loss = (memory.loss.mean + self._most_loss()) / 2
        half_norm = (memory.norm.mean + self._most_norm()) / 2
        memory.spiking = jumped or (memory.spiking and loss > half_loss)
        memory.exploding = exploded or (memory.exploding and norm > half_norm)
        return found, half_loss if jumped else loss, half_norm if exploded else norm

    def _most_loss(self) -> float:
        """The loss above which it is a spike."""
        if self._spread == _INF:
            return _INF
        usual = self._memory.loss
        return usual.mean + max(usual.rise_of(self._spread), LEAST_RISE * abs(usual.mean))

    def _most_norm(self) -> float:
        """The gradient norm above which it explodes."""
        if self._times == _INF:
            return _INF
        usual = self._memory.norm
        deviations = TAIL * min(1.0, math.log10(self._times))  # fewer for less than 10 times
        tail = usual.log_mean + deviations * math.sqrt(usual.log_variance)
        return max(self._times * usual.mean, math.exp(min(tail, 700)))

    def _look_for_plateau(self, step: int, val_loss: float) -> list[Alert]:
        memory = self._memory
        if val_loss < memory.best:
            memory.best, memory.best_at, memory.stale = val_loss, step, 0
            return []
        memory.stale += 1
        return [self._no_progress(step)] if memory.stale == self._plateau else []

    def _look_for_overfitting(self, val_loss: float) -> list[Alert]:
        memory = self._memory
        loss = memory.loss.mean
        if val_loss <= memory.last:
            memory.rises, memory.warned = 0, False
            memory.before_rise, memory.loss_then = val_loss, loss
            return []
        memory.rises += 1
        enough = self._overfitting is not None and memory.rises >= self._overfitting
        fell = memory.loss_then - loss > LEAST_FALL * abs(memory.loss_then)
        if memory.warned or not enough or not fell:
            return []
        memory.warned = True
        return [self._overfits(val_loss)]

    # -- in words ------------------------------------------------------------------------------

    def _spike(self, step: int, loss: float) -> Alert:
        usual = self._memory.loss
        rise, deviation = loss - usual.mean, math.sqrt(usual.variance)
        times = f", {rise / deviation:.1f} standard deviations" if deviation else ""
        return Alert(
            "loss-spike",
            f"The training loss jumped to {loss:.4g} at step {step:,}: {rise:.4g}{times} above "
            f"its running mean of {usual.mean:.4g}. If it does not come back, lower the learning "
            "rate, lengthen the warmup or clip the gradient norm at a smaller value.",
        )

    def _explosion(self, step: int, norm: float) -> Alert:
        usual = self._memory.norm.mean
        times = f"{norm / usual:.1f} times its" if usual else "above its"
        return Alert(
            "gradient-explosion",
            f"The gradient norm was {norm:.4g} at step {step:,}, {times} running mean of "
            f"{usual:.4g}. If it happens often, clip the gradient norm, lower the learning rate "
            "or look at the samples of that step.",
        )

    def _vanishing(self, step: int) -> Alert:
        return Alert(
            "vanishing-gradient",
            f"The gradient norm has had a running mean below {self._least:.4g} for {VANISHED_FOR} "
            f"updates (now {self._memory.norm.mean:.3g}, step {step:,}), so the weights hardly "
            "learn. Either the training loss is as low as it gets, or the gradient is lost on its "
            "way: look at the gradient norm by layer, the initial weights and the activations.",
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
            f"{memory.loss_then:.4g} to {memory.loss.mean:.4g}: the model begins to learn its "
            "training data by heart. Stop here, or use more data, dropout or weight decay.",
        )
