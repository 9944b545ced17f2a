"""The Compare page, on fabricated run folders."""

import json
import math

import pytest

from components import session
from components.comparison import curves
from engine.runs.run import Labels
from tests import fabricate
from tests.engine.comparison.made import log, run_with


@pytest.fixture
def open_compare(open_page):
    """The page with these runs, and other parameters of its URL."""

    def open_compare(*runs, **parameters):
        ids = ",".join(getattr(run, "id", run) for run in runs)
        named = {name.replace("__", "."): value for name, value in parameters.items()}
        app = open_page("compare.py", runs=ids, **named)
        assert not app.exception
        return app

    return open_compare


def frames(app):
    return [frame.value for frame in app.dataframe]


def captions(app):
    return [caption.value.replace("\\", "") for caption in app.caption]


def test_without_runs_it_says_where_to_choose_them(open_page):
    app = open_page("compare.py")
    assert "Choose runs" in app.info[0].value
    assert not app.exception


def test_runs_are_picked_by_name_and_stay_in_the_url(store, open_page):
    a, b = run_with(store, name="<b>a</b>"), run_with(store, name="b" * 300)
    app = open_page("compare.py")
    picker = app.multiselect(key=session.COMPARE_PICKER)
    assert any(label == f"<b>a</b> · {a.id}" for label in picker.options)
    picker.set_value([b.id, a.id]).run()
    assert not app.exception
    assert app.query_params["runs"] in (f"{b.id},{a.id}", [f"{b.id},{a.id}"])
    assert not app.info


def test_what_cannot_be_compared_is_said_and_can_be_left_out(store, open_compare, click):
    whole, damaged = run_with(store), run_with(store)
    (damaged.folder / "state.json").write_text("{")
    app = open_compare(whole, damaged, "<script>", compare__tab="Metrics")
    (warning,) = app.warning
    assert "state.json" in warning.value.replace("\\", "")
    assert "\\<script\\>" in warning.value
    app = click(app, "Leave them out")
    assert not app.warning
    assert app.query_params["runs"] in (whole.id, [whole.id])


def test_the_page_comes_back_with_the_runs_it_had(store, open_compare):
    run = run_with(store)
    app = open_compare(run)
    app.switch_page("runs.py").run()
    app.switch_page("compare.py").run()
    assert app.multiselect(key=session.COMPARE_PICKER).value == [run.id]


def test_metrics_have_their_newest_and_best_and_its_step(store, open_compare):
    a = run_with(store, {"val/loss": [3.0, 1.0, 2.0]}, name="a")
    b = run_with(store, {"val/loss": [2.5, math.nan]}, name="b")
    c = run_with(store, name="c")
    app = open_compare(a, b, c, compare__tab="Metrics")
    (frame,) = frames(app)
    assert list(frame.columns) == [
        "Run",
        "val/loss newest",
        "val/loss best",
        "val/loss at step",
    ]
    assert frame["val/loss best"].tolist()[:2] == [1.0, 2.5]
    assert frame["val/loss at step"].tolist()[:2] == [2, 1]
    assert math.isnan(frame["val/loss newest"][1])
    assert "val/loss: lowest 1 at step 2, a" in "\n".join(captions(app))


def test_a_baseline_gives_relative_numbers(store, open_compare):
    a = run_with(store, {"val/loss": [2.0]}, name="a")
    b = run_with(store, {"val/loss": [1.5]}, name="b")
    app = open_compare(a, b, compare__tab="Metrics", baseline=a.id)
    _, relative = frames(app)
    assert relative["val/loss difference"].tolist() == [0.0, -0.5]
    assert relative["val/loss %"].tolist() == [0.0, -25.0]
    assert relative["val/loss is"].tolist() == ["same", "better"]


def seeds(store, rates, per_rate=3):
    return [
        run_with(
            store,
            {"val/loss": [lr + 0.01 * seed]},
            name=f"lr {lr}",
            training__optimizer__lr=lr,
            training__reproducibility__seed=seed,
        )
        for lr in rates
        for seed in range(per_rate)
    ]


def test_groups_have_means_and_are_tested(store, open_compare):
    app = open_compare(
        *seeds(store, (0.1, 0.5)), compare__tab="Metrics", compare__by="optimizer.lr"
    )
    _, means, pairs = frames(app)
    assert means["Group"].tolist() == ["0.1", "0.5"]
    assert means["val/loss mean"].tolist() == ["0.11 ± 0.01 (n=3)", "0.51 ± 0.01 (n=3)"]
    assert pairs["Says"].tolist() == ["they differ"]
    assert pairs["Runs"].tolist() == ["3, 3"]
    assert "Welch's t-test" in "\n".join(captions(app))


def test_single_runs_are_not_tested(store, open_compare):
    runs = seeds(store, (0.1, 0.5), per_rate=1)
    app = open_compare(*runs, compare__tab="Metrics", compare__by="optimizer.lr")
    pairs = frames(app)[-1]
    assert pairs["Says"].tolist() == ["not enough seeds"]
    assert pairs["p"].tolist() == ["–"]


def test_a_field_that_no_longer_differs_is_dropped(store, open_compare):
    a, b, c = seeds(store, (0.1, 0.2, 0.3), per_rate=1)
    app = open_compare(a, b, c, compare__by="optimizer.lr")
    assert app.multiselect(key=session.COMPARE_BY).value == ["optimizer.lr"]
    app.multiselect(key=session.COMPARE_PICKER).set_value([a.id]).run()
    assert not app.exception
    assert app.multiselect(key=session.COMPARE_BY).value == []


def test_only_what_differs_is_in_the_tables_of_differences(store, open_compare):
    a = run_with(store, name="a", model__layers=2)
    b = run_with(store, name="b", model__layers=3)
    app = open_compare(a, b, compare__tab="Differences")
    (frame,) = frames(app)
    assert frame.to_numpy().tolist() == [["Layers", "2", "3"]]
    assert captions(app).count("The same in all runs.") == 3
    app.toggle(key=session.COMPARE_EVERYTHING).set_value(True).run()
    assert len(frames(app)) == 4
    assert not app.exception


def test_many_runs_are_rows(store, open_compare):
    runs = [run_with(store, name="same", model__layers=n + 1) for n in range(7)]
    (frame,) = frames(open_compare(*runs, compare__tab="Differences"))
    assert list(frame.columns) == ["Run", "Layers"]
    assert frame["Run"].tolist() == [f"same · {run.id[-6:]}" for run in runs]


@pytest.mark.parametrize(
    "tab", ["Curves", "Metrics", "Differences", "Scatter", "Parallel", "Samples", "Evaluation"]
)
def test_every_tab_survives_whatever_the_runs_are(store, open_compare, tab):
    bare = run_with(store, name="<img src=x onerror=alert(1)> 😀 " + "x" * 260)
    strange = run_with(
        store,
        {"a": [math.nan], "val/loss": [math.inf], "Group": [1.0], "<b>": [1.0, -1.0]},
        labels=Labels(group="<i>g</i>", tags=("a,b", "c"), name="🎉"),
    )
    running = fabricate.run_of(store, status="running", steps=60)
    running.write_samples(50, [{"prompt": "a", "text": "<b>b</b>"}])
    running.write_evaluation(50, {"kind": "nonsense"})
    (running.metrics_folder / "%ed%b2%80.bin").write_bytes(b"x" * 48)
    odd = {"platform": "half \ud800", "packages": {"\ud800": "1"}, "python": ["\ud800", {}]}
    document = strange.record.model_dump() | {"environment": odd}
    (strange.folder / "run.json").write_text(json.dumps(document))
    elsewhere = fabricate.imported_run(store)
    four = (bare, strange, running, elsewhere)
    app = open_compare(*four, compare__tab=tab, compare__by="group", baseline=strange.id)
    assert not app.error


def test_a_scatter_and_parallel_axes_count_who_is_left_out(store, open_compare):
    runs = [*seeds(store, (0.1, 0.5), per_rate=1), run_with(store)]
    app = open_compare(*runs, compare__tab="Scatter")
    assert any(
        words.startswith("1 run is left out: optimizer.lr or best(val/loss)")
        for words in captions(app)
    )
    app = open_compare(*runs, compare__tab="Parallel")
    assert "1 of 3 runs left out: their best(val/loss) is not known." in captions(app)


def test_samples_stand_side_by_side_at_a_step(store, open_compare):
    a, b = run_with(store, name="a"), run_with(store, name="b")
    for step in (10, 20, 30):
        a.write_samples(step, [{"prompt": "", "text": f"a at {step}"}])
    b.write_samples(20, [{"prompt": "", "text": "b at 20"}])
    app = open_compare(a, b, compare__tab="Samples")
    assert captions(app)[2:] == ["Step 20, the last up to 30"]
    app.select_slider(key=session.COMPARE_SAMPLE_STEP).set_value(10).run()
    assert not app.exception
    assert captions(app)[2:] == ["Nothing up to step 10; the first is at 20."]
    app.multiselect(key=session.COMPARE_SIDES).set_value([a.id]).run()
    assert captions(app)[2:] == []


def evaluated(run, f1, names=("a", "b")):
    """A run with an evaluation of two classes."""
    table = {"name": names, "precision": (0.5, None), "recall": (1, 1), "f1": f1, "support": (4, 4)}
    nothing = {"confidence": (), "accuracy": (), "count": ()}
    run.write_evaluation(
        10,
        {
            "kind": "classes",
            "samples": 8,
            "matrix": ((3, 1), (0, 4)),
            "classes": table,
            "reliability": nothing,
        },
    )
    return run


def test_evaluations_stand_side_by_side_with_their_classes_in_one_table(store, open_compare):
    a = evaluated(run_with(store, name="a"), (0.5, 0.25))
    b = evaluated(run_with(store, name="b"), (0.75, None), names=("a", "<i>c</i>"))
    app = open_compare(a, b, compare__tab="Evaluation")
    (frame,) = frames(app)
    assert frame["Class"].tolist() == ["a", "b", "<i>c</i>"]
    assert frame["a"].fillna(-1).tolist() == [0.5, 0.25, -1]
    assert frame["b"].fillna(-1).tolist() == [0.75, -1, -1]
    assert captions(app).count("8 held-out samples") == 2


def test_a_run_that_grows_is_read_on(store, open_compare):
    run = run_with(store, {"val/loss": [3.0]})
    app = open_compare(run, compare__tab="Metrics")
    log(run, {"val/loss": [2.0]}, after=1)
    app.run()
    assert frames(app)[0]["val/loss best"].tolist() == [2.0]


def test_a_query_adds_runs_and_says_what_is_wrong_with_it(store, open_compare, click):
    a, b, c = (run_with(store, model__layers=layers) for layers in (1, 2, 3))
    app = open_compare(a)
    query = app.text_input(key=session.COMPARE_QUERY)
    query.input("model.layers >").run()
    assert "query, column" in app.error[0].value.replace("\\", "")
    app.text_input(key=session.COMPARE_QUERY).input("model.layers < 3").run()
    assert "2 found, 1 of them not compared yet." in captions(app)
    app = click(app, "Compare 1 more")
    assert app.multiselect(key=session.COMPARE_PICKER).value == [a.id, b.id]
    assert "2 found, compared already." in captions(app)
    assert not app.error


def test_chosen_runs_are_compared_from_the_runs_page(store, open_page, click):
    runs = {run_with(store).id, run_with(store).id}
    app = open_page("runs.py")
    app.session_state[session.RUNS_TABLE] = {"selection": {"rows": [0, 1]}}
    app = click(app.run(), "Compare")
    assert set(app.multiselect(key=session.COMPARE_PICKER).value) == runs


def test_curves_are_grouped_and_relative_as_asked(store, open_compare, monkeypatch):
    asked = []
    monkeypatch.setattr(curves, "live_board", lambda *args, **options: asked.append(options))
    runs = seeds(store, (0.1, 0.5), per_rate=2)
    open_compare(*runs)
    assert asked.pop() == {"key": "compared", "overlay": True, "band": "std"}
    app = open_compare(
        *runs,
        compare__by="optimizer.lr",
        compare__band="Standard error",
        compare__relative="By the baseline",
        baseline=runs[0].id,
    )
    assert asked[-1] == {
        "key": "compared",
        "overlay": True,
        "band": "stderr",
        "groups": {
            run.id: label for run, label in zip(runs, ["0.1", "0.1", "0.5", "0.5"], strict=True)
        },
        "baseline": runs[0].id,
        "relative": "ratio",
    }
    app.selectbox(key=session.COMPARE_BASELINE).set_value(None).run()
    assert "baseline" not in asked[-1]
    assert "baseline" not in app.query_params
