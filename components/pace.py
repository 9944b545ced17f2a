"""How long a run will take, judged only by runs that were made before on this machine."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from statistics import median
from typing import NamedTuple

from engine.errors import UnknownRun
from engine.run_spec import RunSpec
from engine.runs.state import RunState
from engine.runs.store import RunStore, RunSummary

ENOUGH_STEPS = 20
"""A shorter run mostly shows how long starting takes."""
_MOST_READ = 100
_WAITS_S = 0.3


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


def alike(store: RunStore, spec: RunSpec) -> Iterator[RunSummary]:
    """The newest runs here of the same kinds of model, data and optimizer, read as they are needed.

    They are picked from the index, so that of very many runs only few are read.
    """
    wanted = {
        "host": socket.gethostname(),
        "model.kind": spec.model.kind,
        "data.source": spec.data.source,
        "optimizer.name": spec.training.optimizer.name,
        "batching.batch_size": spec.training.batching.batch_size,
    }
    entries = store.index.entries(within_s=_WAITS_S)
    like = (e for e in entries if all(e.facts.get(name) == wanted[name] for name in wanted))
    for entry in islice(like, _MOST_READ):
        with suppress(UnknownRun):  # deleted meanwhile
            yield store.summary(entry.id)


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
