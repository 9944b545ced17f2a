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


def test_runs_that_are_made_in_one_second_are_listed_in_their_order(tmp_path):
    store = RunStore(tmp_path, now=lambda: 1_800_000_000.0)
    made = [store.create(fabricate.TEXT).id for _ in range(20)]
    assert list(store.ids()) == made[::-1]


def test_a_damaged_run_can_be_trashed_and_restored_as_damaged(store):
    run = fabricate.run_of(store)
    (run.folder / "state.json").write_text('{"status": "runn')
    assert "state.json" in store.list()[0].damage
    store.trash(run.id)
    assert "state.json" in store.trashed()[0].damage
    with pytest.raises(DamagedRun):
        store.restore(run.id).state()


def test_what_was_kept_of_a_validation_is_read_by_its_step(store):
    run = fabricate.run_of(store)
    assert run.evaluation_steps() == run.sample_steps() == []
    for step in (1_000_000_000, 5, 90):
        run.write_evaluation(step, {"kind": "classes", "samples": step})
    run.write_samples(7, ["text"])
    assert run.evaluation_steps() == [5, 90, 1_000_000_000]
    assert run.evaluation(90) == {"kind": "classes", "samples": 90}
    assert (run.sample_steps(), run.samples(7)) == ([7], ["text"])


def test_an_evaluation_is_replaced_when_its_step_comes_again(store):
    run = fabricate.run_of(store)
    for content in ("before the crash", "after it"):
        run.write_evaluation(5, content)
    assert run.evaluation_steps() == [5]
    assert run.evaluation(5) == "after it"
