"""Which rows are trained on and which are held out: a function of the rows and the seed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.data.library.errors import DataRefused
from engine.data.library.spec import (
    GivenSplit,
    GroupSplit,
    LastSplit,
    RatioSplit,
    Split,
    StratifiedSplit,
    TimeSplit,
)

Rows = NDArray[np.int64]
Keys = NDArray[np.uint64]
Mask = NDArray[np.bool_]
Sides = NDArray[np.int8]
TRAIN, VAL, UNUSED = 0, 1, 2
_MOST_NAMED = 5
_PIECE = 250_000


class Halves(NamedTuple):
    """Numbers of rows, each ascending; rows that are in neither are not used."""

    train: Rows
    val: Rows


class Coded(NamedTuple):
    """A value for each row, as its place among the different ones."""

    names: tuple[str, ...]
    codes: NDArray[np.integer]

    @classmethod
    def of(cls, values: Iterable[object]) -> Coded:
        """The values as texts; a missing one is one, too."""
        texts = [str(value) for value in values]
        names = tuple(sorted(set(texts)))
        places = {name: place for place, name in enumerate(names)}
        return cls(names, np.array([places[text] for text in texts], np.int32))

    def only(self, rows: Rows) -> Coded:
        """Some of the rows; names that none of them has are gone."""
        there, codes = np.unique(self.codes[rows], return_inverse=True)
        return Coded(tuple(self.names[place] for place in there), codes.astype(np.int32))


@dataclass(frozen=True, slots=True)
class Subject:
    """What splits may look at, one value a row."""

    name: str
    """The dataset, for messages."""
    keys: Keys
    """A number from each row's content, so that its place does not matter."""
    classes: Coded | None = None
    groups: Coded | None = None
    times: NDArray[Any] | None = None
    """Numbers, or moments."""
    given: Coded | None = None

    def __len__(self) -> int:
        return len(self.keys)

    def only(self, rows: Rows) -> Subject:
        """Some of its rows."""
        return Subject(
            self.name,
            self.keys[rows],
            self.classes and self.classes.only(rows),
            self.groups and self.groups.only(rows),
            None if self.times is None else self.times[rows],
            self.given and self.given.only(rows),
        )


class CannotSplit(DataRefused):
    """Rows that cannot be divided as it was asked for."""


def halves(subject: Subject, split: Split) -> Halves:
    """The rows of both sides: disjoint, and but for a given split all of them.

    Raises:
        CannotSplit: with the reason, when one side would be empty.
    """
    found = sides(subject, split)
    return Halves(np.flatnonzero(found == TRAIN), np.flatnonzero(found == VAL))


def sides(subject: Subject, split: Split) -> Sides:
    """For each row `TRAIN`, `VAL` or `UNUSED`: little memory for many rows.

    Raises:
        CannotSplit: with the reason, when one side would be empty.
    """
    found = SPLITS[split.kind](subject, split)
    return found.astype(np.int8)


def ratio(subject: Subject, split: RatioSplit) -> Mask:
    """The rows whose keys come first in an order that the seed decides."""
    _refuse_too_few(subject)
    return _lowest(subject.keys, split.split_seed, _share(len(subject), split.val_fraction))


def stratified(subject: Subject, split: StratifiedSplit) -> Mask:
    """As `ratio`, of each class alone."""
    if subject.classes is None:
        raise CannotSplit(
            subject.name,
            "a stratified split needs a label column of one class a row",
            "Choose one, or the split 'ratio'.",
        )
    names, codes = subject.classes
    counts = _counts(codes, len(names))
    lone = [name for name, count in zip(names, counts, strict=True) if count == 1]
    if lone:
        raise CannotSplit(
            subject.name,
            f"{_some('class', lone)} with one row only, which cannot be on both sides",
            "Bring in more rows of it, leave it out, or choose the split 'ratio'.",
        )
    val = np.zeros(len(subject), bool)
    for number, count in enumerate(counts.tolist()):
        share = _share(count, split.val_fraction)
        val |= _lowest(subject.keys, split.split_seed, share, codes == number)
    return val


def group(subject: Subject, split: GroupSplit) -> Mask:
    """Whole groups, drawn one after another as long as they bring the share nearer."""
    if subject.groups is None:
        raise CannotSplit(
            subject.name, "a split by group needs a group column", "Say which column it is."
        )
    names, codes = subject.groups
    if len(names) < 2:
        raise CannotSplit(
            subject.name,
            f"all rows belong to one group, {_shown(names[0])}",
            "Choose another group column, or the split 'ratio'.",
        )
    sizes = _counts(codes, len(names))
    keys = np.array([_key_of_text(name) for name in names], np.uint64)
    wanted = split.val_fraction * len(subject)
    chosen: list[int] = []
    for number in np.argsort(mixed(keys, split.split_seed), kind="stable").tolist():
        taken = sizes[chosen].sum()
        nearer = abs(taken + sizes[number] - wanted) < abs(taken - wanted)
        if len(chosen) < len(names) - 1 and nearer:
            chosen.append(number)
    if not chosen:  # every group alone is more than twice the share
        chosen = [int(np.lexsort((keys, sizes))[0])]
    return np.isin(codes, chosen)


def time(subject: Subject, split: TimeSplit) -> Mask:
    """The latest rows; what has one time stays together."""
    if subject.times is None:
        raise CannotSplit(
            subject.name, "a split by time needs a time column", "Say which column it is."
        )
    moments, counts = np.unique(subject.times, return_counts=True)
    if len(moments) < 2:
        raise CannotSplit(
            subject.name,
            "all rows have the same time",
            "Choose another time column, or the split 'ratio'.",
        )
    later = np.cumsum(counts[::-1])[::-1][1:]  # rows from each moment but the first on
    nearest = 1 + int(np.argmin(np.abs(later - split.val_fraction * len(subject))))
    return np.asarray(subject.times >= moments[nearest])


def last(subject: Subject, split: LastSplit) -> Mask:
    """The last rows, in the order that they were brought in."""
    _refuse_too_few(subject)
    val = np.zeros(len(subject), bool)
    val[-_share(len(subject), split.val_fraction) :] = True
    return val


def given(subject: Subject, split: GivenSplit) -> Sides:
    """What the split's column says."""
    if subject.given is None:
        raise CannotSplit(
            subject.name, "a given split needs a split column", "Say which column it is."
        )
    names, codes = subject.given
    train, val = (
        np.isin(codes, [names.index(name) for name in wanted if name in names])
        for wanted in (split.train, split.val)
    )
    for side, rows, wanted in (("train", train, split.train), ("val", val, split.val)):
        if not rows.any():
            there = ", ".join(map(_shown, names[:_MOST_NAMED]))
            raise CannotSplit(
                subject.name,
                f"no row says {' or '.join(map(repr, wanted))} in the split column",
                f"It says {there}. Name these in split.{side}.",
            )
    return np.where(train, TRAIN, np.where(val, VAL, UNUSED)).astype(np.int8)


SPLITS: dict[str, Callable[[Subject, Any], Mask | Sides]] = {
    "ratio": ratio,
    "stratified": stratified,
    "group": group,
    "time": time,
    "last": last,
    "given": given,
}


def _refuse_too_few(subject: Subject) -> None:
    if len(subject) < 2:
        reason = f"{_rows(len(subject))} cannot be divided into two sides"
        raise CannotSplit(subject.name, reason, "Bring in more data.")


def _counts(codes: NDArray[np.integer], names: int) -> Rows:
    """How many rows have each code; in pieces, since numpy counts in whole numbers of 64 bits."""
    found = np.zeros(names, np.int64)
    for start in range(0, len(codes), _PIECE):
        found += np.bincount(codes[start : start + _PIECE], minlength=names)
    return found


def _share(rows: int, val_fraction: float) -> int:
    """At least one of them but never all."""
    return min(max(1, round(val_fraction * rows)), rows - 1)


def _lowest(keys: Keys, seed: int, count: int, among: Mask | None = None) -> Mask:
    """Which rows have the so many lowest mixed keys; of equal rows, which cannot be told apart,
    the first. In pieces: for many rows there is no room for the mixed keys of all."""
    tops = np.zeros(2**16, np.int64)
    for _, mixed in _pieces(keys, seed, among):
        tops += np.bincount((mixed >> np.uint64(48)).astype(np.int64), minlength=2**16)
    before = np.cumsum(tops)
    top = int(np.searchsorted(before, count))
    near = np.sort(
        np.concatenate(
            [mixed[mixed >> np.uint64(48) == top] for _, mixed in _pieces(keys, seed, among)]
        )
    )
    edge = near[count - int(before[top] - tops[top]) - 1]
    found = np.zeros(len(keys), bool)
    left = count - int(before[top] - tops[top]) - int((near < edge).sum())
    for rows, mixed in _pieces(keys, seed, among):
        found[rows[mixed < edge]] = True
        ties = rows[mixed == edge][:left]
        found[ties] = True
        left -= len(ties)
    return found


def _pieces(keys: Keys, seed: int, among: Mask | None) -> Iterator[tuple[Rows, Keys]]:
    """Some rows at a time, with their mixed keys."""
    for start in range(0, len(keys), _PIECE):
        piece = keys[start : start + _PIECE]
        if among is None:
            yield np.arange(start, start + len(piece)), mixed(piece, seed)
        else:
            rows = np.flatnonzero(among[start : start + _PIECE])
            yield start + rows, mixed(piece[rows], seed)


def mixed(keys: Keys, seed: int) -> Keys:
    """SplitMix64 of the keys and a seed: other orders for other seeds."""
    with np.errstate(over="ignore"):
        state = keys + np.uint64((seed * 0x9E3779B97F4A7C15 + 0x632BE59BD9B4E019) % 2**64)
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB), (31, 1)):
            state ^= state >> np.uint64(shift)
            state *= np.uint64(factor)
        return state


def _key_of_text(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def _some(what: str, names: list[str]) -> str:
    shown = ", ".join(_shown(name) for name in names[:_MOST_NAMED])
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    if len(names) == 1:
        return f"there is a {what} ({shown})"
    return f"there are {len(names)} {what}es ({shown}{more})"


def _shown(value: object) -> str:
    text = repr(str(value))
    return text if len(text) <= 40 else text[:37] + "..."


def _rows(count: int) -> str:
    return "no row" if count == 0 else "1 row" if count == 1 else f"{count:,} rows"
