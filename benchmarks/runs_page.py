"""The Runs page with ten thousand runs in Chromium: how long somebody waits for what."""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import effort
from benchmarks.many_runs import fill
from benchmarks.table import print_table
from engine.runs.store import RunStore
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.browser.server import ROOT, serving

if TYPE_CHECKING:
    from playwright.sync_api import Page

RUNS = 10_000
QUERIES = ("optimizer.name == sgd", "run 7 completed", "min(val/loss) < 1.4 and batch_size > 9")


def main() -> None:
    if not CHROMIUM.exists():
        sys.stdout.write(f"No Chromium at {CHROMIUM}: the Runs page was not measured.\n")
        return
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as name:
        store = RunStore(Path(name) / "runs")
        fill(store, effort.of(RUNS, 200))
        store.index.entries()
        with serving(ROOT / "app.py", store.root) as url, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            rows = _measured(page, url, len(store.ids()))
            browser.close()
    print_table("The Runs page in Chromium (seconds)", ("what", "median", "slowest"), rows)
    print("Asked for: the count within 1 s of a click on Runs, a filter's answer within 0.3 s.\n")


def _measured(page: Page, url: str, runs: int) -> list[tuple[object, ...]]:
    """Medians over some rounds; the first one, in which pages are imported, apart."""
    taken: dict[str, list[float]] = {}
    for round_ in range(effort.of(5, 2)):
        first = " (the first time)" if round_ == 0 else ""
        for what, seconds in _round(page, url, f"{runs:,} runs"):
            taken.setdefault(f"{what}{first}", []).append(seconds)
    return [(what, statistics.median(times), max(times)) for what, times in taken.items()]


def _round(page: Page, url: str, all_of_them: str) -> list[tuple[str, float]]:
    page.goto(url)
    page.get_by_role("link", name="Runs", exact=True).wait_for()
    page.wait_for_timeout(3000)
    link, everything = (
        page.get_by_role("link", name="Runs", exact=True),
        page.get_by_text(all_of_them, exact=True),
    )
    found = [
        ("count after the click on Runs", _timed(lambda: (link.click(), everything.wait_for())))
    ]
    table = page.get_by_test_id("stDataFrame").locator("canvas").first
    found.append(("the table after the count", _timed(table.wait_for)))
    box = page.get_by_label("Query")
    answer = page.get_by_text(f"of {all_of_them}").first
    for query in QUERIES:
        page.wait_for_timeout(2000)
        box.fill(query)  # what is typed before the last key
        found.append((f"{query}, Enter", _timed(lambda: (box.press("Enter"), answer.wait_for()))))
        page.wait_for_timeout(1500)
        box.fill("")
        box.press("Enter")
        everything.wait_for()
    page.wait_for_timeout(2000)
    box.press_sequentially("run 17")
    found.append(("run 17, typed, from the last key", _timed(answer.wait_for)))
    box.fill("")
    box.press("Enter")
    everything.wait_for()
    return found


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
