"""What a run's page costs its server while it is open: python -m benchmarks.live_page

Processor time of the server for each second that one viewer without a screen looks, with a run that
is at work: the page's own fragments, and with the feed of the charts. And in Chromium, for ten
minutes of a growing run, the memory of the server and of the tab, which must stay what it is.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import psutil

from benchmarks import effort, viewer
from benchmarks.table import print_table
from engine.runs.run import Run
from engine.runs.store import RunStore
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.browser.growing import grow, running_run
from tests.browser.server import ROOT, serving
from tests.fabricate import checkpoint_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser, CDPSession

STEPS = effort.of(20_000, 500)
CHECKPOINTS = 5
LOOK_S = effort.of(30, 4)
WARM_S = effort.of(5, 2)
MINUTES = effort.of(10, 1)
FLAT_FROM = 2
"""Minutes after which nothing is warming up any more."""
PACE_S, NEW_STEPS = 0.5, 10


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = RunStore(Path(folder) / "runs")
        run = running_run(store, STEPS)
        for number in range(1, CHECKPOINTS + 1):
            checkpoint_of(run, number * STEPS // CHECKPOINTS)
        with serving(ROOT / "app.py", store.root) as url, _at_work(run):
            server = _newest_child()
            print_table(
                f"Processor time of the server for a run's page, one viewer, {LOOK_S} s",
                ["watched", "ms a second", "page messages a second"],
                [_cost(url, run, server, feed=False), _cost(url, run, server, feed=True)],
            )
            _memory(f"{url}/live?run={run.id}", server)


def _cost(url: str, run: Run, server: psutil.Process, *, feed: bool) -> list[object]:
    async def look() -> tuple[float, int]:
        watching = asyncio.create_task(
            viewer.watch(url, run.id, WARM_S + LOOK_S + 1, feed=feed, counts=counts)
        )
        await asyncio.sleep(WARM_S)
        before, messages = _busy_s(server), counts["page"]
        await asyncio.sleep(LOOK_S)
        spent = _busy_s(server) - before, counts["page"] - messages
        await watching
        return spent

    counts = viewer.nothing_yet()
    spent_s, messages = asyncio.run(look())
    what = "page and charts" if feed else "page"
    return [what, 1000 * spent_s / LOOK_S, messages / LOOK_S]


def _memory(address: str, server: psutil.Process) -> None:
    if not CHROMIUM.exists():
        sys.stdout.write(f"No Chromium at {CHROMIUM}: no memory measured.\n")
        return
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        rows = _minutes(browser, address, server)
        browser.close()
    print_table(
        f"Memory while a run that grows is watched in Chromium for {MINUTES} minutes, MB",
        ["minute", "server", "tab's process", "tab's JavaScript", "its nodes"],
        rows,
    )
    flat = np.array([row for row in rows if row[0] >= FLAT_FROM], float)
    if len(flat) > 1:
        server_slope, tab_slope, heap_slope, _ = np.polyfit(flat[:, 0], flat[:, 1:], 1)[0]
        told = f"server {server_slope:+.2f}, tab {tab_slope:+.2f}, JavaScript {heap_slope:+.2f}"
        print(f"  MB a minute from minute {FLAT_FROM} on (asked: flat): {told}")


def _minutes(browser: Browser, address: str, server: psutil.Process) -> list[list[float]]:
    page = browser.new_page(viewport={"width": 1440, "height": 1000})
    page.goto(address)
    page.locator(".js-plotly-plot .trace").first.wait_for()
    inside = page.context.new_cdp_session(page)
    inside.send("Performance.enable")
    rows, began = [], time.monotonic()
    for minute in range(MINUTES + 1):
        page.wait_for_timeout(max(0.0, 1000 * (began + 60 * minute - time.monotonic())))
        rows.append([float(minute), server.memory_info().rss / 1e6, _renderer_mb(), *_heap(inside)])
    page.close()
    return rows


def _heap(inside: CDPSession) -> tuple[float, float]:
    """Megabytes of JavaScript that are in use, and nodes of the document."""
    inside.send("HeapProfiler.collectGarbage")
    found = {one["name"]: one["value"] for one in inside.send("Performance.getMetrics")["metrics"]}
    return found["JSHeapUsedSize"] / 1e6, found["Nodes"]


def _renderer_mb() -> float:
    """Of the process that draws the page: the largest of those that draw."""
    drawing = [
        child.memory_info().rss
        for child in psutil.Process().children(recursive=True)
        if "--type=renderer" in child.cmdline()
    ]
    return max(drawing) / 1e6


def _busy_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _newest_child() -> psutil.Process:
    return max(psutil.Process().children(), key=lambda child: child.create_time())


@contextmanager
def _at_work(run: Run) -> Iterator[None]:
    """Let the run grow and give signs of life while the block runs."""
    done = threading.Event()

    def work() -> None:
        step = STEPS
        while not done.wait(PACE_S):
            grow(run, NEW_STEPS)
            step += NEW_STEPS
            news = {"step": step, "total_steps": 10 * STEPS, "heartbeat": time.time()}
            run.write_state(run.state().model_copy(update=news))

    writer = threading.Thread(target=work)
    writer.start()
    try:
        yield
    finally:
        done.set()
        writer.join()


if __name__ == "__main__":
    main()
