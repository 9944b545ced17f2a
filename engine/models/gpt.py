"""GPT: a decoder-only transformer with learned positions and tied embeddings."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from engine.models.blocks import Block, initialise


class GPT(nn.Module):
    """From tokens (B, T) to the logits (B, T, vocabulary) of the token after each."""

    def __init__(
        self,
        *,
        vocabulary_size: int,
        layers: int,
        heads: int,
        width: int,
        block_size: int,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.block_size = block_size
        self.tokens = nn.Embedding(vocabulary_size, width)
        self.positions = nn.Embedding(block_size, width)
        self.drop = nn.Dropout(dropout)
        self.blocks = nn.ModuleList(
            Block(width, heads, dropout=dropout, causal=True, bias=False) for _ in range(layers)
        )
        self.norm = nn.LayerNorm(width, bias=False)
        self.head = nn.Linear(width, vocabulary_size, bias=False)
        initialise(self, layers=layers)
        self.head.weight = self.tokens.weight

    def forward(self, tokens: Tensor) -> Tensor:
        length = tokens.shape[1]
        assert length <= self.block_size, f"{length} tokens, the context holds {self.block_size}"
        x = self.drop(self.tokens(tokens) + self.positions.weight[:length])
        for block in self.blocks:
            x = block(x)
        logits: Tensor = self.head(self.norm(x))
        return logits

    @torch.no_grad()
    def generate(
        self,
        prompt_ids: Tensor,
        new_tokens: int,
        *,
        temperature: float,
        generator: torch.Generator,
    ) -> Tensor:
        """Continue the prompts (B, T), T at least 1, to (B, T + new_tokens).

        Draws from `generator`, which must live on the model's device, and from nothing else;
        temperature 0 takes the likeliest token.
        """
        ids = prompt_ids
        for _ in range(new_tokens):
            logits = self(ids[:, -self.block_size :])[:, -1]
            ids = torch.cat([ids, _draw(logits, temperature, generator)], dim=1)
        return ids


def _draw(logits: Tensor, temperature: float, generator: torch.Generator) -> Tensor:
    """One token a row (B, 1) from logits (B, vocabulary)."""
    if temperature == 0:
        return logits.argmax(dim=-1, keepdim=True)
    shares = torch.softmax(logits.float() / temperature, dim=-1)
    return torch.multinomial(shares, 1, generator=generator)
