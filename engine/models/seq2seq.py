"""Seq2Seq: an encoder reads a text, a decoder writes another one while looking at it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from engine.data.vocabulary import PADDING
from engine.models.blocks import Block, DecoderBlock, initialise, visible
from engine.models.seen import Seen


class Seq2Seq(nn.Module):
    """From a text (B, S) and what was written so far (B, T) to the logits (B, T, vocabulary) of
    the token after each. Both texts have one vocabulary; padding in the first is not looked at."""

    def __init__(  # noqa: PLR0913 - each is one number of the spec or a fact of the data
        self,
        *,
        vocabulary_size: int,
        length: int,
        target_length: int,
        layers: int,
        heads: int,
        width: int,
        dropout: float = 0.0,
        padding: int = PADDING,
    ) -> None:
        super().__init__()
        self.length, self.target_length = length, target_length
        self.padding = padding
        self.tokens = nn.Embedding(vocabulary_size, width)
        self.positions = nn.Embedding(length, width)
        self.target_positions = nn.Embedding(target_length, width)
        self.drop = nn.Dropout(dropout)
        self.encoder_blocks = nn.ModuleList(
            Block(width, heads, dropout=dropout, bias=False) for _ in range(layers)
        )
        self.encoder_norm = nn.LayerNorm(width, bias=False)
        self.decoder_blocks = nn.ModuleList(
            DecoderBlock(width, heads, dropout=dropout, bias=False) for _ in range(layers)
        )
        self.norm = nn.LayerNorm(width, bias=False)
        self.head = nn.Linear(width, vocabulary_size, bias=False)
        initialise(self, layers=layers)
        self.head.weight = self.tokens.weight

    def forward(self, inputs: Tensor, decoder_inputs: Tensor) -> Tensor:
        return self._decode(decoder_inputs, self._encode(inputs), visible(inputs, self.padding))

    @torch.no_grad()
    def generate(
        self, inputs: Tensor, begin: int, end: int, max_tokens: int, *, cached: bool = True
    ) -> Tensor:
        """What the model writes for the texts (B, S): its likeliest tokens (B, at most max_tokens).

        `begin` is left out; from the token `end` on there is padding. `cached` reads each token
        once.
        """
        source, mask = self._encode(inputs), visible(inputs, self.padding)
        written = inputs.new_full((len(inputs), 1), begin)
        open_ones = torch.ones_like(written, dtype=torch.bool)
        seen = [(Seen(), Seen()) for _ in self.decoder_blocks] if cached else None
        for place in range(min(max_tokens, self.target_length)):
            new = written[:, place:] if cached else written
            token = self._decode(new, source, mask, seen)[:, -1:].argmax(dim=-1)
            open_ones = open_ones & (token != end)
            written = torch.cat([written, token.where(open_ones, self.padding)], dim=1)
            if not open_ones.any():
                break
        return written[:, 1:]

    def _encode(self, inputs: Tensor) -> Tensor:
        length = inputs.shape[1]
        assert length <= self.length, f"{length} tokens, the model reads {self.length}"
        x = self.drop(self.tokens(inputs) + self.positions.weight[:length])
        mask = visible(inputs, self.padding)
        for block in self.encoder_blocks:
            x = block(x, mask)
        encoded: Tensor = self.encoder_norm(x)
        return encoded

    def _decode(
        self,
        written: Tensor,
        source: Tensor,
        mask: Tensor,
        seen: list[tuple[Seen, Seen]] | None = None,
    ) -> Tensor:
        """`seen`, one a block: what was written before these tokens, and the source."""
        first = 0 if seen is None else len(seen[0][0])
        last = first + written.shape[1]
        assert last <= self.target_length, f"{last} tokens, it writes {self.target_length}"
        x = self.drop(self.tokens(written) + self.target_positions.weight[first:last])
        for number, block in enumerate(self.decoder_blocks):
            x = block(x, source, mask, None if seen is None else seen[number])
        logits: Tensor = self.head(self.norm(x))
        return logits
