"""The registry keeps what people say of models; runs make their models known by themselves."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from engine.__main__ import app
from engine.data.specs import DigitsSpec
from engine.errors import BadInput
from engine.frozen import with_changes
from engine.models.collection import Best, best_of, has_checkpoint, known_models, rivals, spec_of
from engine.models.registry import Registry, UnknownVersion, UnreadableVersion
from engine.models.specs import CNNSpec, GPTSpec, ImportedModel, ViTSpec
from engine.models.usual import usual_specs
from engine.models.version import version_of
from engine.runs.state import Best as BestState
from engine.runs.store import RunStore
from engine.task_spec import TaskSpec
from tests import fabricate

CODE = ImportedModel(code="ab" * 32, entry="Model", name="mine")
GPT, SMALL = GPTSpec(), GPTSpec(layers=2)


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "runs")


@pytest.fixture
def registry(store):
    times = iter(range(1, 1000))
    return Registry(store.root, now=lambda: float(next(times)))


def engine(store, *arguments):
    return CliRunner().invoke(app, ["models", *arguments, "--runs", str(store.root)])


def trained(store, spec, value, *, step=50):
    """A run whose best value is known."""
    run = fabricate.run_of(store, spec)
    best = BestState(metric=spec.training.evaluation.monitor, value=value, step=step)
    run.write_state(run.state().model_copy(update={"best": best}))
    return run


# -- versions --------------------------------------------------------------------------------------


def test_a_version_is_all_that_is_not_the_default():
    assert version_of(GPT) == version_of(GPTSpec.parse(GPT.model_dump()))
    assert len({version_of(m) for m in (GPT, SMALL, GPTSpec(dropout=0.1), CNNSpec(), CODE)}) == 5


def test_the_name_that_is_shown_for_code_is_no_part_of_its_version():
    assert version_of(CODE) == version_of(with_changes(CODE, {"name": "renamed"}))
    assert version_of(CODE) != version_of(with_changes(CODE, {"code": "cd" * 32}))
    assert version_of(CODE) != version_of(with_changes(CODE, {"call.shift": "yes"}))


# -- what is kept ----------------------------------------------------------------------------------


def test_what_is_kept_is_read_back(store, registry):
    registry.add(GPT, "docs", task=TaskSpec(), data=fabricate.TEXT.data)
    registry.label(version_of(GPT), tags=["wide", "wide", "old"], notes="*good*")
    registry.move(version_of(GPT), "production")
    kept = Registry(store.root).entry(version_of(GPT))
    assert kept is not None
    assert (kept.model, kept.name, kept.tags, kept.notes) == (
        GPT,
        "docs",
        ("wide", "old"),
        "*good*",
    )
    assert (kept.stage, kept.created_at, kept.staged_at) == ("production", 1.0, 2.0)
    assert (kept.task, kept.data) == (TaskSpec(), fabricate.TEXT.data)
    assert [one.model for one in Registry(store.root).entries()] == [GPT]


def test_keeping_it_again_replaces_only_what_is_given(registry):
    registry.add(GPT, "docs", data=DigitsSpec())
    registry.label(version_of(GPT), tags=["x"])
    again = registry.add(GPT)
    assert (again.name, again.tags, again.data, again.created_at) == (
        "docs",
        ("x",),
        DigitsSpec(),
        1,
    )
    assert registry.add(GPT, "other").name == "other"


def test_two_tabs_keep_what_the_other_changes(store, registry):
    registry.add(GPT)
    other = Registry(store.root)
    other.entry(version_of(GPT))
    registry.label(version_of(GPT), tags=["here"])
    other.label(version_of(GPT), name="there")
    other.move(version_of(GPT), "archived")
    kept = registry.entry(version_of(GPT))
    assert (kept.tags, kept.name, kept.stage) == (("here",), "there", "archived")


def test_what_is_not_kept_cannot_be_changed(registry):
    for digest in (version_of(GPT), "../run", ""):
        assert registry.entry(digest) is None
        with pytest.raises(UnknownVersion):
            registry.label(digest, name="x")
    beside = registry.folder.parent / "run.json"
    beside.write_text("of others")
    with pytest.raises(UnknownVersion):
        registry.remove("../run")
    assert beside.exists()
    registry.remove(version_of(GPT))


def test_a_model_is_forgotten(registry):
    registry.add(GPT)
    registry.remove(version_of(GPT))
    assert (registry.entries(), registry.entry(version_of(GPT))) == ([], None)


@pytest.mark.parametrize("changes", [{"name": "\ud800"}, {"tags": [" "]}, {"name": "x" * 301}])
def test_labels_that_cannot_be_kept_are_refused(registry, changes):
    registry.add(GPT, "good")
    with pytest.raises(BadInput):
        registry.label(version_of(GPT), **changes)
    assert registry.entry(version_of(GPT)).name == "good"


@pytest.mark.parametrize("text", ["", "{", '{"format": 2}', "[]", None])
def test_a_damaged_file_is_refused_by_name_and_the_others_are_read(registry, text):
    registry.add(GPT)
    registry.add(SMALL)
    file = registry.folder / f"{version_of(GPT)}.json"
    other = (registry.folder / f"{version_of(SMALL)}.json").read_text()
    file.write_text(other if text is None else text)
    with pytest.raises(UnreadableVersion, match=file.name):
        registry.entry(version_of(GPT))
    with pytest.raises(UnreadableVersion):
        registry.add(GPT, "over it")
    assert [one.model for one in registry.entries()] == [SMALL]
    (problem,) = registry.damaged()
    assert file.name in str(problem)


# -- what runs make known --------------------------------------------------------------------------


def test_every_model_that_was_trained_is_known_with_its_runs(store, registry):
    first = fabricate.run_of(store, fabricate.TEXT)
    second = fabricate.run_of(store, with_changes(fabricate.TEXT, {"name": "again"}))
    registry.add(CNNSpec(), "digits")
    fabricate.imported_run(store)
    by_digest = {model.digest: model for model in known_models(store)}
    assert set(by_digest) == {version_of(GPT), version_of(CNNSpec())}
    text = by_digest[version_of(GPT)]
    assert {entry.id for entry in text.runs} == {first.id, second.id}
    assert (text.name, text.stage, text.kept, text.tasks) == (
        "GPT 4×128", "candidate", None, {"causal-lm"},
    )  # fmt: skip
    assert spec_of(store, text) == GPT
    assert by_digest[version_of(CNNSpec())].name == "digits"


def test_the_best_checkpoint_is_that_of_the_runs_own_metric_on_the_same_data(store):
    loss = fabricate.IMAGES
    accuracy = with_changes(loss, {"training.evaluation.monitor": "val/accuracy"})
    trained(store, loss, 0.5)
    lowest = trained(store, loss, 0.25, step=100)
    trained(store, accuracy, 0.9)
    highest = trained(store, accuracy, 0.95)
    trained(store, accuracy, 0.7)
    fabricate.checkpoint_of(lowest, 100)
    (model,) = known_models(store)
    found = best_of(model.runs)
    assert found == [
        Best(highest.id, highest.name, "Digits", "val/accuracy", 0.95, 50, 3),
        Best(lowest.id, lowest.name, "Digits", "val/loss", 0.25, 100, 2),
    ]
    assert [has_checkpoint(store, best) for best in found] == [False, True]


def test_values_on_other_data_are_not_compared(store):
    spec = fabricate.IMAGES
    trained(store, spec, 0.5)
    trained(store, with_changes(spec, {"data": {"source": "digits", "split_seed": 1}}), 0.1)
    (model,) = known_models(store)
    assert {(best.value, best.runs) for best in best_of(model.runs)} == {(0.5, 1), (0.1, 1)}


def test_rivals_are_in_production_for_the_same_task(store, registry):
    for model in (GPT, SMALL, CNNSpec(), ViTSpec()):
        task = "causal-lm" if isinstance(model, GPTSpec) else "image-classification"
        registry.add(model, task=TaskSpec(kind=task))
    for model in (SMALL, CNNSpec()):
        registry.move(version_of(model), "production")
    models = {model.digest: model for model in known_models(store)}
    named = {
        kind: [one.digest for one in rivals(models.values(), models[version_of(kind)])]
        for kind in (GPT, SMALL, ViTSpec())
    }
    assert named == {
        GPT: [version_of(SMALL)], SMALL: [], ViTSpec(): [version_of(CNNSpec())],
    }  # fmt: skip


def test_a_model_is_looked_at_on_the_data_of_its_runs_first(store, registry):
    spec = with_changes(fabricate.IMAGES, {"data": {"source": "digits", "split_seed": 7}})
    fabricate.run_of(store, spec)
    (model,) = known_models(store)
    offered = usual_specs(store, model, drafted=fabricate.TEXT)
    assert [one.data.source for one in offered] == ["digits", "digits"]
    assert offered[0] == spec
    registry.add(spec.model, task=spec.task, data=DigitsSpec(split_seed=9))
    (model,) = known_models(store)
    assert usual_specs(store, model)[0].data == DigitsSpec(split_seed=9)


# -- on the command line ---------------------------------------------------------------------------


def test_models_are_listed_tagged_and_staged_on_the_command_line(store, registry):
    fabricate.run_of(store, fabricate.TEXT)
    registry.add(CNNSpec(), "digits", task=TaskSpec(kind="image-classification"))
    begun = version_of(GPT)[:8]
    assert engine(store, "tag", begun, "wide", "old", "--name", "docs").exit_code == 0
    assert engine(store, "tag", "docs", "old", "--remove").stdout.endswith("docs  wide\n")
    assert "production" in engine(store, "stage", "docs", "production").stdout
    listed = json.loads(engine(store, "list", "--json").stdout)
    assert {one["name"]: (one["stage"], one["tags"], len(one["runs"])) for one in listed} == {
        "docs": ("production", ["wide"], 1), "digits": ("candidate", [], 0),
    }  # fmt: skip
    (best,) = [best for one in listed for best in one["best"]]
    assert (best["metric"], best["data"]) == ("val/loss", "Python docs")
    shown = engine(store, "show", "docs")
    assert json.loads(shown.stdout)["kind"] == "gpt"
    assert "Health: not checked" in shown.stderr
    assert begun in engine(store, "list").stdout


def test_the_one_that_was_in_production_is_named(store, registry):
    for model in (GPT, SMALL):
        registry.add(model, f"{model.layers} layers", task=TaskSpec())
    engine(store, "stage", "2 layers", "production")
    answer = engine(store, "stage", "4 layers", "production")
    assert f"models stage {version_of(SMALL)[:12]} candidate" in answer.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("stage", "docs", "live"), "Allowed: candidate, production, archived."),
        (("stage", "none", "archived"), "there is no such model"),
        (("tag", "docs"), "name a tag"),
        (("show", "none"), "See `models list`."),
    ],
)
def test_what_cannot_be_meant_is_refused_in_words(store, registry, arguments, words):
    registry.add(GPT, "docs")
    answer = engine(store, *arguments)
    assert (answer.exit_code, words in answer.stderr) == (2, True), answer.stderr
