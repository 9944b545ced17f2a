"""Preflight: what would fail or disappoint, said before anything starts. No torch."""

from __future__ import annotations

from engine.checks import (
    arithmetic,
    fit,
    images,
    learning_rate,
    monitor,
    parameters,
    resources,
    schedule,
    texts,
    unused_options,
)
from engine.checks.finding import Case, Check, Finding
from engine.data.specs import DataFacts
from engine.errors import BadInput
from engine.estimate import Estimate, estimate
from engine.machine import MachineFacts
from engine.run_spec import RunSpec

__all__ = ["Estimate", "Finding", "estimate", "preflight", "refuse_errors"]

CHECKS: tuple[Check, ...] = (
    *fit.CHECKS,
    *images.CHECKS,
    *texts.CHECKS,
    *unused_options.CHECKS,
    *monitor.CHECKS,
    *schedule.CHECKS,
    *learning_rate.CHECKS,
    *parameters.CHECKS,
    *arithmetic.CHECKS,
    *resources.CHECKS,
)


def preflight(spec: RunSpec, facts: DataFacts, machine: MachineFacts) -> list[Finding]:
    """Everything that is wrong at once, errors before warnings."""
    case = Case(spec, facts, machine, estimate(spec, facts))
    findings = [finding for check in CHECKS for finding in check(case)]
    return sorted(findings, key=lambda finding: finding.severity != "error")


def refuse_errors(findings: list[Finding]) -> None:
    """Do nothing when there are only warnings.

    Raises:
        BadInput: with all errors.
    """
    problems = [finding.problem for finding in findings if finding.severity == "error"]
    if problems:
        raise BadInput(problems)
