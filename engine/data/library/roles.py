"""What columns are for and what task a dataset is for, guessed from names and values."""

from __future__ import annotations

import re
from collections.abc import Mapping

from engine.data.library.record import Column
from engine.data.library.spec import Role
from engine.data.library.statistics import Seen
from engine.task_spec import TaskKind

_LABELS = re.compile(
    r"(label|class|category|target|sentiment|tag|intent|species|outcome|diagnosis|y)s?", re.I
)
_TARGETS = re.compile(
    r"(target|output|answer|response|completion|summary|translation|highlights|tgt|y)s?", re.I
)
_NUMBERS_TO_PREDICT = re.compile(r"(target|y|price|score|rating|outcome|value)", re.I)
_GROUPS = re.compile(r"(group|patient|author|user|subject|speaker|doc(ument)?)(_?id)?", re.I)
_KEYS = re.compile(r"(.*[_ ])?(id|uuid|index|key|row|no)|unnamed.*|", re.I)
_SPLITS = re.compile(r"split|subset|fold|partition|set", re.I)
_SPLIT_NAMES = {"train", "training", "validation", "valid", "val", "dev", "test", "testing"}
_FILES = re.compile(r"(file|path|filename|file_name|image_?path|url)s?", re.I)
MOST_CLASSES = 1_000
_WORDS = 25.0
"""Texts of more characters in the mean are read; shorter ones of which many are alike are
categories."""


def guessed_columns(seen: Mapping[str, Seen]) -> tuple[Column, ...]:
    """The columns with what each seems to be for."""
    roles = {name: _first_guess(name, column) for name, column in seen.items()}
    _one_answer(roles, seen)
    return tuple(column.column(name, roles[name]) for name, column in seen.items())


def guessed_task(columns: tuple[Column, ...], seen: Mapping[str, Seen]) -> TaskKind | None:
    """The task that such columns are for; None when there are no inputs."""
    by_role: dict[Role, list[Column]] = {}
    for column in columns:
        by_role.setdefault(column.role, []).append(column)
    labels, targets = by_role.get("label", []), by_role.get("target", [])
    several = len(labels) > 1 or (labels and labels[0].type == "list of texts")
    if "image" in by_role:
        return "image-classification" if labels and not several else None
    if "text" in by_role:
        return _task_of_texts(by_role["text"], labels, targets, bool(several))
    if "number" not in by_role and "category" not in by_role:
        return None
    if targets:
        return "tabular-regression"
    return "tabular-classification" if labels and not several else None


def _task_of_texts(
    texts: list[Column], labels: list[Column], targets: list[Column], several: bool
) -> TaskKind | None:
    if texts[0].type == "list of texts":
        return "token-classification" if labels else None
    if any(column.type == "text" for column in targets):
        return "seq2seq"
    if labels:
        return "multi-label-classification" if several else "sequence-classification"
    return None if targets else "causal-lm"


def _first_guess(name: str, column: Seen) -> Role:
    """What a column alone seems to be for."""
    kinds = 0 if column.values is None else len(column.values)
    match column.type:
        case "image":
            return "image"
        case "time":
            return "time"
        case "text":
            return _guess_of_text(name, column, kinds)
        case "list of texts":
            return "label" if _LABELS.fullmatch(name) or name.endswith("_tags") else "text"
        case "list of integers":
            return "label" if _LABELS.fullmatch(name) or name.endswith("_tags") else "ignore"
        case "integer" | "number" | "boolean":
            return _guess_of_number(name, column, kinds)
        case _:
            return "ignore"


def _guess_of_text(name: str, column: Seen, kinds: int) -> Role:
    values = {str(value).lower() for value in column.values or ()}
    if _SPLITS.fullmatch(name) and values and values <= _SPLIT_NAMES:
        return "split"
    if _FILES.fullmatch(name) or _KEYS.fullmatch(name):
        return "ignore"
    there = max(1, column.rows - column.missing)
    alike = 0 < kinds <= min(MOST_CLASSES, max(2, there // 2))
    if alike and _LABELS.fullmatch(name):
        return "label"
    if _GROUPS.fullmatch(name) and alike:
        return "group"
    return "category" if alike and column.mean_length <= _WORDS else "text"


def _guess_of_number(name: str, column: Seen, kinds: int) -> Role:
    if _GROUPS.fullmatch(name):
        return "group"
    few = 0 < kinds <= 50 and column.type != "number"
    if _LABELS.fullmatch(name) and few:
        return "label"
    if _NUMBERS_TO_PREDICT.fullmatch(name):
        return "target"
    counts_rows = column.type == "integer" and kinds == column.rows > 1
    if _KEYS.fullmatch(name) and (counts_rows or column.values is None or name == ""):
        return "ignore"
    return "number"


def _one_answer(roles: dict[str, Role], seen: Mapping[str, Seen]) -> None:
    """One label or target for all inputs; where nothing is called so, the last column may be."""
    _texts(roles, seen)
    _keep_last(roles, "target")
    if "target" in roles.values():
        for name, role in roles.items():
            if role == "label":
                roles[name] = "category" if seen[name].type == "text" else "number"
    elif "label" not in roles.values():
        _last_is_the_label(roles, seen)
    if "text" in roles.values() or "image" in roles.values():
        for name, role in roles.items():
            if role in ("number", "category") and not _is_flag_label(roles, name):
                roles[name] = "ignore"
    _keep_last(roles, "label")
    for role in ("split", "group", "time"):
        _keep_last(roles, role)


def _texts(roles: dict[str, Role], seen: Mapping[str, Seen]) -> None:
    """Of several texts the one that is called an answer is to be written, or that of a pair."""
    texts = [name for name, role in roles.items() if role == "text"]
    whole = [name for name in texts if seen[name].type == "text"]
    if len(whole) < 2 or "label" in roles.values():
        return
    named = [name for name in whole[1:] if _TARGETS.fullmatch(name)]
    if named or len(whole) == 2:
        roles[named[0] if named else whole[1]] = "target"


def _last_is_the_label(roles: dict[str, Role], seen: Mapping[str, Seen]) -> None:
    """A last column of few values stands for classes, as is usual in tables of numbers."""
    name = list(roles)[-1]
    kinds = len(seen[name].values or ())
    has_inputs = any(
        role in ("text", "image", "number", "category") for role in list(roles.values())[:-1]
    )
    few = 2 <= kinds <= min(50, max(2, seen[name].rows // 5))
    if has_inputs and few and roles[name] in ("number", "category"):
        roles[name] = "label"


def _is_flag_label(roles: Mapping[str, Role], name: str) -> bool:
    return roles[name] == "label"


def _keep_last(roles: dict[str, Role], role: Role) -> None:
    for name in [name for name, found in roles.items() if found == role][:-1]:
        roles[name] = "ignore"
