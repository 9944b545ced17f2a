"""How a run is made again: commands and a script that really do it, and what they leave out."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from components.forking import changes_of
from components.form_schema import NOT_OFFERED
from engine.run_spec import RunSpec
from engine.runs.record import RunRecord
from engine.steering import Act, in_words


def why_not(record: RunRecord) -> str:
    """Why a run cannot be made again from its folder; empty when it can."""
    if record.spec is None:
        return "It was not trained here, so there is nothing to run again."
    if {record.spec.model.kind, record.spec.data.source} & NOT_OFFERED:
        return "Its model or data exists only in the program that made it: run that again."
    return ""


def command(record: RunRecord, parent: RunSpec | None, runs: Path) -> str:
    """The shell command that makes the run again from its folder, or from that of its parent."""
    assert record.spec is not None
    root = shlex.quote(str(runs))
    if record.origin is None or parent is None:
        spec = f"python -m engine runs spec {record.run_id} --runs {root}"
        return f"{spec} | python -m engine train - --runs {root}"
    changes = changes_of(parent, record.spec)
    settings = [f"--set {shlex.quote(f'{path}={_json(value)}')}" for path, value in changes.items()]
    fork = f"python -m engine fork {record.origin.run_id} --step {record.origin.step}"
    name = [f"--name {shlex.quote(record.spec.name)}"] if record.spec.name else []
    return " ".join([fork, *settings, *name, f"--runs {root}"])


def checkout(record: RunRecord) -> str:
    """The command that brings back the code that trained the run; empty where it is unknown."""
    commit = record.environment.get("git_commit")
    return f"git checkout {shlex.quote(commit)}" if isinstance(commit, str) and commit else ""


def left_out(record: RunRecord, parent: RunSpec | None, acts: Sequence[Act]) -> list[str]:
    """What a run made so would not have, in sentences."""
    said = []
    if record.origin is not None and parent is None:
        said.append("The run that it was forked from is gone, so it would begin at step 0.")
    begun = -1 if record.origin is None else record.origin.step
    own = [act for act in acts if act.step > begun]
    if own:
        steered = " ".join(in_words(act) for act in own[:10])
        more = f" And {len(own) - 10:,} times more." if len(own) > 10 else ""
        said.append(f"What was done to it while it trained is not done again: {steered}{more}")
    return said


def environment_rows(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """What, as it was then, as it is now."""
    before, after = _flat(then), _flat(now)
    return [(name, value, after.get(name, "–")) for name, value in before.items()]


def _flat(environment: Mapping[str, Any]) -> dict[str, str]:
    flat: dict[str, str] = {}
    for name, value in environment.items():
        if isinstance(value, Mapping):
            flat |= {str(key): _text(inner) for key, inner in value.items()}
        else:
            flat[name.replace("_", " ")] = _text(value)
    return flat


def _text(value: object) -> str:
    return "–" if value is None else str(value)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
