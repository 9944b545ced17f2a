"""Images that are broken, or unlike the others."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Hashable
from typing import NamedTuple

import numpy as np
from PIL import Image

from engine.data.library.proposal import UNDECODABLE
from engine.data.quality.outcome import Mask, Outcome, Words, of_rows, skipped
from engine.data.quality.subject import Subject

_MOST = 0.8
"""What so many images have in common, the others are odd for not having."""
_SMALLEST_SIDE = 4
_NO_IMAGES = "No column is an image."


class Look(NamedTuple):
    """What an image is like."""

    channels: str
    size: tuple[int, int]


def images(subject: Subject) -> Outcome:
    """Images that cannot be decoded."""
    found = subject.looks
    if found is None:
        return skipped(_NO_IMAGES)
    broken = np.array([look == "broken" for look in found], bool)
    remedy = "Leave them out, or replace the files and bring the data in again."
    words = Words("Every image can be decoded.", "hold no image that can be decoded", remedy)
    return of_rows(subject, broken, words, fails_from=0.0)


def channels(subject: Subject) -> Outcome:
    """Images with other channels than most have."""
    remedy = "They are converted (data.image.color); leave out what is no image of its kind."
    return _unlike(subject, lambda look: look.channels, ("channels", remedy))


def image_size(subject: Subject) -> Outcome:
    """Images of another size than most, and tiny ones."""
    remedy = "They are resized (data.image); leave out those that are too small or distorted."
    return _unlike(subject, lambda look: look.size, ("sizes", remedy))


def looks(subject: Subject) -> list[Look | str | None] | None:
    """What each image is like, "broken", or None for none; None without a column of images."""
    names = subject.typed(subject.of_role("image"), "image")
    if not names:
        return None
    seen: dict[Look, Look] = {}
    found: list[Look | str | None] = []
    for _, batch in subject.batches(names[:1]):
        for content in batch.column(0).to_pylist():
            look = None if not content else _look(content)
            found.append(seen.setdefault(look, look) if isinstance(look, Look) else look)
    return found


def _look(content: bytes) -> Look | str:
    try:
        with Image.open(io.BytesIO(content)) as image:
            image.load()
            return Look(_channels(image), image.size)
    except UNDECODABLE:
        return "broken"


def _channels(image: Image.Image) -> str:
    if "A" in image.getbands() or "transparency" in image.info:
        return "transparent"
    if image.mode in ("I;16", "I", "F"):
        return "grey of more than 8 bits"
    return "grey" if image.mode in ("1", "L") else "colour"


def _unlike(subject: Subject, kind: Callable[[Look], Hashable], words: tuple[str, str]) -> Outcome:
    found = subject.looks
    if found is None:
        return skipped(_NO_IMAGES)
    kinds = [kind(look) if isinstance(look, Look) else None for look in found]
    counts = Counter(value for value in kinds if value is not None)
    if not counts:
        return skipped("There is no image that can be decoded.")
    [(usual, count)] = counts.most_common(1)
    what, remedy = words
    odd = _too_small(found) if what == "sizes" else np.zeros(len(found), bool)
    if count >= _MOST * counts.total():
        odd |= np.array([value is not None and value != usual for value in kinds], bool)
    usually = f"most are {_said(usual)}"
    if len(counts) > 1 and count < _MOST * counts.total():
        usually = f"there are {len(counts):,}, most often {_said(usual)}"
    none = f"No image stands out by its {what}: {usually}."
    said = f"{usually[0].upper()}{usually[1:]}."
    return of_rows(subject, odd, Words(none, f"have odd {what}", remedy, said))


def _too_small(found: list[Look | str | None]) -> Mask:
    return np.array(
        [isinstance(look, Look) and min(look.size) < _SMALLEST_SIDE for look in found], bool
    )


def _said(value: object) -> str:
    return f"{value[0]} x {value[1]} pixels" if isinstance(value, tuple) else str(value)
