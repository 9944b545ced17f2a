"""ResNet: convolutions whose results are added to what they were made of."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

HEAD_STD = 0.01
"""As in Goyal and others (2017): a new model knows nothing, and says so."""


class ResNet(nn.Module):
    """From images (B, channels, height, width) to the logits (B, classes).

    The small one of He and others, "Deep Residual Learning" (2016), section 4.2: no pool after
    the first convolution, so that images of 8x8 pixels are large enough. Its norms are over the
    batch, so each image counts for the others: in training only.
    """

    def __init__(
        self,
        *,
        image_shape: tuple[int, int, int],
        classes: int,
        stages: int,
        blocks: int,
        channels: int,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        colours, height, width = image_shape
        assert stages == 1 or max(height, width) > 1 << (stages - 1), "no variance in one pixel"
        self.stem = _convolution(colours, channels)
        self.stem_norm = nn.BatchNorm2d(channels)
        self.blocks = nn.ModuleList()
        before = channels
        for stage in range(stages):
            for block in range(blocks):
                self.blocks.append(
                    ResidualBlock(before, channels << stage, halves=stage > 0 and block == 0)
                )
                before = channels << stage
        self.drop = nn.Dropout(dropout)
        self.head = nn.Linear(before, classes)
        nn.init.normal_(self.head.weight, std=HEAD_STD)
        nn.init.zeros_(self.head.bias)

    def forward(self, images: Tensor) -> Tensor:
        x = F.relu(self.stem_norm(self.stem(images)))
        for block in self.blocks:
            x = block(x)
        logits: Tensor = self.head(self.drop(x.mean(dim=(2, 3))))
        return logits


class ResidualBlock(nn.Module):
    """Two convolutions and a way around them."""

    def __init__(self, before: int, after: int, *, halves: bool) -> None:
        super().__init__()
        stride = 2 if halves else 1
        self.conv_1 = _convolution(before, after, stride=stride)
        self.norm_1 = nn.BatchNorm2d(after)
        self.conv_2 = _convolution(after, after)
        self.norm_2 = nn.BatchNorm2d(after)
        self.shortcut: nn.Module | None = None
        if halves:
            self.shortcut = _convolution(before, after, side=1, stride=stride)
            self.shortcut_norm = nn.BatchNorm2d(after)

    def forward(self, x: Tensor) -> Tensor:
        added = self.norm_2(self.conv_2(F.relu(self.norm_1(self.conv_1(x)))))
        if self.shortcut is not None:
            x = self.shortcut_norm(self.shortcut(x))
        return F.relu(x + added)


def _convolution(before: int, after: int, *, side: int = 3, stride: int = 1) -> nn.Conv2d:
    convolution = nn.Conv2d(
        before, after, kernel_size=side, stride=stride, padding=side // 2, bias=False
    )
    nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
    return convolution
