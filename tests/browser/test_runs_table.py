"""The table of the Runs page in Chromium: queries as they are typed, columns, undo, many runs."""

import time

import pytest
from playwright.sync_api import expect

from benchmarks.many_runs import fill
from components import run_pages
from engine.runs.run import Labels
from engine.runs.store import RunStore
from tests import fabricate
from tests.browser.server import ROOT, serving


@pytest.fixture
def store(app_url, runs_folder):
    """The app's runs folder, emptied."""
    store = RunStore(runs_folder)
    for run_id in (*store.ids(), *store.trashed_ids()):
        for folder in (store.root, store.trash_folder):
            if (folder / run_id).exists():
                (folder / run_id).rename(runs_folder.parent / f"{run_id}-{time.time_ns()}")
    return store


def named(store, *names):
    for name in names:
        fabricate.run_of(store, fabricate.TEXT.model_copy(update={"name": name}))


def show(page, url, query=""):
    page.goto(f"{url}/runs{query}")
    page.get_by_test_id("stDataFrame").locator("canvas").first.wait_for()


def chosen_column(page, name):
    """Open the choice of columns and wait for one that is chosen."""
    page.get_by_role("button", name="Columns, order, groups").click()
    page.get_by_test_id("stMultiSelect").get_by_text(name, exact=True).wait_for()
    page.keyboard.press("Escape")


def test_a_query_filters_as_it_is_typed_and_is_in_the_address(page, app_url, store):
    named(store, "red", "yellow")
    show(page, app_url)
    box = page.get_by_label("Query")
    box.press_sequentially("yellow", delay=30)
    page.get_by_text("1 of 2 runs", exact=True).wait_for()
    box.press_sequentially(" and val/los < 9", delay=30)
    page.get_by_text("Is it val/loss?").wait_for()
    page.get_by_text("Still shown").wait_for()
    for _ in " < 9":
        box.press("Backspace")
    box.press_sequentially("s < 9", delay=30)
    page.get_by_text("Is it val/loss?").wait_for(state="hidden")
    page.get_by_text("1 of 2 runs", exact=True).wait_for()
    page.wait_for_url("**query=yellow+and+val%2Floss+%3C+9")
    page.wait_for_timeout(1000)
    assert box.input_value() == "yellow and val/loss < 9"  # no answer of the server undid a key
    page.reload()
    page.get_by_text("1 of 2 runs", exact=True).wait_for()
    expect(page.get_by_label("Query")).to_have_value("yellow and val/loss < 9")


def test_columns_survive_a_reload_and_another_page(page, app_url, store):
    named(store, "red")
    show(page, app_url)
    page.get_by_role("button", name="Columns, order, groups").click()
    choice = page.get_by_role("combobox", name="Columns")
    choice.fill("min(train/loss)")
    choice.press("Enter")
    page.wait_for_url("**min%28train*")
    page.reload()
    chosen_column(page, "min(train/loss)")
    page.get_by_role("link", name="Overview").click()
    page.get_by_role("heading", name="Traindeck").wait_for()
    page.get_by_role("link", name="Runs", exact=True).click()
    chosen_column(page, "min(train/loss)")


def test_a_head_sorts_all_pages_and_a_name_opens_its_run(page, app_url, store):
    for number in range(run_pages.ROWS + 3):
        store.create(fabricate.TEXT.model_copy(update={"name": f"run {number:03d}"}))
    show(page, app_url, "?columns=notes")
    page.get_by_text(f"Rows 1 to {run_pages.ROWS} of").wait_for()
    box = page.get_by_test_id("stDataFrame").bounding_box()
    for address in ("**sort=name*", "**descending=true*"):
        page.mouse.click(box["x"] + 60, box["y"] + 18)
        page.wait_for_url(address)
        page.wait_for_timeout(1000)  # what is on a canvas cannot be waited for
    page.get_by_role("button", name="chevron_right").click()
    page.get_by_text(f"Rows {run_pages.ROWS + 1} to").wait_for()
    page.wait_for_timeout(1000)
    page.mouse.click(box["x"] + 70, box["y"] + 36 + 17)
    page.wait_for_url("**/live?run=*")
    page.get_by_role("heading", name="run 002").wait_for()


def test_a_deletion_is_undone_with_one_click(page, app_url, store):
    named(store, "red")
    show(page, app_url)
    page.wait_for_timeout(1000)
    box = page.get_by_test_id("stDataFrame").bounding_box()
    page.mouse.click(box["x"] + 16, box["y"] + 36 + 17)
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Move to the trash").click()
    page.get_by_text("Moved 1 run to the trash.").wait_for()
    assert list(store.ids()) == []
    page.get_by_role("button", name="Undo").click()
    page.get_by_text("1 run", exact=True).wait_for()
    assert len(store.ids()) == 1  # moved before it is shown
    page.get_by_role("button", name="Undo").wait_for(state="hidden")


def test_notes_are_formatted_and_reach_nobody(page, app_url, store):
    run = fabricate.run_of(store)
    run.write_labels(
        Labels(notes="**why** ![x](http://127.0.0.2:9/a.png)\n<img src=q onerror=x()>")
    )
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    show(page, app_url)
    page.wait_for_timeout(1000)
    box = page.get_by_test_id("stDataFrame").bounding_box()
    page.mouse.click(box["x"] + 16, box["y"] + 36 + 17)
    page.get_by_text("Name, tags and notes").click()
    page.locator("strong", has_text="why").wait_for()
    page.get_by_text("<img src=q onerror=x()>").first.wait_for()
    page.wait_for_timeout(500)
    assert [url for url in asked if "127.0.0.2" in url or url.endswith("/q")] == []


@pytest.mark.slow
def test_thousands_of_runs_are_shown_and_filtered(new_page, tmp_path):
    folder = tmp_path / "many"
    fill(RunStore(folder), 3_000)
    RunStore(folder).index.entries()
    with serving(ROOT / "app.py", folder) as url:
        page = new_page()
        show(page, url, "?query=task.kind+%3D%3D+causal-lm")
        page.get_by_text("1,500 of 3,000 runs", exact=True).wait_for()
        page.get_by_label("Query").fill("batch_size < 0")
        page.get_by_text("0 of 3,000 runs", exact=True).wait_for()
        page.get_by_label("Query").fill("")
        page.get_by_text("3,000 runs", exact=True).wait_for()
