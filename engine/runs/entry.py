"""Entry: one run as the index knows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, cast

from engine.runs.fact_row import FactRow
from engine.runs.state import ACTIVE, Status

DAMAGED: Literal["damaged"] = "damaged"
"""The status of a run whose files cannot be read."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One run. A damaged one has a `damage`, which says what is wrong, and few facts."""

    id: str
    facts: FactRow
    """Labels, state, settings and, under their own names, the newest value of each metric."""
    damage: str = ""
    extremes: dict[str, tuple[float, float]] = field(default_factory=dict, compare=False)
    """Lowest and highest value of metrics as far as somebody has asked; `RunIndex.extremes`."""

    @property
    def name(self) -> str:
        """The name to show."""
        return str(self.facts["name"])

    @property
    def status(self) -> Status | Literal["damaged"]:
        """The status in the state of the run, or `damaged`."""
        return cast(Status, self.facts["status"])

    @property
    def is_active(self) -> bool:
        """Whether the run is or will be worked on."""
        return self.status in ACTIVE
