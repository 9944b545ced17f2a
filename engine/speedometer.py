"""Speedometer: throughput of the updates themselves."""

from __future__ import annotations


class Speedometer:
    """Means over at least ``window_s`` seconds of updates; validation and saving do not count."""

    def __init__(self, window_s: float = 0.5, *, count_tokens: bool = False) -> None:
        self._count_tokens = count_tokens
        self._window_s = window_s
        self._busy_s = 0.0
        self._updates = 0
        self._samples_before: int | None = None
        self._targets_before = 0

    def after_update(self, busy_s: float, samples: int, targets: int) -> dict[str, float] | None:
        """Take note of an update; gives metrics when a window is full.

        ``samples`` and ``targets`` are totals of the run so far. The first update of an attempt
        only starts the first window: it pays for warming up.
        """
        if self._samples_before is None:
            self._samples_before, self._targets_before = samples, targets
            return None
        self._busy_s += busy_s
        self._updates += 1
        if self._busy_s < self._window_s:
            return None
        speed = {
            "speed/samples_per_s": (samples - self._samples_before) / self._busy_s,
            "speed/step_ms": 1000 * self._busy_s / self._updates,
        }
        if self._count_tokens:
            speed["speed/tokens_per_s"] = (targets - self._targets_before) / self._busy_s
        self._busy_s, self._updates = 0.0, 0
        self._samples_before, self._targets_before = samples, targets
        return speed
