"""Alerts in Chromium: the server finds a crossing by itself, pages tell it, one of them loudly."""

import time
from itertools import count

import pytest
from playwright.sync_api import expect

from engine.alerting.rule import Rule
from engine.alerting.rule_book import RuleBook
from engine.runs.series import MetricFiles, records_of
from engine.runs.state import RunState
from engine.runs.store import RunStore
from tests import fabricate
from tests.browser.watching import becomes

ABOVE_2 = {"kind": "compare", "metric": "val/loss", "is": ">", "value": 2}
RECORDED = """
  window.told = [];
  window.Notification = class {
    static permission = localStorage.getItem("permission") ?? "default";
    static async requestPermission() {
      window.askedAt = navigator.userActivation.isActive;
      localStorage.setItem("permission", "granted");
      return (this.permission = "granted");
    }
    constructor(title, { body }) { window.told.push(`${title}|${body}`); }
  };
"""
"""Headless Chromium shows no notifications: this keeps what would be shown."""


class Live:
    """A run that a worker seems to work on, as long as the test holds its lock."""

    def __init__(self, runs_folder):
        self.store = RunStore(runs_folder)
        self.run = self.store.create(fabricate.TEXT)
        (self.store.active / self.run.id).touch()
        self.run.write_state(RunState(status="running", attempt=1, step=1, heartbeat=time.time()))
        self.steps = count(1)

    def log(self, *values):
        files = MetricFiles(self.run.metrics_folder)
        points = [(next(self.steps), time.time(), value) for value in values]
        files.append("val/loss", records_of(points))
        files.close()


@pytest.fixture
def live(app_url, runs_folder):
    live = Live(runs_folder)
    with live.run.owned():
        yield live
    live.store.end(live.run, "stopped", "the test is over")
    book = RuleBook(live.store.root)
    for kept in book.rules():
        book.remove(kept.id)


def rule(live, **fields):
    document = {"name": "too <b>high</b>", "condition": ABOVE_2, "cooldown_min": 0, **fields}
    return RuleBook(live.store.root).put(Rule.parse(document))


def opened(page, url):
    """Open a page and wait until its bell has asked for the first time."""
    with page.expect_response("**/traindeck/alerts*"):
        page.goto(url)
    page.locator(".td-bell").wait_for(state="attached")


def test_a_crossing_appears_on_any_page_with_the_way_to_its_run(page, app_url, live):
    opened(page, app_url)
    rule(live)
    live.log(1, 3.25)
    toast = page.locator(".td-alert")
    expect(toast).to_contain_text("too <b>high</b>")
    expect(toast).to_contain_text("val/loss was 3.25 at step 2, above 2 since step 2.")
    toast.get_by_role("link").click()
    page.get_by_text("too <b>high</b> at step 2").wait_for()
    page.wait_for_url(f"**run={live.run.id}*")


def test_a_notification_needs_a_click_and_comes_once_for_several_tabs(new_page, app_url, live):
    first = new_page()
    first.context.add_init_script(RECORDED)
    opened(first, app_url)
    assert first.evaluate("window.askedAt") is None
    first.locator(".td-bell").click()
    first.locator(".td-bell[aria-pressed=true]").wait_for()
    assert first.evaluate("window.askedAt") is True
    second = first.context.new_page()
    opened(second, app_url)
    expect(second.locator(".td-bell")).to_have_attribute("aria-pressed", "true")
    rule(live, channels=["app", "browser"])
    live.log(5)
    for tab in (first, second):
        tab.locator(".td-alert").wait_for()
    expected = ["too <b>high</b>|docs gpt: val/loss was 5 at step 1, above 2 since step 1."]

    def told():
        return [text for tab in (first, second) for text in tab.evaluate("window.told")]

    becomes(first, told, expected)
    first.wait_for_timeout(500)
    assert told() == expected


def test_a_reload_tells_nothing_again_and_a_page_change_keeps_the_toast(page, app_url, live):
    opened(page, app_url)
    rule(live)
    live.log(5)
    page.locator(".td-alert").wait_for()
    page.get_by_role("link", name="Runs", exact=True).click()
    page.get_by_test_id("stDataFrame").wait_for()
    expect(page.locator(".td-alert")).to_have_count(1)
    with page.expect_response("**/traindeck/alerts*"):
        page.reload()
    page.locator(".td-bell").wait_for(state="attached")
    page.wait_for_timeout(3000)
    assert page.locator(".td-alert").count() == 0


def test_a_hidden_tab_asks_nothing_unless_notifications_are_on(page, app_url, live):
    page.add_init_script(
        "Object.defineProperty(document, 'hidden', { get: () => window.gone ?? false });"
    )
    opened(page, app_url)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.evaluate("window.gone = true; document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for_timeout(500)
    asked.clear()
    page.wait_for_timeout(4000)
    assert [url for url in asked if "/alerts" in url] == []
    page.evaluate("window.gone = false; document.dispatchEvent(new Event('visibilitychange'))")
    becomes(page, lambda: len([url for url in asked if "/alerts" in url]), 1)


def test_a_rule_is_made_on_the_page_of_a_run_and_listed(page, app_url, live):
    live.log(1)
    page.goto(f"{app_url}/live?run={live.run.id}")
    page.get_by_role("button", name="Alert me").click()
    page.get_by_label("Name", exact=True).fill("mine")
    page.get_by_label("Value", exact=True).fill("7")
    page.get_by_label("Value", exact=True).press("Tab")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("Saved. It judges").wait_for()
    page.goto(f"{app_url}/alerts")
    page.get_by_text("mine", exact=True).wait_for()
    page.get_by_text("When val/loss > 7 for 1 point").wait_for()


def test_a_rule_is_edited_in_its_place_and_its_state_follows_by_itself(page, app_url, live):
    kept = rule(live, name="mine")
    page.goto(f"{app_url}/alerts")
    page.get_by_text("Has not fired lately.").wait_for()
    live.log(5)
    page.get_by_text("Last fired just now, in docs gpt.").wait_for()
    page.get_by_role("button", name="Edit").click()
    page.get_by_label("Value", exact=True).fill("")
    page.get_by_label("Value", exact=True).press("Tab")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("Value: A value is needed").wait_for()
    page.get_by_label("Value", exact=True).fill("9")
    page.get_by_label("Value", exact=True).press("Tab")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("When val/loss > 9 for 1 point").wait_for()
    (changed,) = RuleBook(live.store.root).rules()
    assert (changed.id, changed.condition.value, changed.revision) == (kept.id, 9.0, 1)
