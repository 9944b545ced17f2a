"""BestSoFar: the one judgement of what is an improvement, for checkpoints and early stopping."""

from __future__ import annotations

import math
from typing import Any

from engine.runs.state import Best
from engine.task_spec import Mode


class BestSoFar:
    """The best value of the monitored metric and the validations since it."""

    def __init__(self, monitor: str, mode: Mode, min_delta: float) -> None:
        self.best: Best | None = None
        self.stale = 0
        self._monitor, self._mode, self._min_delta = monitor, mode, min_delta

    def judge(self, step: int, metrics: dict[str, float]) -> None:
        """Take note of a validation; NaN and infinities are never an improvement."""
        value = metrics[self._monitor.removeprefix("val/")]
        if self._is_better(value):
            self.best = Best(metric=self._monitor, value=value, step=step)
            self.stale = 0
        else:
            self.stale += 1

    def score(self, metrics: dict[str, float]) -> float:
        """The monitored value, turned so that lower is better."""
        value = metrics[self._monitor.removeprefix("val/")]
        return value if self._mode == "min" else -value

    def in_words(self) -> str:
        """Why patience ran out."""
        since = f" since {self.best.value:.4g} at step {self.best.step}" if self.best else ""
        return f"{self._monitor} did not improve in {self.stale} validations{since}"

    def state_dict(self) -> dict[str, Any]:
        return {"best": self.best.model_dump() if self.best else None, "stale": self.stale}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.best = Best.parse(state["best"]) if state["best"] else None
        self.stale = state["stale"]

    def _is_better(self, value: float) -> bool:
        if not math.isfinite(value):
            return False
        if self.best is None:
            return True
        gain = self.best.value - value if self._mode == "min" else value - self.best.value
        return gain > self._min_delta
