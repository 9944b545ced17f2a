"""How long a run will take, judged only by runs that were made before on this machine."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from statistics import median
from typing import NamedTuple

from engine.run_spec import RunSpec
from engine.runs.state import RunState
from engine.runs.store import RunSummary

ENOUGH_STEPS = 20
"""A shorter run mostly shows how long starting takes."""


class Pace(NamedTuple):
    """Seconds of training for one step, and how many earlier runs say so."""

    step_s: float
    runs: int


def pace_of(spec: RunSpec, summaries: Iterable[RunSummary], most: int = 5) -> Pace | None:
    """The median pace of the newest runs that do the same work a step; None when there are none.

    Newest first in, as the store lists them.
    """
    paces = []
    for summary in summaries:
        if summary.record is None or summary.state is None or not _counts(summary.state):
            continue
        made = summary.record.spec
        if made is not None and _work(made) == _work(spec):
            paces.append(summary.state.trained_s / summary.state.step)
        if len(paces) == most:
            break
    return Pace(median(paces), len(paces)) if paces else None


def _counts(state: RunState) -> bool:
    here = state.host == socket.gethostname()
    return here and state.step >= ENOUGH_STEPS and state.trained_s > 0


def _work(spec: RunSpec) -> tuple[object, ...]:
    """What decides how much is computed in one step, and where."""
    training = spec.training
    return (
        spec.model,
        spec.data,
        training.optimizer.name,
        training.batching,
        training.precision,
        training.hardware,
        training.evaluation,
    )
