"""Whether the parameters that the configuration names are there."""

from __future__ import annotations

from collections.abc import Iterator

from engine.checks.finding import Case, Check, Finding
from engine.models.parameters import parameter_facts
from engine.parameters.plan import problems


def parameters_are_there(case: Case) -> Iterator[Finding]:
    """Of models that only their program knows, the Trainer asks the same of the model itself."""
    training, facts = case.spec.training, parameter_facts(case.spec.model, case.facts)
    if facts is None:
        return
    for problem in problems(facts, training.optimizer, training.parameters):
        yield Finding("error", problem)


CHECKS: tuple[Check, ...] = (parameters_are_there,)
