"""Training images beside what augmentation makes of them, to be looked at."""

from __future__ import annotations

import numpy as np

from engine.data.batching import AugmentedImages, BatchSource, StoredSource
from engine.data.loaded import LoadedData


def examples(loaded: LoadedData, *, images: int, epochs: int, seed: int) -> np.ndarray:
    """The first images as they are and in each of the first epochs of a run with this seed:
    (images, 1 + epochs, C, H, W), from 0 to 1."""
    plain: BatchSource = StoredSource(loaded.train)
    indices = np.arange(min(images, len(plain)))
    shown = [plain.batch(0, indices)["inputs"].numpy()]
    source = plain
    if loaded.augmentation is not None:
        source = AugmentedImages(plain, loaded.augmentation, seed=seed)
    for epoch in range(epochs):
        shown.append(source.batch(epoch, indices)["inputs"].numpy())
    return np.stack(shown, axis=1)
