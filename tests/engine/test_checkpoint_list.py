"""What people are shown of checkpoints, and how one is deleted."""

from __future__ import annotations

import pytest

from engine.errors import BadInput, RunIsBusy
from engine.runs.checkpoint_files import folder_of
from engine.runs.checkpoint_list import checkpoints_of, delete_checkpoint, refused_folders
from engine.runs.store import RunStore
from tests import fabricate


@pytest.fixture
def run(tmp_path):
    run = fabricate.run_of(RunStore(tmp_path), status="interrupted", steps=200)
    for step in (50, 120, 200):
        fabricate.checkpoint_of(run, step)
    return run


def test_the_newest_comes_first_with_what_was_measured(run):
    found = checkpoints_of(run)
    assert [one.step for one in found] == [200, 120, 50]
    assert [one.newest for one in found] == [True, False, False]
    losses = run.series("val/loss").value
    assert [one.value for one in found] == [losses[3], None, losses[0]]
    assert [one.rank for one in found] == [1, None, None]
    assert all(one.size > 100 and one.saved_at is not None for one in found)


def test_a_run_without_checkpoints_has_none(tmp_path):
    assert checkpoints_of(fabricate.run_of(RunStore(tmp_path))) == []


def test_what_is_no_checkpoint_is_told_apart(run):
    root = run.folder / "checkpoints"
    (root / "step-000000300").mkdir()
    (root / "step-000000400.refused").mkdir()
    (root / "step-000000500.part").mkdir()
    assert [path.name for path in refused_folders(run)] == [
        "step-000000400.refused",
        "step-000000300",
    ]
    assert len(checkpoints_of(run)) == 3


def test_one_is_deleted_and_it_is_told(run):
    delete_checkpoint(run, 120)
    assert run.checkpoint_steps() == [50, 200]
    assert not list((run.folder / "checkpoints").glob("*.part"))
    event = run.events()[0][-1]
    assert (event["kind"], event["text"]) == (
        "checkpoint-deleted",
        "Deleted the checkpoint of step 120.",
    )


def test_one_that_is_gone_is_said(run):
    with pytest.raises(BadInput, match="there is no such checkpoint"):
        delete_checkpoint(run, 70)


def test_none_is_deleted_while_a_worker_counts_on_it(run):
    with run.owned(), pytest.raises(RunIsBusy):
        delete_checkpoint(run, 50)
    assert folder_of(run.folder / "checkpoints", 50).exists()
