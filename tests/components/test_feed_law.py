"""What is sent is held against the raw data: any series, any axis, any window, any width."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.charts.sampling import Window, column_edges
from components.live_feed.frame import array_at, decoded
from components.live_feed.query import SeriesQuery
from components.live_feed.refresh import Caches, refresh
from engine.run_spec import RunSpec
from engine.runs.series import RECORD, MetricFiles
from engine.runs.store import RunStore
from tests.fabricate import TEXT, run_of

BATCHES = {"training": {"batching": {"batch_size": 32, "accumulate": 3}}}
SAMPLES = 1_000
STARTED = 1_700_000_000.0
AXES = ("step", "epoch", "examples", "tokens", "time", "wall")


class Picture(NamedTuple):
    records: np.ndarray
    axis: str
    log: bool
    shares: tuple[float, float] | None
    """The window, as shares of the whole picture."""
    width: int


@st.composite
def pictures(draw):
    """A curve with duplicates, gaps, stopped and backward clocks and values that are no numbers."""
    size = draw(st.integers(1, 1500))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    records = np.zeros(size, RECORD)
    records["step"] = 1 + np.cumsum(random.integers(0, draw(st.sampled_from([2, 3, 90])), size))
    clock = random.normal(0.5, draw(st.sampled_from([0.0, 0.2, 3.0])), size).cumsum()
    records["time"] = STARTED + clock
    records["value"] = random.normal(size=size)
    for place in draw(st.lists(st.integers(0, size - 1), max_size=5)):
        strange = draw(st.sampled_from([np.nan, np.inf, -np.inf, 0.0, 1e300]))
        records["value"][place : place + draw(st.integers(1, 40))] = strange
    ends = st.floats(0, 1)
    window = draw(st.none() | st.tuples(ends, ends))
    return Picture(
        records, draw(st.sampled_from(AXES)), draw(st.booleans()), window, draw(st.integers(1, 90))
    )


@pytest.fixture(scope="module")
def make_run():
    with tempfile.TemporaryDirectory() as folder:
        store = RunStore(Path(folder))
        spec = RunSpec.parse(TEXT.model_dump() | BATCHES)

        def make(*parts):
            run = run_of(store, spec, status="running", steps=0)
            state = {"train_samples": SAMPLES, "started_at": STARTED, "steps_per_epoch": 32 / 3}
            run.write_state(run.state().model_copy(update=state))
            for attempt, records in enumerate(parts):
                if attempt:
                    MetricFiles(run.metrics_folder).cut_after(int(records["step"][0]) - 1)
                files = MetricFiles(run.metrics_folder)
                files.append("train/loss", records)
                files.close()
            return store, run

        yield make


def places(records, axis):
    """Where the points lie, computed another way than the feed does it."""
    steps = records["step"].astype(float)
    if axis == "step":
        return steps
    if axis == "epoch":
        return steps / (32 / 3)
    if axis in ("examples", "tokens"):
        an_epoch = math.ceil(SAMPLES / 32)
        sizes = np.full(an_epoch, 32)
        sizes[-1] = SAMPLES - 32 * (an_epoch - 1)
        batches = np.resize(sizes, int(steps.max()) * 3)
        seen = np.concatenate([[0], batches.cumsum()])[(steps * 3).astype(int)]
        return seen * (TEXT.model.block_size if axis == "tokens" else 1.0)
    clock = np.maximum.accumulate(records["time"])
    return np.round(clock - (STARTED if axis == "time" else 0), 3)


def sent(store, run, **asked):
    query = SeriesQuery(run=(run.id,), metric=("train/loss",), **asked)
    answer = refresh(store, Caches(), query)
    header, body = decoded(answer)
    assert header["problems"] == {}
    (curve,) = header["curves"]
    x, y = curve["raw"]["x"], array_at(body, curve["raw"]["y"])
    offsets = array_at(body, x["at"])
    offsets = np.cumsum(offsets, dtype=np.int64) if x["at"][0] == "u2" else offsets
    return header["window"], (x["base"] + offsets) / x["unit"], y


def asked_window(picture, x):
    """The low and high to ask for; none where there is nothing between them."""
    low, high = float(x[0]), float(x[-1])
    if picture.log and low <= 0:
        low = float(x[x > 0].min(initial=math.inf))
    if picture.shares is None or not high > low:
        return {}
    first, last = sorted(picture.shares)
    ends = {"low": low + first * (high - low), "high": low + last * (high - low)}
    return ends if ends["high"] > ends["low"] else {}


@given(picture=pictures())
def test_every_pixel_column_shows_its_raw_extremes_in_order_and_nothing_is_invented(
    make_run, picture
):
    records = picture.records
    x, y = places(records, picture.axis), records["value"]
    if picture.log and not (x > 0).any():
        return
    asked = asked_window(picture, x)
    log = picture.log
    store, run = make_run(records)
    shown, xs, ys = sent(store, run, x=picture.axis, width=picture.width, log=log, **asked)
    assert (np.diff(xs) >= 0).all()
    raw = np.stack([np.round(x, 6), y])
    drawn = np.stack([np.round(xs, 6), ys.astype(float)])
    assert in_order(drawn, raw)
    window = Window(*shown)
    assert {"low": window.low, "high": window.high} == asked or not asked
    edges = np.concatenate([[window.low], column_edges(window, picture.width, log=log)])
    ends = np.append(edges[1:], window.high)
    near = 2e-3 if picture.axis in ("time", "wall") else 1e-9 * max(1.0, abs(window.high))
    for left, right in zip(edges, ends, strict=True):
        surely = np.isfinite(y) & (x >= left + near) & (x <= right - near)
        perhaps = np.isfinite(ys) & (xs >= left - near) & (xs <= right + near)
        if surely.any():
            assert ys[perhaps].min() <= y[surely].min()
            assert ys[perhaps].max() >= y[surely].max()


def in_order(part, whole):
    """Whether the points of `part` are points of `whole`, in the same order."""
    at = 0
    for x, y in part.T:
        same = np.isclose(whole[0, at:], x, rtol=1e-9, atol=2e-3) & (
            (whole[1, at:] == y) | (np.isnan(whole[1, at:]) & np.isnan(y))
        )
        if not same.any():
            return False
        at += int(same.argmax()) + 1
    return True


@given(picture=pictures(), cut=st.integers(1, 1500))
def test_a_resumed_run_is_one_line_of_what_it_kept_and_what_it_did_again(make_run, picture, cut):
    first = picture.records
    again = first[first["step"] >= first["step"][min(cut, len(first) - 1)]].copy()
    again["value"] += 1
    store, run = make_run(first, again)
    kept = first[first["step"] < again["step"][0]]
    _, xs, ys = sent(store, run, width=2000)
    assert xs.tolist() == [*kept["step"], *again["step"]]
    np.testing.assert_array_equal(ys, np.concatenate([kept["value"], again["value"]]))
