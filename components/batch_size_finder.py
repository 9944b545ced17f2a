"""The button that measures which batch size fits and is fastest, and what it found."""

from __future__ import annotations

import streamlit as st

from components import readable, session, trouble, workspace
from components.outlook import Outlook
from engine.batch_size.search import BatchSizes, Trial, adjusted, find_batch_size, usable_memory
from engine.launch.launchers import APART
from engine.run_spec import RunSpec

_HELP = (
    "Makes a few real updates with 1, 2, 4... samples, in a process of its own, until memory is "
    "used up or an update takes longer than a second."
)


def show(outlook: Outlook) -> None:
    """Draw the button, and the result when there is one for this form."""
    spec = outlook.spec
    why_not = (
        "" if spec is not None and not outlook.problems else "Correct the marked fields first."
    )
    if spec is not None and spec.model.kind in APART:
        why_not = "Imported code is not measured: choose a size, and see what it takes."
    clicked = st.button(
        "Find a batch size",
        key="launch.batch-size",
        icon=":material/straighten:",
        disabled=bool(why_not),
        help=why_not or _HELP,
    )
    if spec is None:
        return
    if clicked:
        with trouble.shown():
            _search(spec)
    found = session.batch_sizes(_asked(spec))
    if found is not None:
        _result(spec, found)


def _search(spec: RunSpec) -> None:
    with st.status("Trying batch sizes…", expanded=True) as status:
        found = find_batch_size(
            spec,
            session.store().root,
            memory_bytes=usable_memory(spec, session.store().root),
            on_trial=lambda trial: st.write(words(trial)),
        )
        status.update(label="Tried batch sizes", state="complete", expanded=False)
    session.remember_batch_sizes(_asked(spec), found)


def _result(spec: RunSpec, found: BatchSizes) -> None:
    if found.suggested is None:
        st.warning("Not even one sample fits. Use a smaller model or a shorter context.")
        return
    st.caption(
        f"Largest that was tried and fits: {found.largest:,}. "
        f"About as fast as any: {found.suggested:,}."
    )
    changes = adjusted(spec, found.suggested)
    size, accumulate = changes.values()
    batching = spec.training.batching
    if (size, accumulate) != (batching.batch_size, batching.accumulate):
        st.button(
            f"Use batches of {size:,}, accumulated {accumulate:,} times",
            key="launch.use-batch-size",
            help="An update sees as many samples as now, as nearly as whole numbers allow.",
            on_click=_use,
            args=(changes,),
        )


def _use(changes: dict[str, object]) -> None:
    draft = workspace.current().draft
    for path, value in changes.items():
        draft = draft.edited(path, value)
    workspace.bring(draft, "The batch size that was measured is in the form.")


def words(trial: Trial) -> str:
    """One trial as a line."""
    if not trial.fits or trial.samples_per_s is None or trial.memory_bytes is None:
        return f"{trial.batch_size:,}: does not fit"
    speed, memory = readable.count(trial.samples_per_s), readable.size(trial.memory_bytes)
    return f"{trial.batch_size:,}: {speed} samples/s, {memory}"


def _asked(spec: RunSpec) -> str:
    """What the measurement depends on."""
    kept = spec.model_dump(mode="json", include={"task", "model", "data"})
    optimizer = spec.training.optimizer.name
    return f"{kept} {optimizer} {spec.training.precision} {spec.training.memory}"
