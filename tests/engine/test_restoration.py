"""A run that is put back to a checkpoint is the run that it was then."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import BadInput, RunIsBusy
from engine.launch.worker import work
from engine.runs.lineage import extend
from engine.runs.restoration import restore
from engine.runs.run import Run
from engine.runs.store import RunStore
from engine.steering import Act
from tests.engine.equality import assert_same_bits, curves
from tests.engine.test_lineage import made, spec


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore(tmp_path)


def problems(store: RunStore, run: Run, step: int) -> list[str]:
    with pytest.raises(BadInput) as refused:
        restore(store, run, step)
    return [str(problem) for problem in refused.value.problems]


def test_a_restored_run_makes_the_bits_that_it_made_before(store):
    reference, run = made(store, spec()), made(store, spec())
    restore(store, run, 20)
    state = run.state()
    assert (state.status, state.step, state.total_steps) == ("stopped", 20, 60)
    assert run.checkpoint_steps() == [20]
    assert {step for steps, _ in curves(run).values() for step in steps} == {*range(1, 21)}
    assert [event["kind"] for event in run.events()[0]][-1] == "restored"
    assert work(store, run.id).status == "completed"
    assert_same_bits(run, reference)


def test_what_was_done_to_the_run_later_no_longer_holds(store):
    early, late = (Act(step=step, act="lr-factor", value=0.5) for step in (10, 30))
    reference = made(store, spec(), early)
    run = made(store, spec(), early, late)
    extend(store, run, 20)
    assert work(store, run.id).step == 80
    restore(store, run, 20)
    assert run.acts() == (early,)
    assert run.state().total_steps == 60
    work(store, run.id)
    assert_same_bits(run, reference)


def test_a_best_value_that_is_undone_is_not_known_any_more(store):
    run = made(store, spec())
    best = run.state().best
    assert best is not None
    run.write_state(run.state().model_copy(update={"best": best.model_copy(update={"step": 60})}))
    restore(store, run, 40)
    assert run.state().best is None


def test_what_is_in_the_way_is_said_and_nothing_is_lost(store):
    run = made(store, spec())
    before = {path: path.stat().st_size for path in run.folder.rglob("*") if path.is_file()}
    (said,) = problems(store, run, 30)
    assert "there is no checkpoint of this step" in said
    assert "20, 40, 60" in said
    assert "stands already" in problems(store, run, 60)[0]
    (run.folder / "checkpoints" / "step-000000020" / "trainer.pt").write_bytes(b"garbage")
    assert "SHA-256" in problems(store, run, 20)[0]
    run.write_state(run.state().model_copy(update={"status": "paused"}))
    assert "has not ended yet" in problems(store, run, 40)[0]
    with run.owned(), pytest.raises(RunIsBusy):
        restore(store, run, 40)
    left = {path for path in run.folder.rglob("*") if path.is_file()}
    assert left >= {path for path in before if path.name != "owner.lock"}
