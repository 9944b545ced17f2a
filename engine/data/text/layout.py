"""Layout: how samples are cut from prepared texts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from engine.data.text.preparation import Cut
from engine.task_spec import TaskKind


@dataclass(frozen=True)
class Layout:
    """How samples are cut from texts whose tokens lie one text after another, each with the end
    token behind it."""

    task: TaskKind
    length: int
    """The most tokens that are read of a sample, special ones included."""
    target_length: int
    """The most tokens of a text that is to be written."""
    cut: Cut
    keep: Literal["start", "end"]
    framed: bool
    """Whether what is read has a begin and an end token."""
    padding: int
    begin: int
    end: int
    mask: int | None = None
    token_masking: float = 0.0
    token_dropout: float = 0.0
    bucketing: bool = True

    @property
    def in_blocks(self) -> bool:
        """Whether the texts are strung together."""
        return self.task in ("causal-lm", "masked-lm") and self.cut != "truncate"

    @property
    def content(self) -> int:
        """The most tokens of a text that fit into a sample beside the special ones."""
        return self.length - 2 * self.framed


def packed_blocks(tokens: int, layout: Layout) -> int:
    """How many blocks the texts fill when every token is kept."""
    predicted = max(0, tokens - 1) if layout.task == "causal-lm" else tokens
    return -(-predicted // layout.length)
