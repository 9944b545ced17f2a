"""What columns are for and what task a dataset is for, guessed from names and values."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from engine.data.library.record import Column
from engine.data.library.spec import Role
from engine.data.library.statistics import Seen
from engine.task_spec import TaskKind

_TEXTS = re.compile(
    r"(text|sentence|review|content|body|comment|message|document|question|prompt|source|input|"
    r"article|tweet|headline|title|utterance|dialogue|en|english|src)s?[ _]?\d?",
    re.I,
)
_LABELS = re.compile(
    r"(label|class|category|sentiment|tag|intent|species|outcome|diagnosis|topic|target|y)(es|s)?",
    re.I,
)
_WRITTEN = re.compile(
    r"(target|output|answer|response|completion|summary|translation|highlights|tgt|reply)s?", re.I
)
_MEASURED = re.compile(r"(target|price|score|rating|outcome|y|.*_?(price|score|target))", re.I)
_GROUPS = re.compile(r"(group|patient|author|user|subject|speaker|doc(ument)?)([ _]?id)?", re.I)
_KEYS = re.compile(r"(.*[_ ])?(id|uuid|index|key)|row|no|unnamed.*|column 1", re.I)
_SPLITS = re.compile(r"split|subset|fold|partition", re.I)
_SIDES = {"train", "training", "validation", "valid", "val", "dev", "test", "testing"}
_FILES = re.compile(r"(file|path|filename|file_name|image_?path|url)s?", re.I)
MOST_CLASSES = 1_000
_FEW = 50
"""So many different whole numbers may stand for classes."""
_MANY = 3
"""So many columns of numbers and categories make a table."""
_WORDS = 40.0
"""Texts of more characters in the mean are read; shorter ones of which many are alike are
categories."""


def guessed_columns(seen: Mapping[str, Seen]) -> tuple[Column, ...]:
    """The columns with what each seems to be for."""
    roles = guessed_roles(seen)
    return tuple(column.column(name, roles[name]) for name, column in seen.items())


def guessed_roles(seen: Mapping[str, Seen]) -> dict[str, Role]:
    """What each column seems to be for, in their order."""
    roles: dict[str, Role] = {name: _alone(name, column) for name, column in seen.items()}
    _ignore_names_of_rows(roles, seen)
    if not {"text", "image"} & set(roles.values()):
        _read_the_only_text(roles)
    _choose_the_answer(roles, seen)
    if {"text", "image"} & set(roles.values()):
        _replace(roles, ("number", "category"), "ignore")
    for role in ("label", "target", "image", "split", "group", "time"):
        _keep_one(roles, role)
    return roles


def guessed_task(columns: Sequence[Column]) -> TaskKind | None:
    """The task that such columns are for; None when no task has such."""
    by_role: dict[Role, list[Column]] = {}
    for column in columns:
        by_role.setdefault(column.role, []).append(column)
    labels, targets = by_role.get("label", []), by_role.get("target", [])
    several = len(labels) > 1 or any(column.type.startswith("list") for column in labels)
    if "image" in by_role:
        return "image-classification" if labels and not several else None
    if "text" in by_role:
        return _task_of_texts(by_role["text"][0], labels, targets, several)
    if not {"number", "category"} & set(by_role):
        return None
    if targets:
        return "tabular-regression"
    return "tabular-classification" if labels and not several else None


def _task_of_texts(
    text: Column, labels: Sequence[Column], targets: Sequence[Column], several: bool
) -> TaskKind | None:
    if text.type == "list of texts":
        return "token-classification" if labels else None
    if targets:
        return "seq2seq" if targets[0].type == "text" else None
    if labels:
        return "multi-label-classification" if several else "sequence-classification"
    return "causal-lm"


# -- one column ------------------------------------------------------------------------------------


def _alone(name: str, column: Seen) -> Role:
    """What a column seems to be for, whatever the others are."""
    match column.type:
        case "image":
            return "image"
        case "time":
            return "time"
        case "text":
            return _text_alone(name, column)
        case "list of texts" | "list of integers":
            return _list_alone(name, column)
        case "integer" | "number" | "boolean":
            return _number_alone(name, column)
        case _:
            return "ignore"


def _text_alone(name: str, column: Seen) -> Role:
    values = {str(value).lower() for value in column.values or ()}
    if _SPLITS.fullmatch(name) and values and values <= _SIDES:
        return "split"
    if _FILES.fullmatch(name) or _KEYS.fullmatch(name):
        return "ignore"
    if _TEXTS.fullmatch(name) and not _is_a_kind(column):
        return "text"
    if _repeats(column):
        if _LABELS.fullmatch(name):
            return "label"
        if _GROUPS.fullmatch(name):
            return "group"
        if _is_a_kind(column) or (column.mean_length <= _WORDS and not _WRITTEN.fullmatch(name)):
            return "category"
    return "text"


def _repeats(column: Seen) -> bool:
    """Whether values come again, as those of classes and groups do."""
    kinds = MOST_CLASSES + 1 if column.values is None else len(column.values)
    return 0 < kinds <= min(MOST_CLASSES, max(2, (column.rows - column.missing) // 2))


def _is_a_kind(column: Seen) -> bool:
    """Whether a few values come again and again."""
    kinds = len(column.values or ())
    return 0 < kinds <= _FEW and column.rows >= 20 * kinds


def _list_alone(name: str, column: Seen) -> Role:
    if _LABELS.fullmatch(name) or name.endswith(("_tags", "_labels")):
        return "label"
    return "text" if column.type == "list of texts" else "ignore"


def _number_alone(name: str, column: Seen) -> Role:
    kinds = _FEW + 1 if column.values is None else len(column.values)
    if _GROUPS.fullmatch(name) and column.type == "integer":
        return "group"
    if _LABELS.fullmatch(name) and column.type != "number" and kinds <= _FEW:
        return "label"
    if _MEASURED.fullmatch(name) and column.type != "boolean":
        return "target"
    if _KEYS.fullmatch(name) and column.type == "integer" and _counts(column):
        return "ignore"
    return "number"


def _counts(column: Seen) -> bool:
    """Whether each row has a number of its own, as far as that was counted."""
    return column.values is None or len(column.values) == column.rows


# -- all columns -----------------------------------------------------------------------------------


def _ignore_names_of_rows(roles: dict[str, Role], seen: Mapping[str, Seen]) -> None:
    """A short text beside many numbers is what a row is called, and not what is to be read."""
    numbers = sum(role in ("number", "category") for role in roles.values())
    for name, role in roles.items():
        short = seen[name].type == "text" and seen[name].mean_length <= _WORDS
        if role == "text" and short and numbers >= _MANY and not _TEXTS.fullmatch(name):
            roles[name] = "ignore"


def _read_the_only_text(roles: dict[str, Role]) -> None:
    """Where there are no numbers, what looked like categories is what is there to be read."""
    categories = [name for name, role in roles.items() if role == "category"]
    if "number" not in roles.values() and len(categories) == 1:
        roles[categories[0]] = "text"


def _choose_the_answer(roles: dict[str, Role], seen: Mapping[str, Seen]) -> None:
    """One label or target for all inputs: what is called so, else the last column, as is usual."""
    texts = [name for name in roles if roles[name] == "text" and seen[name].type == "text"]
    if "label" in roles.values():
        _replace(roles, ("target",), "number")
    elif len(texts) > 1 and "target" not in roles.values():
        named = [name for name in texts[1:] if _WRITTEN.fullmatch(name)]
        if named or len(texts) == 2:
            roles[named[0] if named else texts[1]] = "target"
    elif "target" not in roles.values():
        _only_kind_is_the_label(roles, seen)
        _last_is_the_answer(roles, seen)


def _only_kind_is_the_label(roles: dict[str, Role], seen: Mapping[str, Seen]) -> None:
    """Beside a text or an image the one column of few texts says what it is."""
    kinds = [name for name, role in roles.items() if role == "category" and _is_a_kind(seen[name])]
    if len(kinds) == 1 and {"text", "image"} & set(roles.values()):
        roles[kinds[0]] = "label"


def _last_is_the_answer(roles: dict[str, Role], seen: Mapping[str, Seen]) -> None:
    name = list(roles)[-1]
    others = {role for other, role in roles.items() if other != name}
    if roles[name] not in ("number", "category") or not others & {
        "text",
        "image",
        "number",
        "category",
    }:
        return
    column = seen[name]
    kinds = _FEW + 1 if column.values is None else len(column.values)
    if column.type != "number" and 2 <= kinds <= min(_FEW, max(2, column.rows // 5)):
        roles[name] = "label"
    elif roles[name] == "number" and not others & {"text", "image"}:
        roles[name] = "target"


def _replace(roles: dict[str, Role], old: Sequence[Role], new: Role) -> None:
    for name, role in roles.items():
        if role in old:
            roles[name] = new


def _keep_one(roles: dict[str, Role], role: Role) -> None:
    """The last one that has the role; of the others nothing is made."""
    for name in [name for name, found in roles.items() if found == role][:-1]:
        roles[name] = "ignore"
