"""Colours that people with any colour vision tell apart, on white and on black."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple
from zlib import crc32

COLORS = (
    "#0c7bdc",
    "#ee7733",
    "#009988",
    "#cc3377",
    "#8866dd",
    "#33aadd",
    "#bb8800",
    "#dd4433",
    "#55993f",
    "#8a8f98",
)
"""Blue and orange first, the pair that stays distinct in every kind of colour blindness."""

DASHES = ("solid", "dash", "longdashdot")
"""How a line is drawn: the second and the third way are for more runs than there are colours."""

_PREFERRED = 8
"""The last two are only for boards with many runs."""


class Look(NamedTuple):
    """How the curves of a run are drawn."""

    color: str
    dash: str


def looks_of(run_ids: Iterable[str]) -> dict[str, Look]:
    """A look for each run: the same one on every page, another one only where two would clash.

    The first ten are solid lines in a colour of their own, the next ten are dashed, and then there
    is a third way; of more than thirty runs some look alike.
    """
    looks: dict[str, Look] = {}
    taken: set[int] = set()
    for number, run_id in enumerate(sorted(set(run_ids))):
        if number % len(COLORS) == 0:
            taken = set()
        slot = crc32(run_id.encode()) % _PREFERRED
        while slot in taken:
            slot = (slot + 1) % len(COLORS)
        taken.add(slot)
        looks[run_id] = Look(COLORS[slot], DASHES[number // len(COLORS) % len(DASHES)])
    return looks


def colors_of(run_ids: Iterable[str]) -> dict[str, str]:
    """The colours of these looks, where nothing is a line."""
    return {run_id: look.color for run_id, look in looks_of(run_ids).items()}


def gradual(count: int) -> tuple[str, ...]:
    """Colours from blue over violet and red to orange in equal steps, for what has an order."""
    return tuple(_oklch(0.62, 0.16, 255 + 160 * i / max(1, count - 1)) for i in range(count))


def _oklch(lightness: float, chroma: float, hue: float) -> str:
    """The sRGB colour of these coordinates, in which equal steps look equal (Ottosson 2020)."""
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    channels = (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )
    return "#" + "".join(f"{round(255 * _gamma(channel)):02x}" for channel in channels)


def _gamma(channel: float) -> float:
    inside = min(1.0, max(0.0, channel))
    return 12.92 * inside if inside <= 0.0031308 else 1.055 * inside ** (1 / 2.4) - 0.055
