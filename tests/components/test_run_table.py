"""The table of runs: rows, filter, data frame."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components import run_table
from components.run_table import RunRow
from engine.runs.last_values import LastValues
from engine.runs.store import RunStore
from tests import fabricate

ROWS = [
    RunRow("20260101-000000-aaaaaa", "Wide GPT", "running", tags=("baseline",), model="GPT 4×128"),
    RunRow("20260102-000000-bbbbbb", "narrow", "completed", tags=("ablation", "Wide")),
    RunRow("20260103-000000-cccccc", "x", "damaged", remark="state.json cannot be read"),
]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", [0, 1, 2]),
        ("wide", [0, 1]),
        ("WIDE base", [0]),
        ("completed", [1]),
        ("bbbbbb", [1]),
        ("gpt", [0]),
        ("wide nothing", []),
        ("(", []),
    ],
)
def test_a_filter_wants_every_word_somewhere(text, found):
    assert run_table.matching(ROWS, text) == [ROWS[row] for row in found]


@given(text=st.text())
def test_any_text_is_a_filter(text):
    assert set(map(id, run_table.matching(ROWS, text))) <= set(map(id, ROWS))


def test_unknown_numbers_are_gaps_not_zeros():
    frame = run_table.frame(ROWS)
    assert frame["Val loss"].isna().all()
    assert frame["Started"].isna().all()
    assert list(frame["Trained"]) == ["–", "–", "–"]


def test_a_value_that_is_no_number_is_no_gap():
    row = RunRow("20260101-000000-aaaaaa", "x", "failed", best=float("inf"), val_loss=float("nan"))
    frame = run_table.frame([row, ROWS[0]])
    assert list(frame["Val loss"].isna()) == [False, True]
    assert np.isnan(frame["Val loss"][0])
    assert frame["Best"][0] == float("inf")


def test_an_empty_table_has_all_columns():
    assert list(run_table.frame([]).columns) == list(run_table.frame(ROWS).columns)


@given(
    ids=st.lists(st.integers(0, 50).map(str), unique=True),
    chosen=st.sets(st.integers(0, 60).map(str)),
)
def test_the_selected_rows_are_those_of_the_chosen_runs(ids, chosen):
    assert {ids[row] for row in run_table.selected_rows(ids, chosen)} == chosen & set(ids)


@pytest.mark.slow
def test_metric_files_that_did_not_grow_are_not_read_again(tmp_path, monkeypatch):
    store = RunStore(tmp_path)
    for _ in range(3):
        fabricate.run_of(store, steps=50)
    last = LastValues()
    first = run_table.rows(store, last)
    monkeypatch.delattr("engine.runs.last_values.read_records")
    assert run_table.rows(store, last) == first
