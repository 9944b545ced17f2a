"""Texts that are far shorter or longer than the others."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from engine.data.quality.outcome import Outcome, Words, of_rows, skipped
from engine.data.quality.subject import Subject

_SPREADS, _LEAST_FACTOR = 3.0, 4.0
"""A length is odd so many quartile distances (of logarithms) outside, and by this factor at least
from the median."""


def length(subject: Subject) -> Outcome:
    """Texts outside the limits, which are found out where nobody named them."""
    names = subject.typed(subject.of_role("text"), "text", "list of texts")
    if not names:
        return skipped("No column is a text.")
    if subject.runs_on:
        return skipped("The rows are lines of one text, which is cut anew into samples.")
    found = _lengths(subject, names)
    there = found[found > 0]
    if not len(there):
        return skipped("All texts are empty.")
    shortest, longest = _bounds(there)
    shortest = subject.limits.shortest or shortest
    longest = subject.limits.longest or longest
    short, long = (found > 0) & (found < shortest), found > longest
    usual = f"the middle one has {int(np.median(there)):,}"
    none = f"All texts have {there.min():,} to {there.max():,} characters; {usual}."
    odd = f"Below {shortest:,} characters: {short.sum():,}; above {longest:,}: {long.sum():,}"
    detail = f"{odd}; {usual}."
    remedy = "Look at them: leave out what is no text of its kind; long ones are cut (data.text)."
    return of_rows(subject, short | long, Words(none, "are too short or too long", remedy, detail))


def _bounds(lengths: NDArray[np.int64]) -> tuple[int, int]:
    low, middle, high = np.quantile(np.log(lengths), [0.25, 0.5, 0.75])
    reach = _SPREADS * (high - low)
    factor = np.log(_LEAST_FACTOR)
    shortest = np.exp(min(low - reach, middle - factor))
    longest = np.exp(max(high + reach, middle + factor))
    return max(1, int(np.ceil(shortest))), int(longest)


def _lengths(subject: Subject, names: list[str]) -> NDArray[np.int64]:
    """Characters of each row's texts together."""
    found = np.zeros(len(subject), np.int64)
    for start, batch in subject.batches(names):
        for values in batch.columns:
            if pa.types.is_list(values.type):
                values = pc.binary_join(values, " ")
            size = pc.fill_null(pc.utf8_length(pc.utf8_trim_whitespace(values)), 0)
            found[start : start + len(batch)] += size.to_numpy(zero_copy_only=False)
    return found
