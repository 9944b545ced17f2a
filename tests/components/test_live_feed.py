"""What the chart board gets over HTTP, and what it is spared."""

import json
import time

import numpy as np
import pytest
from starlette.applications import Starlette

from components.live_feed import routes
from components.live_feed.assets import assets_url
from components.live_feed.frame import Frame, array_at, decoded, narrow
from components.live_feed.query import SeriesQuery
from components.live_feed.refresh import Caches, refresh
from components.live_feed.series_cache import SeriesCache
from engine.runs.series import RECORD, MetricFiles
from engine.runs.store import RunStore
from tests.asgi import get, post
from tests.fabricate import run_of


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "runs")


@pytest.fixture
def app(store):
    return Starlette(routes=routes(store))


def append(run, metric, values, *, first_step=1, at=None):
    records = np.zeros(len(values), RECORD)
    records["step"] = np.arange(first_step, first_step + len(values))
    records["time"] = at if at is not None else time.time() + 0.1 * np.arange(len(values))
    records["value"] = values
    files = MetricFiles(run.metrics_folder)
    files.append(metric, records)
    files.close()


def change_state(run, **changes):
    run.write_state(run.state().model_copy(update=changes))


def ask(app, run, *metrics, **options):
    answer = get(app, "/traindeck/series", {"run": run, "metric": metrics, **options})
    assert answer.status in (200, 204), answer.text
    return (None, b"") if answer.status == 204 else decoded(answer.content)


def drawn(body, curve, layer="raw"):
    """(x, y) of a curve as the browser computes them."""
    x, y = curve[layer]["x"], curve[layer]["y"]
    offsets = array_at(body, x["at"])
    if x["at"][0] == "u2":
        offsets = np.cumsum(offsets, dtype=np.int64)
    return (x["base"] + offsets) / x["unit"], array_at(body, y)


@pytest.fixture
def run(store):
    return run_of(store, status="running", steps=0)


def test_the_numbers_arrive_exactly_with_nan_and_infinities(app, run):
    values = [1 / 3, np.nan, np.inf, -np.inf, 5e-324, -0.0, 1e308]
    append(run, "train/loss", values)
    header, body = ask(app, run.id, "train/loss")
    x, y = drawn(body, header["curves"][0])
    np.testing.assert_array_equal(y, values)
    assert x.tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert header["window"] == [1, 7]


def test_points_far_apart_arrive_where_they_are(app, run):
    for step in (5, 70_000, 70_001, 5_000_000_000):
        append(run, "train/loss", [1.0], first_step=step)
    header, body = ask(app, run.id, "train/loss")
    x, _ = drawn(body, header["curves"][0])
    assert x.tolist() == [5, 70_000, 70_001, 5_000_000_000]


def test_nothing_is_sent_when_nothing_is_new(app, run):
    append(run, "train/loss", np.arange(10.0))
    header, _ = ask(app, run.id, "train/loss")
    again = get(
        app,
        "/traindeck/series",
        params={"run": run.id, "metric": "train/loss", "have": header["token"]},
    )
    assert (again.status, again.content) == (204, b"")


def test_only_the_curve_that_grew_is_sent(app, run):
    append(run, "train/loss", np.arange(10.0))
    append(run, "val/loss", np.arange(3.0))
    first, _ = ask(app, run.id, "train/loss", "val/loss")
    append(run, "train/loss", np.arange(5.0), first_step=11)
    second, body = ask(app, run.id, "train/loss", "val/loss", have=first["token"])
    assert [curve["metric"] for curve in second["curves"]] == ["train/loss"]
    assert len(drawn(body, second["curves"][0])[1]) == 15
    assert second["window"] == [1, 15]


def test_a_curve_that_is_too_long_to_be_sent_whole_is_sent_again_when_the_picture_widens(app, run):
    append(run, "train/loss", np.arange(1000.0))
    append(run, "optim/lr", np.arange(1000.0))
    first, _ = ask(app, run.id, "train/loss", "optim/lr", width=20)
    append(run, "train/loss", [1.0], first_step=1001)
    second, _ = ask(app, run.id, "train/loss", "optim/lr", width=20, have=first["token"])
    assert len(second["curves"]) == 2


def test_points_behind_a_zoomed_window_are_no_news(app, run):
    append(run, "train/loss", np.arange(5000.0))
    zoom = {"low": 100, "high": 200, "width": 10}
    first, _ = ask(app, run.id, "train/loss", **zoom)
    append(run, "train/loss", np.arange(100.0), first_step=5001)
    assert ask(app, run.id, "train/loss", **zoom, have=first["token"]) == (None, b"")


def test_a_zoom_is_answered_from_the_raw_points_with_a_neighbour_on_each_side(app, run):
    values = np.random.default_rng(0).normal(size=50_000)
    append(run, "train/loss", values)
    header, body = ask(app, run.id, "train/loss", low=20_000, high=20_100, width=300)
    x, y = drawn(body, header["curves"][0])
    assert x.tolist() == list(range(19_999, 20_102))
    np.testing.assert_array_equal(y, values[19_998:20_101])


@pytest.mark.parametrize("width", [50, 400])
def test_no_spike_is_lost_in_the_whole_picture(app, run, width):
    values = np.zeros(30_000)
    values[[7, 12_345, 29_998]] = 1.0, -2.0, 3.0
    append(run, "train/loss", values)
    header, body = ask(app, run.id, "train/loss", width=width)
    x, y = drawn(body, header["curves"][0])
    assert {8, 12_346, 29_999} <= set(x)
    assert len(y) <= 4 * width


def test_a_resumed_run_is_sent_again_as_one_line(app, run):
    append(run, "train/loss", np.arange(10.0))
    first, _ = ask(app, run.id, "train/loss")
    MetricFiles(run.metrics_folder).cut_after(6)
    change_state(run, attempt=1)
    append(run, "train/loss", [60.0, 70.0, 80.0, 90.0], first_step=7)
    second, body = ask(app, run.id, "train/loss", have=first["token"])
    assert drawn(body, second["curves"][0])[1].tolist() == [0, 1, 2, 3, 4, 5, 60, 70, 80, 90]


def test_a_curve_whose_points_were_all_cut_is_named_empty(app, run):
    append(run, "train/loss", np.arange(10.0))
    first, _ = ask(app, run.id, "train/loss")
    MetricFiles(run.metrics_folder).cut_after(0)
    change_state(run, attempt=1)
    second, _ = ask(app, run.id, "train/loss", have=first["token"])
    assert second["empty"] == [[run.id, "train/loss"]]
    assert second["window"] is None


def test_smoothing_comes_beside_the_raw_curve_and_only_where_it_was_asked_for(app, run):
    append(run, "train/loss", [4.0, 2.0, np.nan, 2.0])
    append(run, "val/loss", [1.0])
    header, body = ask(app, run.id, "train/loss", "val/loss", smooth="train/loss", weight=0.5)
    by_metric = {curve["metric"]: curve for curve in header["curves"]}
    assert "smooth" not in by_metric["val/loss"]
    assert drawn(body, by_metric["train/loss"])[1].tolist()[:2] == [4, 2]
    smooth = drawn(body, by_metric["train/loss"], "smooth")[1]
    np.testing.assert_allclose(smooth, [4, 8 / 3, np.nan, 16 / 7], rtol=1e-6)


def test_smoothing_goes_on_from_tick_to_tick_as_if_it_had_seen_all_at_once(store, run):
    values = np.random.default_rng(1).normal(size=300)
    query = SeriesQuery(run=(run.id,), metric=("a/b",), smooth=("a/b",), weight=0.9, width=400)
    caches, at = Caches(), np.arange(300.0)
    for start in range(0, 300, 100):
        part = slice(start, start + 100)
        append(run, "a/b", values[part], first_step=start + 1, at=at[part])
        pieces = refresh(store, caches, query)
    assert pieces == refresh(store, Caches(), query)


def test_epochs_are_steps_divided_by_the_steps_of_an_epoch(app, run):
    append(run, "train/loss", np.arange(10.0))
    change_state(run, steps_per_epoch=7.3)
    header, body = ask(app, run.id, "train/loss", x="epoch")
    x, _ = drawn(body, header["curves"][0])
    assert x.tolist() == [step / 7.3 for step in range(1, 11)]
    assert header["window"] == [1 / 7.3, 10 / 7.3]


def test_time_counts_from_the_start_of_the_run_in_milliseconds(app, run):
    append(run, "train/loss", np.arange(3.0), at=[1000.5, 1001.25, 1004.0])
    change_state(run, started_at=1000.0)
    header, body = ask(app, run.id, "train/loss", x="time")
    assert drawn(body, header["curves"][0])[0].tolist() == [0.5, 1.25, 4.0]


def test_a_clock_that_was_set_back_does_not_draw_backwards(app, run):
    append(run, "train/loss", np.arange(4.0), at=[10.0, 12.0, 3.0, 13.0])
    change_state(run, started_at=10.0)
    header, body = ask(app, run.id, "train/loss", x="time")
    assert drawn(body, header["curves"][0])[0].tolist() == [0, 2, 2, 3]


@pytest.mark.parametrize(
    ("axis", "told"), [("epoch", "length of an epoch"), ("time", "has not started")]
)
def test_an_axis_that_a_run_does_not_have_is_explained(app, run, axis, told):
    append(run, "train/loss", np.arange(3.0))
    change_state(run, steps_per_epoch=None, started_at=None)
    header, _ = ask(app, run.id, "train/loss", x=axis)
    assert told in header["problems"][run.id]
    assert header["curves"] == []


def test_a_run_that_ends_is_news(app, run):
    append(run, "train/loss", np.arange(3.0))
    first, _ = ask(app, run.id, "train/loss")
    change_state(run, status="completed")
    second, _ = ask(app, run.id, "train/loss", have=first["token"])
    assert second["runs"] == {run.id: {"status": "completed", "active": False}}
    assert second["curves"] == []


def test_a_new_metric_is_news(app, run):
    append(run, "train/loss", np.arange(3.0))
    first, _ = ask(app, run.id, "train/loss")
    append(run, "val/loss", np.arange(3.0))
    second, _ = ask(app, run.id, "train/loss", have=first["token"])
    assert second["metrics"] != first["metrics"]


def test_a_run_that_vanishes_beside_others_is_told_and_the_others_go_on(app, store, run):
    other = run_of(store)
    append(run, "train/loss", np.arange(3.0))
    store.trash(other.id)
    answer = get(app, "/traindeck/series", {"run": [run.id, other.id], "metric": "train/loss"})
    header, _ = decoded(answer.content)
    assert list(header["problems"]) == [other.id]
    assert [curve["run"] for curve in header["curves"]] == [run.id]


@pytest.mark.parametrize(
    "run_id", ["20260101-000000-abcdef", "../../etc/passwd", "", "..%2f", "<b>"]
)
def test_an_unknown_run_is_a_clear_404(app, run_id):
    answer = get(app, "/traindeck/series", {"run": run_id, "metric": "train/loss"})
    assert answer.status == 404
    assert answer.json()["error"].startswith("No run ")


def test_a_damaged_run_is_a_clear_409(app, run):
    (run.folder / "state.json").write_text("{")
    answer = get(app, "/traindeck/series", {"run": run.id, "metric": "train/loss"})
    assert answer.status == 409
    assert "is damaged: state.json" in answer.json()["error"]


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"width": "0"}, "width"),
        ({"width": "wide"}, "width"),
        ({"weight": "1"}, "weight"),
        ({"weight": "nan"}, "weight"),
        ({"x": "banana"}, "x"),
        ({"low": "1"}, "belong together"),
        ({"low": "2", "high": "1"}, "must be below"),
        ({"low": "-inf", "high": "1"}, "low"),
        ({"metric": []}, "metric"),
        ({"colour": "red"}, "unknown field"),
    ],
)
def test_a_bad_parameter_is_a_clear_400(app, run, changed, told):
    parameters = {"run": run.id, "metric": "train/loss", **changed}
    answer = get(app, "/traindeck/series", parameters)
    assert answer.status == 400
    assert told in answer.json()["error"]


@pytest.mark.parametrize("have", ["", "x", "a|b|c", "||||", "|" * 500, "ä|ö"])
def test_a_foreign_token_means_having_nothing(app, run, have):
    append(run, "train/loss", np.arange(3.0))
    header, _ = ask(app, run.id, "train/loss", have=have)
    assert len(header["curves"]) == 1


@pytest.mark.parametrize("metric", ["a,b/ü<b>", "..", "x" * 300, "%2e%2e/"])
def test_a_metric_may_have_any_name(app, run, metric):
    append(run, metric, [1.0, 2.0])
    header, body = ask(app, run.id, metric)
    assert header["curves"][0]["metric"] == metric
    assert drawn(body, header["curves"][0])[1].tolist() == [1, 2]


def test_the_board_holds_what_was_logged_and_what_is_expected(app, run):
    append(run, "train/loss", [1.0])
    answer = get(app, "/traindeck/board", {"run": run.id, "metric": "val/accuracy"})
    charts = answer.json()["charts"]
    assert [chart["title"] for chart in charts] == ["Loss", "Accuracy"]
    assert charts[0]["curves"] == [
        {"metric": "train/loss", "label": "Train", "role": "train", "smooth": True}
    ]


@pytest.mark.parametrize(
    ("chosen", "metrics"),
    [
        ({"without": ["system/", "gpu/"]}, ["train/loss", "val/memory_percent"]),
        ({"only": ["system/", "gpu/"]}, ["gpu/0/power_w", "system/memory_percent"]),
        ({"only": ["system/"], "without": ["system/m"]}, []),
    ],
)
def test_a_board_can_leave_metrics_out_or_show_them_alone(app, run, chosen, metrics):
    for metric in ("train/loss", "system/memory_percent", "gpu/0/power_w", "val/memory_percent"):
        append(run, metric, [1.0])
    charts = get(app, "/traindeck/board", {"run": run.id, **chosen}).json()["charts"]
    assert sorted(curve["metric"] for chart in charts for curve in chart["curves"]) == metrics


def test_a_question_that_is_too_long_for_an_address_is_posted(app, run):
    metrics = [f"layers/{'x' * 200}/{number}" for number in range(1000)]
    append(run, metrics[7], [1.0, 2.0])
    asked = {"run": [run.id], "metric": metrics, "smooth": [metrics[7]], "weight": 0.5}
    answer = post(app, "/traindeck/series", json.dumps(asked).encode())
    header, _ = decoded(answer.content)
    assert [curve["metric"] for curve in header["curves"]] == [metrics[7]]


@pytest.mark.parametrize(
    ("body", "status"), [(b"{", 400), (b'{"run": 1}', 400), (b" " * 5_000_000, 413)]
)
def test_a_posted_question_that_cannot_be_answered_is_told(app, body, status):
    answer = post(app, "/traindeck/series", body)
    assert answer.status == status
    assert answer.json()["error"]


def test_where_nearly_all_points_lie_is_told_when_outliers_are_to_be_clipped(app, run):
    values = np.arange(1001.0)
    values[[3, 500]] = 1e9, np.nan
    append(run, "train/loss", values)
    header, _ = ask(app, run.id, "train/loss", clip=True)
    (curve,) = header["curves"]
    assert curve["usual"] == pytest.approx([10, 991], abs=2)
    header, _ = ask(app, run.id, "train/loss", width=100)
    assert "usual" not in header["curves"][0]


def test_points_that_two_writers_mixed_up_are_told_and_the_rest_is_drawn(app, run):
    append(run, "train/loss", [1.0, 2.0, 3.0])
    append(run, "train/loss", [7.0, 8.0, 4.0], first_step=2)
    header, body = ask(app, run.id, "train/loss")
    assert drawn(body, header["curves"][0])[0].tolist() == [1, 2, 3, 3, 4]
    assert "train/loss: 1 point lies before one that was" in header["problems"][run.id]


def test_garbage_in_a_metric_file_does_not_hide_what_comes_behind_it(app, run):
    append(run, "train/loss", [1.0, 2.0])
    with next(run.metrics_folder.glob("*.bin")).open("ab") as file:
        file.write(b"\xff" * 24 + b"\x7f" * 24)
    append(run, "train/loss", [3.0, 4.0], first_step=3)
    header, body = ask(app, run.id, "train/loss")
    x, y = drawn(body, header["curves"][0])
    assert (x.tolist(), y.tolist()) == ([1, 2, 3, 4], [1, 2, 3, 4])
    assert "2 points" in header["problems"][run.id]
    header, _ = ask(app, run.id, "train/loss", x="wall")
    assert header["window"][1] < time.time() + 10


def test_many_curves_are_drawn_anew_only_when_a_pixel_column_is_new(app, run):
    metrics = [f"m/{number}" for number in range(100)]
    for metric in metrics:
        append(run, metric, np.arange(1000.0))
    first, _ = ask(app, run.id, *metrics, width=10)
    seen = {"width": 10, "have": first["token"], "shown": [str(end) for end in first["window"]]}
    append(run, "m/7", np.arange(50.0), first_step=1001)
    second, _ = ask(app, run.id, *metrics, **seen)
    assert second["window"] == first["window"]
    append(run, "m/7", np.arange(90.0), first_step=1051)
    third, _ = ask(app, run.id, *metrics, **{**seen, "have": second["token"]})
    assert third["window"] == [1, 1140]
    assert len(third["curves"]) == 100


def test_a_logarithmic_axis_begins_above_0(app, run):
    append(run, "train/loss", np.arange(10.0), first_step=0)
    header, _ = ask(app, run.id, "train/loss", log=True)
    assert header["window"] == [1, 9]


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "", "[", "a@localhost", "localhost/a"]
)
def test_a_foreign_host_name_is_refused(app, run, host):
    answer = get(app, "/traindeck/board", {"run": run.id}, host)
    assert answer.status == 403


@pytest.mark.parametrize("host", ["localhost:8501", "127.0.0.1", "[::1]:8501", "LOCALHOST."])
def test_local_host_names_are_answered(app, run, host):
    answer = get(app, "/traindeck/board", {"run": run.id}, host)
    assert answer.status == 200


def test_further_hosts_can_be_allowed(store, run):
    app = Starlette(routes=routes(store, allowed_hosts=["*.example.org"]))
    assert get(app, "/traindeck/board", {"run": run.id}, "gpu.example.org").status == 200


def test_scripts_are_kept_by_the_browser_for_good(app):
    for name in ("plotly.js", "board.js"):
        answer = get(app, f"{assets_url()}/{name}")
        assert answer.status == 200
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["content-type"].startswith("text/javascript")


@pytest.mark.parametrize("name", ["__init__.py", "..%2froutes.py", "nothing.js"])
def test_nothing_but_the_scripts_is_served(app, name):
    assert get(app, f"{assets_url()}/{name}").status == 404


def test_the_memory_of_series_is_bounded(store, run):
    for number in range(6):
        append(run, f"m/{number}", np.zeros(1000))
    cache = SeriesCache(bound_bytes=150_000)
    for number in range(6):
        cache.points(run, f"m/{number}")
        cache.trim()
    assert cache.nbytes <= 150_000
    assert len(cache.points(run, "m/0").step) == 1000


def test_values_are_halved_only_where_no_number_changes():
    assert narrow(np.array([0.5, np.nan, np.inf])).dtype == np.float32
    assert narrow(np.array([0.1])).dtype == np.float64
    assert narrow(np.array([1e300])).dtype == np.float64


def test_arrays_of_a_frame_lie_where_the_header_says():
    frame = Frame()
    parts = [np.arange(3, dtype=np.uint32), np.array([0.1, np.nan]), np.float32([7])]
    places = [frame.add(part) for part in parts]
    header, body = decoded(frame.encoded({"a": "ü", "places": places}))
    assert header["a"] == "ü"
    for place, part in zip(header["places"], parts, strict=True):
        assert place[1] % 8 == 0
        np.testing.assert_array_equal(array_at(body, place), part)
