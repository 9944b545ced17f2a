"""The report in Chromium: from a file, without a network, in both themes and on paper."""

import io

import pypdf
import pytest
from playwright.sync_api import expect

from components.dashboard import Dashboard
from engine.runs.run import Labels
from engine.runs.store import RunStore
from tests import fabricate
from tests.browser.watching import becomes


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    store = RunStore(tmp_path_factory.mktemp("reports"))
    runs = [fabricate.run_of(store, fabricate.IMAGES) for _ in range(2)]
    runs[0].write_labels(Labels(name="<img src=x onerror=alert(1)> 😀"))
    runs[0].add_event("alert", "A <b>spike</b>.", step=120, alert="loss spike")
    return runs


@pytest.fixture
def opened(new_page, runs, tmp_path):
    """Opens the report of so many runs from its file, in a browser without a network."""

    def opened(count=1, **options):
        path = Dashboard().plot(runs[:count]).save(tmp_path / "report.html")
        page = new_page(offline=True, **options)
        page.asked = []
        page.on("request", lambda request: page.asked.append(request.url))
        page.goto(path.as_uri())
        page.wait_for_selector("html[data-drawn]")
        return page

    return opened


def says(page, expression, expected):
    """Wait for a value; Playwright's own waiting evaluates strings, which the page forbids."""
    becomes(page, lambda: page.evaluate(expression), expected)


def test_a_report_draws_all_its_charts_and_asks_nothing_of_anybody(opened):
    page = opened()
    assert page.locator(".plot .main-svg").count() >= page.locator(".plot").count() == 6
    assert page.locator(".plot .scatterlayer path.js-line").count() >= 8
    assert [url.split("/")[-1] for url in page.asked] == ["report.html"]
    assert page.locator("h1").inner_text() == "<img src=x onerror=alert(1)> 😀"
    assert page.locator("img[src=x]").count() == 0


def test_a_name_in_a_legend_hides_its_curve_and_only_there(opened):
    page = opened()
    loss = page.locator(".chart").first
    before = page.locator(".scatterlayer .trace").count()
    loss.get_by_role("button", name="Validation").click()
    expect(page.locator(".scatterlayer .trace")).to_have_count(before - 2)  # its line, its points
    loss.get_by_role("button", name="Validation").click()
    expect(page.locator(".scatterlayer .trace")).to_have_count(before)


def test_a_run_is_hidden_in_all_charts(opened):
    page = opened(2)
    drawn = page.evaluate("nodes.map((node) => node._fullData.filter((t) => t.visible).length)")
    page.locator("button.swatch-button").first.click()
    twice = "nodes.map((node) => 2 * node._fullData.filter((t) => t.visible).length)"
    says(page, twice, drawn)


def test_the_charts_follow_the_theme_of_the_reader(opened):
    page = opened(theme="dark")
    tick = "getComputedStyle(document.querySelector('.xtick text')).fill"
    says(page, tick, "rgb(154, 165, 180)")
    page.emulate_media(color_scheme="light")
    says(page, tick, "rgb(91, 102, 117)")


def test_a_zoom_survives_a_change_of_width(opened):
    page = opened()
    page.evaluate("Plotly.relayout(nodes[0], {'xaxis.range': [50, 100]})")
    page.set_viewport_size({"width": 900, "height": 900})
    says(page, "nodes[0]._fullLayout.width < 900", True)
    says(page, "nodes[0]._fullLayout.xaxis.range", [50, 100])


def test_the_page_prints_on_a4_with_its_charts(opened):
    page = opened()
    document = pypdf.PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True)))
    words = " ".join(page.extract_text() for page in document.pages)
    assert 2 <= len(document.pages) <= 6
    for said in ("Learning rate", "training.optimizer.lr", "A <b>spike</b>."):
        assert said in words


def test_the_live_page_hands_out_reports_that_are_made_on_the_click(
    page, app_url, runs_folder, tmp_path
):
    run = fabricate.run_of(RunStore(runs_folder), fabricate.IMAGES)
    page.goto(f"{app_url}/live?run={run.id}")
    page.get_by_role("button", name="Report").click()
    for label, ending, begin in (("HTML", "html", b"<!doctype"), ("PDF", "pdf", b"%PDF-")):
        with page.expect_download() as download:
            page.get_by_role("button", name=label).click()
        assert download.value.suggested_filename == f"digits-vit-{run.id}.{ending}"
        download.value.save_as(tmp_path / "report")
        assert (tmp_path / "report").read_bytes().startswith(begin)
