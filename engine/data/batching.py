"""Batches: which samples make up a micro-step, and the tensors of those samples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.data.augmentation import augmented
from engine.data.augmentation_spec import Augmentation
from engine.data.loaded import LoadedData, Masking, text_samples
from engine.data.mapped import Mapped
from engine.data.masking import hidden
from engine.data.mixing import OTHERS, SHARES, mixed, mixture
from engine.data.text.layout import Layout
from engine.data.text_batches import text_source
from engine.errors import EngineError

Batch = dict[str, Any]
Indices = NDArray[np.int64]
SORTED_BATCHES = 50
"""So many batches' worth of random samples are sorted by length: enough that batches need little
padding, few enough that their samples stay random."""
_BATCHES = 6
"""The stream of random numbers that the batches are put into order by."""


class TooLittleText(EngineError):
    """A text too short for even one training block."""

    def __init__(self, tokens: int, block_size: int) -> None:
        super().__init__(
            f"The text has {tokens} tokens, but one training sample of context length "
            f"{block_size} needs {2 * block_size}. Use a shorter context or a longer text."
        )


class UnequalLengths(EngineError):
    """Arrays of one data set that do not have the same number of samples."""

    def __init__(self, lengths: Mapping[str, int]) -> None:
        found = ", ".join(f"{name} has {length}" for name, length in lengths.items())
        super().__init__(f"All tensors of a data set need the same number of samples: {found}.")


@runtime_checkable
class BatchSource(Protocol):
    """Samples that can be fetched by number, in batches, on the CPU."""

    def __len__(self) -> int:
        """Samples in one epoch."""

    def batch(self, epoch: int, indices: Indices) -> Batch:
        """The tensors of these samples by field name, samples along the first dimension."""


class ArraySource:
    """Tensors that lie in memory, one row a sample."""

    draws_nothing = True

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        lengths = {name: len(tensor) for name, tensor in tensors.items()}
        if len(set(lengths.values())) != 1:
            raise UnequalLengths(lengths)
        self.tensors = dict(tensors)
        self._length = next(iter(lengths.values()))

    def __len__(self) -> int:
        return self._length

    def batch(self, epoch: int, indices: Indices) -> Batch:
        rows = torch.from_numpy(indices)
        return {name: tensor.index_select(0, rows) for name, tensor in self.tensors.items()}


class StoredSource:
    """Arrays that may lie on the disk, one row a sample; only the rows of a batch are read.

    Inputs that are kept as bytes, from 0 to 255, are numbers from 0 to 1 in a batch.
    """

    draws_nothing = True

    def __init__(self, arrays: Mapping[str, np.ndarray]) -> None:
        lengths = {name: len(array) for name, array in arrays.items()}
        if len(set(lengths.values())) != 1:
            raise UnequalLengths(lengths)
        self._arrays = {name: Mapped(array) for name, array in arrays.items()}
        self._length = next(iter(lengths.values()))

    def __len__(self) -> int:
        return self._length

    def batch(self, epoch: int, indices: Indices) -> Batch:
        return {name: self._rows(name, array, indices) for name, array in self._arrays.items()}

    def _rows(self, name: str, array: Mapped, indices: Indices) -> Tensor:
        rows = torch.from_numpy(array.plain[indices])
        return rows.float().div_(255) if name == "inputs" and rows.dtype == torch.uint8 else rows


class AugmentedImages:
    """Images of another source, changed at random: a function of seed, epoch and sample."""

    draws_nothing = True

    def __init__(self, plain: BatchSource, how: Augmentation, *, seed: int) -> None:
        self._plain, self._how, self._seed = plain, how, seed

    def __len__(self) -> int:
        return len(self._plain)

    def batch(self, epoch: int, indices: Indices) -> Batch:
        batch = self._plain.batch(epoch, indices)
        images = self._changed(batch, epoch, indices)
        if not self._how.mixes:
            return batch | {"inputs": images}
        how = mixture(indices, len(self), self._how, seed=self._seed, epoch=epoch)
        partners = self._plain.batch(epoch, how.partners)
        others = self._changed(partners, epoch, how.partners)
        images, shares = mixed(images, others, how)
        return batch | {"inputs": images, OTHERS: partners["targets"], SHARES: shares}

    def _changed(self, batch: Batch, epoch: int, indices: Indices) -> Tensor:
        return augmented(batch["inputs"], indices, self._how, seed=self._seed, epoch=epoch)


class TextBlocks:
    """Blocks of a text: 'inputs' (B, T) and 'targets' (B, T), the inputs shifted by one token.

    The blocks of an epoch do not overlap. With a seed, where the first one starts is a function
    of seed and epoch, so that every epoch cuts the text elsewhere; without one it is token 0.
    """

    draws_nothing = True

    def __init__(self, tokens: Tensor | np.ndarray, block_size: int, *, seed: int | None) -> None:
        array = tokens.numpy() if isinstance(tokens, Tensor) else tokens
        self.tokens, self.block_size, self.seed = Mapped(array), block_size, seed
        self._length = text_samples(len(array), block_size, shifting=seed is not None)
        self._start: tuple[int, int] | None = None

    def __len__(self) -> int:
        return self._length

    def batch(self, epoch: int, indices: Indices) -> Batch:
        if self._start is None or self._start[0] != epoch:
            self._start = epoch, self.shift(epoch)
        start = self._start[1]
        return {"inputs": self._rows(start, indices), "targets": self._rows(start + 1, indices)}

    def shift(self, epoch: int) -> int:
        """The first token of the epoch's first block, below the block size."""
        if self.seed is None:
            return 0
        return int(_rng(self.seed, epoch, stream=1).integers(self.block_size))

    def _rows(self, first: int, indices: Indices) -> Tensor:
        """These blocks, of which the first one begins with this token."""
        covered = self.tokens.plain[first : first + len(self) * self.block_size]
        rows = covered.reshape(len(self), self.block_size)[indices]
        return torch.from_numpy(rows.astype(np.int64, copy=False))


class MaskedBlocks:
    """Blocks of a text with hidden tokens: 'inputs' (B, T) and 'targets' (B, T), which are the
    hidden tokens and `IGNORED` at all other places.

    With a seed every epoch cuts the text elsewhere and hides other tokens, as a function of seed
    and epoch; without one all epochs are alike.
    """

    draws_nothing = True

    def __init__(
        self, tokens: Tensor | np.ndarray, block_size: int, masking: Masking, *, seed: int | None
    ) -> None:
        self.masking, self.seed = masking, seed
        self._blocks = TextBlocks(tokens, block_size, seed=seed)

    def __len__(self) -> int:
        return len(self._blocks)

    def batch(self, epoch: int, indices: Indices) -> Batch:
        original = self._blocks.batch(epoch, indices)["inputs"].numpy()
        seed, epoch = (0, 0) if self.seed is None else (self.seed, epoch)
        inputs, targets = hidden(original, indices, self.masking, seed=seed, epoch=epoch)
        return {"inputs": torch.from_numpy(inputs), "targets": torch.from_numpy(targets)}


def batch_sources(loaded: LoadedData, *, seed: int) -> tuple[BatchSource, BatchSource | None]:
    """Training and validation source of loaded data; None where nothing is held out.

    Raises:
        TooLittleText: when the training text does not fill one block.
    """
    if loaded.layout is not None and not _shifting(loaded.layout):
        train, val = (
            text_source(loaded, split, seed=drawn)
            for split, drawn in ((loaded.train, seed), (loaded.val, None))
        )
    elif loaded.block_size is None and loaded.layout is None:
        train, val = _array_source(loaded.train), _array_source(loaded.val)
        if loaded.augmentation is not None:
            train = AugmentedImages(train, loaded.augmentation, seed=seed)
    else:
        train, val = _blocks(loaded, seed)
    return train, val if len(val) else None


def _shifting(layout: Layout) -> bool:
    """Whether all texts are cut into blocks that begin elsewhere in every epoch."""
    return layout.in_blocks and layout.cut == "windows"


def _blocks(loaded: LoadedData, seed: int) -> tuple[BatchSource, BatchSource]:
    length = loaded.block_size if loaded.layout is None else loaded.layout.length
    assert length is not None
    masking = loaded.masking

    def blocks(text: np.ndarray, drawn: int | None) -> BatchSource:
        if masking is not None:
            return MaskedBlocks(text, length, masking, seed=drawn)
        return TextBlocks(text, length, seed=drawn)

    train, val = blocks(loaded.train["tokens"], seed), blocks(loaded.val["tokens"], None)
    if not len(train):
        raise TooLittleText(len(loaded.train["tokens"]), length)
    return train, val


@dataclass
class BatchPlan:
    """Which samples each micro-step sees: a pure function of its fields and the micro-step.

    So a run resumes in the middle of an epoch by its micro-step alone, and no worker count or
    order of calls can change the batches.
    """

    samples: int
    batch_size: int
    shuffle: bool
    seed: int
    lengths: NDArray[np.int64] | None = field(default=None, repr=False, compare=False)
    """Of each sample, where batches shall be of similar length; only shuffled ones are."""
    _order: tuple[int, Indices] | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        assert self.samples > 0
        assert self.batch_size > 0

    @property
    def micro_batches_per_epoch(self) -> int:
        """Batches of one pass over the data; the last may be shorter than the others."""
        return -(-self.samples // self.batch_size)

    def epoch(self, micro_step: int) -> int:
        """The epoch, from 0, that this micro-step belongs to."""
        return micro_step // self.micro_batches_per_epoch

    def indices(self, micro_step: int) -> Indices:
        """Numbers (at most `batch_size`,) of the samples in this micro-step, counted from 0."""
        epoch, position = divmod(micro_step, self.micro_batches_per_epoch)
        first = position * self.batch_size
        return self._order_of(epoch)[first : first + self.batch_size]

    def _order_of(self, epoch: int) -> Indices:
        if self._order is None or (self.shuffle and self._order[0] != epoch):
            samples = np.arange(self.samples, dtype=np.int64)
            if self.shuffle:
                _rng(self.seed, epoch, stream=0).shuffle(samples)
                if self.lengths is not None:
                    samples = self._of_similar_length(samples, self.lengths, epoch)
            self._order = epoch, samples
        return self._order[1]

    def _of_similar_length(
        self, samples: Indices, lengths: NDArray[np.int64], epoch: int
    ) -> Indices:
        """The samples in another order: of each `SORTED_BATCHES` batches' worth those of similar
        length together, and then the whole batches in random order. A short batch stays last."""
        at_once = SORTED_BATCHES * self.batch_size
        for first in range(0, len(samples), at_once):
            part = samples[first : first + at_once]
            samples[first : first + at_once] = part[np.argsort(lengths[part], kind="stable")]
        whole = len(samples) // self.batch_size
        batches = samples[: whole * self.batch_size].reshape(whole, self.batch_size)
        _rng(self.seed, epoch, stream=_BATCHES).shuffle(batches, axis=0)
        return samples


def _array_source(arrays: Mapping[str, np.ndarray]) -> BatchSource:
    if any(isinstance(array, np.memmap) or array.dtype == np.uint8 for array in arrays.values()):
        return StoredSource(arrays)
    return ArraySource({name: torch.from_numpy(array) for name, array in arrays.items()})


def _rng(seed: int, epoch: int, *, stream: int) -> np.random.Generator:
    """Random numbers of one epoch, independent of those of other epochs and streams."""
    return np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, epoch, stream])))
