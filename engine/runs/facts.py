"""Facts: what is known about a run, flat, under the names by which people ask for it."""

from __future__ import annotations

from typing import Any

from engine.documents.differences import settings
from engine.runs.record import RunRecord
from engine.runs.run import Labels
from engine.runs.spec_words import data_words, model_words
from engine.runs.state import RunState

Fact = str | float | int | bool | None | tuple[str, ...]
"""One thing that is known about a run. Unknown is None, or no such fact."""

_PREFIX = "training."
_LEFT_OUT = frozenset({"version", "name"})
"""Of the spec: the version of the format, and the name, which the labels may replace."""


def facts_of(record: RunRecord, state: RunState, labels: Labels) -> dict[str, Fact]:
    """Labels, state and settings of a run. A setting's name leaves out `training.`"""
    return _of_labels(record, labels) | _of_state(state) | _of_record(record) | _of_spec(record)


def _of_labels(record: RunRecord, labels: Labels) -> dict[str, Fact]:
    return {
        "id": record.run_id,
        "name": labels.name or record.spec.name or record.run_id,
        "tags": labels.tags,
        "notes": labels.notes,
        "project": labels.project,
        "group": labels.group,
        "archived": labels.archived,
    }


def _of_state(state: RunState) -> dict[str, Fact]:
    best, total = state.best, state.total_steps
    return {
        "status": state.status,
        "reason": state.reason,
        "step": state.step,
        "total_steps": total,
        "progress": 100 * state.step / total if total else None,
        "epoch": state.epoch,
        "best": None if best is None else best.value,
        "best.metric": None if best is None else best.metric,
        "best.step": None if best is None else best.step,
        "trained_s": state.trained_s if state.started_at else None,
        "device": state.device,
        "host": state.host,
        "queued_at": state.queued_at,
        "started_at": state.started_at,
        "ended_at": state.ended_at,
    }


def _of_record(record: RunRecord) -> dict[str, Fact]:
    origin, environment = record.origin, record.environment
    return {
        "created_at": record.created_at,
        "data_fingerprint": record.data_fingerprint,
        "git_commit": _text(environment.get("git_commit")),
        "python": _text(environment.get("python")),
        "platform": _text(environment.get("platform")),
        "origin.run_id": None if origin is None else origin.run_id,
        "origin.step": None if origin is None else origin.step,
    }


def _of_spec(record: RunRecord) -> dict[str, Fact]:
    spec = record.spec
    found: dict[str, Fact] = {"model": model_words(spec.model), "data": data_words(spec.data)}
    for path, setting in settings(spec).items():
        if path not in _LEFT_OUT:
            found[path.removeprefix(_PREFIX)] = _fact(setting.value)
    return found


def _fact(value: Any) -> Fact:
    """A setting as a fact; what is neither a number nor a text becomes texts."""
    match value:
        case None | str() | bool() | int() | float():
            return value
        case list() | tuple():
            return tuple(str(part) for part in value)
        case _:
            return str(value)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
