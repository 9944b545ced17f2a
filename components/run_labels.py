"""The forms in which people name, tag, group and annotate runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from components import session, trouble
from components.plain_text import as_markdown
from components.safe_markdown import as_safe_markdown
from engine.runs.run import Labels, Run

LONGEST_NAME, LONGEST_WORD, LONGEST_NOTES = 300, 100, 20_000


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
        with st.container(horizontal=True):
            key = session.seed_label(run.id, "project", labels.project)
            project = st.text_input("Project", max_chars=LONGEST_WORD, key=key)
            key = session.seed_label(run.id, "group", labels.group)
            group = st.text_input("Group", max_chars=LONGEST_WORD, key=key)
        key = session.seed_label(run.id, "notes", labels.notes)
        notes = st.text_area("Notes", max_chars=LONGEST_NOTES, key=key, help="Markdown.")
        if st.form_submit_button("Save", icon=":material/save:"):
            with trouble.shown():
                words = {"project": project.strip(), "group": group.strip(), "notes": notes}
                run.write_labels(changed(run, name, tags).model_copy(update=words))
                session.store().index.tell(run.id)
                st.toast(f"Saved {as_markdown(name or run.id)}.", icon=":material/check:")
                st.rerun()
    if labels.notes:
        show_notes(labels.notes)


def show_notes(notes: str) -> None:
    """Draw notes as the markdown that they are."""
    with st.container(border=True):
        st.markdown(as_safe_markdown(notes))


def changed(run: Run, name: str, tags: str) -> Labels:
    """Labels from what was typed; the run's own name is no label."""
    own = run.record.name or run.id
    kept = name.strip()
    label = kept if kept not in ("", own) else None
    return run.labels().model_copy(update={"name": label, "tags": tags_of(tags)})


def tags_of(text: str) -> tuple[str, ...]:
    """Tags separated by commas, each once, in their order."""
    return tuple(dict.fromkeys(tag for part in text.split(",") if (tag := part.strip())))


def relabel(run_ids: Sequence[str], change: Callable[[Labels], Labels]) -> int:
    """Change the labels of many runs, and how many could be; what is wrong with others is shown.

    What their forms hold is forgotten, so that it is not saved over the change.
    """
    done = 0
    for run_id in run_ids:
        with trouble.shown():
            run = session.store().open(run_id)
            before = run.labels()
            after = change(before)
            if after != before:
                run.write_labels(after)
                session.store().index.tell(run_id)
            done += 1
    session.forget_labels(run_ids)
    return done


def with_tags(labels: Labels, add: Sequence[str], remove: Sequence[str]) -> Labels:
    """Labels with some tags more and some less."""
    tags = [tag for tag in (*labels.tags, *add) if tag not in remove]
    return labels.model_copy(update={"tags": tuple(dict.fromkeys(tags))})
