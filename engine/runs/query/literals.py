"""Literals: what a value that somebody typed may stand for."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?", re.ASCII | re.IGNORECASE)
_DURATION = re.compile(r"([-+]?(?:\d+\.?\d*|\.\d+))(ms|s|min|m|h|d|w)", re.ASCII)
_UNITS_S = {"ms": 1e-3, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}
_CONSTANTS = {
    "inf": math.inf,
    "+inf": math.inf,
    "-inf": -math.inf,
    "infinity": math.inf,
    "-infinity": -math.inf,
    "nan": math.nan,
}
_BOOLEANS = {"true": True, "yes": True, "false": False, "no": False}
_FORMATS = (
    ("%Y-%m-%d", timedelta(days=1)),
    ("%Y-%m-%dT%H:%M", timedelta(minutes=1)),
    ("%Y-%m-%d %H:%M", timedelta(minutes=1)),
    ("%Y-%m-%dT%H:%M:%S", timedelta(seconds=1)),
    ("%Y-%m-%d %H:%M:%S", timedelta(seconds=1)),
)


@dataclass(frozen=True, slots=True)
class Literal:
    """One value; what it does not stand for is None."""

    text: str
    number: float | None = None
    boolean: bool | None = None
    seconds: float | None = None
    """Of a number with a unit of time."""
    span: tuple[float, float] | None = None
    """Of a date or time: where it begins and where the next one does, seconds since 1970."""


def literal_of(text: str, zone: tzinfo | None = UTC) -> Literal:
    """Everything that a text may stand for; dates are meant in `zone`, None is this machine's."""
    duration = _DURATION.fullmatch(text)
    return Literal(
        text,
        number=float(text) if _NUMBER.fullmatch(text) else _CONSTANTS.get(text.lower()),
        boolean=_BOOLEANS.get(text.lower()),
        seconds=float(duration[1]) * _UNITS_S[duration[2]] if duration else None,
        span=_span(text, zone),
    )


def _span(text: str, zone: tzinfo | None) -> tuple[float, float] | None:
    for form, length in _FORMATS:
        try:
            began = datetime.strptime(text, form).replace(tzinfo=zone)
            return began.timestamp(), (began + length).timestamp()
        except (ValueError, OverflowError):
            continue
    return None
