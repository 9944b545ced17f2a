"""Task, data and model follow one another, so that choosing one of them never breaks the form."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from components import readable
from components.draft import Draft
from components.form_schema import Variants, value_at
from engine.data.specs import DATA_TASKS
from engine.models.specs import MODEL_TASKS
from engine.task_spec import INPUTS, LOSSES, METRICS, TaskKind

_MONITOR = "training.evaluation.monitor"
_INPUTS = "task.inputs"
LEADING = ("task.kind", "data", "model")
"""What the others follow when it is chosen."""


def fitted(draft: Draft, chosen: str) -> Draft:
    """The draft with task, data, model, loss and monitored metric fitting the one just chosen."""
    task = _task_of(draft, chosen)
    if task is None:
        return draft
    draft = draft.edited("task.kind", task)
    draft = _with_variant(draft, "task.loss", set(LOSSES[task]))
    data = {name for name, made in DATA_TASKS.items() if made == task}
    if value_at(draft.document, "data.task") == task:
        data.add("dataset")
    draft = _with_variant(draft, "data", data)
    draft = _with_variant(
        draft, "model", {name for name, tasks in MODEL_TASKS.items() if task in tasks}
    )
    if value_at(draft.document, _INPUTS) in [list(names) for names in INPUTS.values()]:
        draft = draft.edited(_INPUTS, list(INPUTS[task]))
    if value_at(draft.document, _MONITOR) not in {f"val/{name}" for name in METRICS[task]}:
        draft = draft.edited(_MONITOR, "val/loss")
    return draft


def followed(before: Draft, after: Draft, chosen: str) -> str:
    """What was changed to fit, in words; empty for nothing."""
    changes = ", ".join(_changes(before, after, chosen))
    return f"To fit: {changes}." if changes else ""


def _changes(before: Draft, after: Draft, chosen: str) -> Iterator[str]:
    for path, label in (
        ("task.kind", "task"),
        ("data.source", "data"),
        ("model.kind", "model"),
        ("task.loss.name", "loss"),
        (_MONITOR, "best model by"),
    ):
        old, new = value_at(before.document, path), value_at(after.document, path)
        if old != new and not path.startswith(chosen):
            yield f"{label} is now **{readable.choice(new)}**"


def _task_of(draft: Draft, chosen: str) -> TaskKind | None:
    """The task that the chosen thing is for; None when it is not known."""
    kind: Any = value_at(draft.document, "task.kind")
    if chosen == "data":
        own: Any = value_at(draft.document, "data.task")  # that of a dataset
        return own or DATA_TASKS.get(value_at(draft.document, "data.source"))
    if chosen == "model":
        tasks = MODEL_TASKS.get(value_at(draft.document, "model.kind"), (None,))
        return kind if kind in tasks else tasks[0]
    return kind if kind in METRICS else None


def _with_variant(draft: Draft, path: str, fitting: set[str]) -> Draft:
    """The first offered variant that fits, unless the one in use does."""
    variants = next(item for item in draft.items() if item.path == path)
    assert isinstance(variants, Variants)
    now = value_at(draft.document, f"{path}.{variants.tag}")
    first = next((name for name in variants.names if name in fitting), None)
    return draft if now in fitting or first is None else draft.chosen(variants, first)
