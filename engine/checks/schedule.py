"""Whether the numbers of steps, batches and intervals make sense together."""

from __future__ import annotations

from collections.abc import Iterator

from engine.checks.finding import Case, Check, Finding, error, warning
from engine.errors import Problem
from engine.training_config import TrainingConfig

NOTHING_HELD_OUT = Problem(
    "training.early_stopping.patience",
    "counts validations, and nothing is held out",
    remedy="Hold out validation data, or leave it empty.",
)


def samples_for_an_update(training: TrainingConfig, samples: int) -> Iterator[Problem]:
    """What is wrong when one update takes more samples than there are."""
    batching = training.batching
    if batching.accumulate > 1 and batching.batch_size * batching.accumulate > samples > 0:
        yield Problem(
            "training.batching.accumulate",
            "one update would see some samples twice: it takes more than the training data",
            f"{batching.accumulate} x {batching.batch_size:,} for {samples:,} samples",
            f"Use at most {max(1, samples // batching.batch_size)}, or a smaller batch.",
        )


def batch_in_data(case: Case) -> Iterator[Finding]:
    training, samples = case.spec.training, case.facts.train_samples
    batch_size = training.batching.batch_size
    if batch_size > samples > 0:
        yield error(
            "training.batching.batch_size",
            "is larger than the training data",
            f"{batch_size:,} for {samples:,} samples",
            f"Use at most {samples:,}.",
        )
        return
    for problem in samples_for_an_update(training, samples):
        yield Finding("error", problem)


def intervals_in_run(case: Case) -> Iterator[Finding]:
    training, steps = case.spec.training, case.estimate.steps
    if steps is None:
        return
    for path, every, consequence in (
        ("evaluation", training.evaluation.every_steps, "there is one validation, at the end"),
        ("logging", training.logging.every_steps, "the curves have one point, at the end"),
    ):
        if every > steps:
            yield _too_long(f"training.{path}.every_steps", every, steps, consequence)


def checkpoints_in_run(case: Case) -> Iterator[Finding]:
    config, known = case.spec.training.checkpointing, case.estimate
    if known.steps is None or known.epochs is None or config.every_minutes is not None:
        return
    consequence = "an interrupted run must begin anew"
    by_steps = config.every_steps is not None and config.every_steps <= known.steps
    by_epochs = config.every_epochs is not None and config.every_epochs <= known.epochs
    if by_steps or by_epochs:
        return
    if config.every_steps is not None:
        path = "training.checkpointing.every_steps"
        yield _too_long(path, config.every_steps, known.steps, consequence)
    elif config.every_epochs is not None:
        yield warning(
            "training.checkpointing.every_epochs",
            f"is longer than the run of {known.epochs:.3g} epochs, so {consequence}",
            f"{config.every_epochs:g}",
            f"Use {known.epochs / 10:.2g}.",
        )


def _too_long(path: str, every: int, steps: int, consequence: str) -> Finding:
    return warning(
        path,
        f"is longer than the run of {steps:,} steps, so {consequence}",
        f"{every:,}",
        f"Use {max(1, steps // 10):,}.",
    )


def patience_in_run(case: Case) -> Iterator[Finding]:
    training, steps = case.spec.training, case.estimate.steps
    patience, every = training.early_stopping.patience, training.evaluation.every_steps
    if patience is not None and not case.facts.val_samples and not case.facts.val_tokens:
        yield Finding("error", NOTHING_HELD_OUT)
    if steps is None or patience is None:
        return
    if patience * every >= steps:
        yield warning(
            "training.early_stopping.patience",
            f"the run of {steps:,} steps is over before so many validations",
            f"{patience} x {every:,} steps",
            "Use a smaller one, or validate more often.",
        )


CHECKS: tuple[Check, ...] = (
    batch_in_data,
    intervals_in_run,
    checkpoints_in_run,
    patience_in_run,
)
