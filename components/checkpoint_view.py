"""The checkpoints of a run: which there are, whether they are whole, and what to do with one."""

from __future__ import annotations

import time
from collections.abc import Sequence

import streamlit as st

from components import (
    downloads,
    live_state,
    popover,
    readable,
    run_start,
    session,
    trouble,
    workspace,
)
from components.durations import shown_age
from components.form_schema import NOT_OFFERED
from components.numbers import DASH, shown_number
from components.plain_text import as_markdown
from components.run_branches import why_not_forked
from engine.errors import BadCheckpoint
from engine.runs.checkpoint_files import AVERAGE, WEIGHTS, plain_file, verify
from engine.runs.checkpoint_list import (
    KeptCheckpoint,
    checkpoints_of,
    delete_checkpoint,
    refused_folders,
)
from engine.runs.restoration import restore
from engine.runs.run import Run
from engine.runs.state import ACTIVE

_GOOD = "whole"


def show(run: Run) -> None:
    """Draw the list and what can be done with the chosen one."""
    found = checkpoints_of(run)
    for folder in refused_folders(run):
        words = f"{folder.name} is no checkpoint (damaged, or not finished) and is never used."
        st.warning(as_markdown(words), icon=":material/broken_image:")
    if not found:
        st.caption("There is no checkpoint.")
        return
    _table(run, found)
    chosen = _chosen(run, found)
    with st.container(horizontal=True, gap="small", key="live-checkpoint"):
        _downloads(run, chosen)
        _fork(run, chosen)
        _restoration(run, chosen)
        st.button(
            "Verify now",
            key="live.checkpoint.verify",
            icon=":material/verified:",
            help=f"Compares all {readable.size(chosen.size)} with what was saved.",
            on_click=_verify,
            args=(chosen,),
        )
        _deletion(run, chosen, len(found))
    _resume_words(run, found, chosen)


def why_kept(checkpoint: KeptCheckpoint) -> str:
    """Newest, best, or both; older ones are among the last few."""
    best = ["best" if checkpoint.rank == 1 else f"{checkpoint.rank}. best"]
    parts = (["newest"] if checkpoint.newest else []) + (best if checkpoint.rank else [])
    return ", ".join(parts) or "one of the last"


def _table(run: Run, found: Sequence[KeptCheckpoint]) -> None:
    spec, state, now = run.record.spec, run.state(), time.time()
    per_epoch = state.steps_per_epoch
    monitor = "Value" if spec is None else spec.training.evaluation.monitor
    columns = {
        "Step": [f"{one.step:,}" for one in found],
        "Epoch": [f"{one.step / per_epoch:.2f}" if per_epoch else DASH for one in found],
        monitor: [shown_number(one.value) for one in found],
        "Kept as": [why_kept(one) for one in found],
        "Size": [readable.size(one.size) for one in found],
        "Saved": [shown_age(None if one.saved_at is None else now - one.saved_at) for one in found],
        "Verified": [live_state.verified(one.folder) or "not yet" for one in found],
    }
    height = min(420, 38 + 35 * len(found))
    st.dataframe(columns, hide_index=True, height=height, alt="Checkpoints, the newest first")


def _chosen(run: Run, found: Sequence[KeptCheckpoint]) -> KeptCheckpoint:
    """The newest as it comes, unless another was picked."""
    steps = [one.step for one in found]
    key = live_state.CHECKPOINT
    if session.follows(key) or st.session_state.get(key) not in steps:
        st.session_state[key] = steps[0]
    step = st.selectbox(
        "Checkpoint of step",
        steps,
        key=key,
        format_func="{:,}".format,
        width=280,
        on_change=lambda: session.follow(key, st.session_state[key] == steps[0]),
    )
    return next(one for one in found if one.step == step)


def _downloads(run: Run, chosen: KeptCheckpoint) -> None:
    address = downloads.checkpoint_url
    downloads.link("Weights", address(run.id, chosen.step, WEIGHTS))
    if plain_file(chosen.folder / AVERAGE):
        downloads.link("Averaged weights", address(run.id, chosen.step, AVERAGE))
    downloads.link("Everything, as a zip", address(run.id, chosen.step))


def _fork(run: Run, chosen: KeptCheckpoint) -> None:
    why_not = _why_not_forked(run, chosen)
    if st.button(
        "Fork from here",
        key="live.checkpoint.fork",
        icon=":material/fork_right:",
        disabled=bool(why_not),
        help=why_not or "A new run goes on from this checkpoint; this one stays as it is.",
    ):
        workspace.begin_fork(run, chosen.step)
        run_start.open_launch()


def _restoration(run: Run, chosen: KeptCheckpoint) -> None:
    button = popover.Button(
        "Go back to here",
        live_state.GOING_BACK,
        icon=":material/history:",
        help="Undo what the run did after this checkpoint.",
        why_not=why_not_restored(run, chosen),
    )
    popover.show(button, lambda: _what_is_undone(run, chosen))


def _what_is_undone(run: Run, chosen: KeptCheckpoint) -> None:
    st.write(
        f"Undo the steps from {chosen.step:,} to {run.state().step:,}? Their curves, checkpoints "
        "and steering are lost. To keep them, fork from here instead."
    )
    st.button(
        "Go back",
        key="live.checkpoint.restore.go",
        type="primary",
        icon=":material/history:",
        on_click=_restore,
        args=(run, chosen.step),
    )


def why_not_restored(run: Run, chosen: KeptCheckpoint) -> str:
    """Why a run cannot be put back to a checkpoint; empty when it can."""
    state = run.state()
    if state.status in ACTIVE:
        return "The run has not ended: stop it first."
    if chosen.step == state.step:
        return "The run stands at this step already."
    return _why_not_forked(run, chosen)


def _restore(run: Run, step: int) -> None:
    with trouble.shown():
        restore(session.store(), run, step)
        popover.close(live_state.GOING_BACK)
        session.follow(live_state.CHECKPOINT, True)
        st.toast(f"Back at step {step:,}. Resume goes on from there.", icon=":material/history:")


def _why_not_forked(run: Run, chosen: KeptCheckpoint) -> str:
    spec = run.record.spec
    if spec is None:
        return "The run was not trained here."
    if {spec.model.kind, spec.data.source} & NOT_OFFERED:
        return "The model or data was handed over as an object."
    return why_not_forked(run, [chosen.step])


def _verify(chosen: KeptCheckpoint) -> None:
    try:
        verify(chosen.folder)
    except BadCheckpoint as error:
        live_state.remember_verified(chosen.folder, f"damaged: {error}")
    else:
        live_state.remember_verified(chosen.folder, _GOOD)
        st.toast(
            f"Every byte of step {chosen.step:,} is what was saved.", icon=":material/verified:"
        )


def _deletion(run: Run, chosen: KeptCheckpoint, count: int) -> None:
    why_not = "A worker is at the run and counts on it." if run.is_owned() else ""
    button = popover.Button(
        "Delete", live_state.DELETING, icon=":material/delete:", why_not=why_not
    )
    popover.show(button, lambda: _what_is_deleted(run, chosen, count))


def _what_is_deleted(run: Run, chosen: KeptCheckpoint, count: int) -> None:
    st.write(f"Delete the checkpoint of step {chosen.step:,}? This cannot be undone.")
    for sentence in warnings_of(run, chosen, count):
        st.warning(as_markdown(sentence), icon=":material/warning:")
    st.button(
        "Delete it",
        key="live.checkpoint.delete.go",
        type="primary",
        icon=":material/delete_forever:",
        on_click=_delete,
        args=(run, chosen.step),
    )


def warnings_of(run: Run, chosen: KeptCheckpoint, count: int) -> list[str]:
    """What would be lost with a checkpoint."""
    state, said = run.state(), []
    if count == 1 and state.status != "completed":
        lost = f"the {state.step:,} steps that were made are lost"
        said.append(f"It is the only one: without it the run begins again at step 0 and {lost}.")
    elif count == 1:
        said.append("It is the only one: without it there are no weights of this run.")
    if state.best is not None and state.best.step == chosen.step:
        said.append(f"It is the best model of the run by {state.best.metric}.")
    return said


def _delete(run: Run, step: int) -> None:
    with trouble.shown():
        delete_checkpoint(run, step)
        popover.close(live_state.DELETING)
        session.follow(live_state.CHECKPOINT, True)
        st.toast(f"Deleted the checkpoint of step {step:,}.", icon=":material/delete:")


def _resume_words(run: Run, found: Sequence[KeptCheckpoint], chosen: KeptCheckpoint) -> None:
    verdict = live_state.verified(chosen.folder)
    if verdict and verdict != _GOOD:
        st.error(as_markdown(verdict), icon=":material/error:")
    if chosen.newest:
        st.caption("Resume and Extend go on from this one.")
    else:
        newest = f"Resume and Extend go on from that of step {found[0].step:,}."
        st.caption(f"{newest} To go on from this one, fork from here or go back to here.")
