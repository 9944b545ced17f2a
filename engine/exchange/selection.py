"""What of a run is exported."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from engine.exchange.foreign import plain_name
from engine.runs.run import Run
from engine.runs.series import Series

AT_ONCE = 50_000
"""Points that are written at once."""


@dataclass(frozen=True, slots=True)
class Selected:
    """A run and those of its metrics that are wanted."""

    run: Run
    metrics: tuple[str, ...]

    def series(self) -> Iterator[tuple[str, Series]]:
        """Each metric's name, as valid Unicode, and its points."""
        for metric in self.metrics:
            yield plain_name(metric), self.run.series(metric)

    def blocks(self) -> Iterator[tuple[str, Series]]:
        """The same in pieces that are small enough to be written at once."""
        for metric, series in self.series():
            for begin in range(0, len(series.step), AT_ONCE):
                piece = slice(begin, begin + AT_ONCE)
                step, time, value = series.step[piece], series.time[piece], series.value[piece]
                yield metric, Series(step, time, value, series.cursor, series.restarted)
