"""A run's status as a coloured badge with an icon, so that colour is not all that tells it."""

from __future__ import annotations

from typing import Literal

import streamlit as st

from engine.runs.state import Status

_Color = Literal["blue", "green", "gray", "orange", "red", "violet"]

LOOKS: dict[Status | Literal["damaged"], tuple[_Color, str]] = {
    "queued": ("gray", ":material/schedule:"),
    "running": ("blue", ":material/play_circle:"),
    "paused": ("orange", ":material/pause_circle:"),
    "completed": ("green", ":material/check_circle:"),
    "stopped": ("gray", ":material/stop_circle:"),
    "failed": ("red", ":material/error:"),
    "interrupted": ("orange", ":material/power_off:"),
    "damaged": ("red", ":material/broken_image:"),
}


def status_badge(status: Status | Literal["damaged"]) -> None:
    """Draw the badge."""
    color, icon = LOOKS[status]
    st.badge(status, icon=icon, color=color)
