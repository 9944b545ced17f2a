"""The health check: every check made one after the other, each by itself."""

from __future__ import annotations

import contextlib
import io
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import torch

from engine.health.checks.attention import attention
from engine.health.checks.causality import causality
from engine.health.checks.determinism import determinism
from engine.health.checks.forward import forward
from engine.health.checks.gradients import gradient_flow
from engine.health.checks.independence import batch_independence, padding
from engine.health.checks.initialisation import initialisation
from engine.health.checks.instantiation import instantiation
from engine.health.checks.memory import memory
from engine.health.checks.noise import noise
from engine.health.checks.overfitting import overfitting
from engine.health.checks.precision import bf16, large_inputs
from engine.health.checks.saving import saving
from engine.health.checks.speed import speed
from engine.health.kept import digest_of
from engine.health.names import NAMES
from engine.health.outcome import Outcome, Skipped, in_words
from engine.health.report import Finding, HealthReport
from engine.health.subject import Subject, isolated
from engine.run_spec import RunSpec
from engine.runs.record import environment

Check = Callable[[Subject], Outcome]

CHECKS: dict[str, Check] = {
    "instantiation": instantiation,
    "forward": forward,
    "determinism": determinism,
    "batch-independence": batch_independence,
    "causality": causality,
    "padding": padding,
    "gradient-flow": gradient_flow,
    "initialisation": initialisation,
    "large-inputs": large_inputs,
    "bf16": bf16,
    "overfitting": overfitting,
    "memory": memory,
    "speed": speed,
    "attention": attention,
    "noise": noise,
    "saving": saving,
}
"""What is measured for each name in `engine.health.names`. A check builds the models that it needs
and changes nothing else, so their order does not matter."""

_FIRST = ("instantiation", "forward")
"""These tell what keeps the others from being made."""
TRIED = 2
"""Samples of the pass that decides whether the others can be made."""


def check(
    subject: Subject,
    only: Iterable[str] = tuple(CHECKS),
    on_begin: Callable[[str], None] = lambda name: None,
) -> Iterator[Finding]:
    """One finding for each check that is named; `on_begin` is told its name before.

    What a model prints goes nowhere. Random generators are afterwards as they were before.
    """
    with _alone():
        obstacle = _obstacle(subject)
    for name in only:
        on_begin(name)
        began = time.perf_counter()
        with _alone():
            outcome = _made(name, subject, obstacle)
        yield Finding(
            check=name,
            verdict=outcome.verdict,
            text=outcome.text,
            remedy=outcome.remedy,
            measured=outcome.measured,
            figures=outcome.figures,
            took_s=round(time.perf_counter() - began, 3),
        )


def report_of(spec: RunSpec, subject: Subject, findings: Iterable[Finding]) -> HealthReport:
    """The document of a whole examination that ends now."""
    return HealthReport(
        digest=digest_of(spec.task, spec.model, subject.facts),
        checked_at=time.time(),
        task=spec.task.model_dump(mode="json"),
        model=spec.model.model_dump(mode="json"),
        data=spec.data.model_dump(mode="json"),
        batch_size=subject.batch_size,
        environment={**environment(), "threads": torch.get_num_threads()},
        findings=tuple(findings),
    )


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    with isolated(), contextlib.redirect_stdout(io.StringIO()):
        yield


def _made(name: str, subject: Subject, obstacle: str) -> Outcome:
    if obstacle and name not in _FIRST:
        return Outcome("skipped", obstacle)
    try:
        return CHECKS[name](subject)
    except Skipped as reason:
        return Outcome("skipped", str(reason))
    except Exception as error:  # noqa: BLE001 - the user's model may raise anything; it is the finding
        title = NAMES[name].title
        where = _where(error)
        remedy = f"Look at {where} of the model." if where else ""
        return Outcome("fail", f"{title} failed: {in_words(error)}.", remedy)


def _obstacle(subject: Subject) -> str:
    """Why nothing can be measured; empty if a model can be built and gives outputs."""
    try:
        model = subject.model()
        if subject.factory() is model:
            return "The factory gives the same model again; it must make a new one each time."
    except Exception as error:  # noqa: BLE001 - the check of the instantiation tells it
        return f"The model cannot be built: {in_words(error)}."
    try:
        with torch.no_grad():
            batch = subject.batch(TRIED)
            subject.mean_loss(subject.outputs(model, batch), batch)
    except Exception as error:  # noqa: BLE001 - the check of the forward pass tells it
        return f"The model gives no outputs for a batch: {in_words(error)}."
    return ""


def _where(error: BaseException) -> str:
    """The last line of code outside of PyTorch and of this package that the error went through."""
    found, trace = "", error.__traceback__
    packages, engine = Path(torch.__file__).parents[1], Path(__file__).parents[1]
    inside = (str(packages), *(str(engine / part) for part in ("health", "losses", "checkpoint")))
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if not file.startswith(inside) and not file.startswith("<"):
            found = f"{Path(file).name}, line {trace.tb_lineno}"
        trace = trace.tb_next
    return found
