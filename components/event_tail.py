"""The event log of a run, read on from where it was left."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from engine.runs.run import Run


@dataclass(slots=True)
class EventTail:
    """Events read so far, oldest first; a reader's memory, kept in its session."""

    run_id: str
    offset: int = 0
    events: list[dict[str, Any]] = field(default_factory=list)

    def read_on(self, run: Run) -> list[dict[str, Any]]:
        """Add what is new and give all events."""
        new, self.offset = run.events(self.offset)
        self.events.extend(new)
        return self.events
