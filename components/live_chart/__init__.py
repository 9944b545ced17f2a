"""The chart board as a Streamlit component; its charts live on the feed, not on reruns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Literal, TypedDict, Unpack

import streamlit as st

from components.charts.board import Chart, chosen_charts, live_charts
from components.charts.palette import COLORS, colors_of
from components.live_feed.assets import PREFIX, assets_url

# More than one line, or Streamlit takes it for the path of a file.
_LOADER = """
export default async function (component) {
  const address = new URL(`${component.data.assets}/board.js`, document.baseURI);
  const board = await import(address.href);
  return board.default(component);
}
"""

_board = st.components.v2.component("traindeck.live_board", js=_LOADER, isolate_styles=False)


@dataclass(frozen=True, slots=True)
class BoardSettings:
    """How a board looks until its viewer chooses otherwise."""

    smoothing: float = 0.6
    axis: Literal["step", "epoch", "time"] = "step"
    scale: Literal["auto", "linear", "log"] = "auto"
    marks: Literal["on", "off"] = "on"


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


def live_board(
    runs: Mapping[str, str], charts: Sequence[Chart], *, key: str, **options: Unpack[BoardOptions]
) -> None:
    """Draw charts that follow their runs by themselves, without any rerun of the script.

    `runs` gives each run's id the name to show. What the viewer chooses is kept under `key` in the
    address of the page.
    """
    colors = colors_of(runs)
    without, only = list(options.get("without", ())), list(options.get("only", ()))
    expected = [] if tuple(charts) == live_charts(()) else charts
    shown = chosen_charts(charts, without=without, only=only)
    data = {
        "key": key,
        "runs": [{"id": id_, "label": name, "color": colors[id_]} for id_, name in runs.items()],
        "charts": [asdict(chart) for chart in shown],
        "expected": [curve.metric for chart in expected for curve in chart.curves],
        "overlay": options.get("overlay", False),
        "grow": options.get("grow", True),
        "without": without,
        "only": only,
        "settings": asdict(options.get("settings", BoardSettings())),
        "palette": list(COLORS),
        "feed": PREFIX,
        "assets": assets_url(),
    }
    _board(key=key, data=data)
