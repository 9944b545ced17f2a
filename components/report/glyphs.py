"""Text in the font that Matplotlib brings along: how wide it is, and what the font cannot draw."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from matplotlib.font_manager import FontProperties
    from matplotlib.ft2font import FT2Font

Face = Literal["plain", "bold", "mono"]

_FILES: dict[Face, str] = {
    "plain": "DejaVuSans.ttf",
    "bold": "DejaVuSans-Bold.ttf",
    "mono": "DejaVuSansMono.ttf",
}
_BOX = "\u25a1"
"""Stands for a letter that the font does not have."""
_SILENT = ("Cf", "Mn", "Me", "Cc", "Cs", "Co", "Cn")
"""Kinds of characters that show nothing by themselves."""
_INCH_POINTS = 72
_EM = 64.0


class _Font(NamedTuple):
    drawn: FT2Font
    known: frozenset[int]
    """Characters that it can draw."""
    widths: dict[int, float]
    """In parts of the size; filled as characters are met."""


@lru_cache(maxsize=64)
def properties(face: Face, size: float) -> FontProperties:
    """The font for Matplotlib, by its file, so that no other is found in its place."""
    from matplotlib.font_manager import FontProperties

    return FontProperties(fname=_path(face), size=size)


def drawable(text: str) -> str:
    """Text that the fonts can draw: emoji become their names, unknown letters boxes."""
    return "".join(_drawable(char) for char in text.replace("\t", "    "))


def width(text: str, size: float, face: Face = "plain") -> float:
    """How wide drawable text is, in inches, at a size in points."""
    return sum(_advance(char, face) for char in text) * size / _INCH_POINTS


def fitted(text: str, size: float, room: float, face: Face = "plain") -> str:
    """Drawable text on one line, cut with an ellipsis where there is no room for it."""
    text = text.replace("\n", " ")
    if width(text, size, face) <= room:
        return text
    cut = text
    while cut and width(cut + "…", size, face) > room:
        cut = cut[: -max(1, len(cut) // 50)]
    return cut + "…"


def wrapped(text: str, size: float, room: float, face: Face = "plain", most: int = 99) -> list[str]:
    """Drawable text in lines of that width; words that are too long are broken."""
    lines = [line for part in text.split("\n") for line in _lines(part, size, room, face)]
    if len(lines) <= most:
        return lines
    return [*lines[: most - 1], fitted(" ".join(lines[most - 1 :]), size, room, face)]


def _lines(text: str, size: float, room: float, face: Face) -> Iterator[str]:
    line = ""
    for word in text.split(" "):
        joined = f"{line} {word}" if line else word
        if width(joined, size, face) <= room:
            line = joined
            continue
        if line:
            yield line
        *whole, line = _pieces(word, size, room, face)
        yield from whole
    yield line


def _pieces(word: str, size: float, room: float, face: Face) -> Iterator[str]:
    """A word in parts that fit; most words are one."""
    piece = ""
    for char in word:
        if piece and width(piece + char, size, face) > room:
            yield piece
            piece = ""
        piece += char
    yield piece


@lru_cache(maxsize=4096)
def _drawable(char: str) -> str:
    if char == "\n" or all(ord(char) in _font(face).known for face in _FILES):
        return char
    kind = unicodedata.category(char)
    if kind in _SILENT:
        return ""
    name = unicodedata.name(char, "")
    return f":{name.lower().replace(' ', '-')}:" if kind in ("So", "Sk") and name else _BOX


def _advance(char: str, face: Face) -> float:
    """The width of a character in parts of the size of the font."""
    font = _font(face)
    code = ord(char)
    if code not in font.widths:
        font.widths[code] = font.drawn.load_char(code).linearHoriAdvance / 65536 / _EM
    return font.widths[code]


@lru_cache(maxsize=len(_FILES))
def _font(face: Face) -> _Font:
    from matplotlib.ft2font import FT2Font

    font = FT2Font(_path(face))
    font.set_size(_EM, _INCH_POINTS)
    return _Font(font, frozenset(font.get_charmap()), {})


def _path(face: Face) -> str:
    import matplotlib

    return str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / _FILES[face])
