"""What MLflow keeps about a run, in its database and in its folders alike."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping

from engine.exchange.foreign import UNKNOWN_ENDING, Facts, flat, known_time
from engine.runs.record import Plain
from engine.runs.state import Status

_ENDINGS: dict[str, tuple[Status, str]] = {
    "FINISHED": ("completed", ""),
    "FAILED": ("failed", "It failed, as MLflow says."),
    "KILLED": ("stopped", "It was killed, as MLflow says."),
    "RUNNING": ("stopped", "It was still running, as MLflow says, when it was imported."),
    "SCHEDULED": ("stopped", "It had not begun, as MLflow says, when it was imported."),
}
NUMBERED = {"1": "RUNNING", "2": "SCHEDULED", "3": "FINISHED", "4": "FAILED", "5": "KILLED"}
"""What MLflow's folders call the statuses."""


def facts_of(run_id: str, about: Mapping[str, object], params: Mapping[str, str]) -> Facts:
    """Facts from the columns of a run, or its meta.yaml; its tags are under `tags`."""
    tags: Mapping[str, str] = about["tags"] if isinstance(about["tags"], dict) else {}
    own = {key: value for key, value in tags.items() if not key.startswith("mlflow.")}
    status, reason = _ENDINGS.get(str(about.get("status")), ("stopped", UNKNOWN_ENDING))
    config = {key: plain(value) for key, value in params.items()}
    return Facts(
        identity=run_id,
        original_id=run_id,
        name=tags.get("mlflow.runName") or str(about.get("name") or "") or None,
        config=flat(config | {"mlflow.experiment": about.get("experiment")}),
        tags=tuple(f"{key}={value}" for key, value in own.items()),
        notes=tags.get("mlflow.note.content"),
        status=status,
        reason=reason,
        started_at=seconds(about.get("start_time")),
        ended_at=seconds(about.get("end_time")),
    )


def seconds(milliseconds: object) -> float | None:
    """MLflow's clock as seconds since 1970; None for what is no time."""
    try:
        known = known_time(float(str(milliseconds)) / 1000)
    except ValueError:
        return None
    return None if math.isnan(known) else known


def plain(text: str) -> Plain:
    """The value that MLflow wrote as a text."""
    if text in ("True", "False", "None"):
        return {"True": True, "False": False, "None": None}[text]
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):  # a text that begins as a list of lists of lists
        return text
    if isinstance(value, float):
        return value if math.isfinite(value) else text
    return value if isinstance(value, int) else text
