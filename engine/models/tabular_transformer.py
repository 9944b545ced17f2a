"""TabularTransformer: the numbers of a row as tokens, read by a transformer."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from engine.models.blocks import Block, initialise


class TabularTransformer(nn.Module):
    """From rows (B, features) to the outputs (B, outputs): logits of classes, or a number.

    FT-Transformer (Gorishniy and others, "Revisiting Deep Learning Models for Tabular Data",
    2021) for numeric columns: each number stretches a vector of its column, and a token of its own
    gathers what is said of the row.
    """

    def __init__(
        self,
        *,
        features: int,
        outputs: int,
        layers: int,
        heads: int,
        width: int,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.tokens = nn.Parameter(torch.empty(features, width))
        self.token_offsets = nn.Parameter(torch.empty(features, width))
        self.class_token = nn.Parameter(torch.empty(width))
        self.blocks = nn.ModuleList(
            Block(width, heads, dropout=dropout, bias=True) for _ in range(layers)
        )
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, outputs)
        initialise(self, layers=layers)
        for vectors in (self.tokens, self.token_offsets, self.class_token):
            nn.init.uniform_(vectors, -(width**-0.5), width**-0.5)

    def forward(self, rows: Tensor) -> Tensor:
        columns = rows.unsqueeze(-1) * self.tokens + self.token_offsets
        x = torch.cat([self.class_token.expand(len(rows), 1, -1), columns], dim=1)
        for block in self.blocks:
            x = block(x)
        outputs: Tensor = self.head(F.relu(self.norm(x[:, 0])))
        return outputs
