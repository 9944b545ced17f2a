"""Conditions in a few words, as they are typed on a command line."""

from __future__ import annotations

import re
from typing import Any, get_args

from engine.alerting.rule import Ending
from engine.errors import BadInput, Problem

_COMPARED = re.compile(r"(?P<metric>\S+)\s*(?P<is><=|>=|<|>)\s*(?P<value>\S+)")
_LASTING = re.compile(r"(\d+)\s*(points?|steps?|seconds?|minutes?)")
FORMS = (
    "'val/loss > 2.5', 'train/loss not-finite', 'val/loss no-improvement', "
    "'val/accuracy no-improvement higher', 'silent', 'train/loss silent', 'failed,interrupted'"
)


def condition_of(when: str, lasting: str | None) -> dict[str, Any]:
    """The condition that is meant, to be parsed with its rule.

    Raises:
        BadInput: for words that say none.
    """
    words = when.split()
    length = _length(lasting)
    match words:
        case [ending] if set(ending.split(",")) <= set(get_args(Ending)):
            return {"kind": "status", "becomes": ending.split(",")}
        case ["silent"]:
            return {"kind": "silent", **_seconds(length)}
        case [metric, "silent"]:
            return {"kind": "silent", "metric": metric, **_seconds(length)}
        case [metric, "not-finite"]:
            return {"kind": "not-finite", "metric": metric, **length}
        case [metric, "no-improvement"]:
            return {"kind": "no-improvement", "metric": metric, **length}
        case [metric, "no-improvement", "higher" | "lower" as better]:
            return {"kind": "no-improvement", "metric": metric, "better": better, **length}
    compared = _COMPARED.fullmatch(when.strip())
    if compared is None:
        raise BadInput([Problem("--when", "not a condition", repr(when), f"As in {FORMS}.")])
    return {"kind": "compare", **compared.groupdict(), **length}


def _length(lasting: str | None) -> dict[str, Any]:
    if lasting is None:
        return {}
    found = _LASTING.fullmatch(lasting.strip())
    if found is None:
        remedy = "As in '5 points', '100 steps', '60 seconds', '10 minutes'."
        raise BadInput([Problem("--for", "not a duration", repr(lasting), remedy)])
    return {"amount": int(found[1]), "unit": found[2].rstrip("s") + "s"}


def _seconds(length: dict[str, Any]) -> dict[str, Any]:
    match length.get("unit"):
        case None:
            return {}
        case "seconds":
            return {"seconds": length["amount"]}
        case "minutes":
            return {"seconds": 60 * length["amount"]}
        case unit:
            raise BadInput([Problem("--for", f"silence is not counted in {unit}")])
