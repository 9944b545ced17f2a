"""Runs on texts of one's own: every task trains, is measured, shows what it does, and resumes."""

import json

import pyarrow as pa
import pytest

from engine.data.intake.source import Incoming
from engine.data.library.library import DataLibrary
from engine.data.preparation.loading import NotPrepared
from engine.data.sources import facts_of, load_for
from engine.data.text.making import tokenizer_from_json
from engine.launch.worker import work
from engine.run_spec import RunSpec
from engine.runs.store import RunStore
from engine.task_spec import METRICS

ROWS = 40
GPT = {"kind": "gpt", "layers": 1, "heads": 1, "width": 8, "block_size": 24}
ENCODER = {"kind": "encoder", "layers": 1, "heads": 1, "width": 8}
SEQ2SEQ = {"kind": "seq2seq", "layers": 1, "heads": 1, "width": 8}
BPE = {"kind": "bpe", "vocabulary_size": 300}
WORDS = {"kind": "word", "min_count": 8}

TASKS = {
    "whole texts": ("causal-lm", GPT, {"text": "text"}, {"tokenizer": BPE}),
    "packed": ("causal-lm", GPT, {"text": "text"}, {"cut": "pack", "tokenizer": WORDS}),
    "filled": ("masked-lm", ENCODER, {"text": "text"}, {"tokenizer": {"kind": "byte"}}),
    "classified": (
        "sequence-classification",
        ENCODER,
        {"text": "text", "label": "label"},
        {"cut": "windows", "token_dropout": 0.2, "token_masking": 0.1},
    ),
    "labelled": (
        "multi-label-classification",
        ENCODER,
        {"text": "text", "labels": "label"},
        {"tokenizer": {"kind": "char"}, "lower": True},
    ),
    "marked": ("token-classification", ENCODER, {"words": "text", "marks": "label"}, {}),
    "answered": (
        "seq2seq",
        SEQ2SEQ,
        {"text": "text", "answer": "target"},
        {"tokenizer": {"kind": "unigram", "vocabulary_size": 300}},
    ),
}


class Table:
    name, place = "letters", "here"

    def read(self, options, progress):
        words = [[f"Word{n % 7}", "and", "é" * (n % 5 + 1)] for n in range(ROWS)]
        rows = pa.table(
            {
                "text": [" ".join(row) for row in words],
                "label": [f"kind {n % 3}" for n in range(ROWS)],
                "labels": [[f"l{n % 2}", f"l{n % 3}"] for n in range(ROWS)],
                "words": words,
                "marks": [["name", "none", "none"] for _ in range(ROWS)],
                "answer": [f"{n % 7} times" for n in range(ROWS)],
            }
        )
        return Incoming(self.name, "table", rows.schema, iter(rows.to_batches()))


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def dataset(runs):
    return DataLibrary(runs).take_in(Table())


def spec_of(dataset, name, steps=4):
    task, model, columns, text = TASKS[name]
    return RunSpec.parse(
        {
            "name": name,
            "task": {"kind": task},
            "model": model,
            "data": {
                "source": "dataset",
                "dataset": dataset.fingerprint,
                "task": task,
                "columns": columns,
                "text": {"length": 24, "tokenizer": BPE, **text},
            },
            "training": {
                "length": {"amount": steps, "unit": "steps"},
                "batching": {"batch_size": 8},
                "scheduler": {"name": "constant", "warmup_steps": 0},
                "evaluation": {"every_steps": 2},
                "hardware": {"threads": 1, "device": "cpu"},
            },
        }
    )


def trained(runs, spec):
    store = RunStore(runs)
    run = store.create(spec)
    state = work(store, run.id)
    assert state.status == "completed", state.reason
    return run


@pytest.mark.parametrize("name", list(TASKS))
def test_every_task_trains_and_is_measured_on_texts_of_ones_own(runs, dataset, name):
    spec = spec_of(dataset, name)
    run = trained(runs, spec)
    measured = {path.stem.removeprefix("val%2f") for path in run.metrics_folder.glob("val*")}
    assert {"loss"} < measured <= set(METRICS[spec.task.kind])
    assert ("bits_per_byte" in measured) == (name == "whole texts")
    loaded = load_for(spec.data, spec.model, runs)
    kept = tokenizer_from_json((run.folder / "tokenizer.json").read_text(encoding="utf-8"))
    assert kept.document() == loaded.vocabulary.document()
    samples = json.loads(next(iter(run.folder.glob("samples/*.json"))).read_text())
    assert samples


def test_of_byte_level_tokens_bits_a_byte_are_measured(runs, dataset):
    run = trained(runs, spec_of(dataset, "whole texts"))
    loss, per_byte, per_char = (
        run.last(f"val/{name}")[1] for name in ("loss", "bits_per_byte", "bits_per_char")
    )
    assert 0 < per_byte < per_char < 20 * loss


def test_an_interrupted_run_on_texts_goes_on_with_the_same_bits(runs, dataset, monkeypatch):
    spec = spec_of(dataset, "classified", steps=9)
    whole, store = trained(runs, spec), RunStore(runs)
    parts = store.create(spec)
    from engine import attempt

    usual = attempt.Attempt._between_updates

    def interrupted(self, step):
        if step == 4:
            self.save()
            self.settle()
            raise KeyboardInterrupt
        usual(self, step)

    monkeypatch.setattr(attempt.Attempt, "_between_updates", interrupted)
    with pytest.raises(KeyboardInterrupt):
        work(store, parts.id)
    monkeypatch.undo()
    assert work(store, parts.id).status == "completed"
    for run in (whole, parts):
        assert run.last("train/loss")[0] == 9
    assert parts.last("train/loss") == whole.last("train/loss")
    assert parts.last("val/loss") == whole.last("val/loss")


def test_a_tokenizer_that_is_fetched_is_not_waited_for_where_somebody_only_asks(runs, dataset):
    spec = spec_of(dataset, "whole texts").model_dump(mode="json")
    spec["data"]["text"]["tokenizer"] = {"kind": "hugging-face", "name": "somebody/tokenizer"}
    data = RunSpec.parse(spec).data
    with pytest.raises(NotPrepared, match="has not been prepared"):
        facts_of(data, RunSpec.parse(spec).model, runs)
