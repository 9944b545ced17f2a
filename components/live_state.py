"""What a tab keeps of a run's page: the session-state keys of its tabs."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from components import session
from components.log_lines import Line

LIVE_TAB = "tab"
"""Also its name in the address of the page."""
LOG_SOURCE = "live.log_source"
LOG_LEVELS = "live.log_levels"
LOG_WORDS = "live.log_words"
LOG_ORDER = "live.log_order"
HISTOGRAM_STEP = "live.histogram_step"
CLASSES = "live.classes"
CLASS_MEASURE = "live.class_measure"
CHECKPOINT = "live.checkpoint_step"
STOPPING = "live.stop-popover"
"""This and the six below: whether that popover is open."""
READING = "live.alerts"
STEERING = "live.steer"
EXTENDING = "live.extend"
FORKING = "live.fork"
GOING_BACK = "live.checkpoint.restore"
DELETING = "live.checkpoint.delete"
_KEPT = (
    session.SAMPLE_STEP,
    session.EVALUATION_STEP,
    session.HISTOGRAM_KIND,
    session.HISTOGRAM_TENSOR,
    LOG_SOURCE,
    LOG_LEVELS,
    LOG_WORDS,
    LOG_ORDER,
    HISTOGRAM_STEP,
    CLASSES,
    CLASS_MEASURE,
    CHECKPOINT,
)
"""Of widgets that are not drawn while another tab is open."""
ALERTS_FOUND = "live.alerts_found"
_LOG_LINES = "live.log_lines"
_VERIFIED = "live.verified"


def keep_choices() -> None:
    """Keep what was chosen in tabs that are not open; Streamlit forgets what is not drawn."""
    for key in _KEPT:
        if key in st.session_state:
            st.session_state[key] = st.session_state[key]


def verified(folder: Path) -> str:
    """What was found when a checkpoint was last verified in this tab; empty for not yet.

    Of a folder that was written anew since, nothing is known.
    """
    kept: dict[Path, tuple[int, str]] = st.session_state.get(_VERIFIED, {})
    at, verdict = kept.get(folder, (0, ""))
    return verdict if at == _changed_at(folder) else ""


def remember_verified(folder: Path, verdict: str) -> None:
    """Keep what was found when a checkpoint was verified."""
    kept = st.session_state.setdefault(_VERIFIED, {})
    kept[folder] = _changed_at(folder), verdict


def _changed_at(folder: Path) -> int:
    """The newest change of a folder or of a file in it, in nanoseconds; 0 where it is gone."""
    try:
        return max(path.lstat().st_mtime_ns for path in (folder, *folder.iterdir()))
    except OSError:
        return 0


def log_lines(run_id: str) -> list[Line]:
    """The events of the run that this tab looks at, as lines of a log; to be added to."""
    kept: tuple[str, list[Line]] | None = st.session_state.get(_LOG_LINES)
    if kept is None or kept[0] != run_id:
        st.session_state[_LOG_LINES] = kept = run_id, []
    return kept[1]
