"""The table of what differs between runs."""

from streamlit.testing.v1 import AppTest

from components import config_difference
from engine.examples import EXAMPLES
from engine.frozen import with_changes
from engine.runs.store import RunStore
from tests import fabricate

GPT = EXAMPLES["gpt-python-docs"].spec


def changed(**changes):
    return with_changes(GPT, {path.replace("__", "."): value for path, value in changes.items()})


def test_only_what_differs_is_in_the_table():
    specs = {
        "a": GPT,
        "b": changed(training__optimizer__lr=3e-4, name="other"),
        "c": changed(training__batching__shuffle=False),
    }
    found = config_difference.table(specs)
    assert list(found.columns) == ["Setting", "a", "b", "c"]
    assert found.to_numpy().tolist() == [
        ["Learning rate", "3e-3", "3e-4", "3e-3"],
        ["Shuffle", "on", "on", "off"],
    ]


def test_a_dash_stands_for_what_a_model_does_not_have():
    found = config_difference.table({"a": GPT, "b": EXAMPLES["digits-mlp"].spec})
    row = found.loc["model.heads"]
    assert (row["Setting"], row["a"], row["b"]) == ("Attention heads", "4", "–")
    assert found.loc["model.kind"].tolist() == ["Model", "GPT", "Perceptron (MLP)"]


def test_runs_of_the_same_name_keep_their_columns(tmp_path):
    store = RunStore(tmp_path)
    for lr in (1e-3, 2e-3):
        fabricate.run_of(store, changed(training__optimizer__lr=lr))
    fabricate.run_of(store, changed(name="Setting"))
    headings = set(config_difference.headed(store.list()))
    assert headings == {f"{run.name} · {run.id}" for run in store.list()}


def page(root):
    from components import config_difference
    from engine.runs.store import RunStore

    config_difference.show(RunStore(root).list())


def shown(root):
    app = AppTest.from_function(page, args=(str(root),), default_timeout=30).run()
    assert not app.exception
    return app


def test_one_run_alone_has_nothing_to_differ_from(tmp_path):
    fabricate.run_of(RunStore(tmp_path))
    assert shown(tmp_path).subheader == []


def test_two_runs_are_set_side_by_side(tmp_path):
    store = RunStore(tmp_path)
    for name, lr in (("<b>low</b>", 1e-3), ("high", 2e-3)):
        fabricate.run_of(store, changed(training__optimizer__lr=lr, name=name))
    (frame,) = shown(tmp_path).dataframe
    row = frame.value.iloc[0]
    assert (row["<b>low</b>"], row["high"]) == ("1e-3", "2e-3")


def test_runs_that_were_made_alike_are_called_that(tmp_path):
    store = RunStore(tmp_path)
    for name in ("a", "b"):
        fabricate.run_of(store, changed(name=name))
    app = shown(tmp_path)
    assert [caption.value for caption in app.caption] == ["These runs have the same configuration."]


def test_a_damaged_run_is_left_out(tmp_path):
    store = RunStore(tmp_path)
    run = fabricate.run_of(store)
    (run.folder / "run.json").write_text("{")
    fabricate.run_of(store)
    assert shown(tmp_path).subheader == []
