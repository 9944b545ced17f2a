"""Measuring things in turn, so that a machine that slows down slows all of them."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping

Measured = dict[str, list[float]]
"""What was measured, by name; entries of equal place are of the same round."""


def interleaved(measures: Mapping[str, Callable[[], float]], rounds: int) -> Measured:
    """Every measure in every round, after one round that only warms up.

    Each round begins with another one, so that none is always behind the same other.
    """
    names, found = list(measures), {name: [] for name in measures}
    for name in names:
        measures[name]()
    for turn in range(rounds):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            found[name].append(measures[name]())
    return found


def times_faster(measured: Measured, name: str, than: str) -> float:
    """The median over the rounds of how many times faster one is than another."""
    pairs = zip(measured[than], measured[name], strict=True)
    return statistics.median(other / own for other, own in pairs)
