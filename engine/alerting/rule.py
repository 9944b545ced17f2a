"""Rule: when somebody wants to be told about a run, and how."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from engine.frozen import Frozen

Channel = Literal["app", "browser", "webhook"]
Comparison = Literal["<", "<=", ">", ">="]
Ending = Literal["failed", "interrupted", "completed", "stopped"]
Metric = Annotated[str, Field(min_length=1, max_length=500)]
"""A metric's name; `*` stands for any characters, `?` for any one."""

_MOST = 1_000_000_000


class Compare(Frozen):
    """A metric is on the wrong side of a bound."""

    kind: Literal["compare"] = "compare"
    metric: Metric
    is_: Comparison = Field(">", alias="is")
    value: float
    amount: int = Field(1, ge=1, le=_MOST)
    """For how long: so many points in a row, or over so many steps or seconds of points."""
    unit: Literal["points", "steps", "seconds"] = "points"

    model_config = {"validate_by_name": True, "serialize_by_alias": True}


class NotFinite(Frozen):
    """A metric is NaN or infinite."""

    kind: Literal["not-finite"] = "not-finite"
    metric: Metric
    amount: int = Field(1, ge=1, le=_MOST)
    unit: Literal["points", "steps", "seconds"] = "points"


class NoImprovement(Frozen):
    """A metric has no new best value for some time."""

    kind: Literal["no-improvement"] = "no-improvement"
    metric: Metric
    better: Literal["lower", "higher"] = "lower"
    amount: int = Field(ge=1, le=_MOST)
    unit: Literal["steps", "minutes"] = "steps"


class Silent(Frozen):
    """A running run logs no new value."""

    kind: Literal["silent"] = "silent"
    metric: Metric | None = None
    """None for any metric of the run."""
    seconds: int = Field(120, ge=5, le=_MOST)


class Becomes(Frozen):
    """A run ends in a certain way."""

    kind: Literal["status"] = "status"
    becomes: tuple[Ending, ...] = Field(("failed", "interrupted"), min_length=1)


Measured = Compare | NotFinite | NoImprovement
"""Conditions that are judged on the points of a metric alone."""
Condition = Annotated[Measured | Silent | Becomes, Field(discriminator="kind")]


class Rule(Frozen):
    """When somebody wants to be told about a run, and how."""

    id: str = Field("", pattern=r"^([0-9a-f]{8})?$")
    """Given by the rule book; empty for a rule that is not in it yet."""
    name: str = Field(min_length=1, max_length=100)
    run: str | None = Field(None, pattern=r"^\d{8}-\d{6}-[a-z0-9]{6}$")
    """The one run that it is about."""
    query: str | None = Field(None, min_length=1, max_length=2000)
    """The runs that it is about, as the search of the Runs page; without both, all runs."""
    condition: Condition
    once: bool = False
    """Told only once for each run."""
    cooldown_min: float = Field(10, ge=0, le=525_600)
    """Minutes after an alert about a run without another one about it."""
    enabled: bool = True
    channels: tuple[Channel, ...] = Field(("app",), min_length=1)
    since: float = 0
    """Seconds since 1970: what was logged before is not judged."""
    revision: int = 0
    """How often what it judges was changed."""

    @model_validator(mode="after")
    def _is_about_one_thing(self) -> Rule:
        if self.run is not None and self.query is not None:
            raise ValueError("a rule is about one run or about a query's runs, not both")
        return self

    def judges_as(self, other: Rule) -> bool:
        """Whether both judge the same: then what one has seen holds for the other."""
        return (self.run, self.query, self.condition) == (other.run, other.query, other.condition)
