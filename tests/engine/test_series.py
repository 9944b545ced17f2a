"""Metric files: what was logged is read back, whatever the name and however the file ends."""

from __future__ import annotations

import math
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.run_spec import RunSpec
from engine.runs.run import Run
from engine.runs.series import (
    MOST_OPEN,
    Cursor,
    MetricFiles,
    file_stem,
    metric_name,
    read_records,
    records_of,
)
from engine.runs.store import RunStore
from tests.fabricate import TEXT

ROWS = st.lists(
    st.tuples(st.integers(0, 2**40), st.floats(0, 2e9), st.floats(allow_nan=True)), max_size=40
)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    spec: RunSpec = TEXT
    return RunStore(tmp_path).create(spec)


@given(rows=ROWS, parts=st.integers(1, 5), torn=st.integers(0, 23))
def test_every_whole_record_is_read_back_bit_for_bit(
    tmp_path_factory: pytest.TempPathFactory, rows: list, parts: int, torn: int
) -> None:
    folder = tmp_path_factory.mktemp("metrics")
    files = MetricFiles(folder)
    for part in range(parts):
        files.append("loss", records_of(rows[part::parts]))
    files.close()
    path = folder / "loss.bin"
    with path.open("ab") as file:
        file.write(b"\xff" * torn)
    expected = records_of([row for part in range(parts) for row in rows[part::parts]])
    assert read_records(path).tobytes() == expected.tobytes()


@given(rows=ROWS, torn=st.integers(1, 23))
def test_a_writer_that_comes_back_cuts_a_torn_tail(
    tmp_path_factory: pytest.TempPathFactory, rows: list, torn: int
) -> None:
    folder = tmp_path_factory.mktemp("metrics")
    whole = records_of([*rows, (1, 2.0, 3.0)]).tobytes()
    (folder / "loss.bin").write_bytes(whole + b"\xff" * torn)
    files = MetricFiles(folder)
    files.append("loss", records_of([(9, 9.0, 9.0)]))
    files.close()
    assert (folder / "loss.bin").read_bytes() == whole + records_of([(9, 9.0, 9.0)]).tobytes()


@given(st.lists(st.text(min_size=1, max_size=400), min_size=2, max_size=4, unique=True))
def test_names_of_any_kind_do_not_collide_and_come_back(
    tmp_path_factory: pytest.TempPathFactory, names: list[str]
) -> None:
    names = [name.encode("utf-8", "replace").decode() for name in names]
    folder = tmp_path_factory.mktemp("metrics")
    files = MetricFiles(folder)
    for name in names:
        files.append(name, records_of([(1, 1.0, 1.0)]))
    files.close()
    assert {metric_name(path) for path in folder.glob("*.bin")} == set(names)
    assert len({file_stem(name).lower() for name in set(names)}) == len(set(names))


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b", "..", "<b>", "loss\0", "Loss", "🙂"])
def test_a_name_never_leaves_the_folder(tmp_path: Path, name: str) -> None:
    files = MetricFiles(tmp_path)
    files.append(name, records_of([(1, 1.0, 1.0)]))
    files.close()
    assert [metric_name(path) for path in tmp_path.glob("*.bin")] == [name]


@pytest.mark.parametrize(
    ("cut", "left"), [(0, []), (1, [1]), (2, [1, 2, 2]), (3, [1, 2, 2]), (9, [1, 2, 2, 4])]
)
def test_cutting_keeps_what_was_logged_up_to_the_step(
    tmp_path: Path, cut: int, left: list[int]
) -> None:
    files = MetricFiles(tmp_path)
    files.append("loss", records_of((step, 0.0, 0.0) for step in (1, 2, 2, 4)))
    files.close()
    MetricFiles(tmp_path).cut_after(cut)
    assert read_records(tmp_path / "loss.bin")["step"].tolist() == left


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs Linux's list of open files")
def test_more_metrics_than_files_that_may_be_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As of the layers of a large model; each is on the disk after a sync."""
    synced: list[str] = []

    def noted(handle: int) -> None:
        synced.append(Path(os.readlink(f"/proc/self/fd/{handle}")).stem)

    monkeypatch.setattr(os, "fsync", noted)
    before = len(os.listdir("/proc/self/fd"))
    files, names = MetricFiles(tmp_path), [f"layer-{n}" for n in range(2 * MOST_OPEN + 3)]
    for step in (1, 2):
        for name in names:
            files.append(name, records_of([(step, 1.0, 1.0)]))
        assert len(os.listdir("/proc/self/fd")) <= before + MOST_OPEN
        files.sync()
        assert sorted(synced) == sorted(names)
        synced.clear()
    files.append(names[0], records_of([(3, 1.0, 1.0)]))
    files.sync()
    assert synced == names[:1]
    files.close()
    assert len(os.listdir("/proc/self/fd")) == before
    steps = [read_records(tmp_path / f"{name}.bin")["step"].tolist() for name in names]
    assert steps == [[1, 2, 3], *[[1, 2]] * (len(names) - 1)]


def test_a_failed_append_leaves_the_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = MetricFiles(tmp_path)
    files.append("loss", records_of([(1, 1.0, 1.0)]))
    real = os.write

    def half(handle: int, data: bytes) -> int:
        if len(data) <= 24:
            raise OSError(28, "No space left on device")
        return real(handle, data[:13])

    monkeypatch.setattr(os, "write", half)
    with pytest.raises(OSError, match="No space left"):
        files.append("loss", records_of([(2, 2.0, 2.0), (3, 3.0, 3.0)]))
    monkeypatch.undo()
    files.append("loss", records_of([(2, 2.0, 2.0)]))
    files.close()
    assert read_records(tmp_path / "loss.bin")["step"].tolist() == [1, 2]


def test_a_cursor_gives_only_what_is_new(run: Run) -> None:
    files = MetricFiles(run.metrics_folder)
    files.append("loss", records_of([(1, 1.0, 0.5), (2, 2.0, math.nan)]))
    first = run.series("loss")
    files.append("loss", records_of([(3, 3.0, math.inf)]))
    second = run.series("loss", first.cursor)
    files.close()
    assert first.step.tolist() == [1, 2]
    assert math.isnan(first.value[1])
    assert (second.step.tolist(), second.value.tolist()) == ([3], [math.inf])
    assert not second.restarted
    assert run.series("loss", second.cursor).step.size == 0


def test_a_cursor_from_before_a_resume_gets_the_whole_series_again(run: Run) -> None:
    files = MetricFiles(run.metrics_folder)
    files.append("loss", records_of([(1, 1.0, 1.0), (2, 2.0, 2.0), (3, 3.0, 3.0)]))
    files.close()
    old = run.series("loss").cursor
    MetricFiles(run.metrics_folder).cut_after(1)
    run.write_state(run.state().model_copy(update={"attempt": 1}))
    files = MetricFiles(run.metrics_folder)
    files.append("loss", records_of([(2, 9.0, 2.5), (3, 9.0, 3.5), (4, 9.0, 4.5)]))
    files.close()
    again = run.series("loss", old)
    assert again.restarted
    assert again.value.tolist() == [1.0, 2.5, 3.5, 4.5]
    assert again.cursor == Cursor(attempt=1, count=4)


def test_an_unknown_metric_has_no_points(run: Run) -> None:
    assert run.series("nothing").step.size == 0
    assert run.last("nothing") is None


def test_the_frame_has_gaps_where_nothing_was_logged(run: Run) -> None:
    files = MetricFiles(run.metrics_folder)
    files.append("train/loss", records_of([(1, 0.0, 3.0), (2, 0.0, 2.0)]))
    files.append("val/loss", records_of([(2, 0.0, 2.5), (2, 0.0, 2.4)]))
    files.close()
    frame = run.frame()
    assert frame.index.tolist() == [1, 2]
    assert frame.index.name == "step"
    assert np.isnan(frame.loc[1, "val/loss"])
    assert frame.loc[2].tolist() == [2.0, 2.4]
