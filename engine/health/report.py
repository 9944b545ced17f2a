"""What a health check found, as documents that a screen draws without torch."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import Field

from engine.frozen import Frozen

Verdict = Literal["pass", "warn", "fail", "skipped"]
Value = float | Literal["NaN", "Infinity", "-Infinity"] | None
"""A number as JSON has it: what is no finite number is its name, unknown is None."""

WORST_FIRST: tuple[Verdict, ...] = ("fail", "warn", "pass", "skipped")


class Measured(Frozen):
    """One number that a verdict rests on."""

    name: str
    value: Value
    unit: str = ""


class Curve(Frozen):
    """Points of one line; a value that is None is a gap."""

    name: str
    x: tuple[float, ...]
    y: tuple[Value, ...]


class Lines(Frozen):
    """Curves over a common axis."""

    kind: Literal["lines"] = "lines"
    title: str
    x_title: str
    y_title: str
    curves: tuple[Curve, ...]
    log_x: bool = False
    log_y: bool = False
    bounds: dict[str, float] = {}
    """Values on the y axis that a verdict compares with, by what they mean."""


class Bars(Frozen):
    """One value for each name, in the order of the model."""

    kind: Literal["bars"] = "bars"
    title: str
    names: tuple[str, ...]
    values: tuple[Value, ...]
    y_title: str
    log_y: bool = False
    bounds: dict[str, float] = {}
    """Values on the y axis that a verdict compares with, by what they mean."""


class Heat(Frozen):
    """A table of numbers as colours, the first row on top."""

    kind: Literal["heat"] = "heat"
    title: str
    x_title: str
    y_title: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    rows: tuple[tuple[Value, ...], ...]


Figure = Annotated[Lines | Bars | Heat, Field(discriminator="kind")]


class Finding(Frozen):
    """What one check found."""

    check: str
    """Its name in `engine.health.names`."""
    verdict: Verdict
    text: str
    """What was found, in whole sentences; for `skipped` why nothing was measured."""
    remedy: str = ""
    """What to do about it; empty where nothing is to be done."""
    measured: tuple[Measured, ...] = ()
    figures: tuple[Figure, ...] = ()
    took_s: float = 0.0


class HealthReport(Frozen):
    """A whole examination of one version of a model with one data set and task."""

    version: Literal[1] = 1
    digest: str
    """What was examined: see `engine.health.kept.digest_of`."""
    checked_at: float
    """Seconds since 1970 at which it ended."""
    task: dict[str, Any]
    model: dict[str, Any]
    data: dict[str, Any]
    """The documents that were examined, as in a RunSpec."""
    batch_size: int
    environment: dict[str, Any] = {}
    findings: tuple[Finding, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst verdict of all checks."""
        found = {finding.verdict for finding in self.findings}
        return next((verdict for verdict in WORST_FIRST if verdict in found), "skipped")

    def count(self, verdict: Verdict) -> int:
        """How many checks came to this verdict."""
        return sum(finding.verdict == verdict for finding in self.findings)


def value_of(number: float | None) -> Value:
    """A number as a document holds it."""
    if number is None:
        return None
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    return float(number)
