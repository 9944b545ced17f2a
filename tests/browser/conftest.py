"""One Chromium for all browser tests, and pages that fail a test when they log an error."""

from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest

from tests.browser.server import ROOT, serving

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


@pytest.fixture(autouse=True)
def leaves_nothing_behind():
    """Replaces the guard of the other tests: Chromium starts and ends processes as it likes."""
    before = _processes()
    yield
    _, alive = psutil.wait_procs(_processes() - before, timeout=20)
    assert [process.cmdline() for process in alive] == []


def _processes():
    children = psutil.Process().children(recursive=True)
    return {child for child in children if not _is_chromium(child)}


def _is_chromium(process):
    try:
        return process.name().startswith(("chrom", "node", "cat"))
    except psutil.NoSuchProcess:
        return True


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("browser")
    # last: Playwright's event loop stays in this thread, where other tests want one of their own
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport():
    """Skipped for want of a browser, all of them are one line of the summary, not one each."""
    report = yield
    if report.skipped:
        report.longrepr = (__file__, None, report.longrepr[-1])
    return report


@pytest.fixture(scope="session")
def browser():
    if not CHROMIUM.exists():
        give_up = pytest.fail if "TRAINDECK_REQUIRE_BROWSER" in os.environ else pytest.skip
        give_up(f"browser tests need Chromium at {CHROMIUM}")
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=20_000)  # the machine may be busy with other tests
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def new_page(browser):
    """Opens pages, each in a context of its own; a console error in any of them fails the test."""
    errors: list[str] = []
    contexts = []

    def open_page(*, width=1440, height=1000, theme="light", **options):
        size = {"width": width, "height": height}
        context = browser.new_context(viewport=size, color_scheme=theme, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("console", lambda line: errors.append(_told(line)) if _is_ours(line) else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.console_errors = errors
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert errors == []


def _is_ours(line):
    """Whether a console line is an error, other than Streamlit's search for its server.

    Opened at /runs, it first asks for /runs/_stcore/health and gets a 404.
    """
    return line.type == "error" and "/_stcore/" not in line.location["url"]


def _told(line):
    return f"{line.text} ({line.location['url']})"


@pytest.fixture
def page(new_page):
    return new_page()


@pytest.fixture(scope="module")
def runs_folder(tmp_path_factory):
    return tmp_path_factory.mktemp("browser") / "runs"


@pytest.fixture(scope="module")
def app_url(runs_folder):
    """The address of the real app on `runs_folder`, one server a test module."""
    with serving(ROOT / "app.py", runs_folder) as url:
        yield url
