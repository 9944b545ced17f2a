"""What runs have otherwise, by aspect."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.comparison import ASPECTS, rows
from engine.documents.differences import Setting
from engine.runs.store import RunStore
from tests import fabricate
from tests.engine.comparison.made import compared, run_with


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path)


def rewritten(run, **changes):
    record = run.record.model_copy(update=changes)
    (run.folder / "run.json").write_text(record.to_json())


def test_a_run_compared_with_itself_has_no_differences(store):
    runs = compared(store, run_with(store)) * 2
    assert [rows(runs, aspect) for aspect in ASPECTS] == [()] * 4


def test_only_what_differs_in_the_order_of_the_form(store):
    a = run_with(store, training__optimizer__lr=0.1, model__layers=2)
    b = run_with(store, training__optimizer__lr=0.2, model__layers=3, data__split_seed=9)
    found = rows(compared(store, a, b), "configuration")
    assert [(row.label, [value.value for value in row.values]) for row in found] == [
        ("Layers", [2, 3]),
        ("Learning rate", [0.1, 0.2]),
    ]
    assert [row.path for row in rows(compared(store, a, b), "data")] == ["data.split_seed"]


def test_all_of_it_has_what_is_the_same_too(store):
    runs = compared(store, run_with(store), run_with(store, training__reproducibility__seed=3))
    every = rows(runs, "configuration", all_of_it=True)
    assert [row.path for row in every if row.differs] == ["training.reproducibility.seed"]
    assert "training.optimizer.lr" in [row.path for row in every]


def test_what_a_run_does_not_have_is_none(store):
    runs = compared(store, run_with(store), run_with(store, spec=fabricate.IMAGES))
    by_path = {row.path: row.values for row in rows(runs, "configuration")}
    assert by_path["model.block_size"][1] is None
    assert by_path["model.kind"] == (Setting("Model", "gpt"), Setting("Model", "vit"))


def test_environment_data_and_code(store):
    a, b = run_with(store), run_with(store)
    packages = {"torch": "2.13.0"}
    rewritten(a, environment={"python": "3.11.2", "packages": packages, "git_commit": "aaa"})
    rewritten(b, data_fingerprint="f00", environment={"python": "3.12.0", "packages": packages})
    b.write_state(b.state().model_copy(update={"device": "cuda", "host": "big"}))
    runs = compared(store, a, b)

    def values(aspect):
        return {
            row.path: tuple(value and value.value for value in row.values)
            for row in rows(runs, aspect)
        }

    assert values("environment") == {
        "device": ("cpu", "cuda"),
        "host": (None, "big"),
        "python": ("3.11.2", "3.12.0"),
    }
    assert values("data") == {"data_fingerprint": (None, "f00")}
    assert values("code") == {"git_commit": ("aaa", None)}


def test_an_environment_of_something_else_does_no_harm(store):
    run = run_with(store)
    rewritten(run, environment={"packages": "all of them", "python": [3]})
    found = rows(compared(store, run, run_with(store)), "environment")
    assert "python" in [row.path for row in found]


def test_an_imported_run_is_compared_by_what_it_brought_along(store):
    here, elsewhere = run_with(store), fabricate.imported_run(store)
    runs = compared(store, here, elsewhere)
    config = elsewhere.record.imported.config
    found = {row.path: row.values for row in rows(runs, "configuration")}
    assert found["model.kind"][1] is None
    for name, value in config.items():
        assert found[name] == (None, Setting(name, value))


def test_which_runs_have_it_otherwise(store):
    runs = compared(
        store, *(run_with(store, training__reproducibility__seed=seed) for seed in (4, 5, 4))
    )
    (row,) = rows(runs, "configuration")
    assert row.others() == (False, True, False)
    assert row.others(1) == (True, False, True)


@given(st.permutations(range(3)))
def test_the_order_of_the_runs_changes_only_the_order_of_the_columns(tmp_path_factory, order):
    store = RunStore(tmp_path_factory.mktemp("runs"))
    made = [
        run_with(store, training__reproducibility__seed=s, model__layers=s + 1) for s in (1, 2, 3)
    ]
    usual = rows(compared(store, *made), "configuration")
    other = rows(compared(store, *(made[place] for place in order)), "configuration")
    assert [row.path for row in usual] == [row.path for row in other]
    for one, two in zip(usual, other, strict=True):
        assert [one.values[place] for place in order] == list(two.values)
