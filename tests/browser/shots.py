"""Screenshots of every page, both themes, both widths, of real runs: `make shots`."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from components import run_tabs
from engine.examples import EXAMPLES
from engine.frozen import with_changes
from engine.runs.run import Run
from engine.runs.state import ACTIVE
from engine.runs.store import RunStore
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.browser.server import ROOT, serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser

OUT = ROOT / "shots"
PAGES = {"live": ".js-plotly-plot .trace", "": "h1", "launch": "h1", "runs": "canvas"}
"""Pages, the one that moves first, and what is there when they are drawn."""
_TALLEST = 4000


class Shot(NamedTuple):
    """One picture to take."""

    page: str
    drawn: str
    """Selector of what is there when the page is drawn."""
    size: tuple[int, int]
    theme: Literal["light", "dark"]
    tab: str = ""
    """A tab of the page, opened by its address."""

    @property
    def file_name(self) -> str:
        name = "-".join(part for part in (self.page or "overview", self.tab.lower()) if part)
        return f"{name}-{self.size[0]}-{self.theme}.png"

    def address(self, run: Run) -> str:
        """The rest of the URL; a tab is that of a run that has something in each."""
        return f"{self.page}?run={run.id}&tab={self.tab}" if self.tab else self.page


_LOOKS: list[tuple[tuple[int, int], Literal["light", "dark"]]] = [
    (size, theme) for size in ((1440, 900), (400, 800)) for theme in ("light", "dark")
]
SHOTS = [Shot(page, drawn, *look) for page, drawn in PAGES.items() for look in _LOOKS]
TABS = [
    Shot("live", "[role=tabpanel]", *look, tab) for tab in run_tabs.NAMES[1:] for look in _LOOKS
]


def main(out: Path = OUT) -> None:
    """Train one example to its end and another part of the way, then take the pictures."""
    from playwright.sync_api import sync_playwright

    out.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        runs = Path(folder) / "runs"
        store = RunStore(runs)
        with serving(ROOT / "app.py", runs) as url, sync_playwright() as playwright:
            finished = begin(store, "digits-mlp", {"training.logging.histograms_every_steps": 25})
            wait(lambda: finished.state().status not in ACTIVE)
            with live(store, "gpt-python-docs"):
                browser = playwright.chromium.launch(
                    executable_path=str(CHROMIUM), args=list(FLAGS)
                )
                for shot in (*SHOTS, *TABS):
                    shoot(browser, f"{url}/{shot.address(finished)}", shot, out / shot.file_name)
                    sys.stdout.write(f"{out / shot.file_name}\n")
                browser.close()


def begin(store: RunStore, example: str, changes: Mapping[str, object] | None = None) -> Run:
    """Queue an example, with changes; the server's dispatcher starts it."""
    run = store.create(with_changes(EXAMPLES[example].spec, dict(changes or {})))
    store.enqueue(run, "process")
    return run


@contextmanager
def live(store: RunStore, example: str) -> Iterator[Run]:
    """An example that trains while the block runs, and has some curves already."""
    run = begin(store, example)
    wait(lambda: run.state().step >= 150)
    try:
        yield run
    finally:
        run.request("stop")
        wait(lambda: run.state().status not in ACTIVE)


def shoot(browser: Browser, url: str, shot: Shot, path: Path) -> None:
    """Take one picture of a whole page."""
    width, height = shot.size
    size = {"width": width, "height": height}
    context = browser.new_context(viewport=size, color_scheme=shot.theme)
    page = context.new_page()
    page.goto(url)
    page.locator(shot.drawn).first.wait_for()
    page.wait_for_timeout(1500)
    main_height = "document.querySelector('[data-testid=stMain]').scrollHeight"
    tall = min(_TALLEST, max(height, int(page.evaluate(main_height)) + 20))
    page.set_viewport_size({"width": width, "height": tall})
    page.wait_for_timeout(3000)  # charts are drawn when they come into sight
    page.screenshot(path=str(path))
    context.close()


def wait(condition, timeout_s: float = 180.0) -> None:
    """Wait for a condition.

    Raises:
        TimeoutError: when it does not come true.
    """
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("it took too long; look at the worker.log in the run's folder")
        time.sleep(0.1)


if __name__ == "__main__":
    main()
