"""Images of one size as arrays of bytes, and the classes that they belong to."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from engine.data.library.dataset import Dataset
from engine.data.library.errors import DataRefused
from engine.data.library.spec import DatasetSpec, ImageOptions
from engine.data.preparation.answers import class_numbers
from engine.data.preparation.arrays import Side, side_arrays
from engine.data.preparation.rows import Rows
from engine.data.preparation.tables import taken
from engine.data.progress import Progress
from engine.data.specs import DataFacts

_BATCH = 256
_WHITE = (255, 255, 255, 255)


def prepare(
    data: DatasetSpec, dataset: Dataset, rows: Rows, folder: Path, progress: Progress
) -> DataFacts:
    """Write the arrays of both sides, and say what is known of them. Images are bytes from 0 to
    255; batches hold them from 0 to 1.

    Raises:
        DataRefused: for an image that cannot be decoded.
    """
    assert rows.classes is not None, "images are classified"
    [image], [label] = data.of_role("image"), data.of_role("label")
    shape = (1 if data.image.color == "grey" else 3, data.image.height, data.image.width)
    total = len(rows.train) + len(rows.val)
    for side, chosen in (("train", rows.train), ("val", rows.val)):
        shapes, types = {"inputs": shape, "targets": ()}, {"inputs": np.uint8, "targets": np.int64}
        before = 0 if side == "train" else len(rows.train)
        with side_arrays(folder, Side(side, len(chosen)), shapes, types) as arrays:
            for start, batch in taken(dataset, chosen, [image, label], _BATCH):
                pixels = [
                    decoded(content, data.image, dataset.name, int(chosen[place]))
                    for place, content in enumerate(batch.column(image).to_pylist(), start)
                ]
                arrays["inputs"].append(np.stack(pixels))
                arrays["targets"].append(class_numbers(batch.column(label), rows.classes))
                progress(f"Preparing {dataset.name}", before + start + len(batch), total)
    return DataFacts(
        modality="image",
        task=data.task,
        train_samples=len(rows.train),
        val_samples=len(rows.val),
        classes=rows.classes,
        image_shape=shape,
    )


def decoded(content: bytes, options: ImageOptions, name: str, row: int) -> NDArray[np.uint8]:
    """An image as (channels, height, width), from 0 to 255.

    Raises:
        DataRefused: when it cannot be decoded.
    """
    try:
        with Image.open(io.BytesIO(content)) as image:
            fitted = _fitted(_coloured(ImageOps.exif_transpose(image), options), options)
            array = np.asarray(fitted)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise DataRefused(name, f"the image of row {row + 1:,} cannot be decoded ({error})") from (
            None
        )
    return array[None] if array.ndim == 2 else array.transpose(2, 0, 1)


def _coloured(image: Image.Image, options: ImageOptions) -> Image.Image:
    if image.mode in ("I;16", "I", "F"):
        return _brightness(image).convert("L" if options.color == "grey" else "RGB")
    if "A" in image.getbands() or "transparency" in image.info:
        see_through = image.convert("RGBA")
        paper = Image.new("RGBA", see_through.size, _WHITE)
        image = Image.alpha_composite(paper, see_through)
    return image.convert("L" if options.color == "grey" else "RGB")


def _brightness(image: Image.Image) -> Image.Image:
    """More than 8 bits a pixel as 8: whole numbers of 16 bits are divided, others cut off."""
    values = np.asarray(image, np.float64)
    scale = 257.0 if image.mode == "I;16" or values.max(initial=0) > 255 else 1.0
    return Image.fromarray(np.clip(values / scale, 0, 255).astype(np.uint8))


def _fitted(image: Image.Image, options: ImageOptions) -> Image.Image:
    size = (options.width, options.height)
    if image.size == size:
        return image
    how = Image.Resampling.BILINEAR
    match options.fit:
        case "stretch":
            return image.resize(size, how)
        case "crop":
            return ImageOps.fit(image, size, how)
        case "pad":
            return ImageOps.pad(image, size, how)
