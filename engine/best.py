"""BestSoFar: the one judgement of what is an improvement, for checkpoints and early stopping."""

from __future__ import annotations

import math
from typing import Any

from engine.runs.state import Best
from engine.task_spec import Mode

_Ranked = tuple[float, int]
"""A value of the monitored metric and the step it was measured at."""


class BestSoFar:
    """The best value of the monitored metric, the validations since it, and the best few of all.

    A smallest improvement is asked of `best` and of patience; which `keep` validations are the
    best few is decided by their values alone. What is reported as the best is always among them.
    """

    def __init__(self, monitor: str, mode: Mode, min_delta: float, keep: int = 0) -> None:
        self.best: Best | None = None
        self.stale = 0
        self._monitor, self._mode, self._min_delta = monitor, mode, min_delta
        self._keep = keep
        self._ranked: list[_Ranked] = []

    @property
    def kept_steps(self) -> frozenset[int]:
        """Steps whose models are worth keeping; of equal values the earlier."""
        reported = {self.best.step} if self.best and self._keep else set()
        return frozenset(reported.union(step for _, step in self._ranked))

    def is_kept(self, step: int) -> bool:
        """Whether the model of this step is worth keeping."""
        return step in self.kept_steps

    def judge(self, step: int, metrics: dict[str, float]) -> None:
        """Take note of a validation; what is missing or not finite is never an improvement."""
        value = self._value(metrics)
        if math.isfinite(value):
            ranked = [*self._ranked, (value, step)]
            self._ranked = sorted(ranked, key=self._rank)[: self._keep]
        if self._is_better(value):
            self.best = Best(metric=self._monitor, value=value, step=step)
            self.stale = 0
        else:
            self.stale += 1

    def score(self, metrics: dict[str, float]) -> float:
        """The monitored value, turned so that lower is better; NaN where it is missing."""
        return self._turned(self._value(metrics))

    def in_words(self) -> str:
        """Why patience ran out."""
        since = f" since {self.best.value:.4g} at step {self.best.step}" if self.best else ""
        return f"{self._monitor} did not improve in {self.stale} validations{since}"

    def state_dict(self) -> dict[str, Any]:
        return {
            "monitor": self._monitor,
            "best": self.best.model_dump() if self.best else None,
            "stale": self.stale,
            "ranked": [list(ranked) for ranked in self._ranked],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on with a judgement; one of another metric is no judgement of this one."""
        best = Best.parse(state["best"]) if state["best"] else None
        if state.get("monitor", best.metric if best else self._monitor) != self._monitor:
            self.best, self.stale, self._ranked = None, 0, []
            return
        self.best, self.stale = best, state["stale"]
        known = state.get("ranked")  # 0.1 kept the best one alone
        if known is None:
            known = [(best.value, best.step)] if best else []
        self._ranked = [(value, step) for value, step in known][: self._keep]

    def _value(self, metrics: dict[str, float]) -> float:
        return metrics.get(self._monitor.removeprefix("val/"), math.nan)

    def _turned(self, value: float) -> float:
        return value if self._mode == "min" else -value

    def _rank(self, ranked: _Ranked) -> tuple[float, int]:
        value, step = ranked
        return self._turned(value), step

    def _is_better(self, value: float) -> bool:
        if not math.isfinite(value):
            return False
        if self.best is None:
            return True
        return self._turned(self.best.value) - self._turned(value) > self._min_delta
