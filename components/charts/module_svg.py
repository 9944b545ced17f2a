"""The picture of a model as SVG: its words escaped, its colours readable on light and dark."""

from __future__ import annotations

import html
from collections.abc import Sequence

from components.charts.module_layout import Box, Direction, Picture, Point
from components.charts.module_likeness import FAMILIES

_MARGIN = 12.0
_GREY = "#8a8f98"
_FONT = "ui-sans-serif, system-ui, 'Source Sans', 'Source Sans 3', sans-serif"
_STYLE = (
    f"text {{font: 12px {_FONT}; fill: currentColor}} .name {{font-weight: 600}} "
    ".small {font-size: 11px; font-weight: 400; opacity: .75} "
    ".over {paint-order: stroke; stroke: var(--st-background-color, #fff); stroke-width: 5px}"
)


def svg_of(picture: Picture) -> str:
    """The picture as one SVG document; it takes its colour of text from where it stands."""
    width, height = picture.width + 2 * _MARGIN, picture.height + 2 * _MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="{-_MARGIN:.0f} {-_MARGIN:.0f} {width:.0f} {height:.0f}" role="img" '
        'aria-label="The modules of the model and what flows between them">',
        f"<style>{_STYLE}</style>",
        '<defs><marker id="td-arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
        f'markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z" fill="{_GREY}"/></marker></defs>',
        *(_frame(box) for box in picture.boxes if box.is_open),
        *(_line(line, picture.direction) for line in picture.lines),
        *(_head(box) for box in picture.boxes if box.is_open),
        *(_box(box) for box in picture.boxes if not box.is_open),
        "</svg>",
    ]
    return "\n".join(parts)


def _frame(box: Box) -> str:
    """An open box, behind all that is in it."""
    return _told(box, _rectangle(box, fill=_GREY, opacity=0.07, edge=0.55))


def _head(box: Box) -> str:
    """What stands in an open box above its parts, readable also where a line passes."""
    words = box.words
    rest = " · ".join(part for part in (words.repeats, words.lines[0]) if part)
    text = f'{html.escape(words.title)}<tspan class="small" dx="8">{html.escape(rest)}</tspan>'
    return f'<text x="{box.x + 12:.1f}" y="{box.y + 19:.1f}" class="name over">{text}</text>'


def _box(box: Box) -> str:
    words = box.words
    title = f"{words.title}  {words.repeats}" if words.repeats else words.title
    lines = [_text(box.x + 12, box.y + 18, title, "name")]
    for number, line in enumerate(words.lines, start=1):
        lines.append(_text(box.x + 12, box.y + 18 + 16 * number, line, "small"))
    around = _rectangle(box, fill=FAMILIES[words.family], opacity=0.14, edge=0.9)
    return _told(box, around + "".join(lines))


def _told(box: Box, inner: str) -> str:
    title = f"<title>{html.escape(box.words.told)}</title>" if box.words.told else ""
    return f"<g>{title}{inner}</g>"


def _rectangle(box: Box, *, fill: str, opacity: float, edge: float) -> str:
    return (
        f'<rect x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" height="{box.height:.1f}" '
        f'rx="7" fill="{fill}" fill-opacity="{opacity}" stroke="{FAMILIES[box.words.family]}" '
        f'stroke-opacity="{edge}"/>'
    )


def _text(x: float, y: float, text: str, look: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{look}">{html.escape(text)}</text>'


def _line(points: Sequence[Point], direction: Direction) -> str:
    """A line that leaves and arrives in the direction of the flow, round in between."""
    x, y = points[0]
    path = [f"M{x:.1f} {y:.1f}"]
    for to_x, to_y in points[1:]:
        if direction == "down":
            middle = (y + to_y) / 2
            path.append(f"C{x:.1f} {middle:.1f} {to_x:.1f} {middle:.1f} {to_x:.1f} {to_y:.1f}")
        else:
            middle = (x + to_x) / 2
            path.append(f"C{middle:.1f} {y:.1f} {middle:.1f} {to_y:.1f} {to_x:.1f} {to_y:.1f}")
        x, y = to_x, to_y
    return (
        f'<path d="{" ".join(path)}" fill="none" stroke="{_GREY}" stroke-width="1.4" '
        'marker-end="url(#td-arrow)"/>'
    )
