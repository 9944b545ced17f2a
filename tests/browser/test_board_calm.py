"""What a viewer arranges on a board: it holds through refreshes, reloads and page changes."""

import csv
import io
import re

import numpy as np
import pytest
from playwright.sync_api import expect

from engine.runs.series import RECORD, MetricFiles
from engine.runs.store import RunStore
from tests.browser.growing import growing, running_run
from tests.browser.server import ROOT, serving
from tests.browser.watching import WAIT_MS, Board, becomes
from tests.fabricate import run_of


@pytest.fixture(scope="module")
def board_url(runs_folder):
    with serving(ROOT / "tests/browser/board_app.py", runs_folder) as url:
        yield url


@pytest.fixture
def store(runs_folder):
    return RunStore(runs_folder)


def keys(page, section=None):
    """The charts in sight, in their order."""
    script = """name => [...document.querySelectorAll(".td-section")]
        .filter(node => !name || node.querySelector(".td-section-name").textContent === name)
        .flatMap(node => [...node.querySelectorAll(".td-chart")])
        .filter(node => node.offsetParent).map(node => node.dataset.chart)"""
    return page.evaluate(script, section)


def in_sight(page, expected, section=None):
    """Wait until these charts are in sight, in this order."""
    becomes(page, lambda: keys(page, section), expected)


def tool(board, key, name):
    chart = board.chart(key)
    chart.hover()
    return chart.get_by_role("button", name=name)


def metric_of(run, name, values):
    records = np.zeros(len(values), RECORD)
    records["step"] = np.arange(1, len(values) + 1)
    records["time"] = 1_700_000_000.5 + np.arange(len(values))
    records["value"] = values
    files = MetricFiles(run.metrics_folder)
    files.append(name, records)
    files.close()


def test_charts_stand_under_headings_that_fold_and_stay_folded(page, board_url, store):
    board = Board(page, board_url, running_run(store, 300)).open()
    in_sight(page, ["lr", "grad_norm"], "Optimizer")
    head = page.get_by_role("button", name="Training and validation")
    expect(head).to_have_text(re.compile(r"^\s*Training and validation\s*2$"))
    head.click()
    expect(head).to_have_attribute("aria-expanded", "false")
    page.reload()
    board.until("document.querySelector('[data-chart=lr] .js-plotly-plot')?.data?.length")
    in_sight(page, ["lr", "grad_norm", "tokens_per_s", "step_ms"])


def test_a_search_by_words_or_pattern_survives_a_reload_and_a_bad_one_changes_nothing(
    page, board_url, store
):
    board = Board(page, board_url, running_run(store, 300)).open()
    search = page.get_by_role("searchbox", name="Search charts")
    search.fill("val loss")
    in_sight(page, ["loss"])
    search.fill("/^speed|lr$/")
    in_sight(page, ["lr", "tokens_per_s", "step_ms"])
    search.fill("/^speed|(lr$/")
    expect(page.get_by_role("alert")).to_contain_text("nterminated group")
    in_sight(page, ["lr", "tokens_per_s", "step_ms"])
    search.fill("/^speed/")
    in_sight(page, ["tokens_per_s", "step_ms"])
    page.reload()
    board.until("document.querySelector('[data-chart=step_ms] .js-plotly-plot')?.data?.length")
    expect(search).to_have_value("/^speed/")
    in_sight(page, ["tokens_per_s", "step_ms"])
    search.fill("nothing like it")
    page.get_by_text("No chart has that").wait_for()


def test_pins_order_sizes_and_scales_survive_a_reload(page, board_url, store):
    board = Board(page, board_url, running_run(store, 300)).open()
    tool(board, "step_ms", "Pin to the top").click()
    tool(board, "lr", "Move: drag").press("ArrowRight")
    in_sight(page, ["grad_norm", "lr"], "Optimizer")
    with board.menu("loss") as menu:
        menu.get_by_role("button", name="Large").click()
        menu.get_by_role("group", name="Y axis").get_by_role("button", name="Log").click()
    page.reload()
    board.until("document.querySelector('[data-chart=loss] .js-plotly-plot')?.data?.length > 1")
    in_sight(page, ["step_ms", "loss", "perplexity", "grad_norm", "lr", "tokens_per_s"])
    board.shows("loss", "[plot.layout.height, plot.layout.yaxis.type]", [400, "log"])
    board.shows("step_ms", "plot.layout.yaxis.type", "linear")
    with board.view() as view:
        view.get_by_role("button", name="Restore order, sizes and pins").click()
    in_sight(page, ["lr", "grad_norm"], "Optimizer")


def test_a_chart_is_dragged_to_another_place_by_its_handle(page, board_url, store):
    board = Board(page, board_url, running_run(store, 300)).open()
    grip = tool(board, "loss", "Move: drag")
    start, goal = grip.bounding_box(), board.chart("perplexity").bounding_box()
    page.mouse.move(start["x"] + 5, start["y"] + 5)
    page.mouse.down()
    page.mouse.move(goal["x"] + 0.9 * goal["width"], goal["y"] + 80, steps=5)
    page.mouse.up()
    in_sight(page, ["perplexity", "loss"], "Training and validation")


def test_zoom_and_search_are_there_again_when_the_viewer_comes_back(page, board_url, store):
    board = Board(page, board_url, running_run(store, 2000)).open().drawn()
    board.drag("loss", 0.4, 0.6)
    zoomed = board.x_range()
    page.get_by_role("searchbox", name="Search charts").fill("loss")
    page.goto("about:blank")
    page.goto(board.url)
    board.zoomed(pytest.approx(zoomed))
    in_sight(page, ["loss"])
    expect(page).to_have_url(re.compile("board.zoom"))


def test_what_a_browser_has_kept_and_nobody_understands_is_left_alone(page, board_url, store):
    board = Board(page, board_url, running_run(store, 300))
    page.add_init_script(
        "localStorage['td.board.layout'] = '{'; localStorage['td.axis'] = 'banana';"
        "sessionStorage['board.view'] = '7'; sessionStorage['board.hidden'] = '{';"
    )
    board.open()
    becomes(page, lambda: keys(page)[:1], ["loss"])
    expect(page.get_by_label("X axis")).to_have_value("step")


def test_one_chart_fills_the_screen_in_the_same_node_until_escape(page, board_url, store):
    run = running_run(store, 500)
    board = Board(page, board_url, run).open().drawn()
    board.picture("loss", "plot.mark = 'same'")
    tool(board, "loss", "Full screen").click()
    with growing(run), board.news(2):
        pass
    box = "Object.values(plot.closest('.td-chart').getBoundingClientRect().toJSON()).slice(2, 4)"
    board.shows("loss", box, [1440, 1000])
    board.shows("loss", "plot.layout.height > 700", True)
    assert board.picture("loss", "plot.mark") == "same"
    expect(page).to_have_url(re.compile("board.full=loss"))
    page.reload()
    board.until("document.querySelector('.td-full .js-plotly-plot')?.data?.length > 1")
    page.keyboard.press("Escape")
    board.until("!document.querySelector('.td-full')")
    board.until("!location.href.includes('board.full')")
    board.shows("loss", "plot.layout.height", 230)


def test_charts_keep_their_node_through_refreshes_with_everything_chosen(page, board_url, store):
    run = running_run(store, 3000)
    chosen = {"axis": "time", "xscale": "log", "clip": "on", "scale": "log", "search": "/./"}
    board = Board(page, board_url, run, **{f"board.{k}": v for k, v in chosen.items()}).open()
    board.drawn().drag("loss", 0.5, 0.9)
    tool(board, "loss", "Pin to the top").click()
    board.picture("loss", "plot.mark = 'same'")
    zoomed = board.x_range()
    with growing(run), board.news():
        page.get_by_label("Smoothing").press("ArrowRight")
    board.zoomed(pytest.approx(zoomed))
    board.shows("loss", "plot.layout.xaxis.type", "log")
    assert board.picture("loss", "plot.mark") == "same"


def test_points_beyond_the_usual_are_marked_at_the_edge_and_counted(page, board_url, store):
    run = run_of(store, status="running", steps=0)
    values = np.sin(np.arange(500.0))
    values[[100, 300]] = 1000.0, -1000.0
    metric_of(run, "train/loss", values)
    board = Board(page, board_url, run, **{"board.clip": "on", "board.smoothing": "0"}).open()
    expect(board.chart("loss").locator(".td-note")).to_have_text("2 points lie beyond the edges")
    board.shows("loss", "plot.layout.yaxis.range.every(end => Math.abs(end) < 3)", True)
    board.shows("loss", "[...plot.data.find(trace => trace.name === 'beyond').x]", [101, 301])


def test_a_download_has_every_raw_point(page, board_url, store):
    run = run_of(store, status="running", steps=0)
    values = np.random.default_rng(0).normal(size=20_000)
    values[77] = np.nan
    metric_of(run, "train/loss", values)
    board = Board(page, board_url, run).open().drawn()
    with page.expect_download() as started, board.menu("loss") as menu:
        menu.get_by_role("button", name="CSV").click()
    assert started.value.suggested_filename == "Loss.csv"
    with open(started.value.path(), newline="") as file:
        rows = list(csv.DictReader(io.StringIO(file.read())))
    np.testing.assert_array_equal([float(row["value"]) for row in rows], values)
    with page.expect_download() as started, board.menu("loss") as menu:
        menu.get_by_role("button", name="SVG").click()
    assert started.value.suggested_filename == "Loss.svg"


def test_times_of_the_clock_stand_on_the_axis(page, board_url, store):
    run = run_of(store, status="running", steps=0)
    metric_of(run, "train/loss", np.arange(300.0))
    board = Board(page, board_url, run, **{"board.axis": "wall"}).open().drawn()
    board.zoomed([1_700_000_000.5, 1_700_000_299.5])
    first = "plot.layout.xaxis.ticktext[0]"
    board.shows("loss", f"{first}.includes(':') && {first}.includes('Nov')", True)


def test_an_axis_that_the_run_does_not_know_is_told_in_words(page, board_url, store):
    board = Board(page, board_url, running_run(store, 300)).open()
    board.pick_axis("tokens")
    page.get_by_text("How many samples were seen is not known here").first.wait_for()
    board.pick_axis("step")
    board.until("document.querySelector('[data-chart=loss] .td-empty').hidden")


def test_a_run_of_two_thousand_metrics_builds_only_the_charts_in_sight(page, board_url, store):
    run = run_of(store, status="running", steps=0)
    for number in range(2000):
        metric_of(run, f"unit{number % 20}/activity_{number}", np.arange(20.0))
    board = Board(page, board_url, run).open()
    expect(page.locator(".td-chart")).to_have_count(2000)
    page.wait_for_timeout(1000)
    assert 0 < page.locator(".js-plotly-plot").count() < 40
    page.get_by_role("searchbox", name="Search charts").fill("activity_1999")
    board.until(
        "document.querySelector(`[data-chart='activity_1999'] .js-plotly-plot`)?.data?.length"
    )
    in_sight(page, ["activity_1999"])


def test_three_viewers_of_a_live_run_see_no_errors_and_get_small_answers(
    new_page, board_url, store
):
    run = running_run(store, 30_000)
    sizes = []
    boards = [Board(new_page(), board_url, run) for _ in range(3)]
    for board in boards:
        board.page.on("response", lambda answer: sizes.append(size_of(answer)))
        board.open()
    with growing(run):
        becomes(boards[0].page, lambda: all(b.answers.count(200) >= 3 for b in boards), True)
    assert max(sizes) < 200_000


def size_of(answer):
    return int(answer.headers.get("content-length", 0)) if "/traindeck/series" in answer.url else 0


def test_the_board_says_what_is_chosen_to_those_who_do_not_see_it(page, board_url, store):
    board = Board(page, board_url, running_run(store, 300)).open()
    page.get_by_role("searchbox", name="Search charts").focus()
    for _ in range(3):
        page.keyboard.press("Tab")
    in_focus = "document.activeElement.textContent"
    becomes(page, lambda: page.evaluate(in_focus), "View")
    page.keyboard.press("Enter")
    page.get_by_role("dialog", name="How the charts are drawn").wait_for(timeout=WAIT_MS)
    page.keyboard.press("Escape")
    becomes(page, lambda: page.evaluate(in_focus), "View")
    expect(board.chart("loss")).to_have_attribute("aria-label", "Loss")


def test_groups_of_runs_are_drawn_as_their_mean_with_a_band(page, board_url, store):
    runs = [run_of(store, status="running", steps=0) for _ in range(4)]
    for place, run in enumerate(runs):
        metric_of(run, "val/loss", place + np.arange(10.0))
    board = Board(page, board_url, *runs, overlay=1, groups=2).open().drawn("val/loss")
    filled, line = "t => t.fill === 'toself'", "t => t.name === 'group 0'"
    board.shows("val/loss", f"plot.data.filter({filled}).length", 2)
    means = [1 + step for step in range(10)]
    board.shows("val/loss", f"[...plot.data.find({line}).y]", means)
    lower = pytest.approx([mean - 2**0.5 for mean in means], rel=1e-6)
    board.shows("val/loss", f"[...plot.data.find({filled}).y].slice(0, 10)", lower)


def test_what_a_baseline_has_no_value_for_is_a_gap_without_a_mark(page, board_url, store):
    runs = [run_of(store, status="running", steps=0) for _ in range(2)]
    metric_of(runs[0], "val/loss", np.full(5, 2.0))
    metric_of(runs[1], "val/loss", np.arange(10.0))
    board = Board(page, board_url, *runs, overlay=1, baseline=1).open().drawn("val/loss")
    shown = "plot.data.filter(t => t.showlegend)[1].y"
    values = [-2, -1, 0, 1, 2, None, None, None, None, None]
    board.shows("val/loss", f"[...{shown}].map(y => Number.isNaN(y) ? null : y)", values)
    assert board.picture("val/loss", "plot.data.every(trace => trace.yaxis !== 'y2')")
