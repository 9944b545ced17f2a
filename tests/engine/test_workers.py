"""Prepared batches: the same bits for any number of workers, and clear words when they fail."""

from __future__ import annotations

import os
import timeit
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch
from torch import Tensor
from torch.utils.data import Dataset

from engine import attempt as attempts
from engine.data.adapters import as_batch_source
from engine.data.batching import ArraySource, Batch, BatchPlan, BatchSource, TextBlocks
from engine.data.workers import BatchFailed, DrawsNothing, Prepared, WorkersUnusable
from engine.errors import EngineError
from engine.reproducibility import random_states
from engine.runs.run import Run
from engine.runs.store import RunStore
from engine.task_spec import TaskSpec
from engine.trainer import Trainer
from tests.engine import training
from tests.engine.equality import assert_same_bits
from tests.engine.noisy_data import (
    Broken,
    Deadly,
    Homeless,
    Noisy,
    PidSource,
    Quadrants,
    Ragged,
)
from tests.engine.test_resume import Crash, CrashingLoop

TASK = TaskSpec(kind="image-classification")


@pytest.fixture(autouse=True)
def _no_process_is_left() -> Iterator[None]:
    before = set(psutil.Process().children(recursive=True))
    yield
    assert set(psutil.Process().children(recursive=True)) <= before


def prepared(
    data: Dataset[Any] | BatchSource, workers: int, *, seed: int = 3, batch_size: int = 4
) -> Prepared:
    source = as_batch_source(data, TASK)
    plan = BatchPlan(len(source), batch_size, shuffle=True, seed=seed)
    return Prepared(source, plan, workers=workers, seed=seed)


def batches(data: Dataset[Any], workers: int, first: int = 0, count: int = 14) -> list[Batch]:
    with prepared(data, workers) as batches:
        return [batches.batch(first + n) for n in range(count)]


def assert_same(left: list[Batch], right: list[Batch]) -> None:
    for a, b in zip(left, right, strict=True):
        assert list(a) == list(b)
        assert all(torch.equal(a[name], b[name]) for name in a)
        assert all(a[name].dtype == b[name].dtype for name in a)


def as_states(states: dict[str, Any]) -> tuple[Any, ...]:
    numpy = states["numpy"]
    return states["torch"].tolist(), numpy[0].tolist(), *numpy[1:], states["python"]


@pytest.mark.parametrize(("workers", "width"), [(1, 70_000), (2, 4)])
def test_any_number_of_workers_gives_the_same_bits(workers: int, width: int) -> None:
    """Over two epochs, with random augmentation, copied or in shared memory."""
    before, data = random_states(), Noisy(width=width)
    alone = batches(data, 0)
    assert_same(batches(data, workers), alone)
    assert as_states(random_states()) == as_states(before)
    seen = [index for batch in alone[:6] for index in batch["targets"].tolist()]
    assert sorted(seen) == list(range(23))


def test_a_resumed_run_goes_on_with_the_same_batches_and_one_may_go_back_or_ahead() -> None:
    alone = batches(Noisy(), 0)
    torch.rand(7)
    places = [5, 6, 7, 8, 9, 2, 3, 9, 4, 4]
    for workers in (0, 2):
        with prepared(Noisy(), workers) as source:
            found = [source.batch(place) for place in places]
        assert_same(found, [alone[place] for place in places])


def trained(run: Path | Run, workers: int) -> Run:
    """Train on random augmentations, into a runs folder or on with a run."""
    trainer = Trainer(
        model=training.model(),
        training_config=training.config(hardware={"threads": 1, "workers": workers}),
        task_spec=TASK,
        run=run,
    )
    data = Quadrants(50, width=2)
    result = trainer.train(train_data=data, val_data=data)
    return RunStore(result.folder.parent).open(result.run_id)


def test_a_run_with_workers_that_crashed_has_the_bits_of_one_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference = trained(tmp_path / "a", workers=0)
    with monkeypatch.context() as patch:
        patch.setattr(attempts, "TrainingLoop", CrashingLoop)
        patch.setattr(CrashingLoop, "crash_at", 17)
        with pytest.raises(Crash):
            trained(tmp_path / "b", workers=1)
    (summary,) = RunStore(tmp_path / "b").list()
    resumed = trained(RunStore(tmp_path / "b").open(summary.id), workers=2)
    assert resumed.state().resumed_from == 10
    assert_same_bits(resumed, reference)


def test_each_worker_prepares_its_share_and_ends_when_it_is_closed() -> None:
    source = prepared(PidSource(), 2)
    found = [source.batch(n) for n in range(4)]
    assert len({batch["pid"] for batch in found} - {os.getpid()}) == 2
    assert [batch["epoch"] for batch in found] == [0, 0, 1, 1]
    assert {batch["threads"] for batch in found} == {1}
    source.close()
    assert not any(psutil.pid_exists(batch["pid"]) for batch in found)
    source.close()


def test_no_worker_is_started_before_it_is_needed() -> None:
    before = len(psutil.Process().children())
    prepared(Noisy(), 2)
    assert len(psutil.Process().children()) == before


def test_random_numbers_differ_between_batches_and_seeds() -> None:
    first, second = (prepared(Noisy(), 0, seed=seed) for seed in (0, 1))
    drawn = [
        (batch["inputs"] - batch["targets"][:, None]).flatten().tolist()[0]
        for source in (first, second)
        for batch in (source.batch(0), source.batch(1), source.batch(6))
    ]
    assert len(set(drawn)) == 6


@pytest.mark.parametrize("workers", [0, 1])
def test_a_sample_that_cannot_be_read_is_named(workers: int) -> None:
    with pytest.raises(EngineError) as caught:
        batches(Broken(), workers)
    assert "training data's sample 17, of batch " in str(caught.value)
    assert "could not be prepared: OSError: truncated file." in str(caught.value)
    if workers:
        assert "noisy_data.py" in caught.value.__notes__[0]
    else:
        assert isinstance(caught.value, BatchFailed)
        assert isinstance(caught.value.__cause__, OSError)


def test_samples_that_fail_only_together_are_named_together() -> None:
    with pytest.raises(BatchFailed, match=r"samples (\d+, ){7}\d+ and 2 more, of batch 1 of"):
        prepared(Ragged(), 0, batch_size=10).batch(0)


def test_a_worker_that_is_killed_is_said() -> None:
    with pytest.raises(WorkersUnusable) as caught:
        batches(Deadly(), 1)
    assert str(caught.value).startswith("training.hardware.workers is 1, but data worker ")
    assert "(signal 9): it ran out of memory" in str(caught.value)


def test_data_that_cannot_be_sent_is_refused_with_the_remedy() -> None:
    class Local(Noisy):
        pass

    with pytest.raises(WorkersUnusable) as caught:
        batches(Local(), 1)
    assert "training.hardware.workers is 1, but the training data cannot be sent" in str(
        caught.value
    )
    assert "With 0 the batches are prepared by the training process itself" in str(caught.value)
    assert len(batches(Local(), 0)) == 14


def test_data_that_a_worker_cannot_load_is_refused_with_the_remedy() -> None:
    with pytest.raises(WorkersUnusable, match="could not load the training data") as caught:
        batches(Homeless(), 1)
    assert "a notebook's cannot. With 0 the batches are prepared by" in str(caught.value)


def test_what_draws_nothing_is_prepared_without_a_detour() -> None:
    arrays = ArraySource({"inputs": torch.zeros(64, 8), "targets": torch.zeros(64).long()})
    for plain in (arrays, TextBlocks(torch.arange(99), 4, seed=0)):
        assert isinstance(plain, DrawsNothing)
    assert not isinstance(as_batch_source(Noisy(), TASK), DrawsNothing)
    plan = BatchPlan(64, 32, shuffle=True, seed=0)

    def straight() -> dict[str, Tensor]:
        return arrays.batch(plan.epoch(1), plan.indices(1))

    source = Prepared(arrays, plan, workers=0, seed=0)
    fastest, detour = (
        min(timeit.repeat(take, number=200, repeat=7)) / 200
        for take in (straight, lambda: source.batch(1))
    )
    assert detour < fastest + 5e-6
