"""The picture of a model as SVG: its words escaped, its colours readable on light and dark."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence

from components.charts.module_layout import Box, Direction, Picture, Point
from components.charts.module_likeness import FAMILIES

_MARGIN = 12.0
_GREY = "#8a8f98"
_FONT = "ui-sans-serif, system-ui, 'Source Sans', 'Source Sans 3', sans-serif"
_STYLE = (
    f"text {{font: 12px {_FONT}; fill: currentColor}} .name {{font-weight: 600}} "
    ".small {font-size: 11px; opacity: .75}"
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
        *(_box(box) for box in picture.boxes if box.is_open),
        *(_line(line, picture.direction) for line in picture.lines),
        *(_box(box) for box in picture.boxes if not box.is_open),
        "</svg>",
    ]
    return "\n".join(parts)


def _box(box: Box) -> str:
    return "".join(_parts(box))


def _parts(box: Box) -> Iterator[str]:
    words, color = box.words, FAMILIES[box.words.family]
    yield "<g>"
    if words.told:
        yield f"<title>{html.escape(words.told)}</title>"
    yield (
        f'<rect x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" height="{box.height:.1f}" '
        f'rx="7" fill="{_GREY if box.is_open else color}" '
        f'fill-opacity="{0.07 if box.is_open else 0.14}" stroke="{color}" '
        f'stroke-opacity="{0.55 if box.is_open else 0.9}"/>'
    )
    if box.is_open:
        yield _text(box.x + 12, box.y + 19, words.title, "name")
        rest = " · ".join(part for part in (words.repeats, words.lines[0]) if part)
        yield _text(box.x + 12 + (len(words.title) + 1) * 7.0, box.y + 19, rest, "small")
    else:
        title = f"{words.title}  {words.repeats}" if words.repeats else words.title
        yield _text(box.x + 12, box.y + 18, title, "name")
        for number, line in enumerate(words.lines, start=1):
            yield _text(box.x + 12, box.y + 18 + 16 * number, line, "small")
    yield "</g>"


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
