"""What is done with many chosen runs at once: label, archive, stop, resume."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from components import run_controls, session, trouble
from components.run_labels import LONGEST_WORD, relabel, tags_of, with_tags
from engine.runs.entry import Entry
from engine.runs.run import Labels
from engine.runs.state import RESUMABLE

_KEEP = "Unchanged"


def label_popover(entries: Sequence[Entry]) -> None:
    """Draw the form that changes tags, project and group of all chosen runs."""
    with st.popover("Label", icon=":material/label:", key="runs.bulk"):
        known = sorted({tag for entry in entries for tag in _tags(entry)})
        with st.form("runs.bulk.form", border=False, clear_on_submit=True):
            st.text_input("Add tags", key="runs.bulk.add", help="Separated by commas.")
            st.multiselect("Remove tags", known, key="runs.bulk.remove")
            st.text_input(
                "Project", placeholder=_KEEP, max_chars=LONGEST_WORD, key="runs.bulk.project"
            )
            st.text_input("Group", placeholder=_KEEP, max_chars=LONGEST_WORD, key="runs.bulk.group")
            st.checkbox("Take out of project and group", key="runs.bulk.clear")
            st.form_submit_button(
                "Apply", icon=":material/check:", on_click=_label, args=(_ids(entries),)
            )


def archive_button(entries: Sequence[Entry]) -> None:
    """Draw the button that puts runs away, or takes them back when all of them are."""
    away = all(entry.facts.get("archived") is True for entry in entries)
    st.button(
        "Unarchive" if away else "Archive",
        key="runs.archive",
        icon=":material/unarchive:" if away else ":material/archive:",
        help=None if away else "Hide from the list; nothing is deleted.",
        disabled=all(entry.damage for entry in entries),
        on_click=_archive,
        args=(_ids(entries), not away),
    )


def work_buttons(entries: Sequence[Entry]) -> None:
    """Draw the buttons that stop and resume, where there is something to stop or resume."""
    active = [entry for entry in entries if entry.is_active]
    ended = [entry for entry in entries if entry.status in RESUMABLE and not _is_imported(entry)]
    for runs, request, label, icon in (
        (active, "stop-and-save", "Stop", ":material/stop:"),
        (ended, "resume", "Resume", ":material/play_arrow:"),
    ):
        if runs:
            st.button(
                label if len(entries) == 1 else f"{label} {len(runs):,}",
                key=f"runs.bulk.{request}",
                icon=icon,
                on_click=_ask,
                args=(_ids(runs), request),
            )


def _label(run_ids: Sequence[str]) -> None:
    state = st.session_state
    add, remove = tags_of(state["runs.bulk.add"]), state["runs.bulk.remove"]
    words = {
        field: "" if state["runs.bulk.clear"] else text
        for field in ("project", "group")
        if (text := state[f"runs.bulk.{field}"].strip()) or state["runs.bulk.clear"]
    }

    def change(labels: Labels) -> Labels:
        return with_tags(labels, add, remove).model_copy(update=words)

    _tell("Labelled", relabel(run_ids, change))


def _archive(run_ids: Sequence[str], away: bool) -> None:
    done = relabel(run_ids, lambda labels: labels.model_copy(update={"archived": away}))
    _tell("Archived" if away else "Unarchived", done)


def _ask(run_ids: Sequence[str], request: str) -> None:
    for run_id in run_ids:
        with trouble.shown():
            run = session.store().open(run_id)
            waits = request != "resume" and run.state().status == "queued"
            run_controls.ask(run, "unqueue" if waits else request)


def _tell(what: str, done: int) -> None:
    st.toast(f"{what} {done:,} {'run' if done == 1 else 'runs'}.", icon=":material/check:")


def _is_imported(entry: Entry) -> bool:
    return entry.facts.get("imported") is not None


def _ids(entries: Sequence[Entry]) -> list[str]:
    return [entry.id for entry in entries]


def _tags(entry: Entry) -> tuple[str, ...]:
    tags = entry.facts.get("tags")
    return tags if isinstance(tags, tuple) else ()
