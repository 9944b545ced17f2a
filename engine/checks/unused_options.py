"""Whether a dataset has options for other inputs than its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from engine.checks.finding import Case, Check, Finding, warning
from engine.data.library.spec import DatasetSpec, Modality
from engine.frozen import Frozen

_WORDS: dict[Modality, str] = {"text": "texts", "image": "images", "table": "a table"}


def options_of_other_inputs(case: Case) -> Iterator[Finding]:
    """The Launch form hides them; a document can have them, and nothing reads them."""
    data = case.spec.data
    if not isinstance(data, DatasetSpec):
        return
    for modality in get_args(Modality):
        if modality == data.modality:
            continue
        for name, value in _changed(getattr(data, modality)):
            yield warning(
                f"data.{modality}.{name}",
                f"is not used by {data.task}, whose inputs are {_WORDS[data.modality]}",
                value,
                f"Leave it out, or choose a task whose inputs are {_WORDS[modality]}.",
            )


def _changed(options: Frozen) -> Iterator[tuple[str, object]]:
    """The options that are not as they come; of one that has a kind, its kind."""
    usual = type(options)()
    for name in type(options).model_fields:
        value = getattr(options, name)
        if value != getattr(usual, name):
            yield name, getattr(value, "kind", value)


CHECKS: tuple[Check, ...] = (options_of_other_inputs,)
