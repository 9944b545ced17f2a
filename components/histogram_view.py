"""How weights, gradients and activations are spread, over the run and now."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple, TypeVar

import plotly.graph_objects as go
import streamlit as st

from components import live_state, session, step_picker
from components.charts.histograms import bar_figure, heat_figure, spread
from engine.errors import EngineError
from engine.runs.histograms import KINDS, Histogram, Kind, histogram_in, tensors_in
from engine.runs.run import Run

MOST = 200
"""Steps drawn beside each other; of more, every second, fourth, ... and the newest."""

_HELP = {
    "weights": "After the update. Healthy weights drift and widen slowly; a spike at zero that "
    "grows means that they die off.",
    "gradients": "Before clipping. All near zero: the layer hardly learns. Far tails: a few "
    "samples decide the update.",
    "activations": "What each module gave for the first batch of the update. All in one bin: it "
    "is saturated or dead.",
}


_READING = "The colour is the share of the step's numbers; the outermost 0.1% may lie outside."
T = TypeVar("T", bound=str)


def show(run: Run) -> None:
    """Draw the histograms of one tensor over all steps, and the newest of them."""
    steps = run.histogram_steps()
    if not steps:
        st.caption(_nothing(run))
        return
    try:
        tensors = tensors_in(run.histograms(steps[-1]))
    except ValueError as error:
        st.warning(f"The histograms of step {steps[-1]:,} cannot be read ({error}).")
        return
    kinds = [kind for kind in KINDS if tensors.get(kind)]
    if not kinds:
        st.caption("Nothing is trained in this model, so there is nothing to count.")
        return
    left, right = st.columns([1, 3])
    with left:
        kind = _picked("Histograms of", kinds, session.HISTOGRAM_KIND)
    with right:
        tensor = _picked("Tensor", tensors[kind], session.HISTOGRAM_TENSOR)
    dark = st.context.theme.type == "dark"
    attempt = run.state().attempt  # a resumed run may write its steps again
    shown = _Shown(str(run.folder), attempt, _some(steps), kind, tensor)
    heat = _heat(shown, dark)
    if heat is None:
        st.caption("It has no histogram at these steps.")
        return
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.subheader("Over the run", help=f"{_HELP[kind]} {_READING}")
        _draw(heat, "heat", f"How the {kind} of {tensor} were spread at each step")
    with right:
        _at_step(shown, steps)


def _at_step(shown: _Shown, steps: list[int]) -> None:
    """One histogram: the newest, and those that follow, unless a step was picked."""
    heading = st.container()
    step = step_picker.pick(steps, "Histogram at step", live_state.HISTOGRAM_STEP)
    heading.subheader(f"At step {step:,}", help=_HELP[shown.kind])
    histogram = shown.histogram(step)
    if histogram is None:
        st.caption(f"It has none at step {step:,}, or the file is damaged.")
        return
    alt = f"How the {shown.kind} of {shown.tensor} are spread at step {step}"
    _draw(bar_figure(histogram), "bars", alt)
    if histogram.nonfinite:
        count = f"{histogram.nonfinite:,}"
        st.warning(f"At step {step:,}, {count} of these numbers are NaN or infinite.")


class _Shown(NamedTuple):
    """What a picture is of."""

    folder: str
    attempt: int
    steps: tuple[int, ...]
    kind: Kind
    tensor: str

    def histogram(self, step: int) -> Histogram | None:
        """Of one step; None where the tensor has none or the file is damaged."""
        return _read(self.folder, self.attempt, step, self.kind, self.tensor)


# A file never changes within an attempt, and pictures are asked for again and again while a run
# is watched.
@lru_cache(maxsize=8)
def _heat(shown: _Shown, dark: bool) -> go.Figure | None:
    """The spread over the steps; None where there is no histogram at all."""
    read = {step: shown.histogram(step) for step in shown.steps}
    found = {step: histogram for step, histogram in read.items() if histogram is not None}
    return heat_figure(spread(found), dark=dark) if found else None


@lru_cache(maxsize=16 * MOST)
def _read(folder: str, attempt: int, step: int, kind: Kind, tensor: str) -> Histogram | None:
    try:
        return histogram_in(Run(Path(folder)).histograms(step), kind, tensor)
    except (EngineError, OSError, ValueError):
        return None


def _some(steps: list[int]) -> tuple[int, ...]:
    """At most so many steps, most of them the same when more have come."""
    stride = 1
    while len(steps) > MOST * stride:
        stride *= 2
    return tuple(sorted({*steps[::stride], steps[-1]}))


def _picked(label: str, options: Sequence[T], key: str) -> T:
    """What was chosen, as long as it is there."""
    if st.session_state.get(key) not in options:
        st.session_state[key] = options[0]
    chosen: T = st.selectbox(label, options, key=key)
    return chosen


def _draw(figure: go.Figure, part: str, alt: str) -> None:
    config = {"displayModeBar": False}
    st.plotly_chart(figure, key=f"histograms.{part}", config=config, alt=alt)


def _nothing(run: Run) -> str:
    spec = run.record.spec
    if spec is None:
        return "Histograms are made by the runs that are trained here; this one was imported."
    every = spec.training.logging.histograms_every_steps
    if every is not None:
        return f"The first histograms come at step {every:,}."
    return (
        "No histograms were asked for. Fill in “Histograms every” under Logging on the Launch page "
        "to see here how weights, gradients and activations are spread and how that changes."
    )
