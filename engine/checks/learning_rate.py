"""Whether the learning-rate schedule fits the run."""

from __future__ import annotations

from collections.abc import Iterator

from engine.checks.finding import Case, Check, Finding, error, warning
from engine.config.schedules import (
    PlateauConfig,
    RangeTestConfig,
    StepConfig,
    Warmed,
    WarmupStableDecayConfig,
)
from engine.errors import Problem

LEAST_TEST_STEPS = 20
NO_VALIDATION = Problem(
    "training.scheduler.name",
    "drops when validation no longer improves, and nothing is held out",
    "'plateau'",
    "Hold out validation data, or use 'cosine'.",
)


def warmup_in_run(case: Case) -> Iterator[Finding]:
    """A length in steps was compared when the config was made; epochs need the data."""
    training, steps = case.spec.training, case.estimate.steps
    scheduler = training.scheduler
    warmup = scheduler.warmup_steps if isinstance(scheduler, Warmed) else 0
    if training.length.unit == "epochs" and steps is not None and warmup >= steps:
        yield error(
            "training.scheduler.warmup_steps",
            f"is as long as the whole run of {steps:,} steps",
            warmup,
            f"Use at most {steps - 1:,}, or train longer.",
        )


def decay_behind_warmup(case: Case) -> Iterator[Finding]:
    scheduler, steps = case.spec.training.scheduler, case.estimate.steps
    if not isinstance(scheduler, WarmupStableDecayConfig) or steps is None:
        return
    warmup, decay = scheduler.warmup(steps), round(scheduler.decay_share * steps)
    if warmup < steps < warmup + decay:
        yield error(
            "training.scheduler.decay_share",
            f"the decay of {decay:,} steps begins before the warmup of {warmup:,} steps ends",
            f"{scheduler.decay_share:g}",
            f"Use at most {(steps - warmup) / steps:.2g}, or a shorter warmup.",
        )


def drops_in_run(case: Case) -> Iterator[Finding]:
    scheduler, steps = case.spec.training.scheduler, case.estimate.steps
    if isinstance(scheduler, StepConfig) and steps is not None:
        left = steps - scheduler.warmup(steps)
        if scheduler.drop_every >= left > 0:
            yield warning(
                "training.scheduler.drop_every",
                f"the run of {steps:,} steps is over before the first drop",
                scheduler.drop_every,
                f"Use {max(1, left // 4):,}.",
            )


def plateau_is_measured(case: Case) -> Iterator[Finding]:
    training, facts, steps = case.spec.training, case.facts, case.estimate.steps
    if not isinstance(training.scheduler, PlateauConfig):
        return
    if facts.val_samples == 0 and facts.val_tokens is None:
        yield Finding("error", NO_VALIDATION)
    patience, every = training.scheduler.drop_patience, training.evaluation.every_steps
    if steps is not None and patience * every >= steps:
        yield warning(
            "training.scheduler.drop_patience",
            f"the run of {steps:,} steps is over before so many validations",
            f"{patience} x {every:,} steps",
            "Use a smaller one, or validate more often.",
        )


def test_is_a_test(case: Case) -> Iterator[Finding]:
    training, steps = case.spec.training, case.estimate.steps
    if not isinstance(training.scheduler, RangeTestConfig):
        return
    if steps is not None and steps < LEAST_TEST_STEPS:
        yield error(
            "training.length.amount",
            f"a learning-rate range test of {steps:,} steps shows nothing",
            training.length.amount,
            f"Use at least {LEAST_TEST_STEPS} steps; 100 to 300 are usual.",
        )
    if training.logging.every_steps > 1:
        yield error(
            "training.logging.every_steps",
            "a learning-rate range test needs the loss of every step",
            training.logging.every_steps,
            "Use 1.",
        )


CHECKS: tuple[Check, ...] = (
    warmup_in_run,
    decay_behind_warmup,
    drops_in_run,
    plateau_is_measured,
    test_is_a_test,
)
