"""The learning-rate range test: it ends where training diverges and suggests the steepest."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from engine.__main__ import app
from engine.errors import BadInput
from engine.examples import EXAMPLES
from engine.frozen import with_changes
from engine.learning_rates.range_test import DivergenceWatch, analysed, range_result, range_spec
from engine.runs.store import RunStore
from tests.engine.training import config, trained

MLP = with_changes(
    EXAMPLES["digits-mlp"].spec,
    {"training.hardware.threads": 1, "training.evaluation.samples": 0},
)
RATES = np.geomspace(1e-6, 1.0, 200)


def curve(falls_at: float, diverges_at: float) -> np.ndarray:
    """A loss that falls from 2 to 1 around one learning rate and explodes at another."""
    fall = 1 / (1 + np.exp(3 * (np.log(RATES) - np.log(falls_at))))
    return 1 + fall + (RATES / diverges_at) ** 3


@given(falls_at=st.floats(1e-4, 1e-2), seed=st.integers(0, 99))
def test_the_suggestion_is_where_the_loss_falls_fastest(falls_at: float, seed: int) -> None:
    noise = np.random.default_rng(seed).normal(0, 0.01, len(RATES))
    result = analysed(RATES, curve(falls_at, diverges_at=1.0) + noise)
    assert result.suggestion is not None
    assert falls_at / 2.5 < result.suggestion < falls_at * 2.5


@pytest.mark.parametrize(
    "loss",
    [
        np.linspace(1, 2, 200),
        np.full(200, 3.0),
        np.full(200, np.nan),
        np.full(9, 1.0),
        np.zeros(0),
    ],
    ids=["rises", "flat", "nan", "too few", "none"],
)
def test_a_loss_that_never_falls_gives_no_suggestion(loss: np.ndarray) -> None:
    assert analysed(RATES[: len(loss)], loss).suggestion is None


def test_what_is_not_finite_is_left_out() -> None:
    loss = curve(1e-3, 1.0)
    loss[-5:] = np.inf
    result = analysed(RATES, loss)
    assert len(result.loss) == 195
    assert np.isfinite(result.smoothed).all()


@pytest.mark.parametrize(("after", "diverges"), [(3.9, False), (4.2, True)])
def test_divergence_is_a_multiple_of_the_lowest_smoothed_loss(after: float, diverges: bool) -> None:
    watch = DivergenceWatch(4.0)
    assert not any(watch.diverged(1.0) for _ in range(100))
    assert any(watch.diverged(after) for _ in range(600)) is diverges


def test_a_range_test_is_a_run_that_ends_completed_where_it_diverged(tmp_path: Path) -> None:
    training = config(
        length={"amount": 300},
        optimizer={"name": "sgd", "lr": 100.0},
        scheduler={"name": "range-test"},
        gradients={"clip_norm": None},
    )
    result = trained(tmp_path, training)
    run = RunStore(tmp_path).open(result.run_id)
    assert result.status == "completed"
    assert result.steps < 300
    assert "where training diverged" in run.state().reason
    suggestion = range_result(run).suggestion
    assert suggestion is not None
    assert 1e-3 < suggestion < 10


def test_the_test_of_a_spec_trains_the_same_with_another_learning_rate() -> None:
    spec = range_spec(MLP, highest=1.0, start=1e-6, steps=100)
    assert spec.model == MLP.model
    assert spec.training.optimizer == with_changes(MLP.training.optimizer, {"lr": 1.0})
    assert spec.training.scheduler.name == "range-test"
    assert spec.name == "digits-mlp learning-rate test"
    assert set(spec.training.alerts.model_dump().values()) == {None}


def test_a_learning_rate_that_the_optimizer_does_not_allow_is_refused() -> None:
    with pytest.raises(BadInput, match="training.optimizer.lr"):
        range_spec(MLP, highest=1e9, start=0.1, steps=100)


def test_the_command_prints_a_suggestion_to_be_used(tmp_path: Path) -> None:
    spec = tmp_path / "spec.json"
    spec.write_text(MLP.to_json())
    arguments = ["lr-test", str(spec), "--runs", str(tmp_path / "runs"), "--json"]
    done = CliRunner().invoke(app, [*arguments, "--steps", "100"])
    assert done.exit_code == 0, done.stderr
    facts = json.loads(done.stdout.splitlines()[-1])
    assert 1e-5 < facts["suggested_lr"] < 0.3
    assert "Suggested learning rate: " in done.stderr
    assert facts["status"] == "completed"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--lowest", "1", "--highest", "0.1"], "--lowest: must be above 0"),
        (["--steps", "5"], "training.length.amount"),
    ],
)
def test_a_test_that_cannot_be_made_is_refused(
    options: list[str], words: str, tmp_path: Path
) -> None:
    done = CliRunner().invoke(app, ["lr-test", "digits-mlp", "--runs", str(tmp_path), *options])
    assert done.exit_code == 2
    assert words in done.stderr
    assert RunStore(tmp_path).list() == []
