"""Augmentation: how training images are changed at random, as a typed document."""

from __future__ import annotations

from engine.frozen import Frozen, knob


class Augmentation(Frozen):
    """How training images are changed at random, otherwise in every epoch. Off as it comes;
    images that are held out for validation are never changed."""

    crop_padding: int | None = knob(None, "Random crop", unit="pixels", suggested=4, ge=1, le=512)
    """Black pixels that are put around an image before it is cropped to its old size at a random
    place: so far it moves at most, in each direction."""
    flip_horizontal: bool = knob(False, "Horizontal flip")
    """Whether half of the images are mirrored, left for right."""
    flip_vertical: bool = knob(False, "Vertical flip")
    """Whether half of the images are mirrored, top for bottom."""
    rotation: float | None = knob(None, "Rotation", unit="degrees", suggested=15, gt=0, le=180)
    """The largest angle by which an image is turned, to either side; corners become black."""
    brightness: float | None = knob(None, "Brightness", suggested=0.2, gt=0, le=1)
    """Images are multiplied by 1 plus or minus at most this."""
    contrast: float | None = knob(None, "Contrast", suggested=0.2, gt=0, le=1)
    """Differences to an image's mean grey are multiplied by 1 plus or minus at most this."""
    saturation: float | None = knob(None, "Saturation", suggested=0.2, gt=0, le=1)
    """Differences to the grey of each pixel are multiplied by 1 plus or minus at most this."""
    cutout: float | None = knob(None, "Cutout", suggested=0.3, gt=0, lt=1)
    """Side of a black square at a random place, as a share of the image's shorter side; a part
    of it may lie outside."""

    mixup: float | None = knob(None, "Mixup", suggested=0.2, ge=0.01, le=10)
    """Each image is blended with another one, and the loss is that of both classes by their
    shares. Shares are drawn from Beta(a, a) of this a: the smaller it is, the less is mixed in."""
    cutmix: float | None = knob(None, "CutMix", suggested=1.0, ge=0.01, le=10)
    """A rectangle of each image is replaced by that of another one, and the loss is that of both
    classes by their areas, drawn likewise. With mixup, too, each image gets one of the two."""

    @property
    def mixes(self) -> bool:
        """Whether images are mixed with others."""
        return self.mixup is not None or self.cutmix is not None

    @property
    def chosen(self) -> tuple[str, ...]:
        """The fields that are switched on."""
        return tuple(name for name, value in self if value not in (None, False))
