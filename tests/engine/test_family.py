"""Who comes from whom, whatever is gone, damaged, or goes round in a circle."""

from __future__ import annotations

import pytest

from engine.runs.family import MOST, family
from engine.runs.record import Origin, RunRecord
from engine.runs.state import RunState
from engine.runs.store import RunSummary
from tests import fabricate


def summary(run_id: str, parent: str | None = None, step: int = 10) -> RunSummary:
    origin = None if parent is None else Origin(run_id=parent, step=step)
    record = RunRecord(run_id=run_id, created_at=0.0, spec=fabricate.TEXT, origin=origin)
    return RunSummary(run_id, f"name of {run_id}", record, RunState(status="stopped"), None)


def drawn(summaries, run_id):
    return [(found.depth, found.run_id, found.at_step) for found in family(summaries, run_id)]


def test_a_run_alone_is_its_own_family():
    assert drawn([summary("a"), summary("b")], "a") == [(0, "a", None)]


def test_ancestors_come_first_and_forks_below_their_parent():
    runs = [
        summary("a"),
        summary("b", "a", 20),
        summary("c", "b", 30),
        summary("d", "c", 40),
        summary("e", "c", 50),
        summary("f", "d", 60),
        summary("g", "a", 70),
    ]
    assert drawn(runs[::-1], "c") == [
        (0, "a", None),
        (1, "b", 20),
        (2, "c", 30),
        (3, "d", 40),
        (4, "f", 60),
        (3, "e", 50),
    ]


def test_a_parent_that_is_gone_is_named_by_its_id():
    first, second = family([summary("b", "gone", 20)], "b")
    assert (first.run_id, first.name, first.status) == ("gone", "gone", None)
    assert (second.run_id, second.status, second.at_step) == ("b", "stopped", 20)


def test_a_damaged_run_is_shown_without_a_status():
    damaged = RunSummary("a", "a", None, None, None, "damaged")
    assert family([damaged, summary("b", "a")], "b")[0].status is None
    assert [found.run_id for found in family([damaged], "a")] == ["a"]


@pytest.mark.parametrize("run_id", ["a", "b"])
def test_a_circle_ends(run_id):
    runs = [summary("a", "b"), summary("b", "a")]
    assert {found.run_id for found in family(runs, run_id)} == {"a", "b"}


def test_of_many_forks_some_are_told_of():
    runs = [summary("a"), *(summary(f"b{number:03d}", "a") for number in range(200))]
    assert len(family(runs, "a")) == 1 + MOST


def test_a_long_line_has_its_depths():
    runs = [summary("r0"), *(summary(f"r{n}", f"r{n - 1}") for n in range(1, 60))]
    assert [found.depth for found in family(runs, "r59")] == list(range(60))
