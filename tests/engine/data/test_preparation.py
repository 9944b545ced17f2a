"""From rows to arrays: numbers, images and texts, the same every time, and trained on."""

import ast
from pathlib import Path

import numpy as np
import pytest

from components import fitting
from components.draft import Draft
from engine.data.batching import batch_sources
from engine.data.library.errors import DataRefused, DatasetChanged, MissingDataset
from engine.data.library.library import DataLibrary
from engine.data.library.proposal import proposed
from engine.data.library.spec import DatasetSpec
from engine.data.preparation import loading
from engine.data.preparation.loading import NotPrepared, dataset_facts, load_dataset
from engine.data.sources import RunsFolderMissing, facts_of, load_for
from engine.errors import BadInput
from engine.estimate import total_steps
from engine.frozen import with_changes
from engine.launch.worker import train_spec, work
from engine.machine import machine_facts
from engine.models.specs import MLPSpec
from engine.preflight import preflight
from engine.runs.store import RunStore
from engine.starting_point import run_on
from engine.task_spec import METRICS
from tests.engine.data import files
from tests.engine.data.files import file, taken_in

ROOT = Path(__file__).parents[3]
TABLE = "size,kind,answer\n" + "".join(
    f"{'' if n % 10 == 9 else n},{'xyz'[n % 3]},{'yes' if n % 2 else 'no'}\n" for n in range(60)
)


def spec_of(runs, place, **changes):
    return with_changes(proposed(taken_in(runs, place)), changes)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def table(runs):
    return spec_of(runs, file(runs, "t.csv", TABLE))


def test_numbers_are_standardised_by_the_training_rows_and_missing_ones_are_their_mean(runs, table):
    loaded = load_dataset(table, runs)
    inputs, facts = loaded.train["inputs"], loaded.facts
    assert facts.features == ("size", "kind = x", "kind = y", "kind = z")
    assert facts.classes == ("no", "yes")
    assert len(inputs) + len(loaded.val["inputs"]) == 60
    assert inputs[:, 0].mean() == pytest.approx(0, abs=1e-6)
    own = inputs[:, 0] * facts.feature_stds[0] + facts.feature_means[0]
    rows = taken_in(runs, runs / "t.csv").rows()
    known = {float(row["size"]) for row in rows if row["size"] is not None}
    assert {round(float(value), 3) for value in own} <= known | {round(facts.feature_means[0], 3)}
    assert set(inputs[:, 1:].sum(axis=1)) == {1.0}
    assert inputs.dtype == np.float32
    assert isinstance(inputs, np.memmap)


def test_categories_can_be_numbers_and_unknown_ones_are_zero(runs):
    rows = "kind,side,label\n" + "a,train,0\nb,train,1\nc,val,0\n,val,1\n"
    path = file(runs, "k.csv", rows)
    roles = {"columns": {"kind": "category", "side": "split", "label": "label"}}
    base = {**roles, "task": "tabular-classification", "split": {"kind": "given"}}
    indices = load_dataset(spec_of(runs, path, **base, table={"categories": "indices"}), runs)
    assert indices.train["inputs"].tolist() == [[1.0], [2.0]]
    assert indices.val["inputs"].tolist() == [[0.0], [0.0]]
    one_hot = load_dataset(spec_of(runs, path, **base), runs)
    assert one_hot.train["inputs"].tolist() == [[1.0, 0.0], [0.0, 1.0]]
    assert one_hot.val["inputs"].tolist() == [[0.0, 0.0], [0.0, 0.0]]


def test_rows_with_missing_values_can_be_dropped_or_refused(runs, table):
    dropped = with_changes(table, {"table.missing": "drop"})
    facts = dataset_facts(dropped, runs)
    assert facts.train_samples + facts.val_samples == 54
    assert load_dataset(dropped, runs).notes == (
        "6 rows were left out, for want of an input, a label or a target.",
    )
    with pytest.raises(DataRefused, match="the column 'size' misses 6 values"):
        load_dataset(with_changes(table, {"table.missing": "refuse"}), runs)


def test_a_target_is_a_number_in_its_own_unit(runs):
    spec = spec_of(runs, "synthetic:regression:rows=200:noise=0")
    loaded = load_dataset(spec, runs)
    targets = loaded.train["targets"]
    assert (targets.dtype, targets.ndim) == (np.float32, 1)
    assert (targets.mean(), targets.std()) == (pytest.approx(0, abs=1e-5), pytest.approx(1, 1e-5))
    assert loaded.facts.target_name == "target"


@pytest.mark.parametrize(
    ("options", "shape", "first"),
    [
        ({"height": 4, "width": 6}, (3, 4, 6), [[9, 0, 0]]),
        ({"height": 8, "width": 8, "fit": "stretch"}, (3, 8, 8), [[9, 0, 0]]),
        ({"height": 8, "width": 8, "fit": "crop"}, (3, 8, 8), [[9, 0, 0]]),
        ({"height": 6, "width": 6, "fit": "pad"}, (3, 6, 6), [[9, 0, 0], [0, 0, 0]]),
        ({"height": 4, "width": 6, "color": "grey"}, (1, 4, 6), [[3]]),
    ],
)
def test_images_become_bytes_of_one_size(tmp_path, options, shape, first):
    members = {f"{c}/{n}.png": files.picture((9, 0, 0)) for c in "ab" for n in range(3)}
    path = file(tmp_path, "i.zip", files.zipped(members))
    loaded = load_dataset(spec_of(tmp_path, path, image=options), tmp_path)
    images = loaded.train["inputs"]
    assert (images.dtype, images.shape[1:], loaded.facts.image_shape) == (np.uint8, shape, shape)
    colours = {tuple(pixel) for pixel in images[0].reshape(shape[0], -1).T.tolist()}
    assert colours == {tuple(colour) for colour in first}
    batch = batch_sources(loaded, seed=0)[0].batch(0, np.array([0]))
    assert batch["inputs"].max().item() == pytest.approx(max(first[0]) / 255)


def test_the_second_start_reads_what_the_first_has_prepared(runs, table, monkeypatch):
    first = load_dataset(table, runs)
    monkeypatch.setitem(loading.PREPARE, "table", (None, "table"))  # would fail if it were called
    again = load_dataset(table, runs)
    assert again.facts == first.facts
    assert np.array_equal(again.val["inputs"], first.val["inputs"])
    renamed = with_changes(table, {"name": "another"})
    assert dataset_facts(renamed, runs) == first.facts


def test_any_change_of_the_preparation_is_another_fingerprint(runs, table):
    changes = [
        {},
        {"split": {"kind": "ratio", "split_seed": 1}},
        {"split": {"kind": "last"}},
        {"table.categories": "indices"},
        {"columns": {"size": "number", "answer": "label"}},
    ]
    specs = [with_changes(table, change) for change in changes]
    assert len({dataset_facts(spec, runs).fingerprint for spec in specs}) == len(specs)


def test_a_large_dataset_is_prepared_only_where_somebody_is_told(runs, table, monkeypatch):
    monkeypatch.setattr(loading, "QUICK_BYTES", 10)
    other = with_changes(table, {"split": {"kind": "last", "val_fraction": 0.3}})
    with pytest.raises(NotPrepared, match="has not been prepared"):
        facts_of(other, MLPSpec(), runs)
    told = []
    assert facts_of(other, MLPSpec(), runs, lambda *said: told.append(said)).val_samples == 18
    assert told[-1][0] == "Preparing t"
    assert facts_of(other, MLPSpec(), runs).val_samples == 18


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"columns": {"size": "number"}}, "needs a column for label"),
        ({"columns": {"answer": "label"}}, "needs a column for number or category"),
        ({"columns": {"nope": "number", "answer": "label"}}, "has no column 'nope'"),
        (
            {"columns": {"kind": "number", "answer": "label"}},
            r"the column 'kind' cannot be for number \(got text\)",
        ),
        (
            {"columns": {"size": "number", "kind": "label", "answer": "label"}},
            "only one column can be for label",
        ),
        ({"task": "tabular-regression"}, "needs a column for target"),
        (
            {"split": {"kind": "group"}},
            r"data\.split\.kind: the split 'group' needs a column for group",
        ),
        ({"task": "image-classification"}, "needs a column for image"),
    ],
)
def test_columns_that_do_not_fit_are_refused_with_what_to_do(runs, table, changes, words):
    with pytest.raises(BadInput, match=words):
        load_dataset(with_changes(table, changes), runs)


def test_each_word_needs_a_label(runs):
    path = file(runs, "uneven.jsonl", WORDS + '{"tokens": ["d", "e"], "tags": ["O"]}\n')
    with pytest.raises(DataRefused, match="row 41 has 2 words, but 1 labels"):
        load_dataset(spec_of(runs, path), runs)


def test_numbers_that_are_no_measurements_are_refused(runs):
    path = file(runs, "huge.csv", "x,label\n" + "1,a\n1e300,b\n" * 5)
    with pytest.raises(DataRefused, match=r"the column 'x' has a number as large as 1e\+300"):
        load_dataset(spec_of(runs, path), runs)


def test_one_class_only_is_refused(runs):
    path = file(runs, "one.csv", "x,label\n" + "1,same\n2,same\n" * 5)
    spec = spec_of(
        runs, path, task="tabular-classification", columns={"x": "number", "label": "label"}
    )
    with pytest.raises(DataRefused, match="the label column 'label' has one class only, 'same'"):
        load_dataset(spec, runs)


TEXTS = "text,label,answer,tags\n" + "".join(
    f"the {w} no {n},{'pn'[n % 2]},{w[::-1]} {n},{'a|b' if n % 2 else 'b'}\n"
    for n, w in enumerate(["cat", "dog", "bird", "fish"] * 15)
)
WORDS = '{"tokens": ["a", "b"], "tags": ["O", "B"]}\n{"tokens": ["c"], "tags": ["O"]}\n' * 20
SHORT = {"text.tokenizer": {"kind": "char"}, "text.length": 8}
WAYS = {
    "causal-lm": {"columns": {"text": "text"}},
    "masked-lm": {"columns": {"text": "text"}},
    "sequence-classification": {"columns": {"text": "text", "label": "label"}},
    "multi-label-classification": {
        "columns": {"text": "text", "tags": "label"},
        "separator": "|",
    },
    "seq2seq": {"columns": {"text": "text", "answer": "target"}},
    "token-classification": {"columns": {"tokens": "text", "tags": "label"}},
    "image-classification": {},
    "tabular-classification": {},
    "tabular-regression": {},
}
"""For each task the columns to use."""


@pytest.fixture(scope="module")
def places(runs):
    texts = file(runs, "texts.csv", TEXTS)
    return dict.fromkeys(WAYS, texts) | {
        "token-classification": file(runs, "words.jsonl", WORDS),
        "image-classification": file(runs, "i.zip", files.zipped(files.pictures())),
        "tabular-classification": file(runs, "t.csv", TABLE),
        "tabular-regression": "synthetic:regression:rows=60",
    }


def small(data: DatasetSpec, **changes):
    model = {"gpt": {"layers": 1, "heads": 2, "width": 8}, "cnn": {"stages": 1, "channels": 2}}
    spec = run_on(data)
    narrow = model.get(
        spec.model.kind,
        {"layers": 1, "width": 8}
        | ({"heads": 2} if spec.model.kind in ("encoder", "seq2seq") else {}),
    )
    quick = {
        "training.length": {"amount": 4, "unit": "steps"},
        "training.scheduler": {"name": "constant"},
        "training.batching.batch_size": 4,
        "training.evaluation.every_steps": 2,
        "training.evaluation.samples": 2,
        "training.checkpointing.every_steps": 2,
        "training.hardware": {"device": "cpu", "threads": 1},
    }
    return with_changes(spec, quick | {f"model.{k}": v for k, v in narrow.items()} | changes)


def test_there_is_a_way_for_every_task():
    assert set(WAYS) == set(METRICS)


@pytest.mark.parametrize("task", WAYS)
def test_every_task_is_trained_on_a_dataset(runs, places, task):
    data = proposed(taken_in(runs, places[task]), task, WAYS[task].get("columns"))
    data = with_changes(data, WAYS[task] | SHORT)
    state = train_spec(small(data), runs)
    assert (state.status, state.step) == ("completed", 4), state.reason


def test_a_run_goes_on_only_with_the_very_rows_that_it_began_with(tmp_path):
    runs = tmp_path / "runs"
    path = file(tmp_path, "t.csv", TABLE)
    data = spec_of(runs, path)
    spec = small(data)
    store = RunStore(runs)
    run = store.open(_begun(store, spec))
    assert run.record.data_fingerprint == facts_of(data, spec.model, runs).fingerprint
    DataLibrary(runs).remove(data.dataset)
    assert work(store, run.id).status == "failed"
    assert "the dataset 't' is not in this runs folder" in run.state().reason
    with pytest.raises(MissingDataset):
        facts_of(data, spec.model, runs)
    restored = taken_in(runs, path)
    content = (restored.folder / "rows.arrow").read_bytes()
    (restored.folder / "rows.arrow").write_bytes(content.replace(b"yes", b"yep", 1))
    with pytest.raises(DatasetChanged, match="'t' were changed"):
        load_for(data, spec.model, runs)
    DataLibrary(runs).remove(data.dataset)
    taken_in(runs, path)
    state = work(store, run.id)
    assert state.status == "completed", state.reason


def test_a_run_can_be_stopped_while_its_data_is_prepared(tmp_path):
    runs = tmp_path / "runs"
    data = spec_of(runs, file(tmp_path, "t.csv", TABLE))
    store = RunStore(runs)
    run = store.create(small(data))
    run.request("stop")
    state = work(store, run.id)
    assert (state.status, state.step) == ("stopped", 0)
    assert "while its data was being prepared; it has lost nothing" in state.reason
    assert list(DataLibrary(runs).prepared(data.dataset).glob("*.part*")) == []


def _begun(store, spec):
    fingerprint = facts_of(spec.data, spec.model, store.root).fingerprint
    return store.create(spec, data_fingerprint=fingerprint).id


def test_a_run_of_few_rows_is_warmed_up_and_validated_in_time(runs, table):
    spec = run_on(table, 60)
    facts = facts_of(table, spec.model, runs)
    steps = total_steps(spec.training, facts.train_samples)
    assert preflight(spec, facts, machine_facts(runs)) == []
    assert spec.training.scheduler.warmup_steps <= steps // 10
    assert spec.training.evaluation.every_steps <= steps // 10


def test_the_form_asks_only_for_what_the_task_makes_something_of(table):
    draft = Draft.of(run_on(table))
    asked = {item.path.split(".")[1] for item in draft.items() if item.path.startswith("data.")}
    assert asked == {"table", "split"}
    assert draft.spec() == run_on(table)
    assert fitting.fitted(draft, "data").spec() == run_on(table)
    other = fitting.fitted(draft.edited("task.kind", "masked-lm"), "task.kind")
    assert other.spec().data.source == "masked-docs"


def test_a_dataset_needs_its_runs_folder(table):
    with pytest.raises(RunsFolderMissing, match="the dataset 't'|The dataset 't'"):
        facts_of(table, MLPSpec())


def test_whoever_loads_data_names_the_runs_folder():
    """A forgotten argument would only show with a dataset."""
    forgotten = []
    for path in [*(ROOT / "engine").rglob("*.py"), *(ROOT / "components").rglob("*.py")]:
        text = path.read_text()
        if "engine.data.sources" not in text:
            continue
        for call in ast.walk(ast.parse(text)):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name):
                loads = call.func.id in ("facts_of", "load_for")
                if loads and len(call.args) in (1, 2) and not call.keywords:
                    forgotten.append(f"{path.relative_to(ROOT)}:{call.lineno}")
    assert forgotten == []
