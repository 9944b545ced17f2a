"""How long a viewer waits: the first chart of a run of many metrics, a search, a zoom.

`benchmarks.charts` prints these below its own table, where there is a Chromium.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks import effort
from benchmarks.table import print_table
from engine.runs.run import Run
from engine.runs.series import RECORD, MetricFiles
from engine.runs.store import RunStore
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.browser.server import ROOT, serving
from tests.fabricate import run_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

METRICS = effort.of(2000, 200)
STEPS = effort.of(1_000_000, 20_000)
ZOOMS = effort.of(7, 2)
PLOT = "document.querySelector('.td-chart .js-plotly-plot')"
DRAWN = f"() => {PLOT}?.data?.length > 0"


def main() -> None:
    if not CHROMIUM.exists():
        sys.stdout.write(f"No Chromium at {CHROMIUM}: nothing measured in the browser.\n")
        return
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder:
        store = RunStore(Path(folder) / "runs")
        many, long = _run(store, METRICS, 50), _run(store, 8, STEPS)
        script = ROOT / "tests/browser/board_app.py"
        with serving(script, store.root) as url, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
            rows = [*_first_and_search(browser, f"{url}/?run={many.id}")]
            zooms = _zooms(browser, f"{url}/?run={long.id}")
            rows.append([f"zoom into {STEPS:,} steps", round(zooms), "300"])
            browser.close()
    print_table("In Chromium, ms until it is drawn", ["what", "ms", "wanted"], rows)


def _first_and_search(browser: Browser, address: str) -> list[list[object]]:
    page = browser.new_page()
    page.goto(address)
    page.wait_for_function(DRAWN)  # the browser has the scripts from now on
    began = time.perf_counter()
    page.reload()
    page.wait_for_function(DRAWN)
    first = 1000 * (time.perf_counter() - began)
    wanted = f"activity_{METRICS - 1}"
    began = time.perf_counter()
    page.get_by_role("searchbox").fill(wanted)
    page.wait_for_function(
        f"() => document.querySelector('[data-chart={wanted}] .js-plotly-plot')?.data?.length > 0"
    )
    searched = 1000 * (time.perf_counter() - began)
    page.close()
    return [
        [f"first chart of {METRICS:,}, page reloaded", round(first), ""],
        [f"search among {METRICS:,} charts", round(searched), ""],
    ]


def _zooms(browser: Browser, address: str) -> float:
    """From the end of the drag until the finer points are there."""
    page = browser.new_page(viewport={"width": 1440, "height": 1000})
    page.goto(address)
    page.wait_for_function(DRAWN)
    taken = [_zoom(page) for _ in range(ZOOMS)]
    page.close()
    return statistics.median(taken)


def _zoom(page: Page) -> float:
    page.wait_for_timeout(1500)
    box = page.locator(".td-plot").first.bounding_box()
    assert box is not None
    y = box["y"] + 80
    page.mouse.move(box["x"] + 0.4 * box["width"], y)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.5 * box["width"], y + 2, steps=4)
    page.evaluate(f"{PLOT}.before = {PLOT}.data[0].x")
    began = time.perf_counter()
    page.mouse.up()
    page.wait_for_function(f"() => {PLOT}.data[0].x !== {PLOT}.before")
    elapsed_ms = 1000 * (time.perf_counter() - began)
    page.get_by_role("button", name="Reset zoom").click()
    return elapsed_ms


def _run(store: RunStore, metrics: int, steps: int) -> Run:
    run = run_of(store, status="running", steps=0)
    records = np.zeros(steps, RECORD)
    records["step"] = np.arange(1, steps + 1)
    records["value"] = np.random.default_rng(0).normal(size=steps)
    files = MetricFiles(run.metrics_folder)
    for number in range(metrics):
        files.append(f"unit{number % 20}/activity_{number}", records)
    files.close()
    return run


if __name__ == "__main__":
    main()
