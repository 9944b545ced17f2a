"""One refresh of a whole board: everything that is new for one viewer, in one answer."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

import numpy as np

from components.charts.marks import Kind
from components.charts.sampling import Window
from components.live_feed.axes import NoSuchAxis, Scale, scale
from components.live_feed.frame import Frame
from components.live_feed.marks import MarkCache, Seen, drawn_marks
from components.live_feed.query import SeriesQuery
from components.live_feed.series_cache import SeriesCache
from components.live_feed.views import Curve, Group, View, arranged, digest, view_of
from engine.errors import EngineError
from engine.runs.run import Run
from engine.runs.state import ACTIVE, RunState
from engine.runs.store import RunStore

_MANY = 40
"""Curves from which a growing picture is drawn anew only when it has a new pixel column."""


@dataclass(frozen=True)
class Caches:
    """What all viewers share."""

    series: SeriesCache = field(default_factory=SeriesCache)
    marks: MarkCache = field(default_factory=MarkCache)


class _Opened(NamedTuple):
    run: Run
    state: RunState
    metrics: Sequence[str]
    scale: Scale | None
    """None where the run has no such axis."""


def refresh(store: RunStore, caches: Caches, query: SeriesQuery) -> bytes | None:
    """What the viewer does not have yet; None when that is nothing.

    Raises:
        EngineError: when none of the runs can be read.
    """
    opened, problems = _open_all(store, query)
    curves = list(_curves(caches.series, opened, query, problems))
    caches.series.trim()
    whole = None if query.window else _extent(curves, log=query.log)
    window = query.window or _held(whole, query, len(curves))
    known = [
        view_of(curve, window, query.width, everything=window == whole)
        for curve in curves
        if window and len(curve.points.step)
    ]
    views = arranged(known, query)
    meta = _meta(opened, problems)
    marks = _marks(caches.marks, opened, curves, window, query.marks) if query.marks else None
    parts = [_asked(query, opened), digest(marks), digest(window), digest(meta)]
    token = "|".join([*parts, *(_version(view) for view in views)])
    if token == query.have:
        return None
    frame = Frame()
    had = query.have.split("|") if query.have.count("|") > 2 else [""] * 4
    sent = [view.put(frame, window, query) for view in _news(parts, had, views) if window]
    shown = {"token": token, "window": window, "empty": _empty(curves), "curves": sent}
    told = {} if marks is None or parts[:2] == had[:2] else {"marks": marks}
    return frame.encoded({**meta, **told, **shown})


def _marks(
    cache: MarkCache,
    opened: list[_Opened],
    curves: list[Curve],
    window: Window | None,
    kinds: Sequence[Kind],
) -> list[dict[str, Any]]:
    """What happened to a single run inside the window."""
    if len(opened) != 1 or window is None:
        return []
    run, state, _, placed = opened[0]
    if placed is None:
        return []
    points = next((curve.points for curve in curves if len(curve.points.step)), None)
    drawn = drawn_marks(cache.of(run), state, points, Seen(placed, window, kinds))
    return [asdict(mark) for mark in drawn]


def _open_all(store: RunStore, query: SeriesQuery) -> tuple[list[_Opened], dict[str, str]]:
    opened: list[_Opened] = []
    problems: dict[str, str] = {}
    first: Exception | None = None
    for run_id in dict.fromkeys(query.run):
        try:
            run = store.open(run_id)
            state, metrics = run.state(), run.metrics()
        except (EngineError, OSError) as error:
            first = first or error
            problems[run_id] = str(error)
            continue
        try:
            placed = scale(query.x, run, state)
        except NoSuchAxis as error:
            placed, problems[run_id] = None, str(error)
        opened.append(_Opened(run, state, metrics, placed))
    if first is not None and not opened:
        raise first
    return opened, problems


def _curves(
    cache: SeriesCache, opened: list[_Opened], query: SeriesQuery, problems: dict[str, str]
) -> Iterator[Curve]:
    smoothed = frozenset(query.smooth)
    for run, _, _, placed in opened:
        for metric in dict.fromkeys(query.metric):
            if placed is None:
                continue
            try:
                points = cache.points(run, metric, query.weight if metric in smoothed else 0.0)
            except (EngineError, OSError) as error:
                problems[run.id] = str(error)
                continue
            if points.out_of_order:
                problems[run.id] = _disorder(metric, points.out_of_order)
            yield Curve(run.id, metric, placed, points)


def _disorder(metric: str, count: int) -> str:
    what = "point lies" if count == 1 else "points lie"
    return (
        f"{metric}: {count:,} {what} before one that was written earlier and cannot be drawn. "
        "The file is damaged, or two programs wrote to it."
    )


def _extent(curves: list[Curve], *, log: bool) -> Window | None:
    """From the first point of any curve to the last; a logarithmic axis begins above 0."""
    ends = [
        (curve.scale.x_of(float(places[0])), curve.scale.x_of(float(places[-1])))
        for curve in curves
        if len(places := curve.scale.places(curve.points))
    ]
    if not ends:
        return None
    low, high = min(low for low, _ in ends), max(high for _, high in ends)
    if log and low <= 0:
        low = min(map(_first_above_0, curves))
    return Window(low, high) if low <= high else None


def _held(whole: Window | None, query: SeriesQuery, curves: int) -> Window | None:
    """The window of the last answer, as long as not even one pixel column has come to it.

    Only of many curves, where drawing them all again would cost more than it shows.
    """
    if whole is None or query.shown is None or curves < _MANY:
        return whole
    low, high = query.shown
    column = (whole.high - whole.low) / query.width
    return Window(low, high) if low == whole.low and 0 <= whole.high - high < column else whole


def _first_above_0(curve: Curve) -> float:
    places = curve.scale.places(curve.points)
    above = places[int(np.searchsorted(places, curve.scale.places_of(np.zeros(1))[0], "right")) :]
    return curve.scale.x_of(float(above[0])) if len(above) else math.inf


def _meta(opened: list[_Opened], problems: dict[str, str]) -> dict[str, Any]:
    """What is told about the runs besides their points."""
    runs = {
        run.id: {"status": state.status, "active": state.status in ACTIVE}
        for run, state, _, _ in opened
    }
    names = sorted({metric for entry in opened for metric in entry.metrics})
    return {"runs": runs, "problems": problems, "metrics": digest(names)}


def _asked(query: SeriesQuery, opened: list[_Opened]) -> str:
    """The question and what it is answered from."""
    scales = [entry.scale for entry in opened]
    return digest([query.model_dump(exclude={"have", "marks", "shown"}), scales])


def _version(view: View | Group) -> str:
    return f"{digest([view.name, view.metric])}.{view.version}"


def _news(
    parts: Sequence[str], had: Sequence[str], views: Sequence[View | Group]
) -> Sequence[View | Group]:
    """The views that the viewer's token does not cover."""
    if parts[0] != had[0]:
        return views
    known, same_window = set(had[4:]), parts[2] == had[2]
    return [
        view for view in views if _version(view) not in known or not (view.complete or same_window)
    ]


def _empty(curves: list[Curve]) -> list[tuple[str, str]]:
    """Curves that have no point yet, or none any more."""
    return [(curve.run_id, curve.metric) for curve in curves if not len(curve.points.step)]
