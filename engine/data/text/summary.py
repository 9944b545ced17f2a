"""What is known of prepared texts: how long they are, and what is unknown in them. No torch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from engine.data.text.tokenizer import Tokenizer, Tokens
from engine.data.text.words import words_of
from engine.frozen import Frozen

MOST_EXAMPLES = 20
_MOST_COUNTED = 10_000


class TextsSummary(Frozen):
    """The texts of one split."""

    texts: int
    empty: int
    """Texts without a single token."""
    chars: int
    tokens: int
    """Without the end tokens."""
    unknown: int
    """Tokens that the tokenizer does not know."""
    unknown_examples: tuple[str, ...] = ()
    """Some of what it does not know, the most frequent first."""
    longest: int
    """Tokens of the longest text."""

    @property
    def unknown_share(self) -> float:
        """Of all tokens."""
        return self.unknown / self.tokens if self.tokens else 0.0


class SplitSummary(Frozen):
    """One split, and what its files hold."""

    texts: TextsSummary
    answers: TextsSummary | None = None
    """The texts to be written, of sequence to sequence."""
    digests: dict[str, str]
    """SHA-256 of each array."""


class Summary(Frozen):
    """All that was prepared."""

    train: SplitSummary
    val: SplitSummary
    note: str = ""
    """What is to be said of the tokenizer."""
    tokenizer: str | None = None
    """SHA-256 of the tokenizer.json that it was read from; None for one made here."""


class Tally:
    """Counts while texts pass by, in bounded memory."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._unknown_token = tokenizer.special_tokens.get("unknown")
        self.token_counts = np.zeros(len(tokenizer), np.int64)
        """How often each token occurs, by its number."""
        self._texts = self._empty = self._chars = self._longest = 0
        self._unknown: Counter[str] = Counter()

    def add(self, tokens: Tokens, lengths: Tokens, texts: Sequence[str]) -> None:
        """The tokens of pieces of texts, and how many each has."""
        self._chars += sum(map(len, texts))
        counts = np.bincount(tokens, minlength=len(self.token_counts))
        self.token_counts += counts
        if self._unknown_token is not None and counts[self._unknown_token]:
            self._look_up(tokens, lengths, texts)

    def add_texts(self, lengths: Tokens) -> None:
        """How many tokens these whole texts have."""
        self._texts += len(lengths)
        self._empty += int((lengths == 0).sum())
        self._longest = max(self._longest, int(lengths.max(initial=0)))

    def summary(self) -> TextsSummary:
        """What was counted."""
        token = self._unknown_token
        ranked = sorted(self._unknown.items(), key=lambda item: (-item[1], item[0]))
        return TextsSummary(
            texts=self._texts,
            empty=self._empty,
            chars=self._chars,
            tokens=int(self.token_counts.sum()),
            unknown=0 if token is None else int(self.token_counts[token]),
            unknown_examples=tuple(text for text, _ in ranked[:MOST_EXAMPLES]),
            longest=self._longest,
        )

    def _look_up(self, tokens: Tokens, lengths: Tokens, texts: Sequence[str]) -> None:
        """What the unknown tokens are, for kinds whose tokens are pieces of the text."""
        if self._tokenizer.kind not in ("char", "word") or len(self._unknown) >= _MOST_COUNTED:
            return
        ends = np.cumsum(lengths)
        has_unknown = np.zeros(len(texts), bool)
        places = np.flatnonzero(tokens == self._unknown_token)
        has_unknown[np.searchsorted(ends, places, side="right")] = True
        for number in np.flatnonzero(has_unknown).tolist():
            text = texts[number]
            parts = words_of(text) if self._tokenizer.kind == "word" else list(text)
            mine = tokens[ends[number] - lengths[number] : ends[number]]
            if len(parts) == len(mine):  # not so where small letters are more letters
                self._unknown.update(
                    part
                    for part, token in zip(parts, mine.tolist(), strict=True)
                    if token == self._unknown_token
                )
            if len(self._unknown) >= _MOST_COUNTED:
                return
