"""The form in which people name, tag and annotate a run."""

from __future__ import annotations

import streamlit as st

from components import session, trouble
from components.plain_text import as_markdown
from engine.runs.run import Labels, Run

LONGEST_NAME, LONGEST_NOTES = 300, 20_000


def show(run: Run) -> None:
    """Draw the form; what is saved is read again from the run's folder."""
    labels = run.labels()
    with st.form(f"runs.labels.{run.id}", border=False):
        key = session.seed_label(run.id, "name", run.name)
        name = st.text_input("Name", max_chars=LONGEST_NAME, key=key)
        key = session.seed_label(run.id, "tags", ", ".join(labels.tags))
        tags = st.text_input(
            "Tags", placeholder="baseline, wide", help="Separated by commas.", key=key
        )
        key = session.seed_label(run.id, "notes", labels.notes)
        notes = st.text_area("Notes", max_chars=LONGEST_NOTES, key=key)
        if st.form_submit_button("Save", icon=":material/save:"):
            with trouble.shown():
                run.write_labels(changed(run, name, tags, notes))
                st.toast(f"Saved {as_markdown(name or run.id)}.", icon=":material/check:")
                st.rerun()


def changed(run: Run, name: str, tags: str, notes: str) -> Labels:
    """Labels from what was typed; the spec's own name is no label."""
    own = run.record.name or run.id
    kept = name.strip()
    return Labels(name=kept if kept not in ("", own) else None, tags=tags_of(tags), notes=notes)


def tags_of(text: str) -> tuple[str, ...]:
    """Tags separated by commas, each once, in their order."""
    return tuple(dict.fromkeys(tag for part in text.split(",") if (tag := part.strip())))
