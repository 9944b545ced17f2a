"""The chart board in a real browser, on runs that grow while it is watched."""

import numpy as np
import pytest
from playwright.sync_api import expect

from engine.runs.series import RECORD, MetricFiles
from engine.runs.store import RunStore
from tests.browser.growing import SPIKE, SPIKE_STEP, grow, growing, running_run
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


def test_points_arrive_in_the_same_node_without_a_rerun(page, board_url, store):
    run = running_run(store, 500)
    board = Board(page, board_url, run).open()
    board.until("document.querySelector('[data-chart=loss] .td-empty').hidden")
    board.picture("loss", "plot.mark = 'same'")
    before = board.last_step()
    with growing(run), board.news(3):
        board.shows("loss", f"plot.data[0].x.at(-1) > {before}", True)
    assert board.picture("loss", "plot.mark") == "same"


def test_a_spike_of_one_step_is_drawn_and_so_is_the_whole_range(page, board_url, store):
    run = running_run(store, 20_000)
    board = Board(page, board_url, run).open()
    board.until("document.querySelector('[data-chart=loss] .td-empty').hidden")
    raw = board.picture("loss", "[...plot.data[0].x].map((x, i) => [x, plot.data[0].y[i]])")
    assert [SPIKE_STEP, SPIKE] in raw
    board.zoomed([1, 20_000])
    assert len(raw) < 4 * 500


def test_a_zoom_survives_refreshes_and_shows_finer_data(page, board_url, store):
    run = running_run(store, 20_000)
    board = Board(page, board_url, run).open()
    board.drag("loss", 0.5, 0.56)
    zoomed = board.x_range()
    inside = [step for step in range(1, 20_001) if zoomed[0] <= step <= zoomed[1]]
    board.shows("loss", "[...plot.data[0].x].slice(1, -1)", inside)
    board.zoomed(zoomed, "lr")
    with growing(run):
        page.wait_for_timeout(6000)
    assert board.x_range() == zoomed
    assert board.picture("loss", "plot._fullLayout.xaxis.range") == zoomed


def test_a_zoom_at_the_growing_end_survives_five_refreshes(page, board_url, store):
    run = running_run(store, 2000)
    board = Board(page, board_url, run).open()
    board.drag("loss", 0.6, 0.999)
    zoomed = board.x_range()
    with growing(run):
        for _ in range(5):
            with board.news():
                page.get_by_label("Smoothing").press("ArrowRight")
            assert board.x_range() == zoomed
    with board.view() as view:
        view.get_by_role("group", name="Y axis").get_by_role("button", name="Linear").click()
    assert board.x_range() == zoomed
    with board.news():
        page.get_by_role("button", name="Reset zoom").click()
    range_ = "plot.layout.xaxis.range"
    board.shows("loss", f"{range_}[0] === 1 && {range_}[1] >= 2000", True)


def test_a_double_click_shows_everything_again(page, board_url, store):
    board = Board(page, board_url, running_run(store, 1000)).open()
    board.drag("loss", 0.2, 0.4)
    board.chart("grad_norm").locator(".td-plot").dblclick()
    board.until("!new URL(location).searchParams.has('board.zoom')")
    board.until(
        "document.querySelector('[data-chart=loss] .js-plotly-plot').layout.xaxis.range[1] == 1000"
    )


def test_a_hidden_curve_stays_hidden_through_refreshes_and_a_reload(page, board_url, store):
    run = running_run(store, 500)
    board = Board(page, board_url, run).open()
    chip = board.chart("loss").get_by_role("button", name="Train")
    chip.click()
    hidden = "plot.data.length > 0 && plot.data.every(trace => trace.name !== 'Train')"
    with growing(run):
        with board.news(3):
            pass
        expect(chip).to_have_attribute("aria-pressed", "false")
        board.shows("loss", hidden, True)
        with board.news(2):
            page.reload()
        expect(chip).to_have_attribute("aria-pressed", "false")
        board.shows("loss", hidden, True)
    chip.click()
    expect(chip).to_have_attribute("aria-pressed", "true")


def test_choices_survive_a_reload(page, board_url, store):
    board = Board(page, board_url, running_run(store, 2000)).open()
    board.pick_axis("epoch")
    with board.view() as view:
        view.get_by_role("group", name="Y axis").get_by_role("button", name="Log").click()
    page.get_by_label("Smoothing").fill("0.9")
    board.drag("loss", 0.25, 0.75)
    zoomed = board.x_range()
    with board.news():
        page.reload()
    board.zoomed(pytest.approx(zoomed))
    assert zoomed[1] <= 5
    expect(page.get_by_label("Smoothing")).to_have_value("0.9")
    expect(page.get_by_label("X axis")).to_have_value("epoch")
    board.shows("loss", "plot.layout.yaxis.type", "log")


def test_nothing_is_sent_while_nothing_is_new(page, board_url, store):
    board = Board(page, board_url, running_run(store, 300)).open()
    page.wait_for_timeout(2500)
    board.answers.clear()
    page.wait_for_timeout(4000)
    assert set(board.answers) == {204}


def test_a_finished_run_is_left_alone(page, board_url, store):
    board = Board(page, board_url, run_of(store)).open()
    page.get_by_text("completed").wait_for()
    page.wait_for_timeout(1000)
    board.answers.clear()
    page.wait_for_timeout(5000)
    assert len(board.answers) <= 1


def test_a_hidden_tab_asks_for_nothing(page, board_url, store):
    board = Board(page, board_url, running_run(store, 300)).open()
    hide = "value => {Object.defineProperty(document, 'hidden', {value, configurable: true});"
    hide += "document.dispatchEvent(new Event('visibilitychange'))}"
    page.wait_for_timeout(1500)
    page.evaluate(hide, True)
    page.wait_for_timeout(500)
    board.answers.clear()
    page.wait_for_timeout(3000)
    assert board.answers == []
    page.evaluate(hide, False)
    becomes(page, lambda: bool(board.answers), True)


def test_a_rerun_of_the_script_does_not_touch_the_charts(page, board_url, store):
    board = Board(page, board_url, running_run(store, 500)).open()
    board.drag("loss", 0.2, 0.4)
    board.picture("loss", "plot.mark = 'same'")
    zoomed = board.x_range()
    page.get_by_role("button", name="Run the script again").click()
    page.wait_for_timeout(2000)
    assert board.picture("loss", "plot.mark") == "same"
    assert board.x_range() == zoomed


def test_another_run_on_the_same_board_begins_unzoomed(page, board_url, store):
    first, second = running_run(store, 2000), running_run(store, 300)
    board = Board(page, board_url, first, second, pick=1).open()
    board.drag("loss", 0.5, 0.8)
    page.get_by_text(second.id).click()
    board.until(
        "document.querySelector('[data-chart=loss] .js-plotly-plot').layout.xaxis.range[1] == 300"
    )
    board.until("!location.href.includes('board.zoom')")


def test_a_run_without_points_waits_and_gets_its_charts_by_itself(page, board_url, store):
    run = running_run(store, 0)
    board = Board(page, board_url, run)
    page.goto(board.url)
    page.get_by_text("Waiting for the first point").first.wait_for()
    grow(run, 200)
    board.until("document.querySelector('[data-chart=perplexity] .js-plotly-plot')?.data?.length")
    board.until("document.querySelector('[data-chart=loss] .td-empty').hidden")


def test_values_that_are_no_numbers_are_marked_where_they_happened(page, board_url, store):
    run = run_of(store, status="running", steps=0)
    values = [1.0, 2.0, np.nan, 3.0, np.inf, 4.0, -np.inf, 5.0]
    files = MetricFiles(run.metrics_folder)
    files.append("train/loss", np.array([(i, 0.0, y) for i, y in enumerate(values, 1)], RECORD))
    files.close()
    board = Board(page, board_url, run, **{"board.smoothing": "0"}).open()
    board.until("document.querySelector('[data-chart=loss] .td-empty').hidden")
    marks = "plot.data.filter(trace => trace.yaxis === 'y2').map(trace => "
    marks += "[[...trace.x], trace.marker.symbol])[0]"
    shapes = ["x-thin-open", "triangle-up", "triangle-down"]
    board.shows("loss", marks, [[3, 5, 7], shapes])


def test_names_and_metrics_are_text_and_never_html(page, board_url, store):
    evil = "<img src=x onerror=\"document.title='pwned'\"><b>bold</b>"
    run = running_run(store, 50)
    files = MetricFiles(run.metrics_folder)
    for metric in (f"train/{evil}", evil):
        files.append(metric, np.array([(1, 0.0, 1.0), (2, 0.0, 2.0)], RECORD))
    files.close()
    board = Board(page, board_url, run, name=evil, overlay=1).open()
    page.mouse.wheel(0, 3000)
    page.locator(".td-chip .td-name", has_text="<b>bold</b>").first.wait_for()
    page.wait_for_timeout(1000)
    assert page.locator(".td-board img, .td-board b").count() == 0
    assert board.page.title() != "pwned"


def test_an_unreachable_server_is_told_and_the_charts_come_back(page, board_url, store):
    run = running_run(store, 300)
    board = Board(page, board_url, run).open()
    page.get_by_text("Live").wait_for()
    page.route("**/traindeck/series*", lambda route: route.abort())
    page.get_by_text("Server unreachable").wait_for()
    assert board.last_step() == 300
    page.unroute("**/traindeck/series*")
    page.get_by_text("Live").wait_for(timeout=WAIT_MS)
    page.console_errors.clear()


def test_a_run_that_is_deleted_while_watched_is_told(page, board_url, store):
    run = run_of(store)
    Board(page, board_url, run).open()
    page.get_by_text("completed").wait_for()
    store.trash(run.id)
    page.get_by_label("Smoothing").press("ArrowRight")
    page.get_by_text(f"No run '{run.id}'").wait_for()
    page.console_errors.clear()


def test_the_cursor_compares_all_curves_and_is_shown_in_every_chart(page, board_url, store):
    board = Board(page, board_url, running_run(store, 1000)).open()
    board.until("document.querySelector('[data-chart=loss] .td-empty').hidden")
    board.chart("loss").locator(".td-plot").hover()
    tip = board.chart("loss").locator(".td-tip")
    for words in ("Train", "Validation", "raw"):
        expect(tip).to_contain_text(words)
    board.chart("grad_norm").locator(".td-cursor").wait_for()


def test_the_values_at_the_cursor_stay_on_screen_through_refreshes(page, board_url, store):
    run = running_run(store, 1000)
    board = Board(page, board_url, run).open()
    board.until("document.querySelector('[data-chart=loss] .td-empty').hidden")
    board.chart("loss").locator(".td-plot").hover()
    tip = board.chart("loss").locator(".td-tip")
    tip.wait_for()
    with growing(run), board.news(2):
        pass
    assert tip.is_visible()


def test_several_runs_are_overlaid_in_colors_of_their_own(page, board_url, store):
    runs = [running_run(store, steps) for steps in (300, 400, 500)]
    board = Board(page, board_url, *runs, overlay=1).open()
    board.until("document.querySelector(\"[data-chart='train/loss'] .td-empty\")?.hidden")
    colors = "new Set(plot.data.filter(t => t.showlegend).map(t => t.line.color)).size"
    board.shows("train/loss", colors, 3)
    page.get_by_text("3 of 3 live").wait_for()


def has_marks(board, expected, key="loss"):
    """Wait until the marks of a chart stand at these places."""
    shown = "[...plot.data.find(trace => trace.mode === 'markers+text')?.x ?? []]"
    board.shows(key, shown, expected)


_LOSS_CURVES = "document.querySelectorAll(\"[data-chart='train/loss'] .td-chip\").length"


def alert(run, step, kind="loss-spike"):
    run.add_event("alert", f"<b>Something</b> at step {step}. Look.", step=step, alert=kind)


def test_what_happened_to_a_run_is_marked_in_every_chart_as_soon_as_it_is_told(
    page, board_url, store
):
    run = running_run(store, 1000)
    alert(run, 300)
    board = Board(page, board_url, run).open()
    board.until("document.querySelector('[data-chart=loss] .td-empty').hidden")
    for chart in ("loss", "lr"):
        has_marks(board, [300], chart)
    run.add_event("steered", "Learning rate multiplied by 0.5 after step 700.", step=700)
    for chart in ("loss", "lr"):
        has_marks(board, [300, 700], chart)


def test_the_tip_says_what_a_mark_is_as_plain_text(page, board_url, store):
    run = running_run(store, 1000)
    alert(run, 500)
    board = Board(page, board_url, run).open()
    board.until("document.querySelector('[data-chart=loss] .td-empty').hidden")
    box = board.chart("loss").locator(".td-plot").bounding_box()
    middle = box["x"] + 54 + (box["width"] - 70) * 499 / 999
    page.mouse.move(middle, box["y"] + 100)
    tip = board.chart("loss").locator(".td-tip-mark")
    expect(tip).to_have_text("<b>Something</b> at step 500")
    page.mouse.move(middle + 40, box["y"] + 100)
    tip.wait_for(state="hidden")


def test_marks_follow_the_axis_and_the_zoom(page, board_url, store):
    run = running_run(store, 2000)
    for step in (400, 1200):
        alert(run, step)
    board = Board(page, board_url, run).open()
    board.until("document.querySelector('[data-chart=loss] .td-empty').hidden")
    board.pick_axis("epoch")
    has_marks(board, [1, 3])
    board.drag("loss", 0.5, 0.7)
    has_marks(board, [3])
    with growing(run), board.news(1):
        page.get_by_label("Smoothing").press("ArrowRight")
    has_marks(board, [3])


def test_kinds_of_marks_can_be_switched_off_and_stay_off(page, board_url, store):
    run = running_run(store, 1000)
    alert(run, 300)
    run.add_event("checkpoint", "Saved step-000000600.", step=600)
    board = Board(page, board_url, run).open().drawn()
    has_marks(board, [300, 600])
    with board.view() as view:
        view.get_by_label("Alerts and warnings").uncheck()
    has_marks(board, [600])
    page.reload()
    has_marks(board, [600])
    with board.view() as view:
        view.get_by_label("Alerts and warnings").check()
    has_marks(board, [300, 600])


def test_several_runs_have_no_marks(page, board_url, store):
    runs = [running_run(store, steps) for steps in (300, 400)]
    alert(runs[0], 100)
    board = Board(page, board_url, *runs, overlay=1).open()
    board.until("document.querySelector(\"[data-chart='train/loss'] .td-empty\")?.hidden")
    has_marks(board, [], "train/loss")
    with board.view() as view:
        view.get_by_role("group", name="Y axis").wait_for()
        assert view.get_by_role("group", name="Marks").count() == 0


def test_marks_go_when_a_second_run_comes_and_come_back_when_it_goes(page, board_url, store):
    runs = [running_run(store, steps) for steps in (300, 400)]
    alert(runs[0], 100)
    board = Board(page, board_url, *runs, overlay=1, more=1).open()
    page.get_by_text("All runs").click()
    board.until(f"{_LOSS_CURVES} === 2")
    has_marks(board, [], "train/loss")
    page.get_by_text("All runs").click()
    board.until(f"{_LOSS_CURVES} === 1")
    has_marks(board, [100], "train/loss")


@pytest.mark.parametrize(("width", "columns"), [(400, 1), (1440, 3)])
def test_the_board_fits_the_screen(new_page, board_url, store, width, columns):
    page = new_page(width=width)
    Board(page, board_url, running_run(store, 300)).open().drawn()
    tracks = "getComputedStyle(document.querySelector('.td-grid')).gridTemplateColumns"
    becomes(page, lambda: len(page.evaluate(tracks).split()), columns)
    becomes(page, lambda: page.evaluate("document.documentElement.scrollWidth") <= width, True)


def test_a_zoom_is_answered_quickly_on_a_million_steps(page, board_url, store):
    run = run_of(store, status="running", steps=0)
    records = np.zeros(1_000_000, RECORD)
    records["step"] = np.arange(1, 1_000_001)
    records["value"] = np.random.default_rng(0).normal(size=1_000_000)
    files = MetricFiles(run.metrics_folder)
    files.append("train/loss", records)
    files.close()
    board = Board(page, board_url, run).open()
    board.until("document.querySelector('[data-chart=loss] .td-empty').hidden")
    board.drag("loss", 0.4, 0.6)
    low, high = board.x_range()
    assert 150_000 < high - low < 250_000
    shown = "plot.data[0].x"
    inside = f"{shown}[1] >= {low} && {shown}.at(-2) <= {high}"
    board.shows("loss", f"{inside} && {shown}.length > 500 && {shown}.length < 2000", True)
