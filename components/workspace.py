"""The draft that a tab shows: kept on the disk, taken over when another tab has changed it."""

from __future__ import annotations

from dataclasses import dataclass, field

import streamlit as st

from components import fitting, session
from components.draft import Draft, DraftFile, Stamp
from engine.examples import EXAMPLES
from engine.frozen import with_changes
from engine.run_spec import RunSpec
from engine.runs.run import Run


@dataclass
class Workspace:
    """What a tab knows about its draft."""

    draft: Draft
    stamp: Stamp | None = None
    """The file as this tab last read or wrote it."""
    warning: str = ""
    """What is wrong with keeping the draft."""
    notice: str = ""
    """What was changed beside what somebody typed, until the next change."""
    before: Draft | None = None
    """The draft before that, until the next change."""
    unfolded: set[str] = field(default_factory=set)
    """Parts of the form that had to be opened, and stay open until the next load."""
    brought: bool = False
    """Whether somebody came here with something for the form, and looks for it."""


def current() -> Workspace:
    """This tab's draft, or the newer one that another tab has left on the disk."""
    file = DraftFile(session.store().root)
    kept: Workspace | None = st.session_state.get(session.WORKSPACE)
    if kept is None or kept.stamp != file.stamp():
        session.clear_form()
        kept = _read(file)
        st.session_state[session.WORKSPACE] = kept
    return kept


def change(draft: Draft) -> None:
    """Keep what one widget changed; the other widgets stay as they are."""
    workspace, file = current(), DraftFile(session.store().root)
    workspace.draft, workspace.notice, workspace.before = draft, "", None
    try:
        file.write(draft)
        workspace.warning = ""
    except OSError as error:
        workspace.warning = (
            f"The draft could not be saved in {file.path.parent} ({error.strerror or error}). "
            "It is kept in this tab only: free some space or make the folder writable."
        )
    workspace.stamp = file.stamp()


def choose(draft: Draft, path: str) -> None:
    """Keep a choice that others follow, and tell what followed, in a way that can be undone."""
    before, after = current().draft, fitting.fitted(draft, path)
    what = fitting.followed(draft, after, path)
    if not what:
        change(draft)
        return
    session.clear_form()
    change(after)
    current().before, current().notice = before, what


def load(spec: RunSpec, notice: str) -> None:
    """Begin anew with a spec from outside the form, in a way that can be undone."""
    bring(Draft.of(spec, current().draft.launcher), notice)


def bring(draft: Draft, notice: str) -> None:
    """Put a draft from outside the form in the place of this one, in a way that can be undone."""
    replace(draft, notice)
    current().brought = True


def replace(draft: Draft, notice: str) -> None:
    """Put another draft in the place of this one, in a way that can be undone."""
    before = current().draft
    _replace(draft)
    workspace = current()
    workspace.before, workspace.notice = before, notice


def begin_fork(run: Run, step: int) -> None:
    """Let the form hold the settings of a run, for a new one that goes on from its checkpoint."""
    name = f"{run.name}, from step {step:,}"
    spec = with_changes(run.spec, {"name": name})
    _replace(current().draft.forking(run.id, step, spec))


def end_fork() -> None:
    """Let the form hold again what it held before a fork was set up."""
    _replace(current().draft.unforked())


def undo() -> None:
    """Take back the last `load` or `choose`."""
    before = current().before
    if before is not None:
        _replace(before)


def keep_open(part: str, needed: bool) -> bool:
    """Whether a part of the form has to be open: it is needed, or was since the last load."""
    unfolded = current().unfolded
    if needed:
        unfolded.add(part)
    return part in unfolded


def _replace(draft: Draft) -> None:
    session.clear_form()
    change(draft)
    current().unfolded.clear()


def _read(file: DraftFile) -> Workspace:
    default = next(iter(EXAMPLES.values())).spec
    try:
        return Workspace(file.read(default), file.stamp())
    except ValueError as error:
        kept_where = file.set_aside()
        warning = f"The draft could not be read ({error}), so the form begins with an example."
        return Workspace(Draft.of(default), file.stamp(), f"{warning} {kept_where}")
