"""What a board asks for, checked."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator
from starlette.datastructures import QueryParams

from components.charts.sampling import Window
from engine.frozen import Frozen

Axis = Literal["step", "epoch", "time"]

_REPEATED = frozenset({"run", "metric", "smooth", "without", "only"})


class SeriesQuery(Frozen):
    """Which curves to draw, over which stretch of the x axis, how wide."""

    run: tuple[str, ...] = Field(min_length=1, max_length=200)
    metric: tuple[str, ...] = Field(min_length=1, max_length=2000)
    smooth: tuple[str, ...] = ()
    """Metrics for which a smoothed curve is wanted beside the raw one."""
    x: Axis = "step"
    low: float | None = None
    high: float | None = None
    """The zoomed stretch of the x axis; without both, everything there is."""
    width: int = Field(400, ge=1, le=8192)
    """Pixel columns of one chart."""
    weight: float = Field(0.0, ge=0, le=0.999)
    """Smoothing: 0 for none."""
    marks: bool = False
    """Whether to tell what happened to the run beside its numbers; only of a single run."""
    have: str = ""
    """The token of the last answer, so that only what is new is sent."""

    @model_validator(mode="after")
    def _is_a_window(self) -> SeriesQuery:
        if (self.low is None) != (self.high is None):
            raise ValueError("low and high belong together; give both or none.")
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise ValueError(f"low ({self.low}) must be below high ({self.high}).")
        return self

    @property
    def window(self) -> Window | None:
        """The zoomed stretch, None for everything."""
        return None if self.low is None or self.high is None else Window(self.low, self.high)


class BoardQuery(Frozen):
    """Whose metrics to lay out as charts, and how."""

    run: tuple[str, ...] = Field(min_length=1, max_length=200)
    metric: tuple[str, ...] = Field((), max_length=2000)
    """Metrics that get a chart even before they have a point."""
    kind: Literal["live", "overlay"] = "live"
    without: tuple[str, ...] = Field((), max_length=100)
    """Beginnings of the names of metrics that are left out."""
    only: tuple[str, ...] = Field((), max_length=100)
    """Beginnings of the names of metrics that are shown; empty for all."""


def plain(parameters: QueryParams) -> dict[str, object]:
    """The parameters as a document that a query can be parsed from."""
    return {
        name: parameters.getlist(name) if name in _REPEATED else parameters[name]
        for name in parameters
    }
