"""The chart board as a Streamlit component; its charts live on the feed, not on reruns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

import streamlit as st

from components.charts.board import Chart, live_charts
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


def live_board(
    runs: Mapping[str, str],
    charts: Sequence[Chart],
    *,
    key: str,
    overlay: bool = False,
    grow: bool = True,
    settings: BoardSettings | None = None,
) -> None:
    """Draw charts that follow their runs by themselves, without any rerun of the script.

    `runs` gives each run's id the name to show. With `overlay` every run is a curve of its own
    colour; without it the curves are those of training and validation. With `grow` a metric that
    appears later gets a chart by itself. What the viewer chooses is kept under `key` in the
    address of the page.
    """
    colors = colors_of(runs)
    expected = [] if tuple(charts) == live_charts(()) else charts
    data = {
        "key": key,
        "runs": [{"id": id_, "label": name, "color": colors[id_]} for id_, name in runs.items()],
        "charts": [asdict(chart) for chart in charts],
        "expected": [curve.metric for chart in expected for curve in chart.curves],
        "overlay": overlay,
        "grow": grow,
        "settings": asdict(settings or BoardSettings()),
        "palette": list(COLORS),
        "feed": PREFIX,
        "assets": assets_url(),
    }
    _board(key=key, data=data)
