"""What a form says about a field: its label, its help, what is wrong with its value."""

from __future__ import annotations

from components.form_schema import Leaf
from engine.documents.schema import in_words
from engine.errors import Problem

_PLAIN = {
    "input should be a valid number": "not a number",
    "input should be a valid integer": "not a whole number",
    "input should be a finite number": "not a finite number",
    "input should be greater than": "too small",
    "input should be less than": "too large",
}
"""How a message of pydantic begins, and the same in fewer words."""


def complaint(problem: Problem, leaf: Leaf | None = None) -> str:
    """What is wrong with a field's value and what to do, without the field's name."""
    message = next(
        (plain for start, plain in _PLAIN.items() if problem.message.startswith(start)),
        problem.message.rstrip("."),
    )
    sentence = message[:1].upper() + message[1:]
    if problem.got in ("None", "''"):
        sentence = "A value is needed"
    elif problem.got:
        sentence = f"{sentence} (got {problem.got})"
    allowed = f"Allowed: {allowed_range(leaf)}." if leaf is not None and leaf.bounds else ""
    return " ".join(part for part in (f"{sentence}.", problem.remedy or allowed) if part)


def allowed_range(leaf: Leaf) -> str:
    """The bounds of a number in words: above 0, at most 10."""
    return in_words(leaf.bounds)


def label(leaf: Leaf) -> str:
    """The label with the unit: Warmup (steps)."""
    return f"{leaf.label} ({leaf.unit})" if leaf.unit else leaf.label


def help_of(leaf: Leaf) -> str:
    """What the field means and which values it may have."""
    allowed = f" Allowed: {allowed_range(leaf)}." if leaf.bounds else ""
    return f"{leaf.help}{allowed}"
