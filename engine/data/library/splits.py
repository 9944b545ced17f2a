"""Which rows are trained on and which are held out: a function of the rows and the seed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
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
_MOST_NAMED = 5


class Halves(NamedTuple):
    """Numbers of rows, each ascending; rows that are in neither are not used."""

    train: Rows
    val: Rows


@dataclass(frozen=True, slots=True)
class Subject:
    """What splits may look at, one value a row."""

    name: str
    """The dataset, for messages."""
    keys: Keys
    """A number from each row's content, so that its place does not matter."""
    classes: NDArray[Any] | None = None
    groups: NDArray[Any] | None = None
    times: NDArray[Any] | None = None
    """Numbers, or moments."""
    given: NDArray[Any] | None = None

    def __len__(self) -> int:
        return len(self.keys)

    def only(self, rows: Rows) -> Subject:
        """Some of its rows."""
        columns = (self.classes, self.groups, self.times, self.given)
        return Subject(
            self.name, self.keys[rows], *(None if c is None else c[rows] for c in columns)
        )


class CannotSplit(DataRefused):
    """Rows that cannot be divided as it was asked for."""


def halves(subject: Subject, split: Split) -> Halves:
    """The rows of both sides: disjoint, and but for a given split all of them.

    Raises:
        CannotSplit: with the reason, when one side would be empty.
    """
    return SPLITS[split.kind](subject, split)


def ratio(subject: Subject, split: RatioSplit) -> Halves:
    """The rows whose keys come first in an order that the seed decides."""
    _refuse_too_few(subject)
    order = _drawn(subject.keys, split.split_seed)
    return _held_out(len(subject), order[: _share(len(subject), split.val_fraction)])


def stratified(subject: Subject, split: StratifiedSplit) -> Halves:
    """As `ratio`, of each class alone."""
    if subject.classes is None:
        raise CannotSplit(
            subject.name,
            "a stratified split needs a label column of one class a row",
            "Choose one, or the split 'ratio'.",
        )
    names, places = _numbered(subject.classes)
    members = [np.flatnonzero(places == number) for number in range(len(names))]
    lone = [str(name) for name, rows in zip(names, members, strict=True) if len(rows) == 1]
    if lone:
        raise CannotSplit(
            subject.name,
            f"{_some('class', lone)} with one row only, which cannot be on both sides",
            "Bring in more rows of it, leave it out, or choose the split 'ratio'.",
        )
    order = _drawn(subject.keys, split.split_seed)
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    chosen = [
        rows[np.argsort(rank[rows])][: _share(len(rows), split.val_fraction)] for rows in members
    ]
    return _held_out(len(subject), np.concatenate(chosen))


def group(subject: Subject, split: GroupSplit) -> Halves:
    """Whole groups, drawn one after another as long as they bring the share nearer."""
    if subject.groups is None:
        raise CannotSplit(
            subject.name, "a split by group needs a group column", "Say which column it is."
        )
    names, places = _numbered(subject.groups)
    if len(names) < 2:
        raise CannotSplit(
            subject.name,
            f"all rows belong to one group, {_shown(names[0])}",
            "Choose another group column, or the split 'ratio'.",
        )
    sizes = np.bincount(places, minlength=len(names))
    keys = np.array([_key_of_text(str(name)) for name in names], np.uint64)
    wanted = split.val_fraction * len(subject)
    chosen: list[int] = []
    for number in _drawn(keys, split.split_seed).tolist():
        taken = sizes[chosen].sum()
        nearer = abs(taken + sizes[number] - wanted) < abs(taken - wanted)
        if len(chosen) < len(names) - 1 and nearer:
            chosen.append(number)
    if not chosen:  # every group alone is more than twice the share
        chosen = [int(np.lexsort((keys, sizes))[0])]
    return _held_out(len(subject), np.flatnonzero(np.isin(places, chosen)))


def time(subject: Subject, split: TimeSplit) -> Halves:
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
    return _held_out(len(subject), np.flatnonzero(subject.times >= moments[nearest]))


def last(subject: Subject, split: LastSplit) -> Halves:
    """The last rows, in the order that they were brought in."""
    _refuse_too_few(subject)
    held_out = _share(len(subject), split.val_fraction)
    return _held_out(len(subject), np.arange(len(subject) - held_out, len(subject)))


def given(subject: Subject, split: GivenSplit) -> Halves:
    """What the split's column says."""
    if subject.given is None:
        raise CannotSplit(
            subject.name, "a given split needs a split column", "Say which column it is."
        )
    said = np.array([str(value) for value in subject.given])
    train, val = (np.flatnonzero(np.isin(said, names)) for names in (split.train, split.val))
    for side, rows, names in (("train", train, split.train), ("val", val, split.val)):
        if not len(rows):
            there = ", ".join(map(repr, np.unique(said)[:_MOST_NAMED].tolist()))
            raise CannotSplit(
                subject.name,
                f"no row says {' or '.join(map(repr, names))} in the split column",
                f"It says {there}. Name these in split.{side}.",
            )
    return Halves(train, val)


SPLITS: dict[str, Callable[[Subject, Any], Halves]] = {
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


def _share(rows: int, val_fraction: float) -> int:
    """At least one of them but never all."""
    return min(max(1, round(val_fraction * rows)), rows - 1)


def _held_out(rows: int, chosen: Rows) -> Halves:
    val = np.zeros(rows, bool)
    val[chosen] = True
    return Halves(np.flatnonzero(~val), np.flatnonzero(val))


def _drawn(keys: Keys, seed: int) -> Rows:
    """Rows in an order that their keys and the seed decide; equal rows in that of their places,
    which cannot be told apart."""
    return np.argsort(_mixed(keys, seed), kind="stable")


def _mixed(keys: Keys, seed: int) -> Keys:
    """SplitMix64 of the keys and a seed: other orders for other seeds."""
    with np.errstate(over="ignore"):
        state = keys + np.uint64((seed * 0x9E3779B97F4A7C15 + 0x632BE59BD9B4E019) % 2**64)
        state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return np.asarray(state ^ (state >> np.uint64(31)), np.uint64)


def _key_of_text(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def _numbered(values: NDArray[Any]) -> tuple[list[Any], Rows]:
    """The different values in the order of their texts, and for each row its place among them;
    a missing value is one, too."""
    names = sorted(set(values.tolist()), key=str)
    places = {name: place for place, name in enumerate(names)}
    return names, np.array([places[value] for value in values.tolist()], np.int64)


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
