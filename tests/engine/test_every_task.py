"""A run of every task leaves its metrics, its evaluation and its samples behind."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from engine.data.specs import DATA_TASKS
from engine.launch.worker import work
from engine.models.specs import MEASURED, MODEL_TASKS
from engine.run_spec import RunSpec
from engine.runs import evaluations, samples
from engine.runs.store import RunStore
from engine.task_spec import METRICS, TaskKind
from tests.engine.every_field import BASES

SOURCES = {task: source for source, task in DATA_TASKS.items()}
"""One source for each task."""
UNKNOWN = {"tabular-classification": {"top3_accuracy"}}
"""What cannot be told of three classes."""
PRESETS = {model: tasks for model, tasks in MODEL_TASKS.items() if model not in MEASURED}
MODELS = [(model, task) for model, tasks in PRESETS.items() for task in tasks]
PLAIN = ("causal-lm", "image-classification")
"""Tasks whose samples have been kept without a kind from the beginning."""


def test_every_task_has_bundled_data() -> None:
    assert set(SOURCES) == set(get_args(TaskKind))


@pytest.mark.parametrize("kind", SOURCES)
def test_a_run_of_every_task(kind: TaskKind, tmp_path: Path) -> None:
    base = BASES[SOURCES[kind]]
    evaluation = {"every_steps": 2, "max_samples": 60, "samples": 2}
    training = base["training"] | {"length": {"amount": 2}, "evaluation": evaluation}
    store = RunStore(tmp_path)
    run = store.create(RunSpec.parse(base | {"training": training}))
    assert work(store, run.id).status == "completed"

    measured = {name.removeprefix("val/") for name in run.metrics() if name.startswith("val/")}
    assert measured == set(METRICS[kind]) - UNKNOWN.get(kind, set())
    vocabulary = kind in ("causal-lm", "masked-lm", "seq2seq")
    assert run.evaluation_steps() == ([] if vocabulary else [2])
    for step in run.evaluation_steps():
        evaluations.parsed(run.evaluation(step))
    shown = run.samples(2)
    assert 0 < len(shown) <= 2
    assert all(samples.parsed(one) for one in shown) == (kind not in PLAIN)


@pytest.mark.parametrize(("model", "task"), MODELS)
def test_a_run_of_every_model_and_task(model: str, task: TaskKind, tmp_path: Path) -> None:
    base = BASES[SOURCES[task]] | {"model": BASES[model]["model"]}
    store = RunStore(tmp_path)
    run = store.create(RunSpec.parse(base))
    state = work(store, run.id)
    assert (state.status, state.step) == ("completed", 6)
    assert np.isfinite(run.series("val/loss").value).all()
