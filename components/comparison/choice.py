"""Which runs are compared: named in the address of the page, picked by name or found by a query."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from components import report_button, seeding, session
from components.plain_text import as_markdown
from engine import comparison
from engine.comparison.chosen import MOST, Chosen, LeftOut
from engine.runs.query.errors import QueryError
from engine.runs.store import RunStore

PARAMETER = "runs"
"""Name of the runs in the URL, their ids with commas between."""
OFFERED = 1000
"""Newest runs that are offered by name; the others are found by a query."""
_TOLD = 5


def chosen(store: RunStore) -> Chosen:
    """The runs of `?runs=`, else those that this tab compared last; what is wrong is said."""
    asked = st.query_params.get(PARAMETER)
    ids = session.compared_runs() if asked is None else ids_of(asked)
    if asked is None and ids:
        st.query_params[PARAMETER] = ",".join(ids)
    session.compare(ids)
    return comparison.chosen(store, ids)


def ids_of(text: str) -> list[str]:
    """Ids with commas between, each once."""
    return list(dict.fromkeys(part for one in text.split(",") if (part := one.strip())))


def show(store: RunStore, found: Chosen) -> None:
    """Draw the list of runs; it begins folded up when there is something to compare."""
    seeding.seed(session.COMPARE_UNFOLDED, len(found.runs) < 2)
    with st.expander(  # its label stays the same, or it would fold up at every change
        "Choose runs", icon=":material/checklist:", key=session.COMPARE_UNFOLDED, on_change="rerun"
    ):
        _picker(store, found)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        many = f"{len(found.runs)} runs" if len(found.runs) != 1 else "1 run"
        st.caption(many, width="content")
        report_button.show(store, [run.id for run in found.runs], "compare.report")
    if found.left_out:
        _tell(found.left_out)


def compare(run_ids: Sequence[str]) -> None:
    """Show these runs on the page that is open."""
    session.compare(run_ids)
    st.query_params[PARAMETER] = ",".join(run_ids)


def _picker(store: RunStore, found: Chosen) -> None:
    entries = [entry for entry in store.index.entries() if not entry.damage]
    names = {entry.id: _label(entry.name, entry.id) for entry in entries[:OFFERED]}
    names |= {run.id: _label(run.name, run.id) for run in found.runs}
    st.session_state[session.COMPARE_PICKER] = [run.id for run in found.runs]
    st.multiselect(
        "Runs",
        list(names),
        format_func=names.__getitem__,
        key=session.COMPARE_PICKER,
        max_selections=MOST,
        placeholder="Choose runs by name or id",
        on_change=_picked,
        label_visibility="collapsed",
    )
    if len(entries) > OFFERED:
        st.caption(f"The newest {OFFERED:,} of {len(entries):,} runs are offered by name.")
    _query(store, found)


def _query(store: RunStore, found: Chosen) -> None:
    """A query whose runs can be added to those that are compared."""
    text = st.text_input(
        "Add what a query finds",
        key=session.COMPARE_QUERY,
        placeholder='val/loss < 1.5 and optimizer.name == "adamw"',
    )
    if not text.strip():
        return
    try:
        entries = [entry for entry in store.find(text) if not entry.damage]
    except QueryError as error:
        st.error(as_markdown(str(error)), icon=":material/error:")
        st.code(error.pointed, language=None)
        return
    ids = [run.id for run in found.runs]
    new = [entry.id for entry in entries if entry.id not in ids]
    if not new:
        many = f"{len(entries):,} found, compared already." if entries else "No run is found."
        st.caption(many)
        return
    fitting = new[: MOST - len(ids)]
    words = f"{len(entries):,} found, {len(new):,} of them not compared yet."
    if len(fitting) < len(new):
        words += f" There is room for {len(fitting)}: at most {MOST} runs are compared."
    st.caption(words)
    st.button(
        "Compare 1 more" if len(fitting) == 1 else f"Compare {len(fitting)} more",
        key="compare.add",
        icon=":material/add:",
        disabled=not fitting,
        on_click=compare,
        args=([*ids, *fitting],),
    )


def _picked() -> None:
    picked: list[str] = st.session_state[session.COMPARE_PICKER]
    compare(picked)


def _tell(left_out: Sequence[LeftOut]) -> None:
    """Why runs that were asked for are not here, and a way to forget them."""
    lines = [f"{one.run_id}: {one.reason}" for one in left_out[:_TOLD]]
    if len(left_out) > _TOLD:
        lines.append(f"And {len(left_out) - _TOLD} more.")
    shown = "\n".join(line if len(line) <= 400 else f"{line[:399]}…" for line in lines)
    st.warning(as_markdown(shown), icon=":material/search_off:")
    if st.button("Leave them out", icon=":material/close:", key="compare.leave_out"):
        gone = {one.run_id for one in left_out}
        compare([run_id for run_id in session.compared_runs() if run_id not in gone])
        st.rerun()


def _label(name: str, run_id: str) -> str:
    """Name and id: unique, and the same while the run goes on; see `run_picker`."""
    return f"{name if len(name) <= 60 else f'{name[:59]}…'} · {run_id}"
