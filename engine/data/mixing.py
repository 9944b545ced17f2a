"""Training images mixed with others: what mixup and cutmix put into a batch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.data.augmentation_spec import Augmentation
from engine.data.masking import draws

OTHERS, SHARES = "augmentation/others", "augmentation/shares"
"""Fields of a batch of mixed images: the class of the image (B,) that each was mixed with, and the
share (B,) of its own, at least a half."""
_STREAM = 8
_DRAWN = ("partner", "share", "kind", "box_y", "box_x")


@dataclass(frozen=True)
class Mixture:
    """What a batch is mixed with, and how: a function of seed, epoch and sample."""

    partners: NDArray[np.int64]
    """Numbers (B,) of the other samples, any of the training samples."""
    mixup: NDArray[np.bool_]
    """Which are blended; in the others a rectangle is replaced."""
    own: NDArray[np.float64]
    """The share (B,) of the own image that is aimed at."""
    centres: NDArray[np.float64]
    """Where rectangles are (B, 2), in shares of the image's sides."""


def mixture(
    samples: NDArray[np.int64], total: int, how: Augmentation, *, seed: int, epoch: int
) -> Mixture:
    """With what these samples of `total` are mixed in an epoch.

    Shares are drawn from Beta(alpha, alpha). Its halves mirror one another, as do the images of
    a pair, so the upper half is enough: the own image is always the larger part.
    """
    from scipy.special import betaincinv  # late: only where images are mixed

    places = samples[:, None] * len(_DRAWN) + np.arange(len(_DRAWN))
    drawn = draws(places, seed=seed, epoch=epoch, stream=_STREAM)
    chance = dict(zip(_DRAWN, drawn.T, strict=True))
    both = how.mixup is not None and how.cutmix is not None
    mixup = chance["kind"] < 0.5 if both else np.full(len(samples), how.mixup is not None)
    alpha = np.where(mixup, how.mixup or 1.0, how.cutmix or 1.0)
    return Mixture(
        partners=(chance["partner"] * total).astype(np.int64),
        mixup=mixup,
        own=betaincinv(alpha, alpha, 0.5 + chance["share"] / 2),
        centres=np.stack([chance["box_y"], chance["box_x"]], axis=1),
    )


def mixed(images: Tensor, others: Tensor, how: Mixture) -> tuple[Tensor, Tensor]:
    """The mixed images (B, C, H, W), and the exact share (B,) of the own image in each.

    Zhang and others, "mixup: Beyond Empirical Risk Minimization" (2018). Yun and others, "CutMix"
    (2019).
    """
    replaced = _rectangles(images, how)
    own = torch.from_numpy(how.own).to(images.dtype)
    blended = torch.from_numpy(how.mixup)
    kept = torch.where(blended[:, None, None], own[:, None, None], (~replaced).to(images.dtype))
    kept_share = 1 - replaced.flatten(1).sum(dim=1) / replaced[0].numel()
    weights = kept[:, None]
    result = (weights * images + (1 - weights) * others).clamp_(0, 1)
    return result, torch.where(blended, own, kept_share.to(images.dtype))


def _rectangles(images: Tensor, how: Mixture) -> Tensor:
    """Which pixels (B, H, W) cutmix replaces: a rectangle of the image's proportions, of which a
    part may lie outside."""
    inside = []
    for axis, size in enumerate(images.shape[-2:]):
        side = (np.sqrt(1 - how.own) * size).astype(np.int64)
        first = (how.centres[:, axis] * size).astype(np.int64) - side // 2
        place = torch.arange(size)
        begin, end = (torch.from_numpy(bound)[:, None] for bound in (first, first + side))
        inside.append((place >= begin) & (place < end))
    return inside[0][:, :, None] & inside[1][:, None, :]
