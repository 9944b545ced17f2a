"""The pages that show runs, in Chromium, on fabricated run folders."""

import contextlib
import re
import time

import pytest
from playwright.sync_api import TimeoutError, expect

from engine.runs.store import RunStore
from tests import fabricate

ROW_PX, HEADER_PX, CHECKBOX_PX = 35, 36, 16


@pytest.fixture
def store(app_url, runs_folder):
    """The app's runs folder, emptied."""
    store = RunStore(runs_folder)
    for summary in store.list():
        run = store.open(summary.id)
        run.write_state(run.state().model_copy(update={"status": "stopped"}))
        store.trash(summary.id)
    for entry in store.trash_folder.iterdir():
        entry.rename(runs_folder.parent / entry.name)
    return store


def named(store, name, **options):
    spec = fabricate.TEXT.model_copy(update={"name": name})
    return fabricate.run_of(store, spec, **options)


def choose(page, row, button="Delete"):
    """Tick a row until it is chosen: a table that is just being drawn again misses a click."""
    for _ in range(5):
        box = page.get_by_test_id("stDataFrame").bounding_box()
        page.mouse.click(box["x"] + CHECKBOX_PX, box["y"] + HEADER_PX + ROW_PX * row + ROW_PX / 2)
        with contextlib.suppress(TimeoutError):
            page.get_by_role("button", name=button).first.wait_for(timeout=5000)
            return
    raise AssertionError(f"row {row} could not be chosen")


def show_runs(page, app_url):
    page.goto(f"{app_url}/runs")
    page.get_by_test_id("stDataFrame").locator("canvas").first.wait_for()
    page.wait_for_timeout(1000)


def watch(page, app_url, run):
    """Open the Live page and wait until its charts are drawn."""
    page.goto(f"{app_url}/live?run={run.id}")
    page.locator(".js-plotly-plot .scatterlayer .trace").first.wait_for()
    page.wait_for_timeout(500)


def test_a_selection_survives_refreshes_and_new_runs(page, app_url, store):
    named(store, "first")
    show_runs(page, app_url)
    choose(page, 0)
    page.get_by_role("button", name="Open").wait_for()
    page.evaluate("document.querySelector('[data-testid=stDataFrame]').dataset.mark = 'same'")
    time.sleep(1.1)  # ids have seconds: the next run comes first in the table
    named(store, "second")
    page.get_by_text("2 runs", exact=True).wait_for()
    page.wait_for_timeout(2500)
    expect(page.get_by_role("button", name="Open")).to_have_count(1)
    page.get_by_text("Name, tags and notes").click()
    expect(page.get_by_label("Name", exact=True)).to_have_value("first")
    mark = "document.querySelector('[data-testid=stDataFrame]').dataset.mark"
    assert page.evaluate(mark) == "same"


def test_a_run_is_deleted_after_a_question_and_comes_back(page, app_url, store):
    run = named(store, "<b>doomed</b>")
    show_runs(page, app_url)
    choose(page, 0)
    page.get_by_role("button", name="Delete").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("<b>doomed</b>").wait_for()
    page.wait_for_timeout(2500)  # the table refreshes behind it
    dialog.get_by_role("button", name="Move to the trash").click()
    page.get_by_text("No runs yet").wait_for()
    assert not run.folder.exists()
    page.get_by_text("Trash (1)").click()
    page.get_by_role("button", name="Restore").click()
    page.get_by_text("1 run", exact=True).wait_for()
    assert run.folder.exists()  # before it is shown


def test_two_chosen_runs_share_a_board(page, app_url, store):
    for name in ("first", "second"):
        named(store, name)
    show_runs(page, app_url)
    choose(page, 0)
    page.get_by_role("button", name="Open").wait_for()
    choose(page, 1, "Delete 2 runs")
    page.get_by_text("2 runs chosen").wait_for()
    page.get_by_text("Loss · validation").first.wait_for(timeout=60_000)  # plotly.js comes first


def test_pausing_is_seen_and_ends_with_the_pause(page, app_url, store):
    run = named(store, "live", status="running", steps=120)
    watch(page, app_url, run)
    page.get_by_role("button", name="Pause").click()
    page.get_by_text("pausing…").wait_for()
    assert run.take_requests() == ["pause"]
    run.write_state(run.state().model_copy(update={"status": "paused"}))
    page.get_by_text("paused", exact=True).wait_for()
    page.get_by_text("pausing…").wait_for(state="hidden")
    expect(page.get_by_role("button", name="Resume")).to_be_enabled()


def test_stopping_without_saving_is_asked_for_twice(page, app_url, store):
    run = named(store, "live", status="running", steps=120)
    fabricate.checkpoint_of(run, 100)
    watch(page, app_url, run)
    page.get_by_role("button", name="Stop", exact=True).click()
    page.get_by_text("the 20 steps since are lost").wait_for()
    page.wait_for_timeout(2500)  # the header refreshes below it
    page.get_by_role("button", name="Stop without saving").click()
    page.get_by_text("stopping…").first.wait_for()
    assert run.take_requests() == ["stop"]


def test_what_is_typed_to_steer_a_run_survives_the_refreshes_of_the_page(page, app_url, store):
    run = named(store, "live", status="running", steps=120)
    watch(page, app_url, run)
    page.get_by_role("button", name="Steer").click()
    field = page.get_by_label("Multiply the learning rate by")
    field.click()
    for key in "0.25":
        page.keyboard.type(key)
        page.wait_for_timeout(800)  # the header refreshes below it
    expect(field).to_have_value("0.25")
    page.get_by_role("button", name="Apply").first.click()
    page.get_by_text("learning rate × 0.25 asked for…").first.wait_for()
    assert run.take_requests() == ["lr-factor=0.25"]
    run.add_event("steered", "Learning rate multiplied by 0.25 after step 120.", step=120)
    page.get_by_text("learning rate × 0.25 asked for…").first.wait_for(state="hidden")


def test_a_watched_run_moves_and_its_charts_stay_the_same_nodes(page, app_url, store):
    run = named(store, "live", status="running", steps=120)
    page.goto(f"{app_url}/live?run={run.id}")
    page.locator(".js-plotly-plot").first.wait_for()
    page.evaluate("document.querySelector('.js-plotly-plot').dataset.mark = 'same'")
    run.write_state(run.state().model_copy(update={"step": 133}))
    page.get_by_text("Step 133 of 200").wait_for()
    run.write_state(run.state().model_copy(update={"status": "completed", "step": 200}))
    page.get_by_text("completed", exact=True).wait_for()
    assert page.evaluate("document.querySelector('.js-plotly-plot').dataset.mark") == "same"


def test_a_run_deleted_while_it_is_watched_is_said(page, app_url, store):
    run = named(store, "gone", status="running", steps=20)
    page.goto(f"{app_url}/live?run={run.id}")
    page.get_by_text("Step 20 of 200").wait_for()
    run.folder.rename(store.root.parent / "elsewhere")
    page.get_by_text("deleted or moved to the trash").wait_for()
    page.wait_for_timeout(1500)  # the charts ask too, and the browser notes their 404
    assert all("404" in error for error in page.console_errors)
    page.console_errors.clear()


def test_a_second_tab_shows_the_same(new_page, app_url, store):
    run = named(store, "live", status="running", steps=120)
    tabs = [new_page(), new_page()]
    for tab in tabs:
        tab.goto(f"{app_url}/live?run={run.id}")
        tab.get_by_text("Step 120 of 200").wait_for()
    tabs[0].get_by_role("button", name="Pause").click()
    tabs[1].get_by_text("pausing…").wait_for()


def test_a_new_event_and_new_samples_appear_by_themselves(page, app_url, store):
    run = named(store, "live", status="running", steps=120)
    page.goto(f"{app_url}/live?run={run.id}&tab=Samples")
    page.get_by_text("Samples appear here").wait_for()
    run.write_samples(50, [{"prompt": "The ", "text": "<i>sample</i> of fifty"}])
    page.get_by_text("<i>sample</i> of fifty").wait_for()
    page.get_by_role("tab", name="Log").click()
    run.add_event("note", "<u>something</u> happened", step=121)
    page.get_by_text("<u>something</u> happened").wait_for()


@pytest.mark.parametrize("path", ["", "runs", "live"])
@pytest.mark.parametrize("width", [400, 1440])
def test_nothing_is_wider_than_the_window(new_page, app_url, store, path, width):
    named(store, "x" * 300, status="running", steps=120)
    page = new_page(width=width)
    page.goto(f"{app_url}/{path}")
    page.locator("h1").first.wait_for()
    page.wait_for_timeout(2500)
    wider = """() => {
      const main = document.querySelector('[data-testid=stMain]');
      return main.scrollWidth - main.clientWidth;
    }"""
    assert page.evaluate(wider) <= 0


def test_nothing_leaves_this_machine(page, app_url, store):
    run = named(store, "live", status="running", steps=120)
    hosts = set()
    page.on("request", lambda request: hosts.add(re.sub(r"^\w+://([^/:]*).*", r"\1", request.url)))
    for path in ("", "runs", f"live?run={run.id}"):
        page.goto(f"{app_url}/{path}")
        page.locator("h1").first.wait_for()
        page.wait_for_timeout(1000)
    assert {host for host in hosts if not host.startswith(("data:", "blob:"))} == {"127.0.0.1"}


def test_a_name_is_never_html(page, app_url, store):
    run = named(store, "<img src=x onerror=window.hacked=1>", status="running", steps=20)
    for path in ("", "runs", f"live?run={run.id}"):
        page.goto(f"{app_url}/{path}")
        page.locator("h1").first.wait_for()
        page.wait_for_timeout(1000)
        assert page.evaluate("window.hacked") is None
        assert page.locator("img[src=x]").count() == 0
