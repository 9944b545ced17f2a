"""The chart board as a Streamlit component; its charts live on the feed, not on reruns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Literal, TypedDict, Unpack

import streamlit as st

from components.charts.bands import BandKind, Relation
from components.charts.board import Chart, chosen_charts, live_charts
from components.charts.marks import KINDS, Kind
from components.charts.palette import COLORS, looks_of
from components.live_feed.assets import PREFIX, assets_url
from components.live_feed.layout import brief
from components.live_feed.query import Axis

# More than one line, or Streamlit takes it for the path of a file.
_LOADER = """
export default async function (component) {
  const address = new URL(`${component.data.assets}/board.js`, document.baseURI);
  const board = await import(address.href);
  return board.default(component);
}
"""

_board = st.components.v2.component("traindeck.live_board", js=_LOADER, isolate_styles=False)


_MOST_TOLD = 100
"""Charts that the page itself tells; a board of more asks the feed which it has."""


@dataclass(frozen=True, slots=True)
class BoardSettings:
    """How a board looks until its viewer chooses otherwise."""

    smoothing: float = 0.6
    axis: Axis = "step"
    scale: Literal["auto", "linear", "log"] = "auto"
    xscale: Literal["linear", "log"] = "linear"
    clip: Literal["off", "on"] = "off"
    marks: tuple[Kind, ...] = KINDS


class BoardOptions(TypedDict, total=False):
    """What may be said about a board beside its runs and charts."""

    overlay: bool
    """Every run is a curve of its own colour; else the curves are training and validation."""
    grow: bool
    """A metric that appears later gets a chart by itself, unless this is False."""
    settings: BoardSettings
    without: Sequence[str]
    """Metrics whose names begin with one of these are left out."""
    only: Sequence[str]
    """If given, only metrics whose names begin with one of these are shown."""
    groups: Mapping[str, str]
    """Labels of runs: those with the same label are drawn as their mean, with a band."""
    band: BandKind
    """What the band shows: standard deviation, lowest to highest, or standard error."""
    baseline: str | None
    """The run that the curves are drawn relative to."""
    relative: Relation
    """Whether a curve is drawn less the baseline, or divided by it."""


def live_board(
    runs: Mapping[str, str], charts: Sequence[Chart], *, key: str, **options: Unpack[BoardOptions]
) -> None:
    """Draw charts that follow their runs by themselves, without any rerun of the script.

    `runs` gives each run's id the name to show. What the viewer chooses is kept under `key` in the
    address of the page.
    """
    without, only = list(options.get("without", ())), list(options.get("only", ()))
    shown = chosen_charts(charts, without=without, only=only)
    grow = options.get("grow", True)
    data = {
        "key": key,
        **_curves(runs, options.get("groups", {})),
        "charts": None if grow and len(shown) > _MOST_TOLD else [brief(chart) for chart in shown],
        "expected": _expected(charts) if grow else [],
        "overlay": options.get("overlay", False),
        "grow": grow,
        "without": without,
        "only": only,
        "band": options.get("band", "std"),
        "baseline": options.get("baseline") or "",
        "relative": options.get("relative", "difference"),
        "settings": asdict(options.get("settings", BoardSettings())),
        "palette": list(COLORS),
        "feed": PREFIX,
        "assets": assets_url(),
    }
    _board(key=key, data=data)


def _curves(runs: Mapping[str, str], groups: Mapping[str, str]) -> dict[str, object]:
    """The runs, and what stands for them in the charts where some are drawn as one."""
    looks = looks_of(runs)
    told = [{"id": id_, "label": name, **looks[id_]._asdict()} for id_, name in runs.items()]
    if not groups:
        return {"runs": told, "groups": {}, "entries": None}
    labels = list(dict.fromkeys(label for id_, label in groups.items() if id_ in runs))
    tones = looks_of(f"group:{label}" for label in labels)
    alone = [entry for entry in told if entry["id"] not in groups]
    together = [
        {"id": f"group:{label}", "label": label, **tones[f"group:{label}"]._asdict()}
        for label in labels
    ]
    return {"runs": told, "groups": dict(groups), "entries": [*together, *alone]}


def _expected(charts: Sequence[Chart]) -> list[str]:
    """Metrics that are to have a chart even before they have a point."""
    metrics = [curve.metric for chart in charts for curve in chart.curves]
    starter = tuple(charts) == live_charts(())
    return [] if starter or len(metrics) > _MOST_TOLD else metrics
