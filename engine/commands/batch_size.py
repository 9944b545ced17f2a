"""`batch-size`: which batch size fits and which is fastest."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from engine.batch_size.search import BatchSizes, Trial, adjusted, find_batch_size, usable_memory
from engine.commands.console import remark, say, say_json
from engine.commands.documents import checked_facts, read_spec
from engine.commands.options import DEFAULT_RUNS, AsJson, RunsFolder
from engine.commands.train import SpecSource
from engine.run_spec import RunSpec


def batch_size(
    source: SpecSource, as_json: AsJson = False, runs: RunsFolder = DEFAULT_RUNS
) -> None:
    """Try batches of 1, 2, 4... samples in a process of its own, and suggest a size.

    The suggestion is the smallest batch that is about as fast as the fastest; gradient
    accumulation is adapted so that an update sees the same number of samples as before. The
    search ends where memory or data are used up, or an update takes longer than a second.
    """
    spec = read_spec(source)
    checked_facts(spec, runs)
    memory = usable_memory(spec, Path())
    found = find_batch_size(spec, runs, memory_bytes=memory, on_trial=_tell)
    if as_json:
        trials = [dataclasses.asdict(trial) for trial in found.trials]
        say_json({"trials": trials, "largest": found.largest, "suggested": found.suggested})
        return
    say(advice(spec, found))


def advice(spec: RunSpec, found: BatchSizes) -> str:
    """What follows from the trials, as a sentence."""
    if found.suggested is None:
        return "Not even one sample fits into memory. Use a smaller model or a shorter context."
    changes = adjusted(spec, found.suggested)
    size, accumulate = changes.values()
    return (
        f"Largest that was tried and fits: {found.largest}. Suggested: {found.suggested}, about "
        f"as fast as any. For updates of as many samples as now: batch size {size}, "
        f"accumulation {accumulate}."
    )


def batch_trials(
    memory_bytes: Annotated[int, typer.Argument()], runs: RunsFolder = DEFAULT_RUNS
) -> None:
    """Measure the spec on stdin, one line of JSON a trial."""
    from engine.batch_size.trials import trials

    spec = RunSpec.parse_json(sys.stdin.buffer.read())
    for trial in trials(spec, memory_bytes, runs):
        say(json.dumps(dataclasses.asdict(trial)))
        sys.stdout.flush()


def _tell(trial: Trial) -> None:
    if not trial.fits:
        remark(f"batch of {trial.batch_size:>6,}: does not fit")
        return
    assert trial.memory_bytes is not None
    assert trial.samples_per_s is not None
    memory = f"{trial.memory_bytes / 1e6:,.0f} MB"
    remark(f"batch of {trial.batch_size:>6,}: {trial.samples_per_s:,.0f} samples/s, {memory}")
