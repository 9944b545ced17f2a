"""Whether a dataset has the columns that its task needs, and of the right types."""

from __future__ import annotations

from collections.abc import Iterator

from engine.data.library.columns import ColumnType
from engine.data.library.dataset import Dataset
from engine.data.library.spec import DatasetSpec, Role
from engine.errors import BadInput, Problem
from engine.task_spec import TaskKind

_NUMBERS: tuple[ColumnType, ...] = ("integer", "number", "boolean")
_PLAIN: tuple[ColumnType, ...] = (*_NUMBERS, "text", "time")
_TYPES: dict[Role, tuple[ColumnType, ...]] = {
    "text": ("text", "list of texts"),
    "number": _NUMBERS,
    "category": ("text", "integer", "boolean"),
    "image": ("image",),
    "label": (*_NUMBERS, "text", "list of texts", "list of integers"),
    "target": (*_NUMBERS, "text"),
    "group": _PLAIN,
    "time": ("time", "integer", "number"),
    "split": _PLAIN,
}
"""The types that a column of each role may have."""
_NEEDED: dict[TaskKind, tuple[tuple[Role, ...], ...]] = {
    "causal-lm": (("text",),),
    "masked-lm": (("text",),),
    "sequence-classification": (("text",), ("label",)),
    "multi-label-classification": (("text",), ("label",)),
    "token-classification": (("text",), ("label",)),
    "seq2seq": (("text",), ("target",)),
    "image-classification": (("image",), ("label",)),
    "tabular-classification": (("number", "category"), ("label",)),
    "tabular-regression": (("number", "category"), ("target",)),
}
"""What each task needs: of each of these roles one column or more."""
_ONCE: tuple[Role, ...] = ("target", "image", "group", "time", "split")
_SPLIT_COLUMNS: dict[str, Role] = {
    "stratified": "label",
    "group": "group",
    "time": "time",
    "given": "split",
}
"""The column that each split looks at."""


def refuse_misfits(data: DatasetSpec, dataset: Dataset) -> None:
    """Do nothing if the columns are there and fit the task.

    Raises:
        BadInput: with everything that does not.
    """
    problems = list(misfits(data, dataset))
    if problems:
        raise BadInput(problems)


def misfits(data: DatasetSpec, dataset: Dataset) -> Iterator[Problem]:
    """Everything that is wrong with the columns of a spec."""
    there = dataset.column_types
    yield from _wrong_types(data, there)
    for roles in _NEEDED[data.task]:
        if not data.of_role(*roles):
            what = " or ".join(roles)
            yield _problem(f"the task {data.task!r} needs a column for {what}", remedy=_SAY)
    for role in _ONCE:
        if len(data.of_role(role)) > 1:
            names = ", ".join(data.of_role(role))
            yield _problem(f"only one column can be for {role}", names, _SAY)
    yield from _wrong_labels(data, there)
    yield from _wrong_texts(data, there)
    needed = _SPLIT_COLUMNS.get(data.split.kind)
    if needed is not None and not data.of_role(needed):
        message = f"the split {data.split.kind!r} needs a column for {needed}"
        yield Problem("data.split.kind", message, remedy="Say which it is, or split otherwise.")


def _wrong_types(data: DatasetSpec, there: dict[str, ColumnType]) -> Iterator[Problem]:
    for name, role in data.columns.items():
        if name not in there:
            known = f"It has {', '.join(there)}."
            yield _problem(f"the dataset has no column {name!r}", remedy=known)
        elif role != "ignore" and there[name] not in _TYPES[role]:
            fitting = " or ".join(_TYPES[role])
            remedy = f"A column for {role} holds {fitting}; give it another role."
            yield _problem(f"the column {name!r} cannot be for {role}", there[name], remedy)


def _wrong_labels(data: DatasetSpec, there: dict[str, ColumnType]) -> Iterator[Problem]:
    labels = [name for name in data.of_role("label") if name in there]
    tokens = data.task == "token-classification"
    if len(labels) > 1 and data.task != "multi-label-classification":
        yield _problem("only one column can be for label", ", ".join(labels), _SAY)
    for name in labels:
        listed = there[name].startswith("list")
        if listed and data.task not in ("token-classification", "multi-label-classification"):
            remedy = "Choose the task 'multi-label-classification'."
            yield _problem(f"the column {name!r} has several labels a row", there[name], remedy)
        elif tokens and not listed:
            yield _problem(f"the column {name!r} needs a label for each word", there[name], _SAY)


def _wrong_texts(data: DatasetSpec, there: dict[str, ColumnType]) -> Iterator[Problem]:
    tokens = data.task == "token-classification"
    for name in data.of_role("text"):
        if name in there and tokens != (there[name] == "list of texts"):
            what = "a list of words" if tokens else "a text"
            yield _problem(f"the column {name!r} needs {what} in each row", there[name], _SAY)
    wanted = ("text",) if data.task == "seq2seq" else _NUMBERS
    for name in data.of_role("target"):
        if there.get(name, wanted[0]) not in wanted:
            remedy = f"A target of this task holds {' or '.join(wanted)}."
            yield _problem(f"the column {name!r} cannot be the target", there[name], remedy)


_SAY = "Say what each column is for."


def _problem(message: str, got: str = "", remedy: str = "") -> Problem:
    return Problem("data.columns", message, got, remedy)
