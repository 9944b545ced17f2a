"""One refresh of a whole board: everything that is new for one viewer, in one answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from typing import Any, NamedTuple

import orjson

from components.charts.sampling import POINTS_PER_COLUMN, Indices, Window, span, visible
from components.live_feed.axes import NoSuchAxis, Scale, scale
from components.live_feed.frame import Frame, narrow
from components.live_feed.marks import MarkCache, drawn_marks
from components.live_feed.query import SeriesQuery
from components.live_feed.series_cache import Layer, Points, SeriesCache
from engine.errors import EngineError
from engine.runs.run import Run
from engine.runs.state import ACTIVE, RunState
from engine.runs.store import RunStore


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


class _Curve(NamedTuple):
    run_id: str
    metric: str
    scale: Scale
    points: Points


class _View(NamedTuple):
    """One curve in the window: which raw points lie in it decides whether it is news."""

    curve: _Curve
    window: Window
    complete: bool
    version: str


def refresh(store: RunStore, caches: Caches, query: SeriesQuery) -> bytes | None:
    """What the viewer does not have yet; None when that is nothing.

    Raises:
        EngineError: when none of the runs can be read.
    """
    opened, problems = _open_all(store, query)
    curves = list(_curves(caches.series, opened, query, problems))
    caches.series.trim()
    window = query.window or _extent(curves)
    views = [_view(curve, window, query) for curve in curves if window and len(curve.points.step)]
    meta = _meta(opened, problems)
    marks = _marks(caches.marks, opened, curves, window) if query.marks else None
    parts = [_asked(query, opened), _digest(marks), _digest(window), _digest(meta)]
    token = "|".join([*parts, *(_version(view) for view in views)])
    if token == query.have:
        return None
    frame = Frame()
    had = query.have.split("|") if query.have.count("|") > 2 else [""] * 4
    sent = [_drawn(frame, view, query.width) for view in _news(parts, had, views)]
    shown = {"token": token, "window": window, "empty": _empty(curves), "curves": sent}
    told = {} if marks is None or parts[:2] == had[:2] else {"marks": marks}
    return frame.encoded({**meta, **told, **shown})


def _marks(
    cache: MarkCache, opened: list[_Opened], curves: list[_Curve], window: Window | None
) -> list[dict[str, Any]]:
    """What happened to a single run inside the window."""
    if len(opened) != 1 or window is None:
        return []
    run, state, _, placed = opened[0]
    if placed is None:
        return []
    points = next((curve.points for curve in curves if len(curve.points.step)), None)
    drawn = drawn_marks(cache.of(run), state, placed, points, window)
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
            placed = scale(query.x, state)
        except NoSuchAxis as error:
            placed, problems[run_id] = None, str(error)
        opened.append(_Opened(run, state, metrics, placed))
    if first is not None and not opened:
        raise first
    return opened, problems


def _curves(
    cache: SeriesCache, opened: list[_Opened], query: SeriesQuery, problems: dict[str, str]
) -> Iterator[_Curve]:
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
            yield _Curve(run.id, metric, placed, points)


def _extent(curves: list[_Curve]) -> Window | None:
    """From the first point of any curve to the last."""
    ends = [
        (curve.scale.x_of(float(places[0])), curve.scale.x_of(float(places[-1])))
        for curve in curves
        if len(places := curve.scale.places(curve.points))
    ]
    if not ends:
        return None
    return Window(min(low for low, _ in ends), max(high for _, high in ends))


def _view(curve: _Curve, shown: Window, query: SeriesQuery) -> _View:
    places = curve.scale.places(curve.points)
    window = curve.scale.window(shown, places, everything=query.window is None)
    start, stop = span(places, window)
    complete = stop - start <= POINTS_PER_COLUMN * query.width
    edges = max(start - 1, 0), min(stop + 1, len(places))
    version = f"{curve.points.attempt}.{edges[0]}.{edges[1]}{'' if complete else '+'}"
    return _View(curve, window, complete, version)


def _meta(opened: list[_Opened], problems: dict[str, str]) -> dict[str, Any]:
    """What is told about the runs besides their points."""
    runs = {
        run.id: {"status": state.status, "active": state.status in ACTIVE}
        for run, state, _, _ in opened
    }
    names = sorted({metric for entry in opened for metric in entry.metrics})
    return {"runs": runs, "problems": problems, "metrics": _digest(names)}


def _asked(query: SeriesQuery, opened: list[_Opened]) -> str:
    """The question and what it is answered from."""
    scales = [entry.scale for entry in opened]
    return _digest([query.model_dump(exclude={"have", "marks"}), scales])


def _version(view: _View) -> str:
    return f"{_digest([view.curve.run_id, view.curve.metric])}.{view.version}"


def _news(parts: Sequence[str], had: Sequence[str], views: list[_View]) -> list[_View]:
    """The views that the viewer's token does not cover."""
    if parts[0] != had[0]:
        return views
    known, same_window = set(had[4:]), parts[2] == had[2]
    return [
        view for view in views if _version(view) not in known or not (view.complete or same_window)
    ]


def _drawn(frame: Frame, view: _View, width: int) -> dict[str, Any]:
    """The points of one curve, put into the frame."""
    _, metric, _, points = view.curve
    layers = {"raw": points.raw, "smooth": points.smooth}
    drawn = {
        name: _layer(frame, view, layer, width)
        for name, layer in layers.items()
        if layer is not None
    }
    return {"run": view.curve.run_id, "metric": metric, **drawn}


def _layer(frame: Frame, view: _View, layer: Layer, width: int) -> dict[str, Any]:
    places = view.curve.scale.places(view.curve.points)
    chosen: Indices = visible(places, layer.values, view.window, width, layer.blocks)
    values = layer.values[chosen]
    drawn = narrow(values) if layer is view.curve.points.raw else values.astype("<f4")
    return {"x": view.curve.scale.add_to(frame, places[chosen]), "y": frame.add(drawn)}


def _empty(curves: list[_Curve]) -> list[tuple[str, str]]:
    """Curves that have no point yet, or none any more."""
    return [(curve.run_id, curve.metric) for curve in curves if not len(curve.points.step)]


def _digest(value: object) -> str:
    return blake2b(orjson.dumps(value, default=tuple), digest_size=6).hexdigest()
