"""Bringing data in: named, read in the background, and kept in the library, or refused in words."""

from __future__ import annotations

import streamlit as st

from components import trouble
from components.data import choice, page_state, reading, sources, wanted
from components.data.wanted import Wanted
from components.plain_text import as_markdown
from engine.data.intake.source import Options
from engine.data.library.errors import DataRefused, WrongEncoding
from engine.data.works import Work
from engine.errors import EngineError
from engine.runs.store import RunStore

_LOOK_S = 0.5
_MENDS = {
    "ragged = skip": ("ragged", "skip", "Leave such rows out"),
    "broken = skip": ("broken", "skip", "Leave broken ones out"),
    "mixed = text": ("mixed", "text", "Take the column as texts"),
}
"""What a refusal proposes -> the option, its value, and what the button says."""


def show(store: RunStore, *, first: bool) -> None:
    """Draw the ways to name data and what became of it; `first`: there is no data yet."""
    own = page_state.own_work()
    opened = first or (own is not None and own.outcome is None)
    with st.expander("Bring in data", expanded=opened, icon=":material/add:", key="data.in"):
        way = st.segmented_control(
            "From",
            sources.offered(),
            key=page_state.seed("way", "upload"),
            format_func=lambda one: sources.WAYS[one],
            required=True,
            label_visibility="collapsed",
            on_change=page_state.take,
            args=("way",),
        )
        with trouble.shown():
            if way is not None:
                _read(store, way, sources.show(way))
    _others(store, page_state.own_work())  # that of a click just now, too


def _read(store: RunStore, way: sources.Way, named: Wanted | None) -> None:
    own = page_state.own_work()
    refused = own.error if own is not None and own.is_over else None
    options = reading.show(unfolded=refused is not None) if way in sources.HAS_OPTIONS else None
    ready = named is not None and (options is not None or way not in sources.HAS_OPTIONS)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        name = st.text_input(
            "Name",
            key=page_state.seed("name", ""),
            placeholder="As the source is called",
            max_chars=200,
            width=320,
            on_change=page_state.take,
            args=("name",),
        )
        clicked = st.button(
            "Bring it in",
            key="data.in.begin",
            type="primary",
            icon=":material/download:",
            disabled=not ready or (own is not None and not own.is_over),
            help=None if ready else "Name some data first.",
        )
    if clicked and named is not None:
        own = wanted.begin(store, named, options or Options(), name.strip())
        own.wait(_LOOK_S)  # what is small is there at once
    if own is not None:
        _tell(own)


def _tell(work: Work) -> None:
    if not work.is_over:
        watch(work)
    elif work.error is not None:
        _refusal(work, work.error)
    else:
        page_state.remember_work(None)
        page_state.keep_later("name", "")
        choice.look_at(work.outcome.fingerprint)
        st.rerun()


@st.fragment(run_every=_LOOK_S)
def watch(work: Work) -> None:
    """Draw how far a work is, until it is over; then the page is drawn anew."""
    if work.is_over:
        st.rerun()
    with st.container(border=True, horizontal=True, vertical_alignment="center", gap="small"):
        share = min(1.0, work.done / work.total) if work.total else 0.0
        far = f"{share:.0%}, " if work.total else ""
        st.progress(share, f"{as_markdown(work.doing)}… :gray[{far}{work.seconds:.0f} s]")
        st.button(
            "Cancel", key=f"data.cancel.{work.key}", icon=":material/close:", on_click=work.cancel
        )


def _refusal(work: Work, error: EngineError) -> None:
    if work.was_cancelled:
        st.info(as_markdown(str(error)), icon=":material/cancel:")
        return
    st.error(as_markdown(str(error)), icon=":material/error:", title="Nothing was brought in")
    with st.container(horizontal=True, gap="small"):
        if isinstance(error, WrongEncoding) and error.guess:
            _mend("encoding", error.guess, f"Read it as {error.guess}")
        remedy = error.remedy if isinstance(error, DataRefused) else ""
        for said, (option, value, label) in _MENDS.items():
            if said in remedy:
                _mend(option, value, label)


def _mend(option: str, value: str, label: str) -> None:
    """A button that says an option and reads again."""
    st.button(
        label,
        key=f"data.mend.{option}",
        icon=":material/build:",
        on_click=reading.say,
        args=(option, value),
        help="Says so under 'How it is read'; then bring it in again.",
    )


def _others(store: RunStore, own: Work | None) -> None:
    """What other tabs are doing."""
    for work in page_state.works(store).going():
        if work is not own:
            watch(work)
