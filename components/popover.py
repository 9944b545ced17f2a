"""A button behind which something is asked or told; it is made only while somebody looks at it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

import streamlit as st

from components import trouble


@dataclass(frozen=True, slots=True)
class Button:
    """What opens it. With `why_not` it stays closed, and says why."""

    label: str
    key: str
    """Also of whether it is open."""
    icon: str | None = None
    help: str = ""
    why_not: str = ""
    look: Literal["secondary", "tertiary"] = "secondary"


def show(button: Button, fill: Callable[[], None], keeps: Iterable[str] = ()) -> None:
    """Draw the button, and while it is open what `fill` draws.

    `keeps` are the keys of widgets in it: what they hold stays when it is closed.
    """
    popover = st.popover(
        button.label,
        icon=button.icon,
        key=button.key,
        type=button.look,
        disabled=bool(button.why_not),
        help=button.why_not or button.help or None,
        on_change="rerun",
        width="content",
    )
    if popover.open and not button.why_not:
        with popover, trouble.shown():
            fill()
        return
    for key in keeps:  # Streamlit forgets what is not drawn
        if key in st.session_state:
            st.session_state[key] = st.session_state[key]


def close(key: str) -> None:
    """Close it; only in a callback, before it is drawn."""
    st.session_state[key] = False
