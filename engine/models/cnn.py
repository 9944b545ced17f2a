"""CNN: stages of 3x3 convolutions that halve the image and double the channels."""

from __future__ import annotations

import math

from torch import Tensor, nn


class CNN(nn.Module):
    """From images (B, channels, height, width) to the logits (B, classes).

    Norms are over groups of channels of one image, not over the batch: so a batch in parts, as in
    gradient accumulation, gives the same update as the whole.
    """

    def __init__(
        self,
        *,
        image_shape: tuple[int, int, int],
        classes: int,
        stages: int,
        channels: int,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        colours, height, width = image_shape
        assert min(height, width) >> (stages - 1) >= 1
        widths = [colours, *(channels << stage for stage in range(stages))]
        layers: list[nn.Module] = []
        for stage, (before, after) in enumerate(zip(widths, widths[1:], strict=False)):
            layers += [nn.MaxPool2d(2)] if stage else []
            layers += [*_convolution(before, after), *_convolution(after, after)]
        self.features = nn.Sequential(*layers)
        self.drop = nn.Dropout(dropout)
        self.head = nn.Linear(widths[-1], classes)

    def forward(self, images: Tensor) -> Tensor:
        features = self.features(images).mean(dim=(2, 3))
        logits: Tensor = self.head(self.drop(features))
        return logits


def _convolution(before: int, after: int) -> tuple[nn.Module, ...]:
    convolution = nn.Conv2d(before, after, kernel_size=3, padding=1, bias=False)
    nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
    return convolution, nn.GroupNorm(math.gcd(8, after), after), nn.GELU()
