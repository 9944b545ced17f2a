"""What a board asks for, checked."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator
from starlette.datastructures import QueryParams

from components.charts.bands import BandKind, Relation
from components.charts.marks import Kind
from components.charts.sampling import Window
from engine.frozen import Frozen

Axis = Literal["step", "epoch", "examples", "tokens", "time", "wall"]
"""`time` counts from the start of the run, pauses included; `wall` is that of the clock."""

_REPEATED = frozenset({"run", "metric", "smooth", "marks", "shown", "without", "only"})


class _Stretch(Frozen):
    """Curves, and a stretch of the x axis."""

    run: tuple[str, ...] = Field(min_length=1, max_length=200)
    metric: tuple[str, ...] = Field(min_length=1, max_length=2000)
    x: Axis = "step"
    low: float | None = None
    high: float | None = None
    """The zoomed stretch of the x axis; without both, everything there is."""

    @model_validator(mode="after")
    def _is_a_window(self) -> Self:
        if (self.low is None) != (self.high is None):
            raise ValueError("low and high belong together; give both or none.")
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise ValueError(f"low ({self.low}) must be below high ({self.high}).")
        return self

    @property
    def window(self) -> Window | None:
        """The zoomed stretch, None for everything."""
        return None if self.low is None or self.high is None else Window(self.low, self.high)


class SeriesQuery(_Stretch):
    """Which curves to draw, over which stretch of the x axis, how wide."""

    smooth: tuple[str, ...] = ()
    """Metrics for which a smoothed curve is wanted beside the raw one."""
    width: int = Field(400, ge=1, le=8192)
    """Pixel columns of one chart."""
    weight: float = Field(0.0, ge=0, le=0.999)
    """Smoothing: 0 for none."""
    log: bool = False
    """Whether the columns are those of a logarithmic x axis."""
    marks: tuple[Kind, ...] = ()
    """What to tell of that happened to the run beside its numbers; only of a single run."""
    clip: bool = False
    """Whether to tell between which values nearly all points of a curve lie."""
    groups: dict[str, str] = {}
    """Labels of runs; those with the same label are drawn as one, with a band."""
    band: BandKind = "std"
    baseline: str = ""
    """The run that the others are drawn relative to; empty for none."""
    relative: Relation = "difference"
    shown: tuple[float, float] | None = None
    """The stretch of the last answer: of many curves good enough until a column is new."""
    have: str = ""
    """The token of the last answer, so that only what is new is sent."""


class PointsQuery(_Stretch):
    """Which raw points to put into a file."""

    format: Literal["csv", "parquet"] = "csv"
    title: str = Field("", max_length=1000)
    """What the file is named after."""


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
