"""What a viewer sees of a chart board, for tests that look at one."""

from __future__ import annotations

from contextlib import contextmanager
from urllib.parse import urlencode

WAIT_MS = 60_000
"""Generous: the machine may be busy with other tests."""


def becomes(page, read, expected):
    """Wait until what is read is what is expected: a page is drawn a moment after a click."""
    for _ in range(WAIT_MS // 50):
        if read() == expected:
            return
        page.wait_for_timeout(50)
    assert read() == expected


class Board:
    """What a viewer sees of one board, and which answers it got."""

    def __init__(self, page, url, *runs, **parameters):
        self.page = page
        self.url = f"{url}/?{urlencode({'run': [run.id for run in runs], **parameters}, True)}"
        self.answers = []
        page.on("response", self._note)

    def _note(self, answer):
        if "/traindeck/series" in answer.url:
            self.answers.append(answer.status)

    def open(self):
        self.page.goto(self.url)
        return self.until("document.querySelector('.td-chart .js-plotly-plot')?.data?.length > 1")

    def until(self, expression):
        self.page.wait_for_function(f"() => {expression}", timeout=WAIT_MS)
        return self

    def chart(self, key):
        return self.page.locator(f"[data-chart='{key}']")

    def picture(self, key, expression):
        """A value computed from `plot`, the Plotly node of a chart."""
        script = f"""key => {{
            const plot = document.querySelector(`[data-chart='${{key}}'] .js-plotly-plot`);
            return {expression};
        }}"""
        return self.page.evaluate(script, key)

    def shows(self, key, expression, expected):
        """Wait until `picture` is what is expected; what cannot be computed yet is its error."""
        script = f"(() => {{ try {{ return {expression} }} catch (e) {{ return String(e) }} }})()"
        becomes(self.page, lambda: self.picture(key, script), expected)

    def zoomed(self, expected, key="loss"):
        """Wait until a chart's x axis has a range."""
        self.shows(key, "plot.layout.xaxis.range", expected)

    def last_step(self, key="loss"):
        return self.picture(key, "plot.data[0].x.at(-1)")

    def x_range(self, key="loss"):
        return self.picture(key, "plot.layout.xaxis.range")

    @contextmanager
    def news(self, count=1):
        """Wait until `count` answers after the beginning of the block brought something."""
        wanted = self.answers.count(200) + count
        yield
        for _ in range(WAIT_MS // 100):
            if self.answers.count(200) >= wanted:
                self.page.wait_for_timeout(500)  # until it is drawn
                return
            self.page.wait_for_timeout(100)
        raise AssertionError(f"no {count} news in {WAIT_MS} ms: {self.answers}")

    def drag(self, key, left, right):
        """Zoom by a drag between two shares of the plot's width."""
        box = self.chart(key).locator(".td-plot").bounding_box()
        start, width = box["x"] + 54, box["width"] - 70
        y = box["y"] + box["height"] / 2
        with self.news():
            self.page.mouse.move(start + left * width, y)
            self.page.mouse.down()
            self.page.mouse.move(start + right * width, y + 2, steps=8)
            self.page.mouse.up()
            self.until("new URL(location).searchParams.has('board.zoom')")

    @contextmanager
    def view(self):
        """The menu with what is chosen seldom, open while the block runs."""
        self.page.get_by_role("button", name="View", exact=True).click()
        yield self.page.get_by_role("dialog", name="How the charts are drawn")
        self.page.keyboard.press("Escape")

    @contextmanager
    def menu(self, key):
        """The menu of one chart, open while the block runs."""
        chart = self.chart(key)
        chart.hover()
        chart.get_by_role("button", name="Size, scale, download").click()
        yield self.page.locator(".td-menu")
        self.page.keyboard.press("Escape")

    def drawn(self, key="loss"):
        """Wait until a chart has points."""
        found = f'document.querySelector(`[data-chart="{key}"] .td-empty`)?.hidden'
        return self.until(found)

    def pick_axis(self, axis):
        self.page.get_by_label("X axis").select_option(axis)
