"""A tokenizer as it is described: learned from training texts, or one that exists."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from engine.data.text.byte_tokenizer import ByteTokenizer
from engine.data.text.normalising import Normalising, normalised
from engine.data.text.preparation import (
    BPESpec,
    ByteSpec,
    CharSpec,
    HuggingFaceTokenizerSpec,
    TextPreparation,
    UnigramSpec,
    WordSpec,
)
from engine.data.text.sampling import choice
from engine.data.text.tokenizer import SPECIALS, Tokenizer
from engine.data.text.words import WordTokenizer
from engine.data.vocabulary import CharVocabulary
from engine.errors import EngineError
from engine.task_spec import TaskKind

TOKENIZER = "tokenizer.json"
"""The file of a tokenizer, beside the prepared tokens and in the folder of a run."""
MOST_CHARS = 20_000_000
"""Characters that a tokenizer is learned from: seconds of work, 100 MB of memory."""

NEEDED: dict[TaskKind, tuple[str, ...]] = {
    "causal-lm": ("begin", "end"),
    "masked-lm": ("padding", "begin", "end", "mask"),
    "sequence-classification": ("padding", "begin", "end"),
    "multi-label-classification": ("padding", "begin", "end"),
    "token-classification": ("padding", "begin", "end"),
    "seq2seq": ("padding", "begin", "end"),
}
"""The special tokens that samples of each task are made with."""


class NothingToLearnFrom(EngineError):
    """Training texts without a single character."""

    def __init__(self) -> None:
        super().__init__(
            "The training texts are all empty, so no tokenizer can be learned from them. Choose "
            "another column, or another split."
        )


class Made(NamedTuple):
    """A tokenizer, and what is to be said of how it was made."""

    tokenizer: Tokenizer
    note: str = ""


def made(how: TextPreparation, task: TaskKind, texts: Callable[[], Iterator[str]]) -> Made:
    """The tokenizer that is described; `texts` gives the training texts from the first one on.

    Raises:
        NothingToLearnFrom: when there is no text.
        NoTokenizer: when one that should exist does not.
    """

    def changed() -> Iterator[str]:
        for text in texts():
            yield normalised(text, how.lower, how.normalisation)

    found = _made(how, task, changed)
    if not how.lower and how.normalisation == "none":
        return found
    return found._replace(tokenizer=Normalising(found.tokenizer, how.lower, how.normalisation))


def _made(how: TextPreparation, task: TaskKind, texts: Callable[[], Iterator[str]]) -> Made:
    spec = how.tokenizer
    match spec:
        case ByteSpec():
            return Made(ByteTokenizer())
        case CharSpec():
            return Made(_characters(texts(), spec.min_count))
        case HuggingFaceTokenizerSpec():
            from engine.data.text.hugging_face import existing

            needed = [*NEEDED[task], *(["mask"] if how.token_masking else [])]
            return Made(existing(spec.name, dict.fromkeys(needed)))
    chosen = choice(texts(), most_chars=MOST_CHARS)
    if not chosen.chars:
        raise NothingToLearnFrom
    if isinstance(spec, WordSpec):
        words = WordTokenizer.of(chosen.texts, size=spec.vocabulary_size, min_count=spec.min_count)
        return Made(words, _note(chosen.chars, chosen.of_chars))
    return Made(_subwords(spec, chosen.texts), _note(chosen.chars, chosen.of_chars))


def tokenizer_of(document: dict[str, Any]) -> Tokenizer:
    """The tokenizer that gave this document.

    Raises:
        DamagedTokenizer: for a document that is none.
    """
    try:
        return _READERS[document["kind"]](document)
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedTokenizer(f"{type(error).__name__}: {error}") from error


def tokenizer_from_json(text: str) -> Tokenizer:
    """The tokenizer of a file that `tokenizer_to_json` wrote.

    Raises:
        DamagedTokenizer: for anything else.
    """
    try:
        document = json.loads(text)
    except ValueError as error:
        raise DamagedTokenizer(str(error)) from error
    return tokenizer_of(document)


def tokenizer_to_json(tokenizer: Tokenizer) -> str:
    """Text that `tokenizer_from_json` makes an equal tokenizer from."""
    return json.dumps(tokenizer.document(), ensure_ascii=False)


class DamagedTokenizer(EngineError):
    """A file of a tokenizer that was changed or cut off."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"The tokenizer's file is damaged ({reason}). Delete the prepared data; it is made "
            "again when a run needs it."
        )


def _characters(texts: Iterable[str], min_count: int) -> CharVocabulary:
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(text)
    if not counts:
        raise NothingToLearnFrom
    kept = sorted(letter for letter, count in counts.items() if count >= min_count)
    return CharVocabulary("".join(kept), SPECIALS)


def _subwords(spec: BPESpec | UnigramSpec, texts: list[str]) -> Tokenizer:
    from engine.data.text.subwords import learned

    return learned(spec, iter(texts))


def _note(chars: int, of_chars: int) -> str:
    if chars >= of_chars:
        return ""
    return (
        f"The tokenizer was learned from a random choice of {chars:,} of the {of_chars:,} "
        "characters of the training texts."
    )


def _chars_of(document: dict[str, Any]) -> Tokenizer:
    return CharVocabulary(str(document["characters"]), tuple(document["specials"]))


def _bytes_of(document: dict[str, Any]) -> Tokenizer:
    return ByteTokenizer(tuple(document["specials"]))


def _words_of(document: dict[str, Any]) -> Tokenizer:
    return WordTokenizer(tuple(document["words"]), tuple(document["specials"]))


def source_digest(tokenizer: Tokenizer) -> str | None:
    """SHA-256 of the tokenizer.json that a tokenizer was read from; None for one made here."""
    document = tokenizer.document() if tokenizer.kind == "hugging-face" else {}
    digest: str | None = document.get("inner", document).get("digest")
    return digest


def _subwords_of(document: dict[str, Any]) -> Tokenizer:
    from tokenizers import Tokenizer as Library

    from engine.data.text.subwords import SubwordTokenizer

    library = Library.from_str(json.dumps(document["library"]))
    return SubwordTokenizer(document["kind"], library, document["specials"])


def _existing_of(document: dict[str, Any]) -> Tokenizer:
    from tokenizers import Tokenizer as Library

    from engine.data.text.hugging_face import HuggingFaceTokenizer

    library = Library.from_str(json.dumps(document["library"]))
    return HuggingFaceTokenizer(
        library, document["specials"], document["added"], digest=document["digest"]
    )


def _normalising_of(document: dict[str, Any]) -> Tokenizer:
    return Normalising(tokenizer_of(document["inner"]), document["lower"], document["form"])


_READERS: dict[str, Callable[[dict[str, Any]], Tokenizer]] = {
    "char": _chars_of,
    "byte": _bytes_of,
    "word": _words_of,
    "bpe": _subwords_of,
    "unigram": _subwords_of,
    "hugging-face": _existing_of,
    "normalising": _normalising_of,
}
