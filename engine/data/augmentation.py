"""Images changed at random for training, a whole batch at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from engine.data.augmentation_spec import Augmentation
from engine.data.masking import draws

Chances = NDArray[np.float64]

_STREAM = 7
_DRAWN = (
    "crop_y",
    "crop_x",
    "flip_horizontal",
    "flip_vertical",
    "rotation",
    "brightness",
    "contrast",
    "saturation",
    "cutout_y",
    "cutout_x",
)
"""A number of its own for each, so that switching one on changes nothing of the others."""
_GREY = (0.299, 0.587, 0.114)
"""Shares of red, green and blue in the brightness that is seen (ITU-R BT.601)."""


def augmented(
    images: Tensor, samples: NDArray[np.int64], how: Augmentation, *, seed: int, epoch: int
) -> Tensor:
    """These images (B, C, H, W) from 0 to 1, each changed at random; they stay as they are.

    What happens to an image is a function of seed, epoch and the number of its sample, so it does
    not depend on the batch that it is in, nor on the process that asks.
    """
    places = samples[:, None] * len(_DRAWN) + np.arange(len(_DRAWN))
    numbers = draws(places, seed=seed, epoch=epoch, stream=_STREAM)
    chance = dict(zip(_DRAWN, numbers.T, strict=True))
    if how.flip_horizontal:
        images = flipped(images, chance["flip_horizontal"] < 0.5, -1)
    if how.flip_vertical:
        images = flipped(images, chance["flip_vertical"] < 0.5, -2)
    if how.rotation is not None:
        images = rotated(images, (2 * chance["rotation"] - 1) * how.rotation)
    if how.crop_padding is not None:
        shifts = [(chance[f"crop_{axis}"] * (2 * how.crop_padding + 1)) for axis in "yx"]
        images = moved(images, np.stack(shifts, 1).astype(np.int64) - how.crop_padding)
    for name, change in _COLOURS.items():
        strength: float | None = getattr(how, name)
        if strength is not None:
            images = change(images, 1 + (2 * chance[name] - 1) * strength)
    if how.cutout is not None:
        centre = np.stack([chance["cutout_y"], chance["cutout_x"]], 1)
        images = cut_out(images, centre, how.cutout)
    return images


def flipped(images: Tensor, which: NDArray[np.bool_], axis: int) -> Tensor:
    """Some of the images (B, C, H, W) mirrored along an axis."""
    return torch.where(_each(torch.from_numpy(which)), images.flip(axis), images)


def rotated(images: Tensor, degrees: NDArray[np.float64]) -> Tensor:
    """Each image turned counterclockwise around its middle; between pixels it is interpolated,
    and outside it is black."""
    height, width = images.shape[-2:]
    radians = np.deg2rad(degrees)
    sine, cosine = (
        torch.from_numpy(of(radians)).to(images.dtype)[:, None, None] for of in (np.sin, np.cos)
    )
    down = (torch.arange(height, dtype=images.dtype) - (height - 1) / 2)[:, None]
    right = (torch.arange(width, dtype=images.dtype) - (width - 1) / 2)[None, :]
    from_x, from_y = cosine * right - sine * down, sine * right + cosine * down
    grid = torch.stack([from_x * (2 / width), from_y * (2 / height)], dim=-1)
    turned = F.grid_sample(images, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    return turned.clamp_(0, 1)


def moved(images: Tensor, shifts: NDArray[np.int64]) -> Tensor:
    """Each image cropped so many pixels further down and right (B, 2); outside it is black."""
    places, inside = [], []
    for axis, size in enumerate(images.shape[-2:]):
        place = torch.from_numpy(shifts[:, axis, None]) + torch.arange(size)
        inside.append((place >= 0) & (place < size))
        places.append(place.clamp_(0, size - 1))
    rows, columns = places[0][:, :, None], places[1][:, None, :]
    numbers = torch.arange(len(images))[:, None, None]
    taken = images[numbers, :, rows, columns].permute(0, 3, 1, 2)
    seen = (inside[0][:, :, None] & inside[1][:, None, :])[:, None]
    return torch.where(seen, taken, 0.0).contiguous()


def cut_out(images: Tensor, centres: NDArray[np.float64], share: float) -> Tensor:
    """Each image with a black square around a place (B, 2), given in shares of its sides.

    DeVries and Taylor, "Improved Regularization of Convolutional Neural Networks with Cutout"
    (2017).
    """
    side = max(1, round(share * min(images.shape[-2:])))
    covered = []
    for axis, size in enumerate(images.shape[-2:]):
        first = torch.from_numpy((centres[:, axis, None] * size).astype(np.int64) - side // 2)
        place = torch.arange(size)
        covered.append((place >= first) & (place < first + side))
    hole = (covered[0][:, :, None] & covered[1][:, None, :])[:, None]
    return torch.where(hole, 0.0, images)


def brightened(images: Tensor, factors: NDArray[np.float64]) -> Tensor:
    """Each image times its factor."""
    return _blended(torch.zeros(()), images, factors)


def contrasted(images: Tensor, factors: NDArray[np.float64]) -> Tensor:
    """Each image with its differences to its mean grey times its factor."""
    grey = _grey(images).flatten(1).numpy()  # torch may add up in another order in other batches
    return _blended(_each(torch.from_numpy(grey.mean(axis=1))), images, factors)


def saturated(images: Tensor, factors: NDArray[np.float64]) -> Tensor:
    """Each image with its differences to the grey of each pixel times its factor."""
    return _blended(_grey(images), images, factors)


_COLOURS: dict[str, Callable[[Tensor, NDArray[np.float64]], Tensor]] = {
    "brightness": brightened,
    "contrast": contrasted,
    "saturation": saturated,
}


def _blended(other: Tensor, images: Tensor, factors: NDArray[np.float64]) -> Tensor:
    share = _each(torch.from_numpy(factors).to(images.dtype))
    return (share * images + (1 - share) * other).clamp_(0, 1)


def _grey(images: Tensor) -> Tensor:
    """The brightness (B, 1, H, W) of images of one or three channels."""
    if images.shape[1] == 1:
        return images
    red, green, blue = images[:, 0:1], images[:, 1:2], images[:, 2:3]
    return _GREY[0] * red + _GREY[1] * green + _GREY[2] * blue


def _each(values: Tensor) -> Tensor:
    """A value a sample, to stand beside images."""
    return values[:, None, None, None]
