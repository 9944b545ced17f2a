"""How what is compared follows the runs that go on."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from engine.comparison import Compared
from engine.runs.state import ACTIVE

_REFRESH_S = 3.0


def every_s(runs: Sequence[Compared]) -> float | None:
    """Seconds between two looks at the runs; None when none of them goes on."""
    return _REFRESH_S if any(run.state.status in ACTIVE for run in runs) else None


def refresh_button(runs: Sequence[Compared], part: str) -> None:
    """A button that draws a picture again; by itself it would lose what was zoomed and chosen."""
    if every_s(runs) is not None:
        st.button(
            "Take the newest values", key=f"compare.refresh.{part}", icon=":material/refresh:"
        )
