"""Which runs are compared, which way their metrics are better, and how they fall into groups."""

import shutil

import pytest

from engine.comparison import chosen, groups
from engine.comparison.chosen import MOST
from engine.comparison.directions import mode_of
from engine.comparison.fields import best_of, grouping_fields, value_of
from engine.comparison.summaries import Summaries
from engine.comparison.words import shown
from engine.runs.run import Labels
from engine.runs.store import RunStore
from engine.task_spec import METRICS
from tests import fabricate
from tests.engine.comparison.made import compared, run_with


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path)


def test_runs_come_in_the_order_in_which_they_were_asked_for_each_once(store):
    a, b = run_with(store), run_with(store)
    assert [run.id for run in chosen(store, [b.id, a.id, b.id]).runs] == [b.id, a.id]


def test_what_cannot_be_read_is_named_and_the_rest_is_compared(store):
    whole, damaged, deleted = (run_with(store) for _ in range(3))
    (damaged.folder / "state.json").write_text("{")
    store.trash(deleted.id)
    asked = [damaged.id, "../etc", deleted.id, whole.id, ""]
    found = chosen(store, asked)
    assert [run.id for run in found.runs] == [whole.id]
    assert [left.run_id for left in found.left_out] == [damaged.id, "../etc", deleted.id, ""]
    assert "state.json" in found.left_out[0].reason


def test_no_more_than_a_hundred_are_compared(store):
    run = run_with(store)
    asked = [run.id, *(f"20260101-000000-{n:06d}" for n in range(MOST + 4))]
    found = chosen(store, asked)
    assert len(found.runs) == 1
    assert [left.run_id for left in found.left_out] == asked[1:]
    assert found.left_out[-1].reason == "Only 100 runs are compared."


def test_a_shared_name_is_told_apart_by_the_id(store):
    a, b = run_with(store, name="same"), run_with(store, name="same")
    c = run_with(store, name="<b>other</b>")
    headings = [run.heading for run in compared(store, a, b, c)]
    assert headings == [f"same · {a.id[-6:]}", f"same · {b.id[-6:]}", "<b>other</b>"]


def test_runs_whose_ids_end_alike_are_told_apart_by_the_whole_id(store):
    run = run_with(store)
    copy = store.root / f"20000101-000000-{run.id[-6:]}"
    shutil.copytree(run.folder, copy)
    assert [one.heading for one in chosen(store, [run.id, copy.name]).runs] == [
        f"docs gpt · {run.id}",
        f"docs gpt · {copy.name}",
    ]


@pytest.mark.parametrize(
    ("metric", "mode"),
    [
        ("train/loss", "min"),
        ("eval_loss", "min"),
        ("Eval/Accuracy", "max"),
        ("speed/tokens_per_s", "max"),
        ("memory/gpu_mb", "min"),
        ("optim/lr", None),
        ("loss_scale", None),
        ("", None),
    ],
)
def test_a_name_tells_which_way_is_better(metric, mode):
    assert mode_of(metric) == mode


def test_a_validation_metric_is_judged_by_the_task(store):
    runs = compared(store, run_with(store))
    for name, mode in METRICS["causal-lm"].items():
        assert mode_of(f"val/{name}", runs) == mode


def test_no_name_means_different_things_in_different_tasks():
    known = {}
    for modes in METRICS.values():
        for name, mode in modes.items():
            assert known.setdefault(name, mode) == mode


def test_groups_are_those_with_equal_values_in_the_order_of_the_values(store):
    rates = (1e-2, 3e-4, 1e-2, 3e-4, 1.0)
    runs = [run_with(store, training__optimizer__lr=lr) for lr in rates]
    found = groups(compared(store, *runs), ["optimizer.lr"])
    assert [(group.label, len(group.runs)) for group in found] == [
        ("0.0003", 2),
        ("0.01", 2),
        ("1", 1),
    ]
    backwards = groups(compared(store, *reversed(runs)), ["optimizer.lr"])
    assert [(g.label, {r.id for r in g.runs}) for g in found] == [
        (g.label, {r.id for r in g.runs}) for g in backwards
    ]


def test_groups_of_two_fields_and_of_what_is_not_known(store):
    a = run_with(store, labels=Labels(group="wide", tags=("x", "y")))
    b = run_with(store)
    found = groups(compared(store, a, b), ["group", "tags"])
    assert [group.label for group in found] == ["wide · x, y", "– · –"]


def test_runs_fall_into_those_with_a_tag_and_those_without(store):
    tags = [("wide", "x"), ("wide",), (), ("x",)]
    runs = compared(store, *(run_with(store, labels=Labels(tags=one)) for one in tags))
    assert [field for field in grouping_fields(runs) if field.startswith("tag")] == [
        "tags",
        "tag:wide",
        "tag:x",
    ]
    found = groups(runs, ["tag:wide"])
    assert [(group.label, {r.facts["tags"] for r in group.runs}) for group in found] == [
        ("off", {(), ("x",)}),
        ("on", {("wide", "x"), ("wide",)}),
    ]
    assert "tag:wide" not in grouping_fields(runs[:2])


def test_without_fields_every_run_is_its_own_group(store):
    runs = compared(store, run_with(store), run_with(store))
    assert [group.runs for group in groups(runs, [])] == [(runs[0],), (runs[1],)]


def test_a_group_tells_what_else_differs_in_it(store):
    runs = compared(
        store,
        run_with(store, training__reproducibility__seed=1),
        run_with(store, training__reproducibility__seed=2),
        run_with(store, training__reproducibility__seed=3, training__optimizer__lr=0.5),
    )
    (group,) = groups(runs, ["model.kind"])
    assert group.otherwise() == ("optimizer.lr",)
    (group,) = groups(runs[:2], ["model.kind"])
    assert group.otherwise() == ()


def test_runs_can_be_grouped_by_what_differs_labels_first(store):
    a = run_with(store, training__reproducibility__seed=1, labels=Labels(group="g"))
    b = run_with(store, training__reproducibility__seed=2)
    fields = grouping_fields(compared(store, a, b))
    assert fields[0] == "group"
    assert "reproducibility.seed" in fields
    assert not {"id", "created_at", "optimizer.lr"} & set(fields)


def test_a_field_is_a_fact_or_the_newest_or_best_value_of_a_metric(store):
    runs = compared(store, run_with(store, {"val/loss": [3.0, 1.0, 2.0]}))
    known = Summaries()
    values = {
        field: value_of(runs[0], field, runs, known)
        for field in ("optimizer.name", "val/loss", best_of("val/loss"), "nothing", "best(nothing)")
    }
    assert values == {
        "optimizer.name": "adamw",
        "val/loss": 2.0,
        "best(val/loss)": 1.0,
        "nothing": None,
        "best(nothing)": None,
    }


@pytest.mark.parametrize(
    ("fact", "text"),
    [
        (None, "–"),
        ("", "–"),
        ((), "–"),
        (True, "on"),
        (False, "off"),
        (3, "3"),
        (3.0, "3"),
        (3e-5, "3e-05"),
        (float("nan"), "nan"),
        (("a", "b"), "a, b"),
        ("<b>", "<b>"),
    ],
)
def test_facts_in_words(fact, text):
    assert shown(fact) == text


def test_fabricated_runs_can_be_compared(store):
    (run,) = compared(store, fabricate.run_of(store))
    assert run.state.status == "completed"
