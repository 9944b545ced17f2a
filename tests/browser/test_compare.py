"""The Compare page in Chromium, on fabricated run folders."""

import re

import pytest
from playwright.sync_api import expect

from engine.frozen import with_changes
from engine.runs.run import Labels
from engine.runs.store import RunStore
from tests import fabricate
from tests.engine.comparison.made import log

RATES = (3e-4, 3e-3, 3e-2)


@pytest.fixture(scope="module")
def runs(app_url, runs_folder):
    """Three learning rates with two seeds each, one with a hostile name, one that goes on."""
    store = RunStore(runs_folder)
    made = [
        fabricate.run_of(
            store,
            with_changes(
                fabricate.IMAGES,
                {
                    "name": f"rate {rate:g}",
                    "training.optimizer.lr": rate,
                    "training.reproducibility.seed": seed,
                },
            ),
        )
        for rate in RATES
        for seed in range(2)
    ]
    made[1].write_labels(Labels(name="<img src=x onerror=window.hacked=1> 😀 " + "x" * 250))
    for run in made[:2]:
        for step in (50, 100):
            run.write_samples(step, [{"prompt": "", "text": f"<u>{run.id}</u> at {step}"}])
    return made


def address(app_url, runs, tab, more=""):
    return f"{app_url}/compare?runs={','.join(run.id for run in runs)}&compare.tab={tab}{more}"


def test_curves_lie_over_one_another_and_stay_the_same_nodes(page, app_url, runs):
    page.goto(address(app_url, runs, "Curves"))
    page.locator(".js-plotly-plot .scatterlayer .trace").first.wait_for(timeout=60_000)
    page.evaluate("document.querySelector('.js-plotly-plot').dataset.mark = 'same'")
    page.get_by_role("tab", name="Metrics").click()
    page.get_by_text("val/loss: lowest").wait_for()
    page.get_by_role("tab", name="Curves").click()
    page.locator(".js-plotly-plot .scatterlayer .trace").first.wait_for()
    assert page.evaluate("document.querySelector('.js-plotly-plot').dataset.mark") == "same"


def test_the_list_of_runs_stays_open_while_runs_are_picked(page, app_url, runs):
    page.goto(address(app_url, runs[2:4], "Metrics"))
    page.get_by_text("Choose runs").click()
    picker = page.get_by_role("combobox", name="Runs")
    for count in (3, 4):
        picker.click()
        picker.fill("rate 0.03")
        page.get_by_role("option", name="rate 0.03").first.click()
        page.get_by_text(f"{count} runs", exact=True).wait_for()
        page.wait_for_timeout(500)
        expect(picker).to_be_visible()


def test_a_comparison_can_be_shared_by_its_address(page, app_url, runs):
    more = f"&compare.by=optimizer.lr&baseline={runs[0].id}"
    page.goto(address(app_url, runs, "Metrics", more))
    page.get_by_text("Against the baseline").wait_for()
    page.get_by_text("Do the groups differ?").wait_for()
    page.get_by_role("tab", name="Differences").click()
    page.get_by_text("Configuration", exact=True).wait_for()
    page.wait_for_url("**compare.tab=Differences*")
    shared = page.url
    page.goto(shared)
    page.get_by_text("Configuration", exact=True).wait_for()
    page.get_by_role("tab", name="Metrics").click()
    page.get_by_text("Do the groups differ?").wait_for()


def test_a_point_of_the_scatter_leads_to_its_run(page, app_url, runs):
    page.goto(address(app_url, [runs[0], runs[2]], "Scatter"))
    points = page.locator(".js-plotly-plot .scatterlayer .point")
    points.first.wait_for()
    page.wait_for_timeout(1000)
    box = points.first.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.get_by_role("button", name="Open rate 0.0003").click()
    page.wait_for_url(re.compile(f"live.*run={runs[0].id}"))


def test_a_slider_moves_the_samples_of_all_sides(page, app_url, runs):
    page.goto(address(app_url, runs[:2], "Samples"))
    for run in runs[:2]:
        page.get_by_text(f"<u>{run.id}</u> at 100").wait_for()
    page.get_by_role("slider").focus()
    page.keyboard.press("ArrowLeft")
    for run in runs[:2]:
        page.get_by_text(f"<u>{run.id}</u> at 50").wait_for()


@pytest.mark.parametrize(
    ("tab", "width"),
    [("Metrics", 400), ("Differences", 1440), ("Parallel", 400), ("Scatter", 1440)],
)
def test_nothing_is_wider_than_the_window_and_no_name_is_html(new_page, app_url, runs, tab, width):
    page = new_page(width=width)
    page.goto(
        address(app_url, runs, tab, "&compare.color=name&compare.axes=name&compare.axes=step")
    )
    page.get_by_role("tab", name=tab).wait_for()
    page.wait_for_timeout(2500)
    wider = """() => {
      const main = document.querySelector('[data-testid=stMain]');
      return main.scrollWidth - main.clientWidth;
    }"""
    assert page.evaluate(wider) <= 0
    assert page.evaluate("window.hacked") is None
    assert page.locator("img[src=x]").count() == 0


def test_newest_values_come_by_themselves(page, app_url, runs, runs_folder):
    run = fabricate.run_of(RunStore(runs_folder), fabricate.IMAGES, status="running", steps=60)
    page.goto(address(app_url, [run, runs[0]], "Metrics"))
    page.get_by_text("val/loss: lowest").wait_for()
    log(run, {"val/loss": [-5.0]}, after=60)
    page.get_by_text("val/loss: lowest -5").wait_for()
    run.write_state(run.state().model_copy(update={"status": "stopped"}))
