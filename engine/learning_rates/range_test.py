"""The learning-rate range test: when it ends, and which learning rate it suggests. No torch."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.config.safety import AlertsConfig
from engine.frozen import with_changes
from engine.run_spec import RunSpec
from engine.runs.run import Run

Numbers = npt.NDArray[np.float64]

SMOOTHING = 0.98
"""Of the running mean that decides about divergence, as in fastai."""
WINDOW_SHARE = 0.1
"""Width of the centred window that the picture and the suggestion are smoothed with."""
FEWEST_STEPS = 10
LOWEST, HIGHEST, STEPS = 1e-6, 1.0, 200
"""The learning rates of the first and the last step of a test, and how many steps are usual."""


class DivergenceWatch:
    """Whether the smoothed loss is far above its lowest value.

    fastai's rule (`LRFinder`): stop when the running mean of the loss is above four times its
    lowest value.
    """

    def __init__(self, ratio: float) -> None:
        self._ratio = ratio
        self._mean = 0.0
        self._seen = 0
        self._lowest = math.inf

    def diverged(self, loss: float) -> bool:
        """Take note of the loss of one more step."""
        self._seen += 1
        self._mean = SMOOTHING * self._mean + (1 - SMOOTHING) * loss
        smoothed = self._mean / (1 - SMOOTHING**self._seen)
        self._lowest = min(self._lowest, smoothed)
        return self._lowest > 0 and smoothed > self._ratio * self._lowest

    def state_dict(self) -> dict[str, Any]:
        return {"mean": self._mean, "seen": self._seen, "lowest": self._lowest}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._mean, self._seen, self._lowest = state["mean"], state["seen"], state["lowest"]


@dataclass(frozen=True, slots=True)
class RangeResult:
    """The loss over the learning rate."""

    lr: Numbers
    loss: Numbers
    smoothed: Numbers
    suggestion: float | None
    """Where the loss falls fastest; None when it never fell."""


def range_spec(
    spec: RunSpec,
    *,
    highest: float = HIGHEST,
    start: float = LOWEST / HIGHEST,
    steps: int = STEPS,
) -> RunSpec:
    """The range test of a run: the same work, with a learning rate that rises to ``highest``.

    It is there to diverge, so that nothing about it is alarming.

    Raises:
        BadInput: for a learning rate that the optimizer does not allow.
    """
    return with_changes(
        spec,
        {
            "name": f"{spec.name} learning-rate test".strip(),
            "training.length": {"amount": steps, "unit": "steps"},
            "training.optimizer.lr": highest,
            "training.scheduler": {"name": "range-test", "start": start},
            "training.logging.every_steps": 1,
            "training.evaluation.every_steps": steps,
            "training.checkpointing.every_steps": steps,
            "training.early_stopping.patience": None,
            "training.alerts": dict.fromkeys(AlertsConfig.model_fields),
        },
    )


def range_result(run: Run) -> RangeResult:
    """What a range test found so far."""
    lr, loss = run.series("optim/lr").value, run.series("train/loss").value
    count = min(len(lr), len(loss))
    return analysed(lr[:count], loss[:count])


def analysed(lr: Numbers, loss: Numbers) -> RangeResult:
    """Suggest the learning rate at which the smoothed loss falls fastest.

    The steepest descent of the loss over the logarithm of the learning rate, before the lowest
    loss: fastai's `steep`, after Smith (2017), section 3.3. The window is centred, so that
    smoothing does not push the suggestion to higher rates, as a running mean would.
    """
    finite = np.isfinite(loss)
    lr, loss = lr[finite], loss[finite]
    smoothed = _smoothed(loss)
    return RangeResult(lr, loss, smoothed, _steepest(lr, smoothed))


def _smoothed(loss: Numbers) -> Numbers:
    """The mean over a centred window, shorter at the ends."""
    reach = int(len(loss) * WINDOW_SHARE / 2)
    sums = np.concatenate([[0.0], np.cumsum(loss)])
    places = np.arange(len(loss))
    first, behind = np.maximum(0, places - reach), np.minimum(len(loss), places + reach + 1)
    means: Numbers = (sums[behind] - sums[first]) / (behind - first)
    return means


def _steepest(lr: Numbers, smoothed: Numbers) -> float | None:
    if len(lr) < FEWEST_STEPS:
        return None
    before = smoothed[: int(np.argmin(smoothed)) + 1]
    if len(before) < 3:
        return None
    slopes = np.gradient(before, np.log(lr[: len(before)]))
    at = int(np.argmin(slopes))
    return float(lr[at]) if slopes[at] < 0 else None
