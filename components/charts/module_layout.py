"""Layout: where the boxes of a model's picture are, and the lines between them.

Layers as Sugiyama and others (1981) put them: each box behind all that flows into it, lines over
several layers by way of places in between, an order in each layer by the mean of the neighbours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from components.charts.module_flow import IN, OUT, Node, flow_of
from components.charts.module_words import BoxWords, words_of
from engine.models.structure.document import ROOT, Structure

Direction = Literal["down", "right"]
Point = tuple[float, float]

_GAP_ALONG, _GAP_ACROSS = 26.0, 18.0
_PAD, _HEAD = 14.0, 30.0
_SWEEPS = 6


@dataclass(frozen=True)
class Box:
    """One box of the picture; x and y are those of its upper left corner."""

    words: BoxWords
    x: float
    y: float
    width: float
    height: float
    is_open: bool


@dataclass(frozen=True)
class Picture:
    """A picture of a model; open boxes stand before what is in them."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    lines: tuple[tuple[Point, ...], ...]
    direction: Direction


@dataclass
class _Cell:
    """A box, or a place where a line passes, in one layer. Sizes and places are along the flow
    and across it."""

    along: float
    across: float
    center: float = 0.0
    start: float = 0.0
    """Along: where it begins."""
    before: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)
    port_in: float = 0.0
    port_out: float = 0.0
    """Across, from the center: where lines arrive and leave."""
    passes: bool = False
    """Whether it is a place of a line."""


@dataclass
class _Placed:
    """A module with all that is in it, its corner at zero."""

    along: float
    across: float
    boxes: list[tuple[BoxWords, float, float, float, float, bool]]
    """Words, along, across, size along, size across, whether it is open."""
    lines: list[list[Point]]
    port_in: float
    port_out: float
    """Across, from its corner."""


def picture_of(structure: Structure, depth: int, direction: Direction = "down") -> Picture:
    """The model with so many levels of modules within modules, from its inputs to its outputs."""
    down = direction == "down"
    placed = _placed(flow_of(structure, depth), structure, down)
    boxes, lines = [], []
    for words, along, across, size_along, size_across, is_open in placed.boxes:
        place = (across, along) if down else (along, across)
        size = (size_across, size_along) if down else (size_along, size_across)
        boxes.append(Box(words, *place, *size, is_open))
    for line in placed.lines:
        lines.append(tuple((across, along) if down else (along, across) for along, across in line))
    whole = (placed.across, placed.along) if down else (placed.along, placed.across)
    return Picture(*whole, tuple(boxes), tuple(lines), direction)


def _placed(node: Node, structure: Structure, down: bool) -> _Placed:
    """A closed box, or an open one around its parts."""
    words = words_of(node, structure)
    along, across = (words.height, words.width) if down else (words.width, words.height)
    if not node.parts:
        middle = across / 2
        return _Placed(along, across, [(words, 0, 0, along, across, False)], [], middle, middle)
    inner = _inside(node, structure, down)
    if node.path == ROOT:
        return inner
    first_along, first_across = (_HEAD, _PAD) if down else (_PAD, _HEAD)
    head = words.head_width + 2 * _PAD if down else 0.0
    across = max(inner.across + first_across + _PAD, head)
    along = max(inner.along + first_along + _PAD, 0.0 if down else words.head_width + 2 * _PAD)
    shift = first_across + max(0.0, across - first_across - _PAD - inner.across) / 2
    boxes = [(words, 0.0, 0.0, along, across, True)]
    boxes += [(w, a + first_along, c + shift, x, y, o) for w, a, c, x, y, o in inner.boxes]
    lines = [[(a + first_along, c + shift) for a, c in line] for line in inner.lines]
    lines = [_to_the_edge(line, inner.along + first_along, along) for line in lines]
    return _Placed(along, across, boxes, lines, inner.port_in + shift, inner.port_out + shift)


def _to_the_edge(line: list[Point], inner_end: float, end: float) -> list[Point]:
    """A line that comes from, or leads to, outside goes on to the border."""
    (first, at), (last, to) = line[0], line[-1]
    begin = [(0.0, at)] if first <= _HEAD and first in (_HEAD, _PAD) else []
    finish = [(end, to)] if abs(last - inner_end) < 1e-6 else []
    return [*begin, *line, *finish]


def _inside(node: Node, structure: Structure, down: bool) -> _Placed:
    """The parts of a module in layers, with lines."""
    placed = {part.path: _placed(part, structure, down) for part in node.parts}
    placed |= {end: _end(end, node, structure, down) for end in (IN, OUT)}
    layers = _layers([part.path for part in node.parts], node.flow)
    cells, rows, ways = _grid(layers, placed, node.flow)
    _order(rows, cells)
    _spread(rows, cells)
    length = _stack(rows, cells)
    low = min(cell.center - cell.across / 2 for cell in cells.values())
    high = max(cell.center + cell.across / 2 for cell in cells.values())
    boxes, lines = [], []
    for name, one in placed.items():
        cell = cells[name]
        along, across = cell.start, cell.center - cell.across / 2 - low
        boxes += [(w, a + along, c + across, x, y, o) for w, a, c, x, y, o in one.boxes]
        lines += [[(a + along, c + across) for a, c in line] for line in one.lines]
    lines += [_line([cells[name] for name in way], low) for way in ways]
    into, out = cells[IN].center - low, cells[OUT].center - low
    return _Placed(length, high - low, boxes, lines, into, out)


def _end(end: str, node: Node, structure: Structure, down: bool) -> _Placed:
    """What the model is given or gives is a box of its own; within others it is a place."""
    if node.path != ROOT:
        return _Placed(0.0, 0.0, [], [], 0.0, 0.0)
    words = words_of(node, structure, given=end == IN, gives=end == OUT)
    along, across = (words.height, words.width) if down else (words.width, words.height)
    box = (words, 0.0, 0.0, along, across, False)
    return _Placed(along, across, [box], [], across / 2, across / 2)


def _layers(order: Sequence[str], flow: Sequence[tuple[str, str]]) -> dict[str, int]:
    """The layer of each: behind all that flows into it. What flows backwards counts for nothing."""
    place = {name: number for number, name in enumerate((IN, *order, OUT))}
    found = {IN: 0}
    for name in order:
        into = [found[s] for s, t in flow if t == name and place[s] < place[name]]
        found[name] = 1 + max(into, default=0)
    found[OUT] = 1 + max(found.values())
    return found


def _grid(
    layers: Mapping[str, int], placed: Mapping[str, _Placed], flow: Sequence[tuple[str, str]]
) -> tuple[dict[str, _Cell], list[list[str]], list[list[str]]]:
    """A cell for each box and each place that a line passes; the names in each layer; the ways."""
    cells = {
        name: _Cell(
            one.along,
            one.across,
            port_in=one.port_in - one.across / 2,
            port_out=one.port_out - one.across / 2,
        )
        for name, one in placed.items()
    }
    rows: list[list[str]] = [[] for _ in range(max(layers.values()) + 1)]
    for name, layer in layers.items():
        rows[layer].append(name)
    ways = []
    for source, target in flow:
        way = [source]
        for layer in range(layers[source] + 1, layers[target]):
            place = f"{source}>{target}@{layer}"
            cells[place] = _Cell(0.0, 6.0, passes=True)
            rows[layer].append(place)
            way.append(place)
        if layers[target] > layers[source]:
            ways.append([*way, target])
    for way in ways:
        for one, other in zip(way, way[1:], strict=False):
            cells[one].after.append(other)
            cells[other].before.append(one)
    return cells, rows, ways


def _order(rows: list[list[str]], cells: Mapping[str, _Cell]) -> None:
    """Put the names of each layer where their neighbours are."""
    for sweep in range(_SWEEPS):
        forwards = sweep % 2 == 0
        places = {name: place / max(1, len(row)) for row in rows for place, name in enumerate(row)}
        for row in rows if forwards else reversed(rows):
            wanted = {
                name: _mean(
                    [places[n] for n in (cells[name].before if forwards else cells[name].after)],
                    places[name],
                )
                for name in row
            }
            row.sort(key=wanted.__getitem__)
            places |= {name: place / max(1, len(row)) for place, name in enumerate(row)}


def _spread(rows: Sequence[Sequence[str]], cells: Mapping[str, _Cell]) -> None:
    """Give each cell a center as near to those of its neighbours as the others allow."""
    for row in rows:
        _separate(row, cells, dict.fromkeys(row, 0.0))
    for sweep in range(2 * _SWEEPS):
        forwards = sweep % 2 == 0
        for row in rows if forwards else reversed(rows):
            wanted = {}
            for name in row:
                cell = cells[name]
                near = [cells[n].center + cells[n].port_out - cell.port_in for n in cell.before]
                far = [cells[n].center + cells[n].port_in - cell.port_out for n in cell.after]
                wanted[name] = _mean(near if forwards and near else far or near, cell.center)
            _separate(row, cells, wanted)


def _separate(row: Sequence[str], cells: Mapping[str, _Cell], wanted: Mapping[str, float]) -> None:
    """Centers as wanted, moved apart where boxes would touch: the mean of the two ways to do so."""
    pushed: list[tuple[str, float]] = []
    pulled: list[tuple[str, float]] = []
    for name in row:
        least = pushed[-1][1] + _apart(cells, pushed[-1][0], name) if pushed else wanted[name]
        pushed.append((name, max(wanted[name], least)))
    for name in reversed(row):
        most = pulled[-1][1] - _apart(cells, pulled[-1][0], name) if pulled else wanted[name]
        pulled.append((name, min(wanted[name], most)))
    for (name, high), (_, low) in zip(pushed, reversed(pulled), strict=True):
        cells[name].center = (high + low) / 2


def _apart(cells: Mapping[str, _Cell], one: str, other: str) -> float:
    return (cells[one].across + cells[other].across) / 2 + _GAP_ACROSS


def _stack(rows: Sequence[Sequence[str]], cells: Mapping[str, _Cell]) -> float:
    """Put the layers one behind the other; how long they are together."""
    along = 0.0
    for row in rows:
        deepest = max(cells[name].along for name in row)
        for name in row:
            cell = cells[name]
            if cell.passes:  # straight past the boxes of its layer
                cell.along = deepest
            cell.start = along + (deepest - cell.along) / 2
        along += deepest + _GAP_ALONG
    return along - _GAP_ALONG


def _line(way: Sequence[_Cell], low: float) -> list[Point]:
    """From the end of the first, by way of the places between, to the beginning of the last."""
    first, last = way[0], way[-1]
    points = [(first.start + first.along, first.center + first.port_out - low)]
    for cell in way[1:-1]:
        points.append((cell.start, cell.center - low))
        points.append((cell.start + cell.along, cell.center - low))
    return [*points, (last.start, last.center + last.port_in - low)]


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise
