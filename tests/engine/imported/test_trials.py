"""Trials go on in the background, one at a time, and end when they are told to."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from engine.examples import EXAMPLES
from engine.frozen import with_changes
from engine.models.imported.dry_run import DryRun
from engine.models.imported.trials import Trials, key_of
from engine.runs.store import RunStore
from tests.engine.imported.table import spec_of

SPEC = EXAMPLES["digits-mlp"].spec
OTHER = with_changes(SPEC, {"training.batching.batch_size": 3})
GOOD = DryRun(ok=True, parameters=3, loss=1.0)


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore(tmp_path)


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({"name": "another"}, True),
        ({"training.length.amount": 7}, True),
        ({"model.width": 7}, False),
        ({"data.split_seed": 7}, False),
        ({"training.optimizer.lr": 7.0}, False),
        ({"training.batching.batch_size": 7}, False),
    ],
)
def test_a_trial_tells_of_all_that_it_would_do_again(changes, same):
    assert (key_of(with_changes(SPEC, changes)) == key_of(SPEC)) == same


def test_one_at_a_time_and_one_that_waits_can_be_cancelled(store):
    begun, go_on = threading.Event(), threading.Event()
    made = []

    def slow(spec, on_stage, cancelled):
        made.append(spec)
        on_stage("the first update")
        begun.set()
        assert go_on.wait(20)
        return GOOD

    trials = Trials(store, slow)
    first = trials.begin(SPEC)
    assert begun.wait(20)
    assert first.stage == "the first update"
    second = trials.begin(OTHER)
    assert second.stage == "waiting for another trial to end"
    assert trials.begin(SPEC) is first
    second.cancel()
    assert second.wait(20)
    assert second.refused == "It was cancelled while it waited for another trial."
    go_on.set()
    assert first.wait(20)
    assert (first.works, second.works, made) == (True, False, [SPEC])
    assert trials.of(SPEC) is first


def test_what_cannot_be_tried_says_why_and_can_be_tried_again(store):
    answers = [OSError("the disk is full"), GOOD]

    def tries(spec, on_stage, cancelled):
        answer = answers.pop(0)
        if isinstance(answer, OSError):
            raise answer
        return answer

    trials = Trials(store, tries)
    first = trials.begin(SPEC)
    assert first.wait(20)
    assert (first.works, first.refused) == (False, "the disk is full")
    second = trials.begin(SPEC)
    assert second.wait(20)
    assert second.works
    assert trials.of(SPEC) is second


def test_code_that_nobody_allowed_is_not_tried(store):
    trial = Trials(store).begin(spec_of(store, "lenet", consent=False))
    assert trial.wait(20)
    assert "nobody has consented" in trial.refused


@pytest.mark.slow
def test_a_loop_without_end_is_cancelled(store):
    trials = Trials(store)
    trial = trials.begin(spec_of(store, "endless"))
    trials.stop(timeout_s=20)
    assert trial.is_over
    assert trial.verdict is not None
    assert trial.verdict.stage == "cancelled"
