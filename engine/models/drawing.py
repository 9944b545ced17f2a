"""How the next token is chosen from the logits of all of them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Drawing:
    """Which tokens can be drawn, and how likely each is."""

    temperature: float = 1.0
    """Below 1 likely tokens become likelier; 0 takes the likeliest."""
    top_k: int | None = None
    """Only so many of the likeliest tokens (Fan and others, 2018); None for all."""
    top_p: float | None = None
    """Only the likeliest tokens that have this share together (nucleus sampling: Holtzman and
    others, 2020), of those that `top_k` leaves; None for all."""

    def __post_init__(self) -> None:
        assert self.temperature >= 0
        assert self.top_k is None or self.top_k > 0
        assert self.top_p is None or 0 < self.top_p <= 1

    def tokens(self, logits: Tensor, generator: torch.Generator) -> Tensor:
        """One token a row (B, 1) from logits (B, vocabulary)."""
        if self.temperature == 0:
            return logits.argmax(dim=-1, keepdim=True)
        shares = torch.softmax(logits.float() / self.temperature, dim=-1)
        return torch.multinomial(self.kept(shares), 1, generator=generator)

    def kept(self, shares: Tensor) -> Tensor:
        """The shares (B, vocabulary) with those of tokens that cannot be drawn set to zero."""
        if self.top_k is None and self.top_p is None:
            return shares
        ordered, places = shares.sort(dim=-1, descending=True, stable=True)
        if self.top_k is not None:
            ordered[:, self.top_k :] = 0.0
        if self.top_p is not None:
            ordered = ordered.where(_before(ordered) < self.top_p, 0.0)
        return torch.zeros_like(shares).scatter(-1, places, ordered)


def _before(ordered: Tensor) -> Tensor:
    """What the tokens ahead of each have together, as a share of all."""
    # On the CPU, since CUDA has no cumulative sum that is deterministic.
    summed = ordered.cpu().double().cumsum(dim=-1)
    before = torch.nn.functional.pad(summed[:, :-1], (1, 0)) / summed[:, -1:]
    return before.to(ordered.device)
