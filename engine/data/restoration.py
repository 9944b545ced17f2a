"""Pieces of text without capitals, spaces and punctuation, to be written as they were."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator

KEPT = "0123456789abcdefghijklmnopqrstuvwxyz"
"""All that is left of a piece."""
_PROSE = re.compile(r"[A-Z\"*][ -~]{40,}[.:]")
_FEWEST_LETTERS = 8


def pieces(texts: Iterable[str], *, length: int) -> list[str]:
    """Pieces of the paragraphs of English text, of whole words and at most `length` characters,
    each once and in order. Examples of code and tables are left out."""
    found: dict[str, None] = {}
    for text in texts:
        for paragraph in _prose(text):
            lines = textwrap.wrap(paragraph, length, break_long_words=False, break_on_hyphens=False)
            fitting = (line for line in lines if len(line) <= length)
            found.update(
                dict.fromkeys(line for line in fitting if len(stripped(line)) >= _FEWEST_LETTERS)
            )
    return list(found)


def stripped(text: str) -> str:
    """The text without capitals, spaces and punctuation."""
    return "".join(letter for letter in text.lower() if letter in KEPT)


def _prose(text: str) -> Iterator[str]:
    """Paragraphs that are English, each on one line."""
    for paragraph in re.split(r"\n[ \t]*\n", text):
        line = " ".join(paragraph.split())
        letters = sum(letter.islower() or letter == " " for letter in line)
        if _PROSE.fullmatch(line) and letters > 0.85 * len(line):
            yield line
