"""The bundled examples learn what they promise, already in a part of their default length."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.examples import EXAMPLES
from engine.frozen import with_changes
from engine.launch.worker import train_spec
from engine.run_spec import RunSpec
from engine.runs.store import RunStore
from engine.training_config_builder import TrainingConfigBuilder


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


def baseline_of(source: str) -> RunSpec:
    """The baseline preset of the encoder on data that no example is for."""
    builder = TrainingConfigBuilder.baseline().with_model("encoder").with_dataset(source)
    return builder.with_name(source).build()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("spec", "steps", "metric", "least"),
    [
        (EXAMPLES["python-highlighter"].spec, 100, "val/accuracy", 0.8),
        (EXAMPLES["masked-docs"].spec, 50, "val/accuracy", 0.25),  # after 4 steps 0.18
        (EXAMPLES["restore-text"].spec, 150, "val/chrf", 0.08),  # 0.0
        (EXAMPLES["cancer-table"].spec, 150, "val/accuracy", 0.96),
        (EXAMPLES["diabetes-table"].spec, 150, "val/r2", 0.4),
        (baseline_of("python-keywords"), 150, "val/accuracy", 0.64),  # 0.6
        (baseline_of("python-constructs"), 150, "val/f1_macro", 0.18),  # 0.07
    ],
    ids=lambda value: value.name if isinstance(value, RunSpec) else "",
)
def test_every_task_is_learned_in_a_part_of_its_length(
    tmp_path: Path, spec: RunSpec, steps: int, metric: str, least: float
) -> None:
    changes = {
        "training.length.amount": steps,
        "training.evaluation.every_steps": steps,
        "training.checkpointing.every_steps": steps,
        "training.scheduler.warmup_steps": 20,
    }
    assert train_spec(with_changes(spec, changes), tmp_path).status == "completed"
    store = RunStore(tmp_path)
    run = store.open(store.list()[0].id)
    measured = run.series(metric).value
    assert len(measured) == 1
    assert measured[0] >= least
    assert run.sample_steps() == [steps]
    assert run.samples(steps)
