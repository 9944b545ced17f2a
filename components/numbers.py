"""Numbers as people read them."""

from __future__ import annotations

import math

DASH = "–"
"""Stands for what is not known."""


def shown_number(value: float | None, digits: int = 4) -> str:
    """`value` with so many significant digits, whole from a thousand on; a dash for None."""
    if value is None:
        return DASH
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    if abs(value) >= 1000:
        return f"{value:,.0f}" if abs(value) < 1e12 else _exponent(f"{value:.{digits - 1}e}")
    return _exponent(f"{value:.{digits}g}")


def _exponent(text: str) -> str:
    mantissa, e, exponent = text.partition("e")
    return f"{mantissa}e{int(exponent)}" if e else text
