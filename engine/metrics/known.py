"""What metrics must know of the data beside outputs and targets."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from engine.data.loaded import LoadedData


class Known(NamedTuple):
    """Unknown is None, and what depends on it is not measured."""

    classes: tuple[str, ...] | None = None
    """Names of the classes or labels, in the order of the logits."""
    target_mean: float | None = None
    """What was subtracted from the numbers to be predicted, in their own unit."""
    target_std: float | None = None
    """What they were divided by then."""
    token_chars: NDArray[np.int64] | None = None
    """Characters of each token; 0 for special ones, below 0 where it is not known."""
    token_bytes: NDArray[np.int64] | None = None
    """UTF-8 bytes of each token; 0 for special ones, below 0 where it is not known."""

    def names(self, count: int) -> list[str]:
        """A name for each of so many classes: its number where no names are known."""
        if self.classes is None or len(self.classes) != count:
            return [str(number) for number in range(count)]
        return list(self.classes)


NOTHING = Known()


def known_of(loaded: LoadedData) -> Known:
    """What loaded data says about itself."""
    facts, vocabulary = loaded.facts, loaded.vocabulary
    known = Known(facts.classes, facts.target_mean, facts.target_std)
    lengths = None if vocabulary is None else vocabulary.lengths
    if lengths is None:
        return known
    return known._replace(token_chars=lengths.chars, token_bytes=lengths.bytes)
