"""Steering: what people changed about a run while it went, as acts that a resume replays."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal, get_args

from pydantic import Field, model_validator

from engine.errors import BadInput, Problem
from engine.frozen import Frozen
from engine.runs.files import append_line, read_lines, sync_folder

ActName = Literal["lr-factor", "more-steps", "extend", "patience", "validate", "checkpoint"]
FILE = "steering.jsonl"


class Act(Frozen):
    """One thing that was done to a run after so many updates.

    `lr-factor`: the learning rate is multiplied by `value` from here on. `more-steps`: a running
    run gets `value` more, over which the rest of its schedule is stretched. `extend`: a run that
    had ended goes on for `value` steps, with its schedule anew over them, its warmup no larger a
    share of them than of the run. `patience`: early stopping after `value` validations, or never.
    `validate`, `checkpoint`: done once.
    """

    step: int = Field(ge=0, le=10**12)
    act: ActName
    value: float | None = None
    by: Literal["user", "divergence"] = "user"
    trained_s: float = 0.0
    """Seconds of training until then."""

    @model_validator(mode="after")
    def _makes_sense(self) -> Act:
        wrong = _wrong(self.act, self.value)
        if wrong:
            raise ValueError(f"the value of {self.act} {wrong}.")
        return self


def append(folder: Path, act: Act) -> None:
    """Write an act down; before it is carried out, so that no resume can miss it."""
    append_line(folder / FILE, act.model_dump(mode="json"))
    handle = os.open(folder / FILE, os.O_RDWR)
    try:
        os.fsync(handle)  # a checkpoint must not outlive the acts that led to it
    finally:
        os.close(handle)
    sync_folder(folder)


def acts_of(folder: Path) -> tuple[Act, ...]:
    """The acts of a run folder in the order of their steps.

    Raises:
        BadInput: for a line that is no act.
    """
    lines = [line for _, line in read_lines(folder / FILE)]
    return _in_order(Act.parse(line) for line in lines)


def _in_order(acts: Iterable[Act]) -> tuple[Act, ...]:
    return tuple(sorted(acts, key=lambda act: act.step))


def wish(text: str) -> tuple[ActName, float | None] | None:
    """The act that a request such as `lr-factor=0.5` asks for; None when it asks for none."""
    name, _, number = text.partition("=")
    if name not in get_args(ActName) or name == "extend":
        return None
    try:
        value = None if number in ("", "none") else float(number)
    except ValueError:
        return None
    act: ActName = name  # type: ignore[assignment]
    return None if _wrong(act, value) else (act, value)


def request_text(act: ActName, value: float | None) -> str:
    """The request that asks for an act.

    Raises:
        BadInput: for a value that makes no sense.
    """
    wrong = _wrong(act, value)
    if wrong:
        raise BadInput([Problem(act, wrong, "nothing" if value is None else f"{value:g}")])
    if act in ("validate", "checkpoint"):
        return act
    return f"{act}={'none' if value is None else repr(value)}"


def in_words(act: Act) -> str:
    """What was done, as a sentence."""
    after = f"after step {act.step:,}"
    number = "" if act.value is None else f"{act.value:,.6g}"
    match act.act:
        case "lr-factor":
            return f"Learning rate multiplied by {number} {after}."
        case "more-steps":
            return f"{number} more steps, asked for {after}."
        case "extend":
            return f"Extended by {number} steps {after}."
        case "patience":
            patience = f"of {number} validations" if number else "switched off"
            return f"Patience {patience} {after}."
        case "validate":
            return f"Validated on request {after}."
        case "checkpoint":
            return f"Checkpoint asked for {after}."


class Steering:
    """The acts of one run: those made, and those that are made while it goes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.acts: Sequence[Act] = acts_of(folder)

    def add(self, act: Act) -> None:
        """Write down an act at the present step, before it is carried out."""
        append(self._folder, act)
        self.acts = _in_order((*self.acts, act))

    def lr_factor(self, step: int) -> float:
        """The product of all factors from the steps up to this one."""
        made = [act for act in self.acts if act.act == "lr-factor" and act.step <= step]
        return math.prod(act.value for act in made if act.value is not None)

    def total_steps(self, planned: int) -> int:
        """The last step of the run."""
        total = planned
        for act in self.acts:
            if act.act == "more-steps":
                total += _whole(act)
            elif act.act == "extend":
                total = act.step + _whole(act)
        return total

    def patience(self, step: int, configured: int | None) -> int | None:
        """Validations without improvement after which the run stops; None for never."""
        made = [act for act in self.acts if act.act == "patience" and act.step <= step]
        if not made:
            return configured
        return None if made[-1].value is None else _whole(made[-1])

    def last_extension(self) -> Act | None:
        """The newest act that let an ended run go on."""
        made = [act for act in self.acts if act.act == "extend"]
        return made[-1] if made else None

    def between(self, behind: int, upto: int) -> Sequence[Act]:
        """Acts after more than `behind` and at most `upto` steps."""
        return [act for act in self.acts if behind < act.step <= upto]

    def made(self, by: str) -> int:
        """How many acts were of this origin."""
        return sum(act.by == by for act in self.acts)


def _whole(act: Act) -> int:
    assert act.value is not None
    return int(act.value)


def _wrong(act: ActName, value: float | None) -> str:
    """What is wrong with the value of an act; empty when nothing is."""
    if act in ("validate", "checkpoint"):
        return "" if value is None else "takes no value"
    if act == "patience" and value is None:
        return ""
    if value is None or not math.isfinite(value) or value <= 0:
        return "must be a number above 0"
    if act == "lr-factor":
        return "" if value <= 1e6 else "must be at most 1,000,000"
    whole = value == int(value) and value <= 100_000_000
    return "" if whole else "must be a whole number, at most 100,000,000"
