"""A run at a glance: what it is, what came of it, how large it is, where it comes from."""

from __future__ import annotations

import html
import os
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import streamlit as st

from components import readable, run_family, run_labels, run_reproduction, session
from components.durations import shown_duration
from components.numbers import DASH, shown_number
from components.plain_text import as_markdown
from engine.data.sources import facts_of
from engine.errors import EngineError
from engine.preflight import Estimate, estimate
from engine.run_spec import RunSpec
from engine.runs.record import RunRecord
from engine.runs.run import Run
from engine.runs.spec_words import data_words, model_words
from engine.runs.state import RunState

_STYLE = """<style>
.td-facts {display: grid; grid-template-columns: max-content 1fr; gap: 0.35rem 1.25rem;
  font-size: 0.9rem}
.td-facts b {font-weight: 400; opacity: 0.65}
.td-facts span {overflow-wrap: anywhere; font-variant-numeric: tabular-nums}
</style>"""


class Fact(NamedTuple):
    """One thing that is known of a run, ready to show."""

    label: str
    text: str


def show(run: Run) -> None:
    """Draw everything; what is unknown is a dash."""
    state, record = run.state(), run.record
    left, right = st.columns([3, 2], gap="large")
    with left:
        _facts("What it is", [*what(record), *size(record.spec, run.folder.parent)])
        _facts("What came of it", [*outcome(state), *moments(record, state, _zone())])
        run_family.show(session.store(), run)
    with right:
        _labels(run)
        _facts("Artefacts", artefacts(run))
    run_reproduction.show(run, session.store().root)


def what(record: RunRecord) -> list[Fact]:
    """Task, model and data, or where it was imported from."""
    spec = record.spec
    if spec is None:
        assert record.imported is not None
        where = f"{record.imported.source_name}, {record.imported.place or DASH}"
        return [Fact("Imported from", where)]
    training = spec.training
    length = f"{training.length.amount:,} {training.length.unit}"
    return [
        Fact("Task", readable.choice(spec.task.kind)),
        Fact("Model", model_words(spec.model)),
        Fact("Data", data_words(spec.data)),
        Fact("Optimizer", f"{readable.choice(training.optimizer.name)}, {_rate(spec)}"),
        Fact("Batches of", f"{training.batching.batch_size:,}"),
        Fact("Length", length),
        Fact("Seed", str(training.reproducibility.seed)),
    ]


def size(spec: RunSpec | None, runs: Path) -> list[Fact]:
    """How large the model is, and what its training takes."""
    if spec is None:
        return []
    known = _estimate(spec, runs)
    parameters = None if known is None else known.parameters
    flops = None if known is None else known.flops
    samples = None if known is None else known.samples
    return [
        Fact("Parameters", DASH if parameters is None else f"{parameters:,}"),
        Fact("Training takes", DASH if flops is None else f"{flops:.3g} FLOPs"),
        Fact("Samples seen", DASH if samples is None else f"{samples:,}"),
    ]


def outcome(state: RunState) -> list[Fact]:
    """How it stands, and its best model."""
    best = state.best
    value = DASH
    if best is not None:
        value = f"{best.metric} {shown_number(best.value)} at step {best.step:,}"
    steps = f"{state.step:,}" + (f" of {state.total_steps:,}" if state.total_steps else "")
    return [
        Fact("Status", state.status + (f": {state.reason}" if state.reason else "")),
        Fact("Steps", steps),
        Fact("Best", value),
        Fact("Training time", shown_duration(state.trained_s) if state.trained_s else DASH),
        Fact("Attempts", str(state.attempt)),
    ]


def moments(record: RunRecord, state: RunState, zone: ZoneInfo | None) -> list[Fact]:
    """When it was made, begun and ended, and where."""
    where = " · ".join(part for part in (state.device, state.host) if part)
    return [
        Fact("Created", _moment(record.created_at, zone)),
        Fact("Started", _moment(state.started_at, zone)),
        Fact("Ended", _moment(state.ended_at, zone)),
        Fact("Where", where or DASH),
    ]


def artefacts(run: Run) -> list[Fact]:
    """What lies in the run's folder."""
    counts = {
        "Checkpoints": len(run.checkpoint_steps()),
        "Metrics": len(run.metrics()),
        "Samples of": len(run.sample_steps()),
        "Evaluations of": len(run.evaluation_steps()),
        "Histograms of": len(run.histogram_steps()),
    }
    facts = [
        Fact(label, f"{count:,}" + (" steps" if label.endswith("of") else ""))
        for label, count in counts.items()
    ]
    bytes_ = sum(_sizes(run.folder))
    return [*facts, Fact("On the disk", readable.size(bytes_)), Fact("Folder", str(run.folder))]


def facts_html(facts: Sequence[Fact]) -> str:
    """Facts as an HTML list, every text escaped."""
    rows = (f"<b>{html.escape(f.label)}</b><span>{html.escape(f.text)}</span>" for f in facts)
    return f'<div class="td-facts">{"".join(rows)}</div>'


def _facts(title: str, facts: Sequence[Fact]) -> None:
    st.subheader(title)
    st.html(_STYLE + facts_html(facts))


def _labels(run: Run) -> None:
    st.subheader("Labels")
    labels = run.labels()
    marked = [f":gray-badge[{as_markdown(tag)}]" for tag in labels.tags]
    where = [text for text in (labels.project, labels.group) if text]
    if where:
        st.caption(as_markdown(" · ".join(where)))
    if marked:
        st.markdown(" ".join(marked))
    if labels.notes:
        run_labels.show_notes(labels.notes)
    with st.expander("Edit", icon=":material/edit:"):
        run_labels.show(run)


def _estimate(spec: RunSpec, runs: Path) -> Estimate | None:
    """The run in numbers; None for what only another program has."""
    try:
        return estimate(spec, facts_of(spec.data, spec.model, runs))
    except EngineError:
        return None


def _rate(spec: RunSpec) -> str:
    return f"learning rate {readable.shortest(spec.training.optimizer.lr)}"


def _zone() -> ZoneInfo | None:
    return ZoneInfo(st.context.timezone) if st.context.timezone else None


def _moment(at: float | None, zone: ZoneInfo | None) -> str:
    if at is None:
        return DASH
    try:
        return f"{datetime.fromtimestamp(at, zone):%Y-%m-%d %H:%M:%S}"
    except (OverflowError, ValueError, OSError):
        return DASH


def _sizes(folder: Path) -> Iterator[int]:
    """Of every file below; what is deleted meanwhile is left out."""
    for path, _, names in os.walk(folder):
        for name in names:
            try:
                yield os.lstat(os.path.join(path, name)).st_size
            except OSError:
                continue
