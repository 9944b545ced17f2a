"""The bundled examples learn what they promise, already in a part of their default length."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.examples import EXAMPLES
from engine.frozen import with_changes
from engine.launch.worker import train_spec
from engine.runs.store import RunStore


@pytest.mark.slow
def test_digits_vision_passes_096_validation_accuracy_in_a_third_of_its_length(
    tmp_path: Path,
) -> None:
    spec = with_changes(EXAMPLES["digits-vision"].spec, {"training.length.amount": 8})
    state = train_spec(spec, tmp_path)
    assert state.best is not None
    assert state.best.metric == "val/accuracy"
    assert state.best.value >= 0.96


@pytest.mark.slow
def test_the_gpt_learns_and_shows_what_it_writes(tmp_path: Path) -> None:
    spec = with_changes(
        EXAMPLES["gpt-python-docs"].spec,
        {
            "training.length.amount": 60,
            "training.evaluation.every_steps": 30,
            "training.scheduler.warmup_steps": 10,
        },
    )
    train_spec(spec, tmp_path)
    store = RunStore(tmp_path)
    run = store.open(store.list()[0].id)
    first, last = run.series("val/loss").value
    assert last < first < 4.0  # ln(95 characters) is 4.6
    assert run.series("val/bits_per_char").value[-1] == pytest.approx(last / 0.6931471805599453)
    assert run.sample_steps() == [30, 60]
    assert all(len(sample["text"]) > 50 for sample in run.samples(60))
