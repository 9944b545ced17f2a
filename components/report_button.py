"""A report of one run, or of several laid over one another, made when somebody asks for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import streamlit as st

from components.dashboard import Dashboard, Report
from engine.runs.store import RunStore

_KINDS: tuple[tuple[str, str, str, Callable[[Report], str | bytes]], ...] = (
    ("Web page (HTML)", "html", "text/html", Report.to_html),
    ("Document (PDF)", "pdf", "application/pdf", Report.to_pdf),
    ("Picture (PNG)", "png", "image/png", Report.to_png),
)
_WHAT = "Everything on one page, as it is now: one file that works without a network."


def show(store: RunStore, run_ids: Sequence[str], key: str) -> None:
    """Draw the button; no curve is read before somebody chooses what to download."""
    if not run_ids:
        return
    with st.popover("Report", icon=":material/summarize:", key=key, help=_WHAT):
        for label, ending, mime, make in _KINDS:
            st.download_button(
                label,
                content_of(store, tuple(run_ids), make),
                file_name=f"{file_stem(store, run_ids)}.{ending}",
                mime=mime,
                key=f"{key}.{ending}",
                on_click="ignore",
                icon=":material/download:",
                width="stretch",
            )


def content_of(
    store: RunStore, run_ids: Sequence[str], make: Callable[[Report], str | bytes]
) -> Callable[[], bytes]:
    """What makes the file; it is called on the click, outside of the page's script."""

    def content() -> bytes:
        report = Dashboard().plot([store.open(run_id) for run_id in run_ids])
        made = make(report)
        return made.encode() if isinstance(made, str) else made

    return content


def file_stem(store: RunStore, run_ids: Sequence[str]) -> str:
    """A name for the file that every system takes: that of the run, or how many there are."""
    if len(run_ids) > 1:
        return f"{len(run_ids)}-runs"
    name = re.sub(r"[^\w-]+", "-", store.open(run_ids[0]).name)[:60].strip("-")
    return f"{name}-{run_ids[0]}".lstrip("-")
