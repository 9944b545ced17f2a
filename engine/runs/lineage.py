"""Runs that begin where another one was, and ended runs that go on. No torch."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from engine.data.sources import facts_of
from engine.documents.differences import compare
from engine.errors import BadCheckpoint, BadInput, Problem
from engine.estimate import steps_per_epoch, total_steps
from engine.frozen import with_changes
from engine.models.parameters import parameter_facts
from engine.optimizer_memory import same_memory
from engine.run_spec import RunSpec
from engine.runs.fork_checks import (
    changed,
    damaged,
    too_short,
    untrainable,
    without_checkpoint,
)
from engine.runs.inheritance import foreign_until, inherit
from engine.runs.record import Origin
from engine.runs.run import Run
from engine.runs.state import ACTIVE, RunState
from engine.runs.store import RunStore
from engine.steering import FILE, Act, ActName, Steering, append

MOST_STEPS, MOST_FACTOR = 100_000_000, 1e6

_LENGTH = frozenset({"training.length.amount", "training.length.unit"})
_SAID_ANEW: dict[ActName, frozenset[str]] = {
    "lr-factor": frozenset({"training.optimizer.lr"}),
    "more-steps": _LENGTH,
    "extend": _LENGTH,
    "patience": frozenset({"training.early_stopping.patience"}),
}
"""Act -> the fields that say the same: where a fork changes it, the act no longer holds."""


@dataclass(frozen=True, slots=True)
class Fork:
    """A fork that can be made: nothing is in its way."""

    parent: Run
    spec: RunSpec
    origin: Origin
    acts: tuple[Act, ...]
    total_steps: int
    steps_per_epoch: float | None

    def made(self, store: RunStore) -> Run:
        """The new run, stopped at the step of its checkpoint: resume or enqueue it.

        Raises:
            BadInput: when the checkpoint was deleted just now.
        """
        fingerprint = self.parent.record.data_fingerprint
        try:
            return store.create(
                self.spec, data_fingerprint=fingerprint, origin=self.origin, fill=self._fill
            )
        except BadCheckpoint as error:
            raise BadInput([damaged(self.parent, self.origin.step, error)]) from None

    def _fill(self, child: Run) -> None:
        step = self.origin.step
        fresh = self.origin.fresh_optimizer
        inherit(self.parent, child, step, since=-1 if fresh else foreign_until(self.parent))
        for act in self.acts:
            append(child.folder, act)
        child.write_state(self._state(child.state()))
        text = f"Forked from run {self.parent.id} ({self.parent.name}) at step {step:,}."
        child.add_event("forked", text, step=step, parent=self.parent.id)

    def _state(self, made: RunState) -> RunState:
        before, step = self.parent.state(), self.origin.step
        best = before.best
        if best and (best.step > step or best.metric != self.spec.training.evaluation.monitor):
            best = None
        begun = {
            "status": "stopped",
            "reason": f"forked from {self.parent.id} at step {step:,}, not started yet",
            "step": step,
            "total_steps": self.total_steps,
            "steps_per_epoch": self.steps_per_epoch,
            "best": best,
            "threads": before.threads,
        }
        return made.model_copy(update=begun)


def fork(
    store: RunStore,
    run: Run,
    step: int | None,
    changes: Mapping[str, object],
    *,
    name: str | None = None,
) -> Run:
    """A new run that goes on from a checkpoint of another one, the newest by default.

    Raises:
        BadInput: with everything that is in the way.
    """
    return planned(run, step, changes, name=name).made(store)


def planned(
    run: Run, step: int | None, changes: Mapping[str, object], *, name: str | None = None
) -> Fork:
    """What a fork will be; nothing is written yet.

    Raises:
        BadInput: with everything that is in the way.
    """
    parent, known = run.spec, run.checkpoint_steps()
    problems = list(untrainable(parent))
    if problems:
        raise BadInput(problems)
    chosen = known[-1] if step is None and known else step
    spec, problems = changed(parent, changes)
    problems += without_checkpoint(run, chosen, known)
    if spec is None or chosen is None:
        raise BadInput(problems)
    samples = facts_of(spec.data, spec.model, run.folder.parent).train_samples
    acts = _inherited(run.acts(), chosen, parent, spec)
    total = _total(run, acts, total_steps(spec.training, samples) or 0)
    per_epoch = steps_per_epoch(spec.training, samples)
    problems += too_short(spec, chosen, total, per_epoch)
    if problems:
        raise BadInput(problems)
    fresh = chosen <= foreign_until(run) or not _keeps_memory(run, spec)
    origin = Origin(run_id=run.id, step=chosen, what="fork", fresh_optimizer=fresh)
    title = name or f"{run.name} (fork at {chosen:,})"
    return Fork(run, with_changes(spec, {"name": title[:300]}), origin, acts, total, per_epoch)


def extend(store: RunStore, run: Run, steps: int, lr_factor: float = 1.0) -> None:
    """Let an ended run go on for so many steps; then resume or enqueue it.

    Raises:
        BadInput: with everything that is in the way.
        RunIsBusy: while somebody works on it.
    """
    store.sweep()  # so that one whose worker died does not count as running
    with run.owned(timeout_s=0):
        state = run.state()
        problems = [*_not_extensible(run, state), *_wrong_extension(steps, lr_factor)]
        if problems:
            raise BadInput(problems)
        acts = [_act(state, "extend", steps)]
        if lr_factor != 1:
            acts.append(_act(state, "lr-factor", lr_factor))
        _append_all(run, acts)
        reason = f"extended by {steps:,} steps"
        ended = {"status": "stopped", "reason": reason, "total_steps": state.step + steps}
        run.write_state(state.model_copy(update=ended), durable=True)
        factor = "" if lr_factor == 1 else f", with {lr_factor:g} times the learning rate"
        run.add_event("extended", f"Extended by {steps:,} steps{factor}.", step=state.step)


# -- what a fork takes over ------------------------------------------------------------------------


def _inherited(acts: Sequence[Act], step: int, parent: RunSpec, spec: RunSpec) -> tuple[Act, ...]:
    """Acts up to the step that still hold: not those whose field the fork says anew."""
    changed = {found.path for found in compare(parent, spec)}

    def holds(act: Act) -> bool:
        return not changed & _SAID_ANEW.get(act.act, frozenset())

    return tuple(act for act in acts if act.step <= step and holds(act))


def _total(run: Run, acts: Sequence[Act], planned_steps: int) -> int:
    steering = Steering(run.folder)
    steering.acts = acts
    return steering.total_steps(planned_steps)


def _keeps_memory(run: Run, spec: RunSpec) -> bool:
    """Whether the optimizer's memory in the checkpoint fits the changed configuration."""
    known = facts_of(spec.data, spec.model, run.folder.parent)
    facts = parameter_facts(spec.model, known) or ()
    return same_memory(facts, run.spec.training, spec.training)


# -- extending -------------------------------------------------------------------------------------


def _not_extensible(run: Run, state: RunState) -> Iterator[Problem]:
    if run.spec.training.scheduler.name == "range-test":
        remedy = "Start a new test with more steps."
        yield Problem("run", "is a learning-rate range test, which has one length", remedy=remedy)
    elif state.status in ACTIVE:
        remedy = "Ask it for more steps, or stop it first."
        yield Problem("run", "has not ended yet", state.status, remedy)
    elif state.status not in ("completed", "stopped"):
        remedy = "Resume it; it can be extended when it has made its steps."
        yield Problem("run", "ended before its time", state.status, remedy)
    elif not state.step:
        yield Problem("run", "has not made a step yet", remedy="Start it.")


def _wrong_extension(steps: int, lr_factor: float) -> Iterator[Problem]:
    if not 0 < steps <= MOST_STEPS:
        yield Problem("steps", f"must be above 0 and at most {MOST_STEPS:,}", str(steps))
    if not 0 < lr_factor <= MOST_FACTOR:  # false for NaN too
        message = f"must be above 0 and at most {MOST_FACTOR:,.0f}"
        yield Problem("lr_factor", message, f"{lr_factor:g}")


def _act(state: RunState, name: ActName, value: float) -> Act:
    return Act(step=state.step, act=name, value=value, trained_s=state.trained_s)


def _append_all(run: Run, acts: Sequence[Act]) -> None:
    """All of them or, on a full disk, none."""
    path = run.folder / FILE
    size = path.stat().st_size if path.exists() else 0
    try:
        for act in acts:
            append(run.folder, act)
    except OSError:
        if path.exists():
            os.truncate(path, size)
        raise
