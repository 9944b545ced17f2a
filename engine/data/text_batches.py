"""Batches of prepared texts: padded to the longest of the batch, cut from the disk as they are
asked for."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from engine.data.mapped import Mapped
from engine.data.masking import hidden
from engine.data.text.cutting import (
    Texts,
    dropped,
    framed,
    gathered,
    masked,
    shifted,
    taken,
    written,
)
from engine.data.text.layout import Layout, packed_blocks
from engine.data.text.tokenizer import Tokens
from engine.data.vocabulary import IGNORED

if TYPE_CHECKING:
    from engine.data.loaded import Arrays, LoadedData, Masking

Batch = dict[str, Any]


class _OfTexts:
    """Samples that are one text each. With a seed they are varied from epoch to epoch."""

    draws_nothing = True

    def __init__(self, arrays: Arrays, layout: Layout, *, seed: int | None) -> None:
        self._texts = Texts(arrays["tokens"], arrays["offsets"])
        self._layout, self._seed = layout, seed

    def __len__(self) -> int:
        return len(self._texts)

    def __getstate__(self) -> dict[str, Any]:
        """Without the lengths, which only those need who plan the batches."""
        return {name: value for name, value in vars(self).items() if name != "sample_lengths"}

    @cached_property
    def sample_lengths(self) -> NDArray[np.int64] | None:
        """About how many tokens each sample has; None where samples of the same length shall not
        come together."""
        if not self._layout.bucketing:
            return None
        return np.minimum(self._texts.all_lengths(), self._layout.length)

    def _read(self, epoch: int, samples: Tokens) -> tuple[Tokens, Tokens]:
        """What is read of each text, varied as configured, and how many tokens it is."""
        texts, layout, seed = self._texts, self._layout, self._seed
        starts, counts = taken(texts, samples, layout, seed=seed, epoch=epoch)
        rows = gathered(texts.tokens, starts, counts, layout.padding)
        if seed is None:
            return rows, counts
        if layout.token_dropout:
            rows, counts = dropped(rows, counts, samples, layout, seed=seed, epoch=epoch)
        if layout.token_masking:
            rows = masked(rows, counts, samples, layout, seed=seed, epoch=epoch)
        return rows, counts

    def _framed(self, rows: Tokens, counts: Tokens) -> Tokens:
        layout = self._layout
        if not layout.framed:
            return rows
        return framed(rows, counts, (layout.begin, layout.end), layout.padding)


class ClassifiedTexts(_OfTexts):
    """Texts with a class or labels: 'inputs' (B, T), and 'targets' (B,) or (B, labels)."""

    def __init__(self, arrays: Arrays, layout: Layout, *, seed: int | None) -> None:
        super().__init__(arrays, layout, seed=seed)
        self._targets = Mapped(arrays["targets"])
        labels = layout.task == "multi-label-classification"
        self._type = np.float32 if labels else np.int64

    def batch(self, epoch: int, samples: Tokens) -> Batch:
        inputs = self._framed(*self._read(epoch, samples))
        targets = self._targets.plain[samples].astype(self._type)
        return {"inputs": torch.from_numpy(inputs), "targets": torch.from_numpy(targets)}


class MarkedTexts(_OfTexts):
    """Texts with a class for some of their tokens: 'inputs' (B, T) and 'targets' (B, T)."""

    def __init__(self, arrays: Arrays, layout: Layout, *, seed: int | None) -> None:
        super().__init__(arrays, layout, seed=seed)
        self._targets = Mapped(arrays["targets"])

    def batch(self, epoch: int, samples: Tokens) -> Batch:
        inputs = self._framed(*self._read(epoch, samples))
        where = taken(self._texts, samples, self._layout, seed=self._seed, epoch=epoch)
        targets = gathered(self._targets.plain, *where, IGNORED)
        if self._layout.framed:
            targets = framed(targets, where[1], (IGNORED, IGNORED), IGNORED)
        return {"inputs": torch.from_numpy(inputs), "targets": torch.from_numpy(targets)}


class FilledTexts(_OfTexts):
    """Texts with hidden tokens: 'inputs' (B, T), and 'targets' (B, T), which are these tokens."""

    def __init__(
        self, arrays: Arrays, layout: Layout, masking: Masking, *, seed: int | None
    ) -> None:
        super().__init__(arrays, layout, seed=seed)
        self._masking = masking

    def batch(self, epoch: int, samples: Tokens) -> Batch:
        rows, counts = self._read(epoch, samples)
        original, first = self._framed(rows, counts), int(self._layout.framed)
        places = np.arange(original.shape[1]) - first
        allowed = (places >= 0) & (places < counts[:, None])
        return _hidden(original, samples, self._masking, self._seed, epoch, allowed)


class WrittenTexts(_OfTexts):
    """Texts to be written on from the begin token: 'inputs' (B, T) and 'targets' (B, T), the next
    token of each place and at last the end token."""

    def batch(self, epoch: int, samples: Tokens) -> Batch:
        layout, seed = self._layout, self._seed
        starts, counts = written(self._texts, samples, layout, layout.length)
        targets = gathered(self._texts.tokens, starts, counts, IGNORED)
        inputs = shifted(targets, counts, layout)
        if seed is not None and layout.token_masking:
            inputs[:, 1:] = masked(
                inputs[:, 1:], counts - 1, samples, layout, seed=seed, epoch=epoch
            )
        return {"inputs": torch.from_numpy(inputs), "targets": torch.from_numpy(targets)}


class TextPairs(_OfTexts):
    """A text to be read and one to be written: 'inputs' (B, S), 'decoder_inputs' (B, T) and
    'targets' (B, T)."""

    def __init__(self, arrays: Arrays, layout: Layout, *, seed: int | None) -> None:
        super().__init__(arrays, layout, seed=seed)
        self._answers = Texts(arrays["target_tokens"], arrays["target_offsets"])

    @cached_property
    def sample_lengths(self) -> NDArray[np.int64] | None:
        """About how many tokens both texts have together."""
        layout = self._layout
        if not layout.bucketing:
            return None
        read, answered = self._texts.all_lengths(), self._answers.all_lengths()
        return np.minimum(read, layout.length) + np.minimum(answered, layout.target_length)

    def batch(self, epoch: int, samples: Tokens) -> Batch:
        layout = self._layout
        inputs = self._framed(*self._read(epoch, samples))
        starts, counts = written(self._answers, samples, layout, layout.target_length)
        targets = gathered(self._answers.tokens, starts, counts, IGNORED)
        known = shifted(targets, counts, layout)
        found = {"inputs": inputs, "decoder_inputs": known, "targets": targets}
        return {name: torch.from_numpy(rows) for name, rows in found.items()}


class PackedBlocks:
    """All texts strung together in blocks: 'inputs' (B, T) and 'targets' (B, T), the inputs
    shifted by one token. Every token is kept, in order; the last block is filled up."""

    draws_nothing = True

    def __init__(self, tokens: np.ndarray, layout: Layout, *, seed: int | None) -> None:
        self._tokens, self._layout, self._seed = Mapped(tokens), layout, seed
        self._length = packed_blocks(len(tokens), layout)

    def __len__(self) -> int:
        return self._length

    def batch(self, epoch: int, samples: Tokens) -> Batch:
        layout = self._layout
        inputs, counts = self.rows(samples, spare=1)
        starts = samples * layout.length + 1
        targets = gathered(self._tokens.plain, starts, counts, IGNORED)
        if self._seed is not None and layout.token_masking:
            inputs = masked(inputs, counts, samples, layout, seed=self._seed, epoch=epoch)
        return {"inputs": torch.from_numpy(inputs), "targets": torch.from_numpy(targets)}

    def rows(self, samples: Tokens, *, spare: int) -> tuple[Tokens, Tokens]:
        """The tokens of these blocks without the text's last `spare`, and how many each has."""
        starts = samples * self._layout.length
        counts = np.minimum(self._layout.length, len(self._tokens) - spare - starts)
        return gathered(self._tokens.plain, starts, counts, self._layout.padding), counts


class FilledPackedBlocks(PackedBlocks):
    """Such blocks with hidden tokens: 'inputs' (B, T) and 'targets' (B, T), which are these."""

    def __init__(
        self, tokens: np.ndarray, layout: Layout, masking: Masking, *, seed: int | None
    ) -> None:
        super().__init__(tokens, layout, seed=seed)
        self._masking = masking

    def batch(self, epoch: int, samples: Tokens) -> Batch:
        rows, counts = self.rows(samples, spare=0)
        allowed = np.arange(rows.shape[1]) < counts[:, None]
        return _hidden(rows, samples, self._masking, self._seed, epoch, allowed)


def text_source(loaded: LoadedData, arrays: Arrays, *, seed: int | None) -> Any:
    """The samples of a split that are one text each, or packed; with a seed they are varied."""
    layout, masking = loaded.layout, loaded.masking
    assert layout is not None
    if layout.in_blocks:
        if masking is not None:
            return FilledPackedBlocks(arrays["tokens"], layout, masking, seed=seed)
        return PackedBlocks(arrays["tokens"], layout, seed=seed)
    match layout.task:
        case "causal-lm":
            return WrittenTexts(arrays, layout, seed=seed)
        case "masked-lm":
            assert masking is not None
            return FilledTexts(arrays, layout, masking, seed=seed)
        case "token-classification":
            return MarkedTexts(arrays, layout, seed=seed)
        case "seq2seq":
            return TextPairs(arrays, layout, seed=seed)
        case _:
            return ClassifiedTexts(arrays, layout, seed=seed)


def _hidden(
    original: Tokens,
    samples: Tokens,
    masking: Masking,
    seed: int | None,
    epoch: int,
    allowed: NDArray[np.bool_],
) -> Batch:
    seed, epoch = (0, 0) if seed is None else (seed, epoch)
    found = hidden(original, samples, masking, seed=seed, epoch=epoch, allowed=allowed)
    inputs, targets = map(torch.from_numpy, found)
    return {"inputs": inputs, "targets": targets}
