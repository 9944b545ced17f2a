"""The measuring side of the search: updates with ever larger batches, until memory is used up."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import torch

from engine.batch_size.longest import LongestFirst
from engine.batch_size.search import Trial
from engine.data.batching import BatchPlan, BatchSource, batch_sources
from engine.data.sources import load_for
from engine.data.workers import OfLengths, Prepared
from engine.frozen import with_changes
from engine.losses import loss_for
from engine.memory import (
    OutOfMemory,
    activations_computed_again,
    free_cached,
    is_out_of_memory,
)
from engine.models.build import build_model
from engine.optimizer_factory import OptimizerFactory
from engine.parameters.groups import frozen
from engine.precision import choose_device, matrix_precision
from engine.reproducibility import reproducible, seed_everything
from engine.run_spec import RunSpec
from engine.training_loop import TrainingLoop

UPDATES = 3
"""Timed updates of a trial, after one that warms up; the fastest counts."""
SLOW_UPDATE_S = 1.0
"""No larger batch is tried when an update takes longer: it would only be slower."""


def trials(spec: RunSpec, memory_bytes: int, runs: Path | None = None) -> Iterator[Trial]:
    """One trial for each power of two, up to the training samples or the memory."""
    loaded = load_for(spec.data, spec.model, runs)
    source, _ = batch_sources(loaded, seed=0)
    device = choose_device(spec.training.hardware)
    with reproducible(spec.training, None):
        batch_size = 1
        while batch_size <= len(source):
            seed_everything(0)
            model = build_model(spec.model, loaded.facts).to(device)
            with (
                frozen(model, spec.training.parameters),
                matrix_precision(spec.training.precision),
                activations_computed_again(model, spec.training.memory),
            ):
                trial = _trial(_loop(spec, model, source, batch_size), batch_size, device)
            yield trial
            free_cached(device)
            used = trial.memory_bytes or 0
            enough = 2 * used > memory_bytes  # the next one would need about twice
            slow = batch_size > SLOW_UPDATE_S * (trial.samples_per_s or 0)
            if not trial.fits or enough or slow:
                return
            batch_size *= 2


def _loop(
    spec: RunSpec, model: torch.nn.Module, source: BatchSource, batch_size: int
) -> TrainingLoop:
    training = with_changes(
        spec.training,
        {
            "batching.batch_size": batch_size,
            "batching.accumulate": 1,
            "memory.on_out_of_memory": "fail",
            "logging.layers_every_steps": None,
            "logging.histograms_every_steps": None,
        },
    )
    lengths = source.sample_lengths if isinstance(source, OfLengths) else None
    if lengths is not None:
        source = LongestFirst(source, lengths)
    plan = BatchPlan(len(source), batch_size, shuffle=lengths is None, seed=0)
    return TrainingLoop(
        model,
        OptimizerFactory.build(model, training.optimizer, training.parameters),
        lambda step: 1.0,
        Prepared(source, plan, workers=0, seed=0),
        training,
        spec.task,
        loss=loss_for(spec.task, source),
        tell=lambda kind, text: None,
    )


def _trial(loop: TrainingLoop, batch_size: int, device: torch.device) -> Trial:
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    try:
        loop.update()
        fastest_s = min(_timed(loop) for _ in range(UPDATES))  # nothing else makes it faster
    except OutOfMemory:  # of the batch
        return Trial(batch_size, fits=False)
    except (RuntimeError, MemoryError) as error:  # of anything else in the update
        if not is_out_of_memory(error):
            raise
        return Trial(batch_size, fits=False)
    speed = batch_size / fastest_s
    return Trial(batch_size, fits=True, memory_bytes=_memory(device), samples_per_s=speed)


def _timed(loop: TrainingLoop) -> float:
    began = time.perf_counter()
    loop.update()
    return time.perf_counter() - began


def _memory(device: torch.device) -> int:
    """The peak of the GPU; of the CPU what the process holds after an update, which keeps freed
    pages for the next."""
    if device.type == "cuda":
        return int(torch.cuda.max_memory_allocated(device))
    return int(psutil.Process().memory_info().rss)
