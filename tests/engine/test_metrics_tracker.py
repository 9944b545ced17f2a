"""MetricsTracker: what was logged reaches the files, in order, within a moment, NaN and all."""

from __future__ import annotations

import math
import time
from pathlib import Path

import pytest
import torch

from engine.metrics_tracker import MetricsTracker
from engine.runs.series import MetricFiles, read_records


def test_rows_reach_the_files_by_themselves_within_a_second(tmp_path: Path) -> None:
    tracker = MetricsTracker(MetricFiles(tmp_path))
    tracker.log(1, {"loss": 2.5})
    deadline = time.monotonic() + 1
    while not read_records(tmp_path / "loss.bin").size:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    tracker.close()


def test_values_keep_their_bits_and_their_order(tmp_path: Path) -> None:
    tracker = MetricsTracker(MetricFiles(tmp_path), now=lambda: 12.5)
    values = [0.1, math.nan, math.inf, -math.inf, -0.0, 1e308]
    for step, value in enumerate(values):
        tracker.log(step, {"loss": value, "half": torch.tensor(value, dtype=torch.float64)})
    tracker.close()
    for name in ("loss", "half"):
        records = read_records(tmp_path / f"{name}.bin")
        assert records["step"].tolist() == list(range(6))
        assert records["time"].tolist() == [12.5] * 6
        assert [math.copysign(1, v) for v in records["value"][4:5]] == [-1]
        assert str(records["value"].tolist()) == str(values)


def test_a_metric_that_was_not_logged_has_no_point(tmp_path: Path) -> None:
    tracker = MetricsTracker(MetricFiles(tmp_path))
    tracker.log(1, {"loss": 1.0})
    tracker.log(2, {"loss": 1.0, "val/loss": 2.0})
    tracker.close()
    assert read_records(tmp_path / "val%2floss.bin")["step"].tolist() == [2]


def test_rows_that_could_not_be_written_are_kept_and_written_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = MetricFiles(tmp_path)
    tracker = MetricsTracker(files, flush_every_s=3600)
    real = MetricFiles.append

    def full(self: MetricFiles, metric: str, records: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(MetricFiles, "append", full)
    tracker.log(1, {"loss": 1.0})
    tracker.flush()
    assert tracker.trouble is not None
    with pytest.raises(OSError, match="No space left"):
        tracker.sync()
    tracker.log(2, {"loss": 2.0})
    monkeypatch.setattr(MetricFiles, "append", real)
    tracker.sync()
    assert tracker.trouble is None
    assert read_records(tmp_path / "loss.bin")["value"].tolist() == [1.0, 2.0]
    tracker.close()
