"""The Launch page in a real browser: what is typed stays, what is wrong is said, Start trains."""

import contextlib
import json
import time

import pytest
from playwright.sync_api import expect

from components.draft import Draft, DraftFile
from engine.examples import EXAMPLES
from engine.frozen import with_changes
from engine.runs.store import RunStore
from tests.browser.server import ROOT, serving

LR = "Learning rate"


def opened(page, url):
    """The Launch page; what Streamlit's own start logs (two 404s below the root) is forgotten."""
    page.goto(f"{url}/launch")
    expect(field(page, LR)).to_be_visible()
    settled(page)
    page.console_errors.clear()
    return page


def go_to(page, title):
    page.get_by_role("link", name=title, exact=True).first.click()


def field(page, label):
    return page.get_by_label(label, exact=True).first


def start_button(page):
    return page.locator(".st-key-launch-start button").first


def settled(page):
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0)


def type_into(page, label, text):
    field(page, label).fill(text)
    field(page, label).press("Enter")
    settled(page)


def kept(runs):
    return json.loads((runs / ".workspace" / "draft.json").read_bytes())["document"]


def kept_soon(runs, read, expected):
    """The draft's file comes to say `expected`."""
    deadline = time.monotonic() + 30
    found = None
    while found != expected and time.monotonic() < deadline:
        with contextlib.suppress(FileNotFoundError):  # nothing was edited yet
            found = read(kept(runs))
        time.sleep(0.05)
    assert found == expected


def lr_of(document):
    return document["training"]["optimizer"]["lr"]


@pytest.fixture
def default_draft(runs_folder):
    runs_folder.mkdir(exist_ok=True)
    DraftFile(runs_folder).write(Draft.of(EXAMPLES["gpt-python-docs"].spec))


@pytest.mark.usefixtures("default_draft")
def test_two_edits_a_page_change_and_a_reload_survive(page, app_url, runs_folder):
    opened(page, app_url)
    type_into(page, LR, "3e-4")
    type_into(page, LR, "2.5e-4")
    type_into(page, "Layers", "3")
    kept_soon(runs_folder, lr_of, 2.5e-4)
    kept_soon(runs_folder, lambda document: document["model"]["layers"], 3)
    go_to(page, "Runs")
    expect(field(page, LR)).to_have_count(0)
    go_to(page, "Launch")
    expect(field(page, LR)).to_have_value("2.5e-4")
    page.reload()
    expect(field(page, LR)).to_have_value("2.5e-4")
    expect(field(page, "Layers")).to_have_value("3")
    page.console_errors.clear()  # the two 404s again


@pytest.mark.usefixtures("default_draft")
def test_a_wrong_number_stays_as_typed_with_the_remedy_below(page, app_url):
    opened(page, app_url)
    form, start = page.locator(".st-key-launch-form"), start_button(page)
    for label, wrong, words, right in (
        (LR, "<b>fast</b>", "Not a number (got '<b>fast</b>')", "1e-3"),
        ("Layers", "2.5", "Not a whole number", "2"),
        ("Layers", "1000", "Too large (got 1000). Allowed: above 0, at most 256.", "2"),
        ("Attention heads", "", "A value is needed", "4"),
        ("Width", "129", "multiple of 4, such as 132", "128"),
    ):
        type_into(page, label, wrong)
        expect(form.get_by_text(words)).to_be_visible()
        expect(field(page, label)).to_have_value(wrong)
        expect(start).to_be_disabled()
        type_into(page, label, right)
        expect(form.get_by_text(words)).to_have_count(0)
        expect(start).to_be_enabled()


@pytest.mark.usefixtures("default_draft")
def test_steps_on_a_number_go_up_and_down(page, app_url, runs_folder):
    opened(page, app_url)
    page.locator("[class*='optimizer-lr-lower'] button").first.click()
    expect(field(page, LR)).to_have_value("1e-3")
    page.locator("[class*='optimizer-lr-raise'] button").first.click()
    expect(field(page, LR)).to_have_value("3e-3")
    decay = page.locator(".st-key-form-training-optimizer-weight_decay")
    for shown in ("0.11", "0.12", "0.13"):
        decay.get_by_test_id("stNumberInputStepUp").click()
        expect(field(page, "Weight decay")).to_have_value(shown)
    kept_soon(
        runs_folder,
        lambda document: document["training"]["optimizer"]["weight_decay"],
        pytest.approx(0.13),
    )


@pytest.mark.usefixtures("default_draft")
def test_a_preset_is_told_and_undone(page, app_url):
    opened(page, app_url)
    page.get_by_role("button", name="Quality").click()
    expect(field(page, LR)).not_to_have_value("3e-3")
    page.get_by_role("button", name="Undo").click()
    expect(field(page, LR)).to_have_value("3e-3")
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)


@pytest.mark.usefixtures("default_draft")
def test_another_tab_sees_the_draft_and_both_edits_stay(new_page, app_url, runs_folder):
    one, two = opened(new_page(), app_url), opened(new_page(), app_url)
    type_into(one, "Layers", "2")
    kept_soon(runs_folder, lambda document: document["model"]["layers"], 2)
    type_into(two, "Width", "64")
    expect(field(two, "Layers")).to_have_value("2")
    kept_soon(runs_folder, lambda d: (d["model"]["layers"], d["model"]["width"]), (2, 64))


@pytest.mark.usefixtures("default_draft")
@pytest.mark.parametrize("width", [400, 1440])
def test_nothing_is_wider_than_the_window(new_page, app_url, width):
    page = opened(new_page(width=width, height=900), app_url)
    for expander in page.get_by_test_id("stExpander").all():
        expander.locator("summary").click()
    wider = page.evaluate(
        "() => [...document.querySelectorAll('[data-testid=stMain] *')]"
        ".filter(e => !e.closest('pre') && e.getBoundingClientRect().right > innerWidth + 1)"
        ".map(e => e.outerHTML.slice(0, 120))"
    )
    assert wider == []


@pytest.mark.usefixtures("default_draft")
def test_pasted_json_starts_a_run_that_trains(page, app_url, runs_folder):
    spec = with_changes(
        EXAMPLES["digits-mlp"].spec,
        {"name": "<i>mine</i>", "training.length": {"amount": 100, "unit": "steps"}},
    )
    opened(page, app_url)
    page.get_by_role("tab", name="Paste JSON").click()
    field(page, "A run as JSON").fill(spec.to_json())
    page.get_by_role("button", name="Load into the form").click()
    expect(field(page, "Name")).to_have_value("<i>mine</i>")
    page.locator(".st-key-launch-panel").get_by_text("Thread", exact=True).click()
    expect(page.get_by_text("Trains inside the server")).to_be_visible()
    start_button(page).click()
    page.wait_for_url("**/live?run=*")
    run = RunStore(runs_folder).open(page.url.partition("run=")[2])
    assert run.record.spec == spec
    deadline = time.monotonic() + 60
    while run.state().status in ("queued", "running") and time.monotonic() < deadline:
        time.sleep(0.2)
    state = run.state()
    assert (state.status, state.step, state.launcher) == ("completed", 100, "thread")
    opened(page, app_url)
    expect(page.locator(".st-key-launch-panel")).to_contain_text("about")


def test_the_draft_survives_a_new_server(new_page, tmp_path):
    runs = tmp_path / "runs"
    with serving(ROOT / "app.py", runs) as url:
        page = opened(new_page(), url)
        type_into(page, LR, "wrong")
        kept_soon(runs, lr_of, "wrong")
        page.close()
    with serving(ROOT / "app.py", runs) as url:
        page = opened(new_page(), url)
        expect(field(page, LR)).to_have_value("wrong")
        type_into(page, LR, "4e-4")
        kept_soon(runs, lr_of, 4e-4)
