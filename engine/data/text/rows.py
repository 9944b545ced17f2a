"""What texts are prepared from: the rows of a data set, in both splits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple


class TextChunk(NamedTuple):
    """Some rows, in order."""

    texts: Sequence[str] | Sequence[Sequence[str]]
    """The text of each row; of token classification the words of each."""
    targets: Sequence[Any] | None = None
    """Of classification the number of each row's class, or the numbers of its labels (for several
    at once); of token classification a class for each word, None for words without; of sequence
    to sequence the text to be written. None of language models."""


@dataclass(frozen=True)
class TextRows:
    """The rows of one split."""

    read: Callable[[], Iterator[TextChunk]]
    """From the first row on, in the same order each time; bounded chunks."""
    count: int


@dataclass(frozen=True)
class TextSplits:
    """The rows of both splits, and what says that they are these rows and no others."""

    train: TextRows
    val: TextRows
    identity: str
    """Changes with any row, its split, or the columns that are read: part of the cache's key."""
