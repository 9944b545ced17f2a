"""ViT: an image as a sequence of patches, read by a transformer."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from engine.models.blocks import INIT_STD, Block, initialise


class ViT(nn.Module):
    """From images (B, channels, height, width) to the logits (B, classes)."""

    def __init__(  # noqa: PLR0913 - each is one number of the spec
        self,
        *,
        image_shape: tuple[int, int, int],
        classes: int,
        patch_size: int,
        layers: int,
        heads: int,
        width: int,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        channels, image_height, image_width = image_shape
        assert image_height % patch_size == 0
        assert image_width % patch_size == 0
        patches = (image_height // patch_size) * (image_width // patch_size)
        self.patch_size = patch_size
        self.embed = nn.Linear(channels * patch_size**2, width)
        self.positions = nn.Parameter(torch.empty(patches, width))
        self.drop = nn.Dropout(dropout)
        self.blocks = nn.ModuleList(
            Block(width, heads, dropout=dropout, bias=True) for _ in range(layers)
        )
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, classes)
        initialise(self, layers=layers)
        nn.init.normal_(self.positions, std=INIT_STD)
        # Pixels lie between 0 and 1: at 0.02 the patches would drown in the position vectors.
        nn.init.xavier_uniform_(self.embed.weight)

    def forward(self, images: Tensor) -> Tensor:
        x = self.drop(self.embed(_patches(images, self.patch_size)) + self.positions)
        for block in self.blocks:
            x = block(x)
        logits: Tensor = self.head(self.norm(x).mean(dim=1))
        return logits


def _patches(images: Tensor, side: int) -> Tensor:
    """Images (B, C, H, W) cut into squares, row by row: (B, patches, C * side * side)."""
    batch, channels, height, width = images.shape
    grid = images.view(batch, channels, height // side, side, width // side, side)
    return grid.permute(0, 2, 4, 1, 3, 5).reshape(batch, -1, channels * side * side)
