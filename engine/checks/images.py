"""Whether the changes of training images suit the images."""

from __future__ import annotations

from collections.abc import Iterator

from engine.checks.finding import Case, Check, Finding, error
from engine.data.library.spec import DatasetSpec
from engine.data.specs import DigitsSpec

_PATH = "data.augmentation"
_OFF = "Switch it off."


def augmentation_for_images(case: Case) -> Iterator[Finding]:
    data, shape = case.spec.data, case.facts.image_shape
    if not isinstance(data, DatasetSpec | DigitsSpec):
        return
    how = data.augmentation
    if shape is None:
        for name in how.chosen:
            got = getattr(how, name)
            yield error(f"{_PATH}.{name}", "changes images, but this data has none", got, _OFF)
        return
    channels, height, width = shape
    if how.saturation is not None and channels == 1:
        yield error(
            f"{_PATH}.saturation",
            "changes colours, but these are grey",
            how.saturation,
            _OFF,
        )
    smaller = min(height, width)
    if how.crop_padding is not None and how.crop_padding >= smaller:
        yield error(
            f"{_PATH}.crop_padding",
            f"would move images of {height} x {width} pixels out of sight",
            how.crop_padding,
            f"Use less than {smaller}; usual is {max(1, smaller // 8)}.",
        )


CHECKS: tuple[Check, ...] = (augmentation_for_images,)
