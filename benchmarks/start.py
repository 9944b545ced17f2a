"""How soon something is seen: imports, first paint in Chromium, first curve of a run."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

from benchmarks.table import print_table
from engine.runs.store import RunStore
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.browser.server import ROOT, serving

ROUNDS = 3
_END_S = 60.0


def _import_s(module: str) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", f"import {module}"], check=True)
    return time.perf_counter() - began


def _first_seen() -> tuple[float, float]:
    """Seconds from a tab's opening to the first painted page, and from Start to the first point."""
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(ROOT / "app.py", Path(folder) / "runs") as url,
        sync_playwright() as driver,
    ):
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        page = browser.new_page()
        began = time.perf_counter()
        page.goto(url)
        start = page.locator(".st-key-overview-digits-mlp-start button")
        start.wait_for()
        painted_s = time.perf_counter() - began
        began = time.perf_counter()
        start.click()
        page.locator(".js-plotly-plot .scatterlayer .trace").first.wait_for(timeout=120_000)
        point_s = time.perf_counter() - began
        browser.close()
        end_all(RunStore(Path(folder) / "runs"))
    return painted_s, point_s


def end_all(store: RunStore) -> None:
    """Stop every run of a folder and wait until nobody writes into it any more."""
    deadline = time.monotonic() + _END_S
    for summary in store.list():
        run = store.open(summary.id)
        if store.unqueue(run):
            continue
        run.request("stop")
        while (store.active / run.id).exists() or run.is_owned():
            assert time.monotonic() < deadline, run.state()
            time.sleep(0.05)


def main() -> None:
    imports = {
        name: statistics.median(_import_s(name) for _ in range(ROUNDS))
        for name in ("engine.runs.store", "components.config_form", "torch")
    }
    print_table("Imports", ("module", "seconds"), list(imports.items()))
    seen = [_first_seen() for _ in range(ROUNDS)]
    print_table(
        "In Chromium, with a new server each time",
        ("what", "median seconds"),
        [
            ("first paint of the Overview", statistics.median(one[0] for one in seen)),
            ("from Start (digits-mlp) to the first curve", statistics.median(o[1] for o in seen)),
        ],
    )


if __name__ == "__main__":
    main()
