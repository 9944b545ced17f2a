"""What is filled in on the form for an alert rule, and the rule that it means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.alerting.rule import Rule
from engine.alerting.webhook import fault_of, local_hosts
from engine.errors import BadInput, Problem
from engine.runs.store import RunStore

ALL, ONE, SOME = "All runs", "One run", "The runs of a query"
KINDS = {
    "compare": "A metric crosses a bound",
    "not-finite": "A metric is NaN or infinite",
    "no-improvement": "A metric stops improving",
    "silent": "A running run goes silent",
    "status": "A run ends",
}
FIELDS: Mapping[str, tuple[str, ...]] = {
    "compare": ("metric", "is", "value", "amount", "unit"),
    "not-finite": ("metric", "amount", "unit"),
    "no-improvement": ("metric", "better", "patience", "patience_unit"),
    "silent": ("any_metric", "seconds"),
    "status": ("becomes",),
}
"""The fields of each kind of condition, as they are on the form."""
_MEANT = {"any_metric": "metric", "patience": "amount", "patience_unit": "unit"}
"""Fields of the form that have another name in the rule: they mean something else there."""

DEFAULTS: Mapping[str, Any] = {
    "name": "",
    "runs": ALL,
    "run": None,
    "query": "",
    "kind": "compare",
    "metric": "val/loss",
    "any_metric": None,
    "is": ">",
    "value": None,
    "amount": 1,
    "unit": "points",
    "better": "lower",
    "patience": 1000,
    "patience_unit": "steps",
    "seconds": 120,
    "becomes": ["failed", "interrupted"],
    "once": False,
    "cooldown_min": 10.0,
    "channels": ["app"],
    "webhook": "",
}


def draft_of(rule: Rule) -> dict[str, Any]:
    """What the form shows for a rule."""
    condition = rule.condition.model_dump(mode="json", by_alias=True)
    kind = condition["kind"]
    shown = {field: condition[_MEANT.get(field, field)] for field in FIELDS[kind]}
    about = ONE if rule.run else SOME if rule.query else ALL
    return {
        **DEFAULTS,
        **shown,
        **rule.model_dump(include={"name", "run", "once", "cooldown_min"}),
        "kind": kind,
        "runs": about,
        "query": rule.query or "",
        "channels": list(rule.channels),
    }


def rule_of(draft: Mapping[str, Any], before: Rule | None, store: RunStore) -> Rule:
    """The rule that a draft means; `before` is the one that it changes.

    Raises:
        BadInput: with everything that is wrong, under the names of the form's fields.
    """
    problems = [*_wrong_scope(draft, store), *_wrong_webhook(draft)]
    try:
        rule = Rule.parse(_document(draft, before))
    except BadInput as error:
        problems += [_on_form(problem, draft["kind"]) for problem in error.problems]
    if problems:
        raise BadInput(problems)
    return rule


def _document(draft: Mapping[str, Any], before: Rule | None) -> dict[str, Any]:
    condition = {_MEANT.get(field, field): draft[field] for field in FIELDS[draft["kind"]]}
    kept = {} if before is None else before.model_dump(include={"id", "enabled", "since"})
    return {
        **kept,
        "name": draft["name"].strip(),
        "run": draft["run"] if draft["runs"] == ONE else None,
        "query": draft["query"].strip() or None if draft["runs"] == SOME else None,
        "condition": {"kind": draft["kind"], **condition},
        "once": draft["once"],
        "cooldown_min": draft["cooldown_min"],
        "channels": draft["channels"],
    }


def _wrong_scope(draft: Mapping[str, Any], store: RunStore) -> list[Problem]:
    if draft["runs"] == ONE and not draft["run"]:
        return [Problem("run", "a run is needed", remedy="Choose one, or all runs.")]
    if draft["runs"] != SOME:
        return []
    if not draft["query"].strip():
        return [Problem("query", "a query is needed", remedy="Fill it in, or choose all runs.")]
    try:
        store.find(draft["query"])
    except BadInput as error:
        found = error.problems[0]
        return [Problem("query", found.message, found.got, found.remedy)]
    return []


def _wrong_webhook(draft: Mapping[str, Any]) -> list[Problem]:
    if "webhook" not in draft["channels"] or not draft["webhook"]:
        return []  # the rule book knows whether the rule has an address already
    fault = fault_of(draft["webhook"].strip(), local_hosts())
    return [] if fault is None else [fault]


def _on_form(problem: Problem, kind: str) -> Problem:
    """The problem under the name of the form's field."""
    name = problem.path.removeprefix("condition.")
    meant = {_MEANT.get(field, field): field for field in FIELDS[kind]}
    field = meant.get(name, name) if problem.path.startswith("condition.") else name
    return Problem(field.partition(".")[0], problem.message, problem.got, problem.remedy)
