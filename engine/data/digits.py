"""Scikit-learn's handwritten digits, read from its file: importing sklearn takes seconds."""

from __future__ import annotations

import gzip
from functools import lru_cache
from importlib.metadata import distribution
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SOURCE = "Optical Recognition of Handwritten Digits (UCI, test part), in scikit-learn"
LICENCE = "CC BY 4.0"
CLASSES = tuple("0123456789")
BRIGHTEST = 16

Arrays = dict[str, np.ndarray]


@lru_cache(maxsize=1)
def images_and_labels() -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Images (1797, 1, 8, 8) from 0 to 1, and their labels (1797,)."""
    file = distribution("scikit-learn").locate_file("sklearn/datasets/data/digits.csv.gz")
    text = gzip.decompress(Path(str(file)).read_bytes()).decode("ascii")
    table = np.array(text.replace("\n", ",").rstrip(",").split(","), dtype=np.float32)
    table = table.reshape(-1, 65)
    images = table[:, :64].reshape(-1, 1, 8, 8) / np.float32(BRIGHTEST)
    return images.astype(np.float32), table[:, 64].astype(np.int64)


def split_digits(*, val_fraction: float, split_seed: int) -> tuple[Arrays, Arrays]:
    """Training and validation arrays 'inputs' and 'targets', the same share of each class."""
    images, labels = images_and_labels()
    val = held_out(labels, val_fraction=val_fraction, split_seed=split_seed)
    return (
        {"inputs": images[~val], "targets": labels[~val]},
        {"inputs": images[val], "targets": labels[val]},
    )


def held_out(
    labels: NDArray[np.int64], *, val_fraction: float, split_seed: int
) -> NDArray[np.bool_]:
    """Which samples (N,) are held out: of each class the share, at least one but never all."""
    rng = np.random.default_rng(split_seed)
    chosen = np.zeros(len(labels), dtype=bool)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        count = min(max(1, round(val_fraction * len(members))), len(members) - 1)
        chosen[rng.permutation(members)[:count]] = True
    return chosen
