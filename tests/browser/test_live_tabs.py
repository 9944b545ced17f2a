"""The tabs of a run's page in a browser: their address, what they load, downloads."""

from __future__ import annotations

import zipfile

import pytest

from engine.runs.checkpoint_files import WEIGHTS
from engine.runs.store import RunStore
from tests import fabricate


@pytest.fixture
def store(runs_folder):
    return RunStore(runs_folder)


@pytest.fixture
def run(store):
    run = fabricate.run_of(store, status="stopped", steps=120)
    fabricate.checkpoint_of(run, 100)
    return run


def open_tab(page, name):
    page.get_by_role("tab", name=name, exact=True).click()


def test_the_open_tab_is_in_the_address_and_survives_a_reload(page, app_url, run):
    page.goto(f"{app_url}/live?run={run.id}")
    page.locator(".js-plotly-plot").first.wait_for()
    open_tab(page, "Checkpoints")
    page.get_by_role("button", name="Verify now").wait_for()
    page.wait_for_url(lambda url: "tab=Checkpoints" in url and f"run={run.id}" in url)
    page.wait_for_function("!document.querySelector('.js-plotly-plot')")
    page.reload()
    page.get_by_role("button", name="Verify now").wait_for()
    open_tab(page, "Charts")
    page.locator(".js-plotly-plot").first.wait_for()
    page.wait_for_url(lambda url: "tab=" not in url)


def test_a_checkpoint_is_downloaded(page, app_url, run, tmp_path):
    page.goto(f"{app_url}/live?run={run.id}&tab=Checkpoints")
    for label, name in (("Weights", WEIGHTS), ("Everything, as a zip", "all.zip")):
        with page.expect_download() as download:
            page.get_by_role("link", name=label).click()
        download.value.save_as(tmp_path / name)
    assert (tmp_path / WEIGHTS).read_text() == "model.safetensors of step 100"
    assert zipfile.ZipFile(tmp_path / "all.zip").testzip() is None


def test_the_page_is_left_for_the_form_from_any_tab(page, app_url, run):
    page.goto(f"{app_url}/live?run={run.id}&tab=Checkpoints")
    page.get_by_role("button", name="Fork from here").click()
    page.get_by_text("Fork of").first.wait_for()
    page.wait_for_url(lambda url: "tab=" not in url)


def test_new_lines_appear_in_the_log_by_themselves(page, app_url, run):
    run.write_state(run.state().model_copy(update={"status": "running"}))
    page.goto(f"{app_url}/live?run={run.id}&tab=Log")
    page.get_by_text("Output", exact=True).click()
    page.get_by_text("printed nothing yet").wait_for()
    (run.folder / "worker.log").write_text("WARNING <u>low</u>\n")
    page.get_by_text("<u>low</u>").wait_for()
    page.get_by_placeholder("Words in the line").fill("nothing such")
    page.get_by_placeholder("Words in the line").press("Enter")
    page.get_by_text("0 of 1 lines").wait_for()


def test_on_a_phone_the_first_chart_is_seen_without_scrolling(new_page, app_url, run):
    run.write_state(run.state().model_copy(update={"status": "running"}))
    run.add_event("alert", "It rises.", step=100, alert="overfitting")
    page = new_page(width=400, height=800)
    page.goto(f"{app_url}/live?run={run.id}")
    page.locator(".js-plotly-plot .trace").first.wait_for()
    page.get_by_text("1 alert").wait_for()
    page.wait_for_function(
        "() => document.querySelector('.td-plot').getBoundingClientRect().bottom <= 801"
    )
    for name in ("Report", "Alert me", "Pause", "View"):
        box = page.get_by_role("button", name=name).bounding_box()
        assert 0 <= box["x"] < box["x"] + box["width"] <= 400, name
    page.get_by_role("button", name="View").click()
    page.get_by_role("dialog").get_by_label("X axis").select_option("time")
    page.wait_for_function("() => new URL(location).searchParams.get('live.axis') === 'time'")


def test_the_address_of_a_webhook_is_kept_when_tab_leaves_it(page, app_url, run):
    page.goto(f"{app_url}/live?run={run.id}")
    page.get_by_role("button", name="Alert me").click()
    page.get_by_role("combobox", name="Tell me").click()
    page.get_by_role("option", name="Webhook").click()
    page.get_by_role("textbox", name="Address").fill("http://127.0.0.1:9000/hook")
    page.keyboard.press("Tab")
    page.get_by_text("TRAINDECK_WEBHOOK_HOSTS=127.0.0.1").wait_for()
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("Must begin with https").wait_for()
