"""Encoder: a transformer that sees a whole text at once, with a head for its task."""

from __future__ import annotations

from torch import Tensor, nn

from engine.data.vocabulary import PADDING
from engine.models.blocks import Block, initialise, visible


class Encoder(nn.Module):
    """From tokens (B, T) to the outputs (B, T, outputs), or (B, outputs) of their mean.

    Where a token stands is told by rotary positions: on characters they learn several times
    faster than position vectors. Padding is neither looked at nor counted in the mean.
    """

    def __init__(  # noqa: PLR0913 - each is one number of the spec or a fact of the data
        self,
        *,
        vocabulary_size: int,
        outputs: int,
        per_token: bool,
        padded: bool,
        layers: int,
        heads: int,
        width: int,
        dropout: float = 0.0,
        padding: int = PADDING,
    ) -> None:
        super().__init__()
        self.per_token, self.padded, self.padding = per_token, padded, padding
        self.tokens = nn.Embedding(vocabulary_size, width)
        self.drop = nn.Dropout(dropout)
        self.blocks = nn.ModuleList(
            Block(width, heads, dropout=dropout, bias=True, rotary=True) for _ in range(layers)
        )
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, outputs)
        initialise(self, layers=layers)

    def forward(self, tokens: Tensor) -> Tensor:
        mask = visible(tokens, self.padding) if self.padded else None
        x = self.drop(self.tokens(tokens))
        for block in self.blocks:
            x = block(x, mask)
        x = self.norm(x)
        outputs: Tensor = self.head(x if self.per_token else self._mean(x, tokens))
        return outputs

    def _mean(self, x: Tensor, tokens: Tensor) -> Tensor:
        """Of the vectors (B, T, width) of the tokens that are no padding: (B, width)."""
        if not self.padded:
            return x.mean(dim=1)
        real = (tokens != self.padding).unsqueeze(-1)
        return (x * real).sum(dim=1) / real.sum(dim=1)
