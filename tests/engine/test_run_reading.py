"""What screens read from a run folder beside its state and metrics."""

import pytest

from engine.errors import DamagedRun
from engine.runs.store import RunStore
from tests import fabricate


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path)


def test_waiting_requests_are_seen_until_the_worker_takes_them(store):
    run = fabricate.run_of(store, status="running", steps=10)
    run.request("checkpoint")
    run.request("stop")
    assert run.waiting_requests() == ["checkpoint", "stop"]
    assert run.take_requests() == ["checkpoint", "stop"]
    assert run.waiting_requests() == []


def test_only_finished_checkpoints_are_counted(store):
    run = fabricate.run_of(store)
    fabricate.checkpoint_of(run, 100)
    (run.folder / "checkpoints" / "step-000000150").mkdir()
    (run.folder / "checkpoints" / "step-000000200.part").mkdir()
    assert run.checkpoint_steps() == [100]


def test_trashed_runs_are_listed_and_come_back(store):
    run = fabricate.run_of(store)
    store.trash(run.id)
    assert [summary.id for summary in store.list()] == []
    assert [summary.name for summary in store.trashed()] == ["docs gpt"]
    store.restore(run.id)
    assert [summary.id for summary in store.list()] == [run.id]
    assert list(store.trashed()) == []


def test_a_damaged_run_can_be_trashed_and_restored_as_damaged(store):
    run = fabricate.run_of(store)
    (run.folder / "state.json").write_text('{"status": "runn')
    assert "state.json" in store.list()[0].damage
    store.trash(run.id)
    assert "state.json" in store.trashed()[0].damage
    with pytest.raises(DamagedRun):
        store.restore(run.id).state()
