"""GPT: a decoder-only transformer that predicts the next token, and writes."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from engine.models.blocks import initialise
from engine.models.drawing import Drawing
from engine.models.gpt_block import BlockShape, GPTBlock
from engine.models.seen import Seen


class GPT(nn.Module):
    """From tokens (B, T) to the logits (B, T, vocabulary) of the token after each."""

    def __init__(
        self,
        *,
        vocabulary_size: int,
        layers: int,
        block: BlockShape,
        block_size: int,
        tied: bool = True,
    ) -> None:
        super().__init__()
        self.block_size = block_size
        self.tokens = nn.Embedding(vocabulary_size, block.width)
        self.positions = None if block.rotary else nn.Embedding(block_size, block.width)
        self.drop = nn.Dropout(block.dropout)
        self.blocks = nn.ModuleList(GPTBlock(block) for _ in range(layers))
        self.norm = block.new_norm()
        self.head = nn.Linear(block.width, vocabulary_size, bias=False)
        initialise(self, layers=layers)
        if tied:
            self.head.weight = self.tokens.weight

    def forward(self, tokens: Tensor, seen: list[Seen] | None = None) -> Tensor:
        """`seen`, one a block: what was read before these tokens. They are added to it."""
        first = 0 if seen is None else len(seen[0])
        last = first + tokens.shape[1]
        assert last <= self.block_size, f"{last} tokens, the context holds {self.block_size}"
        x = self.tokens(tokens)
        if self.positions is not None:
            x = x + self.positions.weight[first:last]
        x = self.drop(x)
        for number, block in enumerate(self.blocks):
            x = block(x) if seen is None else block(x, seen[number])
        logits: Tensor = self.head(self.norm(x))
        return logits

    @torch.no_grad()
    def generate(
        self,
        prompt_ids: Tensor,
        new_tokens: int,
        *,
        drawing: Drawing,
        generator: torch.Generator,
        cached: bool = True,
    ) -> Tensor:
        """Continue the prompts (B, T), T at least 1, to (B, T + new_tokens).

        Draws from `generator`, which must live on the model's device, and from nothing else.
        While the text fits into the context, `cached` reads each token once. Then the context
        slides, so that every token has another place and others before it, and is read anew.
        """
        ids, seen = prompt_ids, [Seen() for _ in self.blocks]
        for _ in range(new_tokens):
            if cached and ids.shape[1] <= self.block_size:
                logits = self(ids[:, len(seen[0]) :], seen)
            else:
                logits = self(ids[:, -self.block_size :])
            ids = torch.cat([ids, drawing.tokens(logits[:, -1], generator)], dim=1)
        return ids
