"""Who a run is and how it is doing: name, status, progress, current numbers, trouble."""

from __future__ import annotations

import html
import time
from typing import NamedTuple

import streamlit as st

from components import imported_run, run_origin, session
from components.durations import shown_duration
from components.numbers import DASH, shown_number
from components.plain_text import as_markdown
from components.status_badge import status_badge
from engine.runs.index.last_values import LastValues
from engine.runs.run import Run
from engine.runs.spec_words import data_words, model_words
from engine.runs.state import RunState
from engine.task_spec import TaskKind

SILENT_S = 15.0
"""A running worker writes a heartbeat twice a second; after so long something is wrong."""

_MOST_SHOWN = 22
"""Characters of a label that are seen; a longer one has a note."""
_QUALITY: dict[TaskKind, tuple[str, str]] = {
    "causal-lm": ("Perplexity", "val/perplexity"),
    "multi-label-classification": ("F1 score", "val/f1_macro"),
    "tabular-regression": ("R²", "val/r2"),
}
"""What tells how good a model is, for tasks that are not judged by their accuracy."""
_SPEED: dict[TaskKind, tuple[str, str]] = {"causal-lm": ("Tokens / s", "speed/tokens_per_s")}


class Reading(NamedTuple):
    """One current number with its label, ready to show."""

    label: str
    value: str
    note: str = ""


def show(run: Run, state: RunState, last: LastValues, doing: str = "") -> None:
    """Draw the header; `doing` says what the run has been asked for and not yet done."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="live-name"):
        st.html(_heading(run.name), width="content")
        status_badge(state.status)
        if words := doing or _phase(state):
            st.badge(as_markdown(words), icon=":material/hourglass_top:", color="gray")
    st.caption(as_markdown(place(run, state)))
    run_origin.show(run)
    _progress(run, state)
    with st.container(horizontal=True, gap="small", key="live-readings"):
        for reading in readings(run, state, last):
            st.metric(reading.label, reading.value, help=reading.note or None, width=160)


def _progress(run: Run, state: RunState) -> None:
    words = as_markdown(progress_words(state))
    if run.record.spec is None and not state.total_steps:
        st.caption(words)  # a bar would claim to know how long it was to be
        return
    share = min(1.0, state.step / state.total_steps) if state.total_steps else 0.0
    st.progress(share, text=words)


def place(run: Run, state: RunState) -> str:
    """Model, data, and where the arithmetic runs; of an imported run where it comes from."""
    spec = run.record.spec
    if spec is None:
        return imported_run.place(run)
    threads = f", {state.threads} threads" if state.threads and state.device == "cpu" else ""
    launcher = "" if state.launcher == "auto" else state.launcher
    where = [f"{state.device}{threads}" if state.device else "", launcher, state.host]
    parts = [model_words(spec.model), data_words(spec.data), *where]
    return " · ".join(part for part in parts if part)


def progress_words(state: RunState) -> str:
    """Step of total, epoch, share, time spent and time to come."""
    parts = [f"Step {state.step:,}"]
    if state.total_steps:
        parts = [f"Step {state.step:,} of {state.total_steps:,}"]
        parts.append(f"{100 * state.step / state.total_steps:.0f}%")
    if state.epoch is not None:
        parts.append(f"epoch {state.epoch:.2f}")
    if state.step and state.trained_s:
        parts.append(f"trained {shown_duration(state.trained_s)}")
    if state.status == "running" and state.eta_s is not None:
        parts.append(f"{shown_duration(state.eta_s)} left")
    return " · ".join(parts)


def readings(run: Run, state: RunState, last: LastValues) -> list[Reading]:
    """The current numbers of a run; a dash for what is not known yet."""
    spec = run.record.spec
    if spec is None:
        return [
            Reading(as_markdown(metric), shown_number(last.of(run.folder, metric)))
            for metric in imported_run.telling(run.metrics())
        ]
    kind = spec.task.kind

    def newest(label: str, metric: str, digits: int = 4) -> Reading:
        return Reading(label, shown_number(last.of(run.folder, metric), digits))

    best = state.best
    monitor = spec.training.evaluation.monitor
    best_value = DASH if best is None else shown_number(best.value)
    step = "" if best is None else f" @ {best.step:,}"
    best_label = f"Best {monitor.removeprefix('val/')}{step}"
    best_note = ""
    if best is not None and len(best_label) > _MOST_SHOWN:
        best_note = f"Best {best.metric}, measured at step {best.step:,}."
    return [
        newest("Train loss", "train/loss"),
        newest("Val loss", "val/loss"),
        Reading(best_label, best_value, as_markdown(best_note)),
        newest(*quality_of(kind)),
        newest("Learning rate", "optim/lr", digits=3),
        newest(*_SPEED.get(kind, ("Samples / s", "speed/samples_per_s"))),
    ]


def quality_of(kind: TaskKind) -> tuple[str, str]:
    """Label and metric that tell how good a model is at a task."""
    return _QUALITY.get(kind, ("Accuracy", "val/accuracy"))


def queued_words(run: Run) -> str:
    """What a queued run waits for; nothing once a launcher has taken it."""
    store = session.store()
    if not (store.queue / run.id).exists():
        return ""
    names = [f"“{other.name}”" for other in store.ahead_of(run)]
    return f"Waits for {', '.join(names)}; one run trains at a time." if names else ""


def show_trouble(run: Run, state: RunState, now: float | None = None) -> None:
    """A banner where something needs attention: why the run ended or waits, and what then."""
    now = time.time() if now is None else now
    match state.status:
        case "queued":
            if words := queued_words(run):
                st.info(as_markdown(words), icon=":material/schedule:")
        case "interrupted":
            st.warning(as_markdown(interrupted_words(run, state)), icon=":material/power_off:")
        case "failed":
            st.error(as_markdown(failed_words(run, state)), icon=":material/error:")
        case "paused" if state.reason and not state.reason.startswith("Paused"):
            st.warning(as_markdown(state.reason), icon=":material/hard_drive:")
        case "stopped" if state.reason:
            st.info(as_markdown(state.reason), icon=":material/stop_circle:")
        case "running" if state.heartbeat and now - state.heartbeat > SILENT_S:
            silent = shown_duration(now - state.heartbeat)
            st.warning(
                f"No sign of life from the worker for {silent}.", icon=":material/sensors_off:"
            )


def interrupted_words(run: Run, state: RunState) -> str:
    """What is there of an interrupted run, and where Resume begins."""
    newest = run.last("train/loss")
    curves = (
        f"curves are complete up to step {newest[0]:,}" if newest else "there are no curves yet"
    )
    return f"The worker ended at step {state.step:,}; {curves}. {resume_words(run)}"


def failed_words(run: Run, state: RunState) -> str:
    """Why a run failed, and where Resume begins."""
    reason = state.reason or "The worker gave no reason."
    return f"{reason} {resume_words(run)}".strip()


def resume_words(run: Run) -> str:
    """Where Resume begins; nothing for a run that cannot be resumed."""
    if run.record.spec is None:
        return ""
    steps = run.checkpoint_steps()
    if not steps:
        return "There is no checkpoint, so Resume begins at step 0."
    return f"Resume continues from the checkpoint at step {steps[-1]:,}."


def _phase(state: RunState) -> str:
    return "" if state.phase in ("", "training") else f"{state.phase}…"


def _heading(name: str) -> str:
    style = (
        "margin:0;padding:0;font-size:1.75rem;line-height:1.25;overflow-wrap:anywhere;"
        "display:-webkit-box;-webkit-line-clamp:2;-webkit-box-orient:vertical;overflow:hidden"
    )
    text = html.escape(name)
    return f'<h1 style="{style}" title="{text}">{text}</h1>'
