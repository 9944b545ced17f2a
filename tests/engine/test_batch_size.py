"""The batch size that fits and the one that is fastest are measured; the update stays the same."""

from __future__ import annotations

import json

import pytest
import torch
from typer.testing import CliRunner

from engine.__main__ import app
from engine.batch_size import search, trials
from engine.batch_size.search import BatchSizes, Trial, TrialsFailed, adjusted
from engine.examples import EXAMPLES
from engine.frozen import with_changes

MLP = EXAMPLES["digits-mlp"].spec


def sizes(*speeds: float | None) -> BatchSizes:
    """Trials of 1, 2, 4... samples; None does not fit."""
    return BatchSizes(
        tuple(
            Trial(2**power, speed is not None, None if speed is None else 1, speed)
            for power, speed in enumerate(speeds)
        )
    )


@pytest.mark.parametrize(
    ("speeds", "largest", "suggested"),
    [
        ((10.0, 19.0, 36.0, 37.0, 37.5), 16, 4),
        ((10.0, 20.0, 40.0, None), 4, 4),
        ((10.0, 9.9, 9.8), 4, 1),
        ((None,), None, None),
    ],
)
def test_suggested_is_the_smallest_that_is_about_as_fast(speeds, largest, suggested):
    found = sizes(*speeds)
    assert (found.largest, found.suggested) == (largest, suggested)


@pytest.mark.parametrize(
    ("batch", "accumulate", "found", "expected"),
    [
        (64, 1, 16, (16, 4)),
        (16, 4, 64, (64, 1)),
        (32, 1, 512, (32, 1)),
        (12, 1, 8, (8, 2)),
    ],
)
def test_an_update_keeps_its_samples_as_nearly_as_it_can(batch, accumulate, found, expected):
    batching = {"batch_size": batch, "accumulate": accumulate}
    changes = adjusted(with_changes(MLP, {"training.batching": batching}), found)
    assert tuple(changes.values()) == expected
    with_changes(MLP, changes)


def test_the_command_tries_real_updates_and_says_what_it_found(tmp_path):
    few = with_changes(
        MLP, {"data.val_fraction": 0.99, "model.width": 8, "training.batching.batch_size": 16}
    )
    (tmp_path / "spec.json").write_text(few.to_json())
    done = CliRunner().invoke(app, ["batch-size", str(tmp_path / "spec.json"), "--json"])
    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)
    assert [trial["batch_size"] for trial in found["trials"]] == [1, 2, 4, 8, 16]
    assert all(trial["samples_per_s"] > 0 for trial in found["trials"])
    assert found["largest"] == 16
    assert found["suggested"] in (1, 2, 4, 8, 16)


def test_the_search_ends_where_memory_does(monkeypatch):
    room = 4
    real = trials.TrainingLoop.update

    def update(loop, *, measure=False):
        if loop.batches._recipe.plan.batch_size > room:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return real(loop, measure=measure)

    monkeypatch.setattr(trials.TrainingLoop, "update", update)
    found = list(trials.trials(MLP, 10**12))
    assert [(trial.batch_size, trial.fits) for trial in found] == [
        (1, True),
        (2, True),
        (4, True),
        (8, False),
    ]


def test_a_child_that_was_killed_for_its_memory_is_a_batch_that_does_not_fit():
    done = search._ended([Trial(8, True, 1, 1.0)], -9, "")
    assert done[-1] == Trial(16, fits=False)


def test_another_failure_is_told_with_its_reason():
    with pytest.raises(TrialsFailed, match="ZeroDivisionError: division by zero"):
        search._ended([], 1, "Traceback...\nZeroDivisionError: division by zero")
