"""Every preset on its bundled data is healthy, for every task."""

from __future__ import annotations

from typing import get_args

import pytest

from engine.health.examination import CHECKS, check
from engine.health.subject import subject_of
from engine.models.specs import MODEL_TASKS
from engine.run_spec import RunSpec
from engine.task_spec import TaskKind
from tests.engine.every_field import BASES
from tests.engine.test_every_task import SOURCES

PAIRS = [
    (kind, task)
    for kind, tasks in MODEL_TASKS.items()
    for task in tasks
    if kind not in ("imported", "hugging-face")
]
QUICK = [name for name in CHECKS if name not in ("speed", "overfitting")]


def spec_of(kind: str, task: str) -> RunSpec:
    base = BASES[SOURCES[task]]
    model = base["model"] if base["model"]["kind"] == kind else {"kind": kind}
    monitor = {"evaluation": {"monitor": "val/loss"}}
    return RunSpec.parse(base | {"model": model, "training": base["training"] | monitor})


def test_every_task_has_a_preset():
    assert {task for _, task in PAIRS} == set(get_args(TaskKind))


@pytest.mark.parametrize(("kind", "task"), PAIRS)
def test_a_preset_is_healthy(kind, task):
    findings = list(check(subject_of(spec_of(kind, task)), QUICK))
    assert [one.text for one in findings if one.verdict not in ("pass", "skipped")] == []
    skipped = {one.check for one in findings if one.verdict == "skipped"}
    assert ("causality" in skipped) == (task not in ("causal-lm", "seq2seq"))


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "task"), PAIRS)
def test_a_preset_learns_a_batch_by_heart(kind, task):
    (finding,) = check(subject_of(spec_of(kind, task)), ["overfitting"])
    assert finding.verdict == "pass", finding.text
