"""Texts to prepare, and short ways to prepare them."""

from engine.data.text.loading import load_texts
from engine.data.text.preparation import TextPreparation
from engine.data.text.preparing import Wanted
from engine.data.text.rows import TextChunk, TextRows, TextSplits

LINES = (
    "the cat sat on the mat",
    "a dog ate the cat's food",
    "",
    "naïve café — 東京 🙂",
    "the dog and the cat, and the mat",
    "x",
    "one two three four five six seven eight nine ten eleven twelve",
)


def rows_of(texts, targets=None, *, at_once=3):
    """Rows in chunks of a few."""
    texts = list(texts)

    def read():
        for start in range(0, len(texts), at_once):
            part = slice(start, start + at_once)
            yield TextChunk(texts[part], None if targets is None else targets[part])

    return TextRows(read, len(texts))


def splits_of(train, val=("the end",), *, targets=(None, None), identity="test"):
    return TextSplits(rows_of(train, targets[0]), rows_of(val, targets[1]), identity)


def wanted_of(splits, task="causal-lm", *, labels=0, **how):
    how.setdefault("tokenizer", {"kind": "byte"})
    return Wanted(splits, TextPreparation.parse(how), task, labels)


def load(root, splits, task="causal-lm", *, classes=None, **how):
    how.setdefault("tokenizer", {"kind": "byte"})
    return load_texts(splits, TextPreparation.parse(how), task, root, classes=classes)
