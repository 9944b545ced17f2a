"""Curves in a window: which of their points are drawn, and what decides whether they are news."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Any, Literal, NamedTuple

import numpy as np
import orjson

from components.charts import bands
from components.charts.bands import Line
from components.charts.sampling import POINTS_PER_COLUMN, Values, Window, span, visible_between
from components.live_feed.axes import Scale
from components.live_feed.frame import Frame, narrow
from components.live_feed.query import SeriesQuery
from components.live_feed.series_cache import Layer, Points

LayerName = Literal["raw", "smooth"]
LAYERS: tuple[LayerName, ...] = ("raw", "smooth")
_LOOKED_AT = 20_000
"""Points of a curve from which its outliers are told; more are looked at in even steps."""


class Curve(NamedTuple):
    """One metric of one run."""

    run_id: str
    metric: str
    scale: Scale
    points: Points


class View(NamedTuple):
    """One curve in the window: which raw points lie in it decides whether it is news."""

    curve: Curve
    window: Window
    """In places, not in x coordinates."""
    complete: bool
    """Whether all of its points are drawn."""
    version: str
    base: View | None = None
    """What it is drawn relative to."""

    @property
    def name(self) -> str:
        return self.curve.run_id

    @property
    def metric(self) -> str:
        return self.curve.metric

    def layer(self, name: LayerName) -> Layer | None:
        points = self.curve.points
        return points.raw if name == "raw" else points.smooth

    def line(self, name: LayerName, query: SeriesQuery) -> Line | None:
        """The points in the window and one beyond each end, as they are to be drawn."""
        layer = self.layer(name)
        if layer is None:
            return None
        places = self.curve.scale.places(self.curve.points)
        start, stop = span(places, self.window)
        around = slice(max(start - 1, 0), stop + 1)
        line = Line(self.curve.scale.xs_of(places[around]), layer.values[around])
        base = self.base and self.base.line(name, query)
        return line._replace(y=bands.relative(line, base, query.relative)) if base else line

    def put(self, frame: Frame, shown: Window, query: SeriesQuery) -> dict[str, Any]:
        """Put the points to draw into a frame; how the header tells of them."""
        told: dict[str, Any] = {
            name: self._layer(frame, name, shown, query)
            for name in LAYERS
            if self.layer(name) is not None
        }
        usual = {"usual": self._usual(query)} if query.clip else {}
        return {"run": self.name, "metric": self.metric, "whole": self.complete, **told, **usual}

    def _layer(
        self, frame: Frame, name: LayerName, shown: Window, query: SeriesQuery
    ) -> dict[str, Any]:
        layer, (_, _, scale, points) = self.layer(name), self.curve
        assert layer is not None
        edges = scale.edges(shown, query.width, log=query.log)
        places = scale.places(points)
        if self.base is None:
            chosen = visible_between(places, layer.values, self.window, edges, layer.blocks)
            places, values = places[chosen], layer.values[chosen]
        else:
            line = self.line(name, query)
            assert line is not None
            start = max(span(places, self.window)[0] - 1, 0)
            places = places[start : start + len(line.x)]
            chosen = visible_between(places, line.y, self.window, edges)
            places, values = places[chosen], line.y[chosen]
        drawn = narrow(values) if name == "raw" else values.astype("<f4")
        return {"x": scale.add_to(frame, places), "y": frame.add(drawn)}

    def _usual(self, query: SeriesQuery) -> tuple[float, float] | None:
        """Between which values 98 of 100 points in the window lie."""
        line = self.line("raw", query)
        assert line is not None
        return usual(line.y)


class Group(NamedTuple):
    """Several runs that are drawn as one."""

    label: str
    metric: str
    views: Sequence[View]

    @property
    def name(self) -> str:
        return f"group:{self.label}"

    @property
    def complete(self) -> bool:
        return all(view.complete for view in self.views)

    @property
    def version(self) -> str:
        return digest([[view.curve.run_id, view.version] for view in self.views])

    def put(self, frame: Frame, shown: Window, query: SeriesQuery) -> dict[str, Any]:
        """Put the mean and the band into a frame; how the header tells of them."""
        edges = self.views[0].curve.scale._replace(axis="wall", origin=0, unit=1, batches=None)
        columns = edges.edges(shown, query.width, log=query.log)
        told: dict[str, Any] = {"run": self.name, "metric": self.metric, "whole": self.complete}
        for name in LAYERS:
            lines = [line for view in self.views if (line := view.line(name, query)) is not None]
            if lines:
                x = bands.common_places(lines, shown, columns)
                whole = bands.drawn(bands.band(lines, x, query.band), shown, columns)
                told[name] = self._layer(frame, whole, banded=name == "raw")
                if query.clip and name == "raw":
                    told["usual"] = usual(whole.mean)
        return told

    @staticmethod
    def _layer(frame: Frame, whole: bands.Band, *, banded: bool) -> dict[str, Any]:
        x = {"at": frame.add(whole.x), "base": 0, "unit": 1}
        told = {"x": x, "y": frame.add(whole.mean.astype("<f4"))}
        if banded:
            told["low"] = frame.add(whole.low.astype("<f4"))
            told["high"] = frame.add(whole.high.astype("<f4"))
            told["count"] = frame.add(whole.runs.astype("<u2"))
        return told


def view_of(curve: Curve, shown: Window, width: int, *, everything: bool) -> View:
    """A curve in the window that is shown, which may be all there is."""
    places = curve.scale.places(curve.points)
    window = curve.scale.window(shown, places, everything=everything)
    start, stop = span(places, window)
    complete = stop - start <= POINTS_PER_COLUMN * width
    edges = max(start - 1, 0), min(stop + 1, len(places))
    version = f"{curve.points.attempt}.{edges[0]}.{edges[1]}{'' if complete else '+'}"
    return View(curve, window, complete, version)


def arranged(views: Sequence[View], query: SeriesQuery) -> list[View | Group]:
    """The views as they are to be drawn: relative to a baseline, and in groups."""
    if query.baseline:
        views = list(_beside(views, query.baseline))
    groups: dict[tuple[str, str], list[View]] = {}
    for view in views:
        if view.name in query.groups:
            groups.setdefault((query.groups[view.name], view.metric), []).append(view)
    alone = [view for view in views if view.name not in query.groups]
    return [*alone, *(Group(label, metric, found) for (label, metric), found in groups.items())]


def _beside(views: Sequence[View], baseline: str) -> Iterable[View]:
    """Views relative to that of the baseline; a metric that it has not logged is left out."""
    bases = {view.metric: view for view in views if view.name == baseline}
    for view in views:
        base = bases.get(view.metric)
        if base is not None:
            yield view._replace(base=base, version=f"{view.version}-{base.version}")


def usual(values: Values) -> tuple[float, float] | None:
    """The 1st and the 99th percentile of the finite values; None without any."""
    looked_at = values[:: max(1, len(values) // _LOOKED_AT)]
    finite = looked_at[np.isfinite(looked_at)]
    if not len(finite):
        return None
    low, high = np.percentile(finite, [1, 99])
    return float(low), float(high)


def digest(value: object) -> str:
    """A short name for a document, another one whenever it is another document."""
    return blake2b(orjson.dumps(value, default=tuple), digest_size=6).hexdigest()
