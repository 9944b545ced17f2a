"""Which points of a long series a chart must draw so that nobody sees a difference.

Every pixel column keeps its first, smallest, largest and last point (M4 aggregation: Jugel et al.,
"M4: A Visualization-Oriented Time Series Data Aggregation", VLDB 2014), so a line through the
chosen points covers the same pixels as a line through all of them. Points are chosen, never
averaged: whatever is drawn was measured. NaN and infinities are chosen too, as places.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.int64]
Values = NDArray[np.float64]
Places = NDArray[np.int64] | NDArray[np.float64]
"""Ascending x coordinates."""

POINTS_PER_COLUMN = 4
BLOCK = 32
"""Points summarised together; a column boundary costs one block of raw points."""


class Window(NamedTuple):
    """The visible stretch of the x axis, both ends included."""

    low: float
    high: float


class Extrema(NamedTuple):
    """For every whole block of a series: its smallest and largest value and where they are.

    A block that holds a NaN or an infinity has NaN for both: it must be looked at itself.
    """

    low: Values
    high: Values
    low_at: Indices
    high_at: Indices


NO_EXTREMA = Extrema(*(np.empty(0, kind) for kind in (float, float, np.int64, np.int64)))


def extrema(values: Values, first_block: int = 0) -> Extrema:
    """Extrema of the whole blocks of a series from `first_block` on."""
    start, stop = first_block * BLOCK, len(values) // BLOCK * BLOCK
    if stop <= start:
        return NO_EXTREMA
    blocks = values[start:stop].reshape(-1, BLOCK)
    offsets = np.arange(start, stop, BLOCK, dtype=np.int64)
    low_at, high_at = offsets + blocks.argmin(axis=1), offsets + blocks.argmax(axis=1)
    low, high = values[low_at], values[high_at]
    strange = ~(np.isfinite(low) & np.isfinite(high))
    low[strange] = high[strange] = np.nan
    return Extrema(low, high, low_at, high_at)


def span(x: Places, window: Window) -> tuple[int, int]:
    """The range of indices (start, stop) of the points inside a window."""
    start = np.searchsorted(x, _like(x, window.low, np.ceil), side="left")
    stop = np.searchsorted(x, _like(x, window.high, np.floor), side="right")
    return int(start), max(int(start), int(stop))


def visible(
    x: Places,
    values: Values,
    window: Window,
    columns: int,
    blocks: Extrema = NO_EXTREMA,
) -> Indices:
    """Ascending indices of the points to draw for a window that is `columns` pixels wide.

    Columns are evenly spaced; `visible_between` takes any others.
    """
    return visible_between(x, values, window, column_edges(window, columns), blocks)


def visible_between(
    x: Places, values: Values, window: Window, edges: Values, blocks: Extrema = NO_EXTREMA
) -> Indices:
    """Ascending indices of the points to draw for a window that `edges` cut into pixel columns.

    One neighbour outside each end comes along, so that lines run to the edge. `blocks` are the
    extrema of the same series; with them the cost hardly depends on its length.
    """
    start, stop = span(x, window)
    around = max(start - 1, 0), min(stop + 1, len(x))
    if stop - start <= POINTS_PER_COLUMN * (len(edges) + 1):
        return np.arange(*around, dtype=np.int64)
    bounds = _column_bounds(x, edges, (start, stop))
    chosen = _best_of(values, _candidates(bounds, blocks), bounds)
    before = np.arange(around[0], start, dtype=np.int64)
    behind = np.arange(stop, around[1], dtype=np.int64)
    return np.concatenate([before, chosen, behind])


def column_edges(window: Window, columns: int, *, log: bool = False) -> Values:
    """The x coordinates between neighbouring pixel columns; a point on one belongs right of it."""
    shares = np.arange(1, columns) / columns
    if log and window.low > 0:
        return np.asarray(window.low * (window.high / window.low) ** shares)
    return window.low + (window.high - window.low) * shares


def _column_bounds(x: Places, edges: Values, inside: tuple[int, int]) -> Indices:
    """Index of the first point of each column, and the end of the last."""
    start, stop = inside
    between = start + np.searchsorted(x[start:stop], _like(x, edges, np.ceil), side="left")
    return np.concatenate([[start], between, [stop]]).astype(np.int64)


def _like(x: Places, coordinates: Values | float, rounded: np.ufunc) -> Places:
    """Coordinates to compare with integer places, so that the search copies nothing."""
    if x.dtype.kind == "f":
        return np.asarray(coordinates)
    bound = np.maximum(np.minimum(rounded(coordinates), 2.0**62), -(2.0**62))
    return np.asarray(bound).astype(np.int64)


def _candidates(bounds: Indices, blocks: Extrema) -> Indices:
    """Points among which the best of every column are sure to be."""
    start, stop = int(bounds[0]), int(bounds[-1])
    first, last = -(-start // BLOCK), min(stop // BLOCK, len(blocks.low))
    if last <= first:
        return np.arange(start, stop, dtype=np.int64)
    cut = bounds[(bounds % BLOCK != 0) & (bounds > first * BLOCK) & (bounds < last * BLOCK)]
    strange = np.flatnonzero(np.isnan(blocks.low[first:last])) + first
    open_blocks = np.concatenate([cut // BLOCK, strange]) * BLOCK
    filled = bounds[:-1][bounds[1:] > bounds[:-1]]
    candidates = np.concatenate(
        [
            np.arange(start, first * BLOCK),
            np.arange(last * BLOCK, stop),
            (open_blocks[:, None] + np.arange(BLOCK)).ravel(),
            _best_blocks(bounds, blocks, last),
            filled,
            np.append(filled[1:], stop) - 1,
        ]
    )
    candidates.sort()
    return candidates[_changes(candidates)]


def _best_blocks(bounds: Indices, blocks: Extrema, last: int) -> Indices:
    """Where the extremes of the blocks that lie wholly inside each column are."""
    begin = -(-bounds[:-1] // BLOCK)
    end = np.minimum(bounds[1:] // BLOCK, last)
    begin, lengths = begin[end > begin], (end - begin)[end > begin]
    if not len(begin):
        return begin
    starts = np.cumsum(lengths) - lengths
    group = np.repeat(np.arange(len(begin)), lengths)
    inside = np.arange(len(group)) + (begin - starts)[group]
    low, high = blocks.low[inside], blocks.high[inside]
    lowest = _first_of(low == np.fmin.reduceat(low, starts)[group], group)
    highest = _first_of(high == np.fmax.reduceat(high, starts)[group], group)
    return np.concatenate([blocks.low_at[inside[lowest]], blocks.high_at[inside[highest]]])


def _best_of(values: Values, candidates: Indices, bounds: Indices) -> Indices:
    """First, smallest, largest and last of every column, and the places that are not finite."""
    y = values[candidates]
    starts = np.searchsorted(candidates, bounds[:-1])
    starts = starts[_changes(starts) & (starts < len(candidates))]
    ends = np.append(starts[1:], len(candidates))
    group = np.repeat(np.arange(len(starts)), ends - starts)
    finite = np.isfinite(y)
    drawn = y if finite.all() else np.where(finite, y, np.nan)
    keep = np.zeros(len(candidates), np.bool_)
    keep[starts] = keep[ends - 1] = True
    for extreme in (np.fmin, np.fmax):
        keep[_first_of(drawn == extreme.reduceat(drawn, starts)[group], group)] = True
    if not finite.all():
        keep[_strange(y, group)] = True
    return candidates[keep]


def _first_of(mask: NDArray[np.bool_], group: Indices) -> Indices:
    """Position of the first True of each group."""
    hits = np.flatnonzero(mask)
    return hits[_changes(group[hits])]


def _changes(ascending: Indices) -> NDArray[np.bool_]:
    """Where an element is another one than before."""
    fresh = np.ones(len(ascending), np.bool_)
    np.not_equal(ascending[1:], ascending[:-1], out=fresh[1:])
    return fresh


def _strange(y: Values, group: Indices) -> Indices:
    """First and last position of each kind of non-finite value in each group."""
    kinds = (np.isnan(y), y == np.inf, y == -np.inf)
    forward = [_first_of(kind, group) for kind in kinds]
    last = len(y) - 1
    backward = [last - _first_of(kind[::-1], group[::-1]) for kind in kinds]
    return np.concatenate(forward + backward)
