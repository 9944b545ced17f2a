"""Whether the metric that decides what is best can ever be known."""

from __future__ import annotations

from collections.abc import Iterator

from engine.checks.finding import Case, Check, Finding
from engine.data.specs import DataFacts
from engine.errors import Problem
from engine.task_spec import TaskSpec
from engine.training_config import TrainingConfig

PATH = "training.evaluation.monitor"
_NEED_A_VOCABULARY = {
    "causal-lm": ("bits_per_char", "bits_per_byte"),
    "seq2seq": ("exact_match", "chrf", "rouge_l"),
}
"""Metrics of the text that the tokens stand for."""


def never_known(training: TrainingConfig, task: TaskSpec, unknown: dict[str, str]) -> list[Problem]:
    """What is wrong when the monitored metric is among those that cannot be known, and why."""
    monitor = training.evaluation.monitor
    why = unknown.get(monitor.removeprefix("val/"))
    if why is None:
        return []
    left = [name for name in task.modes() if name.removeprefix("val/") not in unknown]
    return [Problem(PATH, why, repr(monitor), f"Use one of {', '.join(map(repr, left))}.")]


def unknown_of_objects(task: TaskSpec) -> dict[str, str]:
    """Metric -> why it is never known of data that is handed over as objects."""
    why = "is never known: it needs the text of each token, and the Trainer has only the tokens"
    return dict.fromkeys(_NEED_A_VOCABULARY.get(task.kind, ()), why)


def unknown_of_data(facts: DataFacts, judged_samples: int) -> dict[str, str]:
    """Metric -> why it is never known of data of this kind."""
    found = {}
    if facts.outputs is not None and facts.outputs <= 3:
        found["top3_accuracy"] = (
            f"is never known with {facts.outputs} classes: one of the first three is always right"
        )
    if judged_samples == 1:
        found["r2"] = "is never known of a single held-out sample, which has no spread"
    return found


def monitor_can_be_known(case: Case) -> Iterator[Finding]:
    training, facts = case.spec.training, case.facts
    most = training.evaluation.max_samples
    judged = facts.val_samples if most is None else min(most, facts.val_samples)
    for problem in never_known(training, case.spec.task, unknown_of_data(facts, judged)):
        yield Finding("error", problem)


CHECKS: tuple[Check, ...] = (monitor_can_be_known,)
