"""Examples of augmentation: training images as they are, and as a run would see them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import streamlit as st
from PIL import Image

from components import session, trouble
from components.form_schema import Document, value_at
from engine.data.library.spec import DatasetSpec
from engine.data.sources import load
from engine.data.specs import DataFacts, DigitsSpec
from engine.errors import BadInput

IMAGES, EPOCHS = 6, 4
_SEED = "training.reproducibility.seed"
_KINDS: dict[object, type[DatasetSpec] | type[DigitsSpec]] = {
    "dataset": DatasetSpec,
    "digits": DigitsSpec,
}
_SIDE, _LARGEST, _GAP = 64, 192, 4
"""Pixels of an image on the page, at least and about at most, and between two."""
_CAPTION = "A row for each image: as it is, then as the first epochs of a run see it."


def show(document: Document, facts: DataFacts | None, runs: Path) -> None:
    """Draw, for a spec that is being typed, the switch and what it shows; nothing for data
    whose images are not changed."""
    data, seed = data_of(document), value_at(document, _SEED)
    if data is None or not data.augmentation.chosen or not isinstance(seed, int) or seed < 0:
        return
    if facts is None or facts.image_shape is None:
        return  # not prepared, or no images: the form says so
    help_ = "Changes a few training images; the first time takes some seconds."
    if st.toggle("Show examples", key=session.AUGMENTATION_EXAMPLES, help=help_):
        with trouble.shown():
            st.image(picture(data, runs, seed), caption=_CAPTION)


def data_of(document: Document) -> DatasetSpec | DigitsSpec | None:
    """The data of a spec that is being typed; None where it is of another kind or not valid."""
    typed = document["data"]
    kind = _KINDS.get(typed.get("source"))
    try:
        return None if kind is None else kind.parse(typed)
    except BadInput:
        return None


def picture(data: DatasetSpec | DigitsSpec, runs: Path, seed: int) -> Image.Image:
    """Original images in the first column, changed ones beside them.

    Raises:
        EngineError: for a dataset that is not in `runs`, or was changed.
    """
    from engine.data.augmentation_examples import examples  # late: torch takes seconds to import

    shown = examples(load(data, runs=runs), images=IMAGES, epochs=EPOCHS, seed=seed)
    return tiled(shown)


def tiled(images: np.ndarray) -> Image.Image:
    """Images (rows, columns, C, H, W) from 0 to 1 as one picture, of a size to be seen; of very
    large ones every so many pixels."""
    every = max(1, max(images.shape[-2:]) // _LARGEST)
    images = images[..., ::every, ::every]
    rows, columns, channels, height, width = images.shape
    times = max(1, _SIDE // max(height, width))
    large = images.repeat(times, axis=3).repeat(times, axis=4)
    down, right = height * times + _GAP, width * times + _GAP
    page = np.zeros((rows * down - _GAP, columns * right - _GAP, channels + 1), np.uint8)
    for row in range(rows):
        for column in range(columns):
            tile = np.rint(large[row, column].transpose(1, 2, 0) * 255).astype(np.uint8)
            place = page[row * down :, column * right :][: down - _GAP, : right - _GAP]
            place[..., :channels], place[..., channels] = tile, 255
    return Image.fromarray(page, "LA" if channels == 1 else "RGBA")
