"""The table of runs: columns of any kind of fact, the data frame, the selection by rows."""

import math
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components import run_columns, run_table, run_view
from components.safe_markdown import as_safe_markdown
from engine.runs.entry import Entry
from engine.runs.fact_row import Shapes
from engine.runs.query.query import Language

RUN = {"id": "20260101-000000-aaaaaa", "name": "Wide <b>", "status": "running", "tags": ("a", "b")}
DAMAGED = {"id": "20260103-000000-cccccc", "name": "x", "status": "damaged", "reason": "torn"}


def entry_of(facts, metrics=()):
    return Entry(facts["id"], Shapes().row(facts, dict(metrics)))


def table(entries, *names):
    columns, wrong = run_columns.columns_of(names, Language(None, entries))
    assert wrong == []
    return run_columns.frame(entries, columns)


def test_what_is_not_known_is_a_gap_and_not_a_zero():
    known = {"progress": 50.0, "started_at": 0.0, "archived": True, "seed": 3, "trained_s": 61.0}
    names = ["Progress", "Started", "Archived", "seed", "Tags", "Remark"]
    frame = table([entry_of(RUN | known), entry_of(DAMAGED)], *known, "tags", "reason")
    assert frame[names].iloc[1].isna().to_list() == [True, True, True, True, True, False]
    assert frame["Trained"].to_list() == ["0:01:01", "–"]
    assert frame["Started"][0] == datetime(1970, 1, 1, tzinfo=UTC)
    assert (frame["Progress"][0], frame["seed"][0], frame["Archived"][0]) == (50.0, 3.0, True)
    assert frame["Tags"][0] == ["a", "b"]


def test_a_value_that_is_no_number_is_no_gap():
    entries = [
        entry_of(RUN | {"best": math.inf}, {"val/loss": math.nan}),
        entry_of(DAMAGED),
    ]
    frame = table(entries, "val/loss", "best")
    assert list(frame["Val loss"].isna()) == [False, True]
    assert np.isnan(frame["Val loss"][0])
    assert frame["Best"][0] == math.inf


def test_a_column_that_no_run_has_anything_for_is_empty_if_it_is_one_of_ours():
    assert table([entry_of(RUN)], "val/loss")["Val loss"].isna().all()
    columns, wrong = run_columns.columns_of(["zzz", "status"], Language(None, [entry_of(RUN)]))
    assert [column.title for column in columns] == ["Status"]
    assert "zzz" in wrong[0]


def test_an_empty_table_has_all_columns():
    frame = table([], *run_columns.DEFAULT)
    assert len(frame) == 0
    assert list(frame.columns[:3]) == ["Name", "Status", "Progress"]


def test_each_column_comes_once_whatever_runs_call_their_facts():
    entries = [entry_of(RUN | {"lr": 1.0}, {"Name": 2.0, "Status": 3.0})]
    frame = table(entries, "status", "Status", "status", "Name", "lr")
    assert len(set(frame.columns)) == len(frame.columns)
    assert frame["Name"][0] == "Wide <b>"
    assert frame["Status"][0] == "running"


def test_facts_of_several_kinds_under_one_name_are_shown_as_text():
    entries = [entry_of(RUN | {"x": 1.5}), entry_of(DAMAGED | {"x": "one"})]
    assert table(entries, "x")["x"].to_list() == ["1.5", "one"]


def test_a_fork_names_its_parent_where_that_is_shown():
    parent, lost = entry_of(RUN), entry_of(DAMAGED | {"origin.run_id": "gone"})
    fork = entry_of(DAMAGED | {"id": "f", "origin.run_id": RUN["id"]})
    frame = table([parent, lost, fork], "origin.run_id")
    assert frame["Forked from"].to_list()[1:] == ["gone", "Wide <b>"]


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ([1_234_567.0, 3.0, None], ["1234567", "3"]),
        ([0.123456, 1e-5], ["0.12346", "1e-05"]),
        ([1_234_567.25, 0.5], ["1234567", "0.5"]),
        ([math.inf, math.nan, 20.0], ["inf", "nan", "20"]),
        ([], []),
    ],
)
def test_no_digit_before_the_point_is_rounded_away(values, shown):
    """The table writes numbers with the digits that JavaScript gives for this, as Python does."""
    form = run_columns.number_format(run_columns._numbers(values))
    digits = int(form.removeprefix("%.").removesuffix("g"))
    assert [f"{value:.{digits}g}" for value in values if value is not None] == shown


@given(st.text())
def test_a_name_in_the_table_is_neither_an_icon_nor_a_list(name):
    button = run_columns.as_button(name)
    assert button.removeprefix("\u200b") == name.removeprefix("\u200b")
    assert not button.lstrip().startswith((":", "["))


def test_groups_are_counted_the_largest_first():
    entries = [entry_of(RUN | {"project": name}) for name in ("a", "b", "b", "")]
    counts = run_view.sizes(entries, "project")
    assert counts == {"b": 2, "a": 1, "": 1}
    assert run_view.group_words(counts) == "b 2, a 1, none 1"


@given(st.text())
def test_no_notes_fetch_a_picture(notes):
    assert "![" not in as_safe_markdown(notes + "![x](http://x/y.png)" + notes)


@given(
    ids=st.lists(st.integers(0, 50).map(str), unique=True),
    chosen=st.sets(st.integers(0, 60).map(str)),
)
def test_the_selected_rows_are_those_of_the_chosen_runs(ids, chosen):
    assert {ids[row] for row in run_table.selected_rows(ids, chosen)} == chosen & set(ids)
