"""What a check makes of what it saw, before it has a name and a place in the report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.data.quality.subject import Subject
from engine.health.report import Verdict

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Outcome:
    """A verdict with the rows that it rests on."""

    verdict: Verdict
    text: str
    remedy: str = ""
    unit: Literal["rows", "columns", "groups"] = "rows"
    count: int = 0
    of: int = 0
    leaves_out: Mask | None = None
    """The rows that a filter would leave out."""
    shown: list[tuple[int, int | None]] = field(default_factory=list)
    """Examples: a row, and the one that it has to do with."""
    excerpt: Callable[[int], str] | None = None
    """How an example's row is shown; None for its inputs and answers."""


def skipped(why: str) -> Outcome:
    """Nothing was looked at."""
    return Outcome("skipped", why)


class Words(NamedTuple):
    """What a check that finds rows says."""

    none: str
    """Where there are none."""
    that: str
    """What is wrong with them, after "rows that"."""
    remedy: str
    detail: str = ""
    """A sentence more where there are some."""


def of_rows(
    subject: Subject, found: Mask, words: Words, *, fails_from: float | None = None
) -> Outcome:
    """The outcome of a check that finds rows. From a share on it fails; None: never."""
    count, of = int(found.sum()), len(subject)
    if not count:
        return Outcome("pass", words.none, of=of, leaves_out=found)
    verdict: Verdict = "warn" if fails_from is None or count / of < fails_from else "fail"
    shown: list[tuple[int, int | None]] = [(int(row), None) for row in first(found)]
    text = f"Rows that {words.that}: {count:,} of {of:,} ({percent(count, of)}). {words.detail}"
    return Outcome(
        verdict, text.strip(), words.remedy, count=count, of=of, leaves_out=found, shown=shown
    )


def first(found: Mask, most: int = 64) -> list[int]:
    """The first rows that were found."""
    return [int(row) for row in np.flatnonzero(found)[:most]]


def counted(count: int, what: str = "row") -> str:
    """So many of them, in words."""
    return f"1 {what}" if count == 1 else f"{count:,} {what}s"


def percent(count: int, of: int) -> str:
    """A share as people say it."""
    share = 100 * count / max(1, of)
    return "less than 0.1 %" if 0 < share < 0.1 else f"{share:.1f} %"
