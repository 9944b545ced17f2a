"""Everything that is known about a run before it starts, from one draft."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from components.draft import Draft, at_field
from components.form_schema import Item
from components.pace import Pace, pace_of
from engine.data.sources import facts_of
from engine.data.specs import DataFacts
from engine.errors import BadInput, EngineError, Problem
from engine.machine import machine_facts
from engine.preflight import Estimate, Finding, estimate, preflight
from engine.run_spec import RunSpec
from engine.runs.store import RunStore


@dataclass(frozen=True)
class Outlook:
    """What a draft would do. Without a valid spec only `problems` says anything."""

    items: Sequence[Item]
    problems: Sequence[Problem] = ()
    """What keeps the run from starting."""
    warnings: Sequence[Problem] = ()
    """What is probably not meant."""
    spec: RunSpec | None = None
    facts: DataFacts | None = None
    estimate: Estimate | None = None
    pace: Pace | None = None

    def label_of(self, problem: Problem) -> str:
        """The label of the field that a problem belongs to; its path where there is no field."""
        labels = {item.path: item.label for item in self.items}
        return labels.get(problem.path, problem.path)


def outlook(draft: Draft, store: RunStore) -> Outlook:
    """Check a draft as far as it goes: the spec, then the spec against data and machine."""
    items = draft.items()
    try:
        spec = draft.spec()
    except BadInput as error:
        return Outlook(items, [at_field(problem, items) for problem in error.problems])
    try:
        facts = facts_of(spec.data, spec.model)
    except EngineError as error:
        return Outlook(items, [Problem("data", str(error))], spec=spec)
    findings = preflight(spec, facts, machine_facts(store.root))
    return Outlook(
        items,
        problems=_of_severity("error", findings, items),
        warnings=_of_severity("warning", findings, items),
        spec=spec,
        facts=facts,
        estimate=estimate(spec, facts),
        pace=pace_of(spec, store.list()),
    )


def _of_severity(
    severity: str, findings: Sequence[Finding], items: Sequence[Item]
) -> list[Problem]:
    wanted = (finding.problem for finding in findings if finding.severity == severity)
    return [at_field(problem, items) for problem in wanted]
