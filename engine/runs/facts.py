"""Facts: what is known about a run, flat, under the names by which people ask for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.models.version import version_of
from engine.run_spec import RunSpec
from engine.runs.record import RunRecord
from engine.runs.run import Labels
from engine.runs.spec_words import data_words, model_words
from engine.runs.state import RunState

Fact = str | float | int | bool | None | tuple[str, ...]
"""One thing that is known about a run. Unknown is None, or no such fact."""

_LARGEST = 2**63 - 1
_LEFT_OUT = frozenset({"version", "name"})
"""Of the spec: the version of the format, and the name, which the labels may replace."""


def facts_of(record: RunRecord, state: RunState, labels: Labels) -> dict[str, Fact]:
    """Labels, state and settings of a run; the names of settings leave out `training.`"""
    own = _of_labels(record, labels) | _of_state(state) | _of_record(record)
    if record.spec is not None:
        return own | _of_spec(record.spec)
    assert record.imported is not None, "a run was made here or imported"
    imported = record.imported
    config = {name: _storable(value) for name, value in imported.config.items()}
    known = {"imported": imported.source_name, "data": imported.place, "trained_s": None}
    return {**config, **own, **known}


def _of_labels(record: RunRecord, labels: Labels) -> dict[str, Fact]:
    return {
        "id": record.run_id,
        "name": labels.name or record.name or record.run_id,
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
        "attempt": state.attempt,
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
        "imported": None if record.imported is None else record.imported.source,
        "platform": _text(environment.get("platform")),
        "origin.run_id": None if origin is None else origin.run_id,
        "origin.step": None if origin is None else origin.step,
    }


def _of_spec(spec: RunSpec) -> dict[str, Fact]:
    found: dict[str, Fact] = {"model": model_words(spec.model), "data": data_words(spec.data)}
    found["model.version"] = version_of(spec.model)
    document = spec.model_dump()
    training = document.pop("training")
    for name in _LEFT_OUT:
        del document[name]
    _flatten(document, "", found)
    _flatten(training, "", found)
    return found


def _flatten(document: Mapping[str, Any], prefix: str, found: dict[str, Fact]) -> None:
    """Put every single value into `found` by its dotted name."""
    for name, value in document.items():
        match value:
            case Mapping():
                _flatten(value, f"{prefix}{name}.", found)
            case None | str() | bool() | int() | float():
                found[f"{prefix}{name}"] = value
            case list() | tuple():
                found[f"{prefix}{name}"] = tuple(str(part) for part in value)
            case _:
                found[f"{prefix}{name}"] = str(value)


def _storable(value: Fact) -> Fact:
    """The value; a whole number that no computer word holds as its digits."""
    return str(value) if isinstance(value, int) and abs(value) > _LARGEST else value


def _text(value: object) -> str | None:
    """A text that can be shown; the environment is whatever the file says."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else None
