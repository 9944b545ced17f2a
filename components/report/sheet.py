"""A sheet of paper on which everything is placed in inches from its upper left corner."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Literal, NamedTuple

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.patches import FancyBboxPatch, Rectangle

from components.report import glyphs
from components.report.glyphs import Face

WIDTH, HEIGHT = 8.27, 11.69
"""A4, upright."""
MARGIN = 0.55
ROOM = WIDTH - 2 * MARGIN
TEXT, FAINT, RULE, CARD = "#1c2430", "#5b6675", "#d9dee6", "#f6f7f9"
TONES = {"": TEXT, "calm": TEXT, "warning": "#9a5b00", "bad": "#b3261e", "best": "#1b7f3b"}


Box = tuple[float, float, float, float]
"""Left, top, width and height."""
Side = Literal["left", "center", "right"]


class Sheet:
    """One page, or the whole of a picture."""

    def __init__(self, height: float = HEIGHT) -> None:
        self.height = height
        self.figure = Figure(figsize=(WIDTH, height), facecolor="white")
        self._words = _Words()
        self.figure.add_artist(self._words)

    def text(  # noqa: PLR0913 - what is written, where, and how it looks
        self,
        x: float,
        y: float,
        text: str,
        size: float,
        *,
        face: Face = "plain",
        color: str = TEXT,
        side: Side = "left",
    ) -> None:
        """Write one line of drawable text: `y` is its upper edge, `x` the side that is named."""
        if not text:
            return
        if side != "left":
            x -= glyphs.width(text, size, face) * (1.0 if side == "right" else 0.5)
        place = x / WIDTH, 1 - (y + size * 0.96 / 72) / self.height
        self._words.lines.append(_Word(text, *place, glyphs.properties(face, size), color))

    def rule(self, y: float, x: float = MARGIN, width: float = ROOM) -> None:
        """A thin line from left to right."""
        ends = [x / WIDTH, (x + width) / WIDTH]
        at = 1 - y / self.height
        self.figure.add_artist(Line2D(ends, [at, at], color=RULE, linewidth=0.6))

    def swatch(self, x: float, y: float, color: str) -> None:
        """A short stroke in the colour of a curve."""
        size = (0.16 / WIDTH, 0.035 / self.height)
        place = (x / WIDTH, 1 - (y + 0.035) / self.height)
        self.figure.add_artist(Rectangle(place, *size, facecolor=color, edgecolor="none"))

    def card(self, y: float, height: float) -> None:
        """A tinted panel over the whole width."""
        self.figure.add_artist(
            FancyBboxPatch(
                (MARGIN / WIDTH, 1 - (y + height) / self.height),
                ROOM / WIDTH,
                height / self.height,
                boxstyle="square,pad=0",
                facecolor=CARD,
                edgecolor=RULE,
                linewidth=0.6,
            )
        )

    def axes(self, x: float, y: float, width: float, height: float) -> Axes:
        """Axes whose frame is this box."""
        bottom = 1 - (y + height) / self.height
        return self.figure.add_axes(
            (x / WIDTH, bottom, width / WIDTH, height / self.height), facecolor="none"
        )


class _Word(NamedTuple):
    """One line of text, and where on the sheet it begins, in parts of its sides."""

    text: str
    x: float
    y: float
    font: FontProperties
    color: str


class _Words(Artist):
    """All words of a sheet: made one by one they would take longer than they are drawn."""

    zorder = 3

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[_Word] = []

    def draw(self, renderer: RendererBase) -> None:
        width, height = renderer.get_canvas_width_height()
        style = renderer.new_gc()
        for word in self.lines:
            y = (1 - word.y if renderer.flipy() else word.y) * height
            style.set_foreground(word.color)
            renderer.draw_text(style, word.x * width, y, word.text, word.font, 0.0)
        style.restore()


class Block(NamedTuple):
    """A piece of a report that is not broken over two pages."""

    height: float
    draw: Callable[[Sheet, float], None]
    """Draws it on a sheet, its upper edge there."""
    leads: bool = False
    """Whether it must not be the last on its page: a heading."""


def pages(blocks: Iterable[Block], room: float) -> list[list[Block]]:
    """Blocks by page, in their order; a heading goes to the page of what it leads."""
    done: list[list[Block]] = [[]]
    left = room
    for chunk in _chunks(blocks):
        needed = sum(block.height for block in chunk)
        if needed > left and done[-1]:
            done.append([])
            left = room
        done[-1] += chunk
        left -= needed
    return done


def draw(sheet: Sheet, blocks: Sequence[Block], top: float = MARGIN) -> None:
    """Put blocks on a sheet, one below the other."""
    for block in blocks:
        block.draw(sheet, top)
        top += block.height


def _chunks(blocks: Iterable[Block]) -> list[list[Block]]:
    """Blocks that stay together: headings with the block behind them."""
    chunks: list[list[Block]] = []
    open_heading = False
    for block in blocks:
        if open_heading:
            chunks[-1].append(block)
        else:
            chunks.append([block])
        open_heading = block.leads
    return chunks
