"""Groups of runs that have the same values of some facts, as the same settings with other seeds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from engine.comparison.chosen import Compared
from engine.comparison.fields import LABELS, TAG, fact_of, grouping_fields
from engine.comparison.words import shown
from engine.runs.facts import Fact

_SEED = "reproducibility.seed"
_IN_WORDS = ("model", "data")
"""Facts that sum others up."""

_BETWEEN = " · "

_Key = tuple[tuple[int, float, str], ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Runs with the same values of the fields that they are grouped by."""

    label: str
    runs: tuple[Compared, ...]

    def otherwise(self) -> tuple[str, ...]:
        """Fields other than the seed and what people said that differ between the runs."""
        aside = (_SEED, *LABELS, *_IN_WORDS)
        fields = [field for field in grouping_fields(self.runs) if field not in aside]
        return tuple(field for field in fields if not field.startswith(TAG))


def groups(runs: Sequence[Compared], fields: Sequence[str]) -> tuple[Group, ...]:
    """The groups in the order of their values, numbers before texts and the unknown last.

    Values that read alike are one, such as the number 1 and the text "1" of an imported run.
    Without fields every run is a group of its own.
    """
    if not fields:
        return tuple(Group(run.heading, (run,)) for run in runs)
    members: dict[tuple[str, ...], list[Compared]] = {}
    for run in sorted(runs, key=lambda run: (_key(run, fields), run.id)):
        members.setdefault(_words(run, fields), []).append(run)
    joined = Counter(map(_BETWEEN.join, members))
    return tuple(
        Group(_BETWEEN.join(words if joined[_BETWEEN.join(words)] == 1 else map(repr, words)), runs)
        for words, runs in ((words, tuple(found)) for words, found in members.items())
    )


def _words(run: Compared, fields: Sequence[str]) -> tuple[str, ...]:
    return tuple(shown(fact_of(run, field)) for field in fields)


def _key(run: Compared, fields: Sequence[str]) -> _Key:
    return tuple(_rank(fact_of(run, field)) for field in fields)


def _rank(fact: Fact) -> tuple[int, float, str]:
    match fact:
        case None | "" | ():
            return 3, 0.0, ""
        case bool():
            return 1, float(fact), ""
        case int() | float():
            return 0, float(fact), ""
        case _:
            return 2, 0.0, shown(fact)
