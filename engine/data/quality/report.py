"""What was found in a dataset, as a document that a screen draws without reading the rows."""

from __future__ import annotations

from typing import Literal

from engine.data.library.spec import DatasetSpec
from engine.frozen import Frozen, knob
from engine.health.report import WORST_FIRST, Verdict


class Limits(Frozen):
    """From where on a row is odd."""

    shortest: int | None = knob(None, "Shortest text", ge=1)
    """In characters; None: far shorter than most."""
    longest: int | None = knob(None, "Longest text", ge=1)
    """In characters; None: far longer than most."""
    similarity: float = knob(0.8, "Near duplicates are alike by", ge=0.6, le=1)
    """Share of their pieces of five bytes that two texts have in common, as MinHash estimates."""
    most_compared: int = knob(100_000, "Texts to compare", ge=2, le=2_000_000)
    """Near duplicates are looked for among so many different texts; 640 bytes each."""
    rare: int = knob(5, "Rows of a class", ge=2)
    """A class with fewer is rare."""
    uneven: float = knob(10.0, "Largest class to smallest", gt=1)
    """From this ratio on classes are unbalanced."""
    seed: int = knob(0, "Seed", ge=0, le=2**32 - 1)
    """Of MinHash, and of which texts are compared where there are too many."""


class Example(Frozen):
    """One row that a check is about."""

    row: int
    """From 0, as `Dataset.rows` counts."""
    excerpt: str
    other: int | None = None
    """The row that it repeats, contradicts or leaks to."""
    other_excerpt: str = ""


class Finding(Frozen):
    """What one check found."""

    check: str
    """Its name in `engine.data.quality.names`."""
    verdict: Verdict
    text: str
    """What was found, in whole sentences; for `skipped` why nothing was looked at."""
    remedy: str = ""
    """What to do about it; empty where nothing is to be done."""
    unit: Literal["rows", "columns", "groups"] = "rows"
    """What was counted."""
    count: int = 0
    of: int = 0
    leaves_out: int | None = None
    """Rows that a version without this finding would not have; None where no filter mends it."""
    examples: tuple[Example, ...] = ()
    took_s: float = 0.0

    @property
    def share(self) -> float | None:
        """The part that was found; None of nothing."""
        return self.count / self.of if self.of else None


class QualityReport(Frozen):
    """All checks of one version of a dataset."""

    version: Literal[1] = 1
    fingerprint: str
    """Of the dataset."""
    data: DatasetSpec | None
    """With which roles, task and split; None where its task was not known."""
    limits: Limits
    rows: int
    checked_at: float
    """Seconds since 1970 at which it ended."""
    findings: tuple[Finding, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst verdict of all checks."""
        found = {finding.verdict for finding in self.findings}
        return next((verdict for verdict in WORST_FIRST if verdict in found), "skipped")

    def finding(self, check: str) -> Finding | None:
        """What that check found; None where it was not made."""
        return next((found for found in self.findings if found.check == check), None)
