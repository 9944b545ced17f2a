"""The text of Python's documentation topics, split so that nothing held out was trained on."""

from __future__ import annotations

import re
from functools import lru_cache

import numpy as np

SOURCE = "Python's documentation topics (module pydoc_data.topics, part of this Python)"
LICENCE = "PSF License Agreement"
BETWEEN_TOPICS = "\n\n"


@lru_cache(maxsize=1)
def topics() -> dict[str, str]:
    """Topics by name, in the order of names, each paragraph in one topic only.

    A fifth of the original text stands in two topics or more (`try` is a section of `compound`,
    `attribute-access` one of `specialnames`). Holding out one copy while training on the other
    would measure memory, so the longest topic keeps a paragraph, the others lose it, and a topic
    that loses more than half is left out.
    """
    from pydoc_data import topics as original

    kept: dict[str, str] = {}
    seen: set[str] = set()
    for name, text in sorted(original.topics.items(), key=lambda item: (-len(item[1]), item[0])):
        paragraphs = re.split(r"\n[ \t]*\n", text)
        new = [paragraph for paragraph in paragraphs if _words(paragraph) not in seen]
        seen.update(words for words in map(_words, paragraphs) if len(words) >= 60)
        if 2 * sum(map(len, new)) > sum(map(len, paragraphs)):
            kept[name] = "\n\n".join(new).strip()
    return dict(sorted(kept.items()))


def held_out(lengths: dict[str, int], *, val_fraction: float, split_seed: int) -> list[str]:
    """Names of the topics for validation: a random choice of at most `val_fraction`.

    Topics are taken in random order, each one that still fits, so that the share is met closely
    although topics differ a hundredfold in length. At least the shortest is held out.
    """
    budget = val_fraction * sum(lengths.values())
    chosen = []
    for name in np.random.default_rng(split_seed).permutation(sorted(lengths)).tolist():
        if lengths[name] <= budget:
            chosen.append(name)
            budget -= lengths[name]
    return chosen or [min(sorted(lengths), key=lambda name: lengths[name])]


def split_topics(*, val_fraction: float, split_seed: int) -> tuple[list[str], list[str]]:
    """The texts of the training topics, by name, and of the validation topics."""
    texts = topics()
    lengths = {name: len(text) for name, text in texts.items()}
    val_names = held_out(lengths, val_fraction=val_fraction, split_seed=split_seed)
    train_names = [name for name in texts if name not in set(val_names)]
    return [texts[name] for name in train_names], [texts[name] for name in val_names]


def split_text(*, val_fraction: float, split_seed: int) -> tuple[str, str]:
    """Training and validation text: whole topics one after another."""
    train, val = split_topics(val_fraction=val_fraction, split_seed=split_seed)
    return BETWEEN_TOPICS.join(train), BETWEEN_TOPICS.join(val)


def _words(paragraph: str) -> str:
    """The paragraph without its indentation and line breaks, which differ between copies."""
    return " ".join(paragraph.split())
