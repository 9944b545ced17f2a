"""The index of runs: quick, true after every change, and a cache that may be lost or broken."""

import json
import math
import os
import shutil
import threading
from pathlib import Path
from typing import get_args

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from engine.run_spec import RunSpec
from engine.runs.entry import Entry
from engine.runs.fact_row import Shapes
from engine.runs.index import index_file, run_index
from engine.runs.index.extremes import Extremes
from engine.runs.index.index_file import Kept
from engine.runs.run import Labels
from engine.runs.series import RECORD, MetricFiles, file_stem
from engine.runs.store import RunStore
from tests import fabricate


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path)


@pytest.fixture
def reads(monkeypatch):
    """The ids of the runs whose files are read, in order."""
    read = []
    inner = run_index.RunIndex._read
    monkeypatch.setattr(
        run_index.RunIndex, "_read", lambda self, run: read.append(run.id) or inner(self, run)
    )
    return read


def settle(store):
    """Let every folder look as if it had changed long ago."""
    for run_id in store.ids():
        folder = store.root / run_id
        for path in (*folder.glob("*.json"), folder):
            os.utime(path, (1e9, 1e9))


def append(run, metric, *values):
    files = MetricFiles(run.metrics_folder)
    files.append(
        metric, np.array([(step, 1.0, value) for step, value in enumerate(values)], RECORD)
    )
    files.close()


def facts(store):
    return {entry.id: dict(entry.facts) for entry in store.index.entries()}


def test_an_entry_has_labels_state_settings_and_newest_metrics(store):
    run = fabricate.run_of(store, steps=120)
    run.write_labels(Labels(name="wide", tags=("a", "b"), project="p", group="g", archived=True))
    (entry,) = store.index.entries()
    assert (entry.id, entry.name, entry.status, entry.damage) == (run.id, "wide", "completed", "")
    expected = {
        "tags": ("a", "b"),
        "project": "p",
        "group": "g",
        "archived": True,
        "progress": 60.0,
        "best.metric": "val/loss",
        "optimizer.name": "adamw",
        "batching.batch_size": 32,
        "task.kind": "causal-lm",
        "model": "GPT 4×128",
        "data": "Python docs",
        "early_stopping.patience": None,
    }
    assert {name: entry.facts[name] for name in expected} == expected
    metrics = {metric: run.last(metric)[1] for metric in run.metrics()}
    assert {metric: entry.facts[metric] for metric in metrics} == metrics
    assert tuple(entry.facts.shape.metrics) == tuple(sorted(metrics))


def test_the_newest_run_comes_first(store):
    runs = [fabricate.run_of(store, steps=0) for _ in range(3)]
    expected = sorted((run.id for run in runs), reverse=True)
    assert [entry.id for entry in store.index.entries()] == expected


def test_only_a_run_that_has_changed_is_read_again(store, reads):
    runs = [fabricate.run_of(store, steps=0) for _ in range(3)]
    store.index.entries()
    settle(store)
    store.index.entries()
    reads.clear()
    store.index.entries()
    assert reads == []
    runs[1].write_labels(Labels(name="renamed"))
    names = [entry.name for entry in store.index.entries()]
    assert reads == [runs[1].id]
    assert "renamed" in names


def test_two_changes_within_one_tick_of_the_clock_are_both_seen(store):
    run = fabricate.run_of(store, steps=0)
    for name in ("first", "other", "third"):
        run.write_labels(Labels(name=name))
        (entry,) = store.index.entries()
        assert entry.name == name


def test_a_file_edited_in_place_is_seen(store):
    run = fabricate.run_of(store, steps=0)
    run.write_labels(Labels(name="before"))
    settle(store)
    store.index.entries()
    (run.folder / "labels.json").write_text('{"name": "edited"}')
    os.utime(run.folder, (1e9, 1e9))
    assert store.index.entries()[0].name == "edited"


@pytest.fixture
def very_many(monkeypatch):
    """Six runs are very many: one of them is looked at in turn."""
    for name, number in (("_FEW", 5), ("_NEWEST", 1), ("_IN_TURN", 1), ("_CHECKED_ANYWAY", 0)):
        monkeypatch.setattr(run_index, name, number)


def old_of_six(store):
    """The last but one of six runs that have been looked at."""
    runs = [fabricate.run_of(store) for _ in range(6)]
    store.index.entries()
    settle(store)
    store.index.entries()
    return min(runs, key=lambda run: (run.id != store.ids()[-2], run.id))


@pytest.mark.usefixtures("very_many")
def test_of_very_many_runs_a_change_is_seen_in_its_turn(store):
    run = old_of_six(store)
    run.write_labels(Labels(name="renamed"))
    seen = [run.name in {entry.name for entry in store.index.entries()} for _ in range(6)]
    assert seen[-1]


@pytest.mark.usefixtures("very_many")
@pytest.mark.parametrize("round_", range(6))
def test_of_very_many_runs_one_that_was_told_of_is_seen_at_once(store, round_):
    run = old_of_six(store)
    for _ in range(round_):
        store.index.entries()
    run.write_labels(Labels(name="renamed"))
    store.index.tell(run.id)
    assert "renamed" in {entry.name for entry in store.index.entries()}


@pytest.mark.usefixtures("very_many")
@pytest.mark.parametrize("round_", range(6))
def test_of_very_many_runs_one_that_is_queued_again_is_seen_at_once(store, round_):
    run = old_of_six(store)
    run.write_state(run.state().model_copy(update={"status": "stopped"}))
    for _ in range(6 + round_):
        store.index.entries()
    store.enqueue(run)
    assert store.index.entry(run.id).status != "queued"
    store.index.entries()
    assert store.index.entry(run.id).status == "queued"


def test_metrics_of_a_run_at_work_are_followed(store):
    run = fabricate.run_of(store, status="running", steps=10)
    store.index.entries()
    settle(store)
    append(run, "train/loss", 0.125)
    append(run, "val/new", math.nan)
    (entry,) = store.index.entries()
    assert entry.facts["train/loss"] == 0.125
    assert math.isnan(entry.facts["val/new"])


def test_a_deleted_run_is_gone_and_a_restored_one_is_back(store):
    run = fabricate.run_of(store)
    store.index.entries()
    store.trash(run.id)
    assert list(store.index.entries()) == []
    store.restore(run.id)
    assert [entry.id for entry in store.index.entries()] == [run.id]


@pytest.mark.parametrize("name", ["run.json", "state.json", "labels.json"])
def test_a_damaged_run_says_so_and_the_others_are_whole(store, name):
    run, other = fabricate.run_of(store), fabricate.run_of(store)
    (run.folder / name).write_text("{")
    entries = {entry.id: entry for entry in store.index.entries()}
    assert entries[run.id].status == "damaged"
    assert name in entries[run.id].damage
    assert entries[other.id].damage == ""


def test_garbage_in_the_metrics_folder_is_left_out(store):
    run = fabricate.run_of(store, steps=5)
    (run.metrics_folder / "torn.bin").write_bytes(b"x" * 23)
    (run.metrics_folder / "%ff.bin").write_bytes(b"\0" * 24)
    (run.metrics_folder / "long~0.bin").write_bytes(b"\0" * 24)
    (run.metrics_folder / "folder.bin").mkdir()
    append(run, "half \ud800 character", 1.0)
    (entry,) = store.index.entries()
    assert "torn" not in entry.facts
    assert entry.facts["train/loss"] == run.last("train/loss")[1]
    assert entry.facts["half ? character"] == 1.0


def test_a_metric_that_is_called_as_a_fact_leaves_the_fact_alone(store):
    append(fabricate.run_of(store), "status", 1.0)
    (entry,) = store.index.entries()
    assert (entry.facts["status"], entry.facts.metric("status")) == ("completed", 1.0)
    assert store.index.extremes(entry, "status") == (1.0, 1.0)
    (again,) = RunStore(store.root).index.entries()
    assert (again.facts["status"], again.facts.metric("status")) == ("completed", 1.0)


# -- on the disk ---------------------------------------------------------------------------------


def test_a_new_process_reads_no_run_again(store, reads):
    runs = [fabricate.run_of(store, steps=120) for _ in range(3)]
    append(runs[0], "odd", math.inf, -math.inf, math.nan)
    runs[1].write_labels(Labels(tags=("é 😀",), notes="<b>"))
    (runs[2].folder / "state.json").write_text("{")
    settle(store)
    first = facts(store)
    reads.clear()
    again = facts(RunStore(store.root))
    assert reads == []
    assert repr(again) == repr(first)  # NaN is not equal to itself


def test_what_changed_meanwhile_is_read_by_a_new_process(store, reads):
    run, other = fabricate.run_of(store), fabricate.run_of(store)
    settle(store)
    store.index.entries()
    other.write_labels(Labels(name="renamed"))
    gone = store.root.parent / "gone"
    run.folder.rename(gone)
    reads.clear()
    assert [entry.name for entry in RunStore(store.root).index.entries()] == ["renamed"]
    assert reads == [other.id]


def break_with(content):
    return lambda path: path.write_bytes(content)


def forge(path):
    """A head that fits a body of somebody else."""
    body = orjson.dumps({"shapes": [], "rows": [["x"]]})
    path.write_bytes(index_file._head(body) + b"\n" + body)


@pytest.mark.parametrize(
    "harm",
    [
        Path.unlink,
        break_with(b""),
        break_with(b"\xff" * 100),
        break_with(b'{"version": 99}\n{}'),
        lambda path: path.write_bytes(path.read_bytes()[:-100]),
        lambda path: path.write_bytes(path.read_bytes().replace(b"run", b"RUN")),
        lambda path: path.write_bytes(path.read_bytes().replace(b"index-1", b"index-2", 1)),
        lambda path: (path.unlink(), path.mkdir()),
        forge,
    ],
)
def test_a_broken_or_foreign_index_is_made_anew(store, harm):
    fabricate.run_of(store)
    expected = facts(store)
    harm(store.root / index_file.NAME)
    assert facts(RunStore(store.root)) == expected


def documents_in(annotation, found):
    """Every document that a spec is made of."""
    is_document = isinstance(annotation, type) and issubclass(annotation, BaseModel)
    if is_document and annotation not in found:
        found.add(annotation)
        for field in annotation.model_fields.values():
            documents_in(field.annotation, found)
    for part in get_args(annotation):
        documents_in(part, found)
    return found


def test_code_that_decides_on_the_facts_of_a_spec_is_part_of_the_digest():
    for document in documents_in(RunSpec, set()):
        path = document.__module__.removeprefix("engine.").replace(".", "/")
        folder = path.rpartition("/")[0]
        assert {f"{path}.py", folder} & set(index_file._DECIDES), document.__module__


def test_an_index_of_other_code_is_not_used(store, reads, monkeypatch):
    fabricate.run_of(store)
    settle(store)
    store.index.entries()
    monkeypatch.setattr(index_file, "_code", lambda: "another")
    reads.clear()
    RunStore(store.root).index.entries()
    assert len(reads) == 1


def test_an_index_that_cannot_be_written_is_done_without(store, monkeypatch):
    fabricate.run_of(store)

    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(index_file, "write_whole", refuse)
    assert len(store.index.entries()) == 1
    assert not (store.root / index_file.NAME).exists()


def test_facts_that_json_has_no_place_for_cost_only_their_own_run_its_place(store, tmp_path):
    shapes = Shapes()
    entries = [
        Entry(name, shapes.row({"id": name, "name": name, "status": "completed", "x": x}, {}))
        for name, x in (("huge", 10**30), ("small", 1))
    ]
    index_file.save(tmp_path, [Kept(entry, (1, 2)) for entry in entries])
    assert list(index_file.load(tmp_path, Shapes())) == ["small"]


def test_two_servers_share_a_folder(store):
    other = RunStore(store.root)
    for store_of_run in (store, other, store):
        fabricate.run_of(store_of_run)
        assert len(store.index.entries()) == len(other.index.entries()) == len(store.ids())


def test_the_index_is_no_run(store):
    fabricate.run_of(store)
    store.index.entries()
    assert (store.root / index_file.NAME).exists()
    assert len(store.list()) == 1


FACTS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text()
FACTS |= st.floats(allow_nan=False, allow_infinity=False) | st.tuples(st.text(), st.text())
NAMES = st.text(min_size=1, max_size=8)


@given(
    st.lists(
        st.tuples(st.dictionaries(NAMES, FACTS), st.dictionaries(NAMES, st.floats())), max_size=4
    )
)
def test_what_is_saved_is_loaded(tmp_path_factory, rows):
    folder, shapes = tmp_path_factory.mktemp("index"), Shapes()
    base = {"id": "i", "name": "n", "status": "completed"}
    kept = [
        Kept(
            Entry(f"run {at}", shapes.row(base | facts, metrics), "", {"m": (-math.inf, 1.5)}),
            (at,),
        )
        for at, (facts, metrics) in enumerate(rows)
    ]
    index_file.save(folder, kept)
    loaded = index_file.load(folder, Shapes())
    assert [(run_id, one.stamp) for run_id, one in loaded.items()] == [
        (one.entry.id, one.stamp) for one in kept
    ]
    assert repr([dict(one.entry.facts) for one in loaded.values()]) == repr(
        [dict(one.entry.facts) for one in kept]
    )
    assert all(one.entry.extremes == {"m": (-math.inf, 1.5)} for one in loaded.values())
    shutil.rmtree(folder)


# -- little time, many threads -------------------------------------------------------------------


def test_with_little_time_it_tells_what_is_missing_and_goes_on(store):
    for _ in range(5):
        fabricate.run_of(store, steps=0)
    assert len(store.index.entries(within_s=0)) == 1
    assert store.index.unread == 4
    assert store.index.entries(within_s=0)[0].id == max(store.ids())
    store.index.read_on()
    store.index._reader.join(timeout=20)
    assert store.index.unread == 0
    assert len(store.index.entries()) == 5


def test_without_a_limit_nothing_is_missing_although_others_have_little_time(store):
    for _ in range(5):
        fabricate.run_of(store, steps=0)
    store.index.entries(within_s=0)
    assert len(store.index.entries()) == 5


def test_many_threads_see_all_runs(store):
    for _ in range(10):
        fabricate.run_of(store, steps=0)
    seen = []
    threads = [
        threading.Thread(target=lambda: seen.append(len(store.index.entries()))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [10] * 8


# -- lowest and highest --------------------------------------------------------------------------


def test_lowest_and_highest_are_those_of_the_whole_run(store):
    run = fabricate.run_of(store, steps=0)
    append(run, "x", 3.0, math.nan, -1.0, 2.0)
    append(run, "nothing but NaN", math.nan)
    (entry,) = store.index.entries()
    assert store.index.extremes(entry, "x") == (-1.0, 3.0)
    assert store.index.extremes(entry, "nothing but NaN") is None
    assert store.index.extremes(entry, "y") is None


@given(st.lists(st.lists(st.floats(), max_size=5), max_size=4), st.integers(0, 3))
def test_extremes_of_a_growing_file_are_those_of_the_whole(tmp_path_factory, parts, cut_at):
    folder, extremes = tmp_path_factory.mktemp("run"), Extremes()
    (folder / "metrics").mkdir()
    path = folder / "metrics" / f"{file_stem('x/Y')}.bin"
    values, attempt = [], 1
    for number, part in enumerate(parts):
        if number == cut_at:  # a resume cuts what came after its checkpoint
            values, attempt = values[: len(values) // 2], 2
        values += part
        path.write_bytes(np.array([(0, 0.0, value) for value in values], RECORD).tobytes())
        known = [value for value in values if not math.isnan(value)]
        expected = (min(known), max(known)) if known else None
        assert extremes.of(folder, "x/Y", attempt) == expected
    shutil.rmtree(folder)


def test_extremes_are_kept_on_the_disk(store, monkeypatch):
    run = fabricate.run_of(store, steps=120)
    settle(store)
    (entry,) = store.index.entries()
    expected = store.index.extremes(entry, "train/loss")
    store.index.entries()
    (again,) = RunStore(store.root).index.entries()
    monkeypatch.setattr(Extremes, "of", None)
    assert store.index.extremes(again, "train/loss") == expected
    values = run.series("train/loss").value
    assert expected == (values.min(), values.max())


def test_the_index_holds_nothing_but_text(store):
    """It is read as JSON: whatever somebody puts there, no code comes out of it."""
    fabricate.run_of(store)
    store.index.entries()
    _, _, body = (store.root / index_file.NAME).read_bytes().partition(b"\n")
    assert set(json.loads(body)) == {"shapes", "rows"}
