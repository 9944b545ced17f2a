"""What a watcher remembers of a run: how far each rule has judged it, kept over restarts."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from engine.alerting.rule import Rule
from engine.alerting.rule_book import FOLDER
from engine.runs.files import write_whole

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class MetricMemory:
    """How far a metric was judged by one rule."""

    attempt: int = 0
    count: int = 0
    """Records read."""
    begun: bool = False
    """Whether a point was met that the rule judges; all behind it are."""
    judged: int = -1
    """The last step that was judged."""
    judge: dict[str, Any] = field(default_factory=dict)
    redone_from: int | None = None
    """The step behind which a resume has cut points that were judged before."""
    redone_to: int = -1
    """The last step that had been judged then."""
    absorbed: int = 0
    """Alarms in that stretch that came again."""


@dataclass(slots=True)
class SilenceMemory:
    """When something new was last seen of a run."""

    attempt: int = -1
    seen: str = ""
    """What there was then, in short."""
    seen_at: float = 0.0


@dataclass(slots=True)
class RunMemory:
    """What is remembered of one run, by rule and metric."""

    metrics: dict[str, dict[str, MetricMemory]] = field(default_factory=dict)
    silences: dict[str, SilenceMemory] = field(default_factory=dict)
    changed: bool = False

    def of(self, rule: Rule, metric: str) -> MetricMemory:
        """The memory of a rule for a metric; a changed rule begins with none."""
        return self.metrics.get(_key(rule), {}).get(metric) or MetricMemory()

    def keep(self, rule: Rule, metric: str, known: MetricMemory) -> None:
        """Remember how far a rule has judged a metric."""
        self.metrics.setdefault(_key(rule), {})[metric] = known
        self.changed = True

    def silence(self, rule: Rule) -> SilenceMemory:
        """The memory of a rule about silence, to be changed in place."""
        return self.silences.setdefault(_key(rule), SilenceMemory())

    def forget_all_but(self, rules: Sequence[Rule]) -> None:
        """Drop what belongs to rules that are gone or judge something else now."""
        keys = {_key(rule) for rule in rules}
        self.metrics = {key: kept for key, kept in self.metrics.items() if key in keys}
        self.silences = {key: kept for key, kept in self.silences.items() if key in keys}


class MemoryFiles:
    """`.alerts/judged/`: one small file a run, replaced whole."""

    def __init__(self, root: Path) -> None:
        self._folder = root / FOLDER / "judged"

    def read(self, run_id: str) -> RunMemory:
        """What is remembered of a run; nothing where the file is damaged, which costs only time:
        what has fired stands in the journal."""
        path = self._folder / f"{run_id}.json"
        try:
            document = json.loads(path.read_bytes())
            return RunMemory(
                {
                    rule: {name: MetricMemory(**kept) for name, kept in metrics.items()}
                    for rule, metrics in document["metrics"].items()
                },
                {rule: SilenceMemory(**kept) for rule, kept in document["silences"].items()},
            )
        except FileNotFoundError:
            return RunMemory()
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            _log.warning("%s cannot be read, so the run is judged anew: %s", path, error)
            return RunMemory()

    def write(self, run_id: str, memory: RunMemory) -> None:
        if not memory.metrics and not memory.silences:
            return
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        document = asdict(memory)
        del document["changed"]
        write_whole(self._folder / f"{run_id}.json", json.dumps(document))
        memory.changed = False


def _key(rule: Rule) -> str:
    return f"{rule.id}.{rule.revision}"
