"""Outcome: what a check concludes from its measurements."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from engine.errors import EngineError
from engine.health.report import WORST_FIRST, Figure, Measured, Verdict, value_of

Numbers = Mapping[str, tuple[float | None, str]]
"""What was measured: name -> number and unit."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing that is wrong, and what to do about it."""

    verdict: Verdict
    text: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A finding without the name of its check."""

    verdict: Verdict
    text: str
    remedy: str = ""
    measured: tuple[Measured, ...] = ()
    figures: tuple[Figure, ...] = ()


class Skipped(Exception):
    """Raised by a check that has nothing to measure here; its text is the reason."""


def concluded(
    fine: str,
    complaints: Sequence[Complaint],
    numbers: Numbers,
    figures: Iterable[Figure] = (),
) -> Outcome:
    """The worst of the complaints with the words of all; `fine` is said where there are none."""
    order = sorted(complaints, key=lambda one: WORST_FIRST.index(one.verdict))
    remedies = dict.fromkeys(one.remedy for one in order if one.remedy)
    return Outcome(
        order[0].verdict if order else "pass",
        " ".join(one.text for one in order) or fine,
        " ".join(remedies),
        tuple(Measured(name=n, value=value_of(v), unit=u) for n, (v, u) in numbers.items()),
        tuple(figures),
    )


def listed(names: Sequence[str], most: int = 5) -> str:
    """Names in a sentence: some of them when there are many."""
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def in_words(error: BaseException, most: int = 300) -> str:
    """The kind and the message of what a model raised, on one line."""
    kind = "" if isinstance(error, EngineError) else f"{type(error).__name__}: "
    text = " ".join(f"{kind}{error}".split()).rstrip(".: ")
    return text if len(text) <= most else f"{text[: most - 1]}…"


class Clock:
    """The time that a check may take."""

    def __init__(self, seconds: float) -> None:
        self._ends_at = time.perf_counter() + seconds

    @property
    def is_over(self) -> bool:
        return time.perf_counter() > self._ends_at
