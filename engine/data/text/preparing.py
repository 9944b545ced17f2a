"""From texts to tokens on the disk, in memory that does not grow with the texts. No torch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from engine.data.progress import Progress, silent
from engine.data.text.making import TOKENIZER, made, source_digest, tokenizer_to_json
from engine.data.text.preparation import TextPreparation
from engine.data.text.rows import TextChunk, TextRows, TextSplits
from engine.data.text.sampling import pieces
from engine.data.text.storage import GrowingArray, smallest_type
from engine.data.text.summary import SplitSummary, Summary, Tally, TextsSummary
from engine.data.text.tokenizer import Tokenizer, Tokens
from engine.data.vocabulary import IGNORED
from engine.runs.files import write_new
from engine.task_spec import TaskKind

SUMMARY = "summary.json"
AT_ONCE = 262_144
"""Characters that are made into tokens at once."""
MOST_CLASSES = 32_767


class Wanted(NamedTuple):
    """What is prepared."""

    splits: TextSplits
    how: TextPreparation
    task: TaskKind
    labels: int = 0
    """How many labels there are, where a text can have several."""


def prepare(wanted: Wanted, folder: Path, progress: Progress = silent) -> None:
    """Fill a folder with a tokenizer, learned from the training texts alone, and the tokens of
    both splits.

    Raises:
        NothingToLearnFrom: when there is no text to learn a tokenizer from.
        NoTokenizer: when one that should exist does not.
        OSError: when the disk is full.
        Cancelled: when ``progress`` raised it.
    """
    splits = wanted.splits
    found = made(wanted.how, wanted.task, lambda: _texts_of(splits.train, wanted, progress))
    course = _Course(progress, splits.train.count + splits.val.count)
    course.tell()
    write_new(folder / TOKENIZER, tokenizer_to_json(found.tokenizer).encode(), durable=True)
    summaries = {}
    for name, rows in (("train", splits.train), ("val", splits.val)):
        with ExitStack() as stack:
            writer = _SplitWriter(folder, name, found.tokenizer, wanted, stack, course)
            for chunk in rows.read():
                writer.write(chunk)
                course.done += len(chunk.texts)
                course.tell()
            summaries[name] = writer.finish()
    summary = Summary(**summaries, note=found.note, tokenizer=source_digest(found.tokenizer))
    write_new(folder / SUMMARY, summary.to_json().encode(), durable=True)


def _texts_of(rows: TextRows, wanted: Wanted, progress: Progress) -> Iterator[str]:
    """All training texts, those to be written too."""
    done = 0
    for chunk in rows.read():
        for text in chunk.texts:
            yield text if isinstance(text, str) else " ".join(text)
        if wanted.task == "seq2seq":
            yield from chunk.targets or ()
        done += len(chunk.texts)
        progress("Reading texts for the tokenizer", done, rows.count)
    progress("Learning the tokenizer", 0, None)


@dataclass
class _Course:
    """How many rows are tokens by now."""

    progress: Progress
    total: int
    done: int = 0

    def tell(self) -> None:
        self.progress("Making texts into tokens", self.done, self.total)


class _SplitWriter:
    """Writes the tokens and targets of one split."""

    def __init__(
        self,
        folder: Path,
        name: str,
        tokenizer: Tokenizer,
        wanted: Wanted,
        stack: ExitStack,
        course: _Course,
    ) -> None:
        self._task = wanted.task
        self._files: dict[str, GrowingArray] = {}

        def new(field: str, dtype: Any, row: tuple[int, ...] = ()) -> GrowingArray:
            path = folder / f"{name}.{field}.npy"
            self._files[field] = stack.enter_context(GrowingArray(path, dtype, row))
            return self._files[field]

        self._texts = _TextWriter(new, "", tokenizer, course)
        self._answers = (
            _TextWriter(new, "target_", tokenizer, course) if self._task == "seq2seq" else None
        )
        self._targets: GrowingArray | None = None
        if self._task == "sequence-classification":
            self._targets = new("targets", np.int32)
        elif self._task == "multi-label-classification":
            self._targets = new("targets", np.uint8, (wanted.labels,))
        elif self._task == "token-classification":
            self._targets = new("targets", np.int16)

    def write(self, chunk: TextChunk) -> None:
        """The next rows."""
        if self._task == "token-classification":
            assert self._targets is not None
            for words, classes in zip(chunk.texts, chunk.targets or (), strict=True):
                self._targets.append(self._texts.write_words(list(words), classes))
            return
        self._texts.write([str(text) for text in chunk.texts])
        if self._answers is not None:
            self._answers.write([str(text) for text in chunk.targets or ()])
        elif self._targets is not None:
            self._targets.append(self._numbers(chunk.targets or ()))

    def finish(self) -> SplitSummary:
        """Close all files and say what is in them."""
        texts = self._texts.finish()
        answers = None if self._answers is None else self._answers.finish()
        for file in self._files.values():
            file.close()
        digests = {name: file.hexdigest() for name, file in self._files.items()}
        return SplitSummary(texts=texts, answers=answers, digests=digests)

    def _numbers(self, targets: Sequence[Any]) -> np.ndarray:
        if self._task == "sequence-classification":
            return np.array(targets, np.int32)
        assert self._targets is not None
        present = np.zeros((len(targets), self._targets.row[0]), np.uint8)
        for row, labels in enumerate(targets):
            present[row, list(labels)] = 1
        return present


class _TextWriter:
    """Writes texts as tokens, each with the end token behind it, and where each begins."""

    def __init__(self, new: Any, prefix: str, tokenizer: Tokenizer, course: _Course) -> None:
        self._tokenizer, self._end = tokenizer, tokenizer.special("end")
        self._course = course
        self._tokens: GrowingArray = new(f"{prefix}tokens", smallest_type(len(tokenizer)))
        self._offsets: GrowingArray = new(f"{prefix}offsets", np.int64)
        self._offsets.append(np.zeros(1, np.int64))
        self._counts: GrowingArray = new(f"{prefix}token_counts", np.int64)
        self._edge = 0  # where the text begins that is being written
        self._open = 0  # and how many of its tokens are there already
        self.tally = Tally(tokenizer)

    def write(self, texts: Sequence[str]) -> None:
        """The next texts; what is long goes in pieces."""
        waiting: list[str] = []
        ends: list[bool] = []
        size = 0
        for text in texts:
            left = len(text)
            for piece in pieces(text):
                left -= len(piece)
                waiting.append(piece)
                ends.append(not left)
                size += len(piece)
                if size >= AT_ONCE:
                    self._put(waiting, ends)
                    self._course.tell()  # a single text may take minutes
                    waiting, ends, size = [], [], 0
        self._put(waiting, ends)

    def write_words(self, words: Sequence[str], classes: Sequence[int | None]) -> np.ndarray:
        """The next text in words; the class of each stands at the word's first token."""
        spaced = [word if place == 0 else f" {word}" for place, word in enumerate(words)]
        if not spaced:
            spaced, classes = [""], [None]
        lengths = self._put(spaced, [False] * (len(spaced) - 1) + [True])
        targets = np.full(int(lengths.sum()) + 1, IGNORED, np.int16)
        firsts = np.cumsum(lengths) - lengths
        for first, length, number in zip(firsts, lengths, classes, strict=True):
            if length and number is not None:
                targets[first] = number
        return targets

    def finish(self) -> TextsSummary:
        """What was written."""
        self._counts.append(self.tally.token_counts)
        return self.tally.summary()

    def _put(self, parts: Sequence[str], ends: Sequence[bool]) -> Tokens:
        """Write pieces of texts, and whether a text ends with each; the tokens of each."""
        tokens, lengths = self._tokenizer.encode_all(parts)
        places = np.cumsum(lengths)[np.array(ends, bool)]
        begun = self._edge + self._open
        edges = begun + places + np.arange(1, len(places) + 1)
        self._tokens.append(np.insert(tokens, places, self._end))
        self._offsets.append(edges)
        self.tally.add(tokens, lengths, parts)
        self.tally.add_texts(np.diff(edges, prepend=self._edge) - 1)
        written = begun + len(tokens) + len(places)
        self._edge = int(edges[-1]) if len(edges) else self._edge
        self._open = written - self._edge
        return lengths
