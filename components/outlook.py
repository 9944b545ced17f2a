"""Everything that is known about a run before it starts, from one draft."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from components import forking
from components.draft import Draft, at_field
from components.form_schema import Item
from components.pace import Pace, alike, pace_of
from engine.data.sources import facts_of
from engine.data.specs import DataFacts
from engine.errors import BadInput, EngineError, Problem
from engine.machine import machine_facts
from engine.models.imported.library import CODE
from engine.models.imported.readiness import refusals, remarks
from engine.preflight import Estimate, Finding, estimate, preflight
from engine.run_spec import RunSpec
from engine.runs.lineage import Fork
from engine.runs.store import RunStore

_LABELS = {"model.code": "Code", "launcher": "Run as"}
"""Of what no field of the form holds."""


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
    plan: Fork | None = None
    """What a fork will be; None for a run from the beginning, or one that is in trouble."""

    @property
    def steps(self) -> int | None:
        """Updates to be made."""
        if self.plan is not None:
            return self.plan.total_steps - self.plan.origin.step
        return None if self.estimate is None else self.estimate.steps

    def label_of(self, problem: Problem) -> str:
        """The label of the field that a problem belongs to; its path where there is no field."""
        labels = {item.path: item.label for item in self.items} | _LABELS
        return labels.get(problem.path, problem.path.removeprefix("model.arguments."))


def outlook(draft: Draft, store: RunStore) -> Outlook:
    """Check a draft as far as it goes: the spec, then the spec against data and machine."""
    items = draft.items()
    try:
        spec = draft.spec()
    except BadInput as error:
        return Outlook(items, [at_field(problem, items) for problem in error.problems])
    try:
        facts = facts_of(spec.data, spec.model, store.root)
    except BadInput as error:
        problems = [at_field(problem, items) for problem in error.problems]
        return Outlook(items, problems, spec=spec)
    except EngineError as error:
        return Outlook(items, [Problem("data", str(error))], spec=spec)
    findings = preflight(spec, facts, machine_facts(store.root))
    plan, in_the_way = _plan(draft, spec, store)
    parent = None if plan is None else plan.parent.folder / CODE
    refused = refusals(spec.model, store.root, facts, draft.launcher, parent)
    return Outlook(
        items,
        problems=[
            *_of_severity("error", findings, items),
            *refused,
            *(at_field(problem, items) for problem in in_the_way),
        ],
        warnings=[
            *_of_severity("warning", findings, items),
            *remarks(spec.model, store.root, facts),
        ],
        spec=spec,
        facts=facts,
        estimate=estimate(spec, facts),
        pace=pace_of(spec, alike(store, spec)),
        plan=plan,
    )


def _plan(draft: Draft, spec: RunSpec, store: RunStore) -> tuple[Fork | None, Sequence[Problem]]:
    """What a fork will be, or what is in its way."""
    if draft.fork is None:
        return None, ()
    try:
        return forking.plan(store, draft.fork, spec), ()
    except BadInput as error:
        return None, error.problems
    except EngineError as error:
        return None, [Problem("run", str(error))]


def _of_severity(
    severity: str, findings: Sequence[Finding], items: Sequence[Item]
) -> list[Problem]:
    wanted = (finding.problem for finding in findings if finding.severity == severity)
    return [at_field(problem, items) for problem in wanted]
