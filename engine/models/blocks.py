"""The blocks that all transformers here are made of."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from engine.data.vocabulary import PADDING
from engine.models.seen import Seen, visible_before

INIT_STD = 0.02
_SLOWEST = 10_000.0
"""How much more slowly than the first the last pair of dimensions would turn."""


class SelfAttention(nn.Module):
    """Multi-head attention of a sequence (B, T, width) to itself."""

    def __init__(
        self,
        width: int,
        heads: int,
        *,
        dropout: float,
        causal: bool,
        bias: bool,
        rotary: bool = False,
    ) -> None:
        super().__init__()
        assert width % (2 * heads if rotary else heads) == 0
        self.heads, self.dropout, self.causal, self.rotary = heads, dropout, causal, rotary
        self.qkv = nn.Linear(width, 3 * width, bias=bias)
        self.project = nn.Linear(width, width, bias=bias)

    def forward(self, x: Tensor, mask: Tensor | None = None, seen: Seen | None = None) -> Tensor:
        """`mask`, for models that are not causal: which positions can be looked at. `seen`, for
        those that are: what was read before."""
        batch, length, width = x.shape
        qkv = self.qkv(x).view(batch, length, 3, self.heads, width // self.heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4)
        first = 0 if seen is None else len(seen)
        if self.rotary:
            query, key = turned(query, first), turned(key, first)
        if seen is not None:
            key, value = seen.with_more(key, value)
        mixed = F.scaled_dot_product_attention(
            query,
            key,
            value,
            attn_mask=visible_before(length, first, x.device) if first else mask,
            dropout_p=self.dropout if self.training else 0.0,
            is_causal=self.causal and not first,
        )
        out: Tensor = self.project(mixed.transpose(1, 2).reshape(batch, length, width))
        return out


class CrossAttention(nn.Module):
    """Multi-head attention of a sequence (B, T, width) to another one (B, S, width)."""

    def __init__(self, width: int, heads: int, *, dropout: float, bias: bool) -> None:
        super().__init__()
        assert width % heads == 0
        self.heads, self.dropout = heads, dropout
        self.query = nn.Linear(width, width, bias=bias)
        self.key_value = nn.Linear(width, 2 * width, bias=bias)
        self.project = nn.Linear(width, width, bias=bias)

    def forward(
        self, x: Tensor, source: Tensor, mask: Tensor | None = None, seen: Seen | None = None
    ) -> Tensor:
        """`mask`: which positions of the source can be looked at. `seen`: the source, once it was
        read."""
        batch, length, width = x.shape
        query = self.query(x).view(batch, length, self.heads, -1).transpose(1, 2)
        key, value = seen.all if seen else self._read(source)
        if seen is not None and not seen:
            seen.with_more(key, value)
        mixed = F.scaled_dot_product_attention(
            query,
            key,
            value,
            attn_mask=mask,
            dropout_p=self.dropout if self.training else 0.0,
        )
        out: Tensor = self.project(mixed.transpose(1, 2).reshape(batch, length, width))
        return out

    def _read(self, source: Tensor) -> tuple[Tensor, Tensor]:
        """The keys and values of a source."""
        batch, length, _ = source.shape
        key_value = self.key_value(source).view(batch, length, 2, self.heads, -1)
        key, value = key_value.permute(2, 0, 3, 1, 4)
        return key, value


class Block(nn.Module):
    """Attention, then a feed-forward network, each on the normed input and added to it."""

    def __init__(
        self,
        width: int,
        heads: int,
        *,
        dropout: float,
        bias: bool,
        rotary: bool = False,
    ) -> None:
        super().__init__()
        self.norm_1 = nn.LayerNorm(width, bias=bias)
        self.attention = SelfAttention(
            width, heads, dropout=dropout, causal=False, bias=bias, rotary=rotary
        )
        self.norm_2 = nn.LayerNorm(width, bias=bias)
        self.widen = nn.Linear(width, 4 * width, bias=bias)
        self.project = nn.Linear(4 * width, width, bias=bias)
        self.drop = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        x = x + self.drop(self.attention(self.norm_1(x), mask))
        added: Tensor = self.drop(self.project(F.gelu(self.widen(self.norm_2(x)))))
        return x + added


class DecoderBlock(nn.Module):
    """Attention to what was written, to the source, then a feed-forward network."""

    def __init__(self, width: int, heads: int, *, dropout: float, bias: bool) -> None:
        super().__init__()
        self.norm_1 = nn.LayerNorm(width, bias=bias)
        self.attention = SelfAttention(width, heads, dropout=dropout, causal=True, bias=bias)
        self.norm_2 = nn.LayerNorm(width, bias=bias)
        self.cross = CrossAttention(width, heads, dropout=dropout, bias=bias)
        self.norm_3 = nn.LayerNorm(width, bias=bias)
        self.widen = nn.Linear(width, 4 * width, bias=bias)
        self.project = nn.Linear(4 * width, width, bias=bias)
        self.drop = nn.Dropout(dropout)

    def forward(
        self,
        x: Tensor,
        source: Tensor,
        mask: Tensor | None = None,
        seen: tuple[Seen, Seen] | None = None,
    ) -> Tensor:
        """`seen`: what was written before these tokens, and the source."""
        before, read = (None, None) if seen is None else seen
        x = x + self.drop(self.attention(self.norm_1(x), seen=before))
        x = x + self.drop(self.cross(self.norm_2(x), source, mask, read))
        added: Tensor = self.drop(self.project(F.gelu(self.widen(self.norm_3(x)))))
        return x + added


def turned(x: Tensor, first: int = 0) -> Tensor:
    """Queries or keys (..., T, D) turned by angles that grow with their position, so that their
    products depend on how far apart they are (rotary positions: Su and others, 2021).

    `first` is the position of the first of them.
    """
    length, size = x.shape[-2:]
    speeds = _SLOWEST ** -torch.linspace(0, 1, size // 2 + 1, device=x.device)[:-1]
    angles = torch.arange(first, first + length, device=x.device)[:, None] * speeds
    cos, sin = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
    left, right = x.chunk(2, dim=-1)
    return torch.cat([left * cos - right * sin, left * sin + right * cos], dim=-1)


def visible(tokens: Tensor, padding: int = PADDING) -> Tensor:
    """Mask (B, 1, 1, T) for the attention to padded tokens (B, T): all that is no padding."""
    return (tokens != padding)[:, None, None, :]


def initialise(model: nn.Module, *, layers: int) -> None:
    """Draw the weights as GPT-2 does.

    The projections into the residual stream, two a layer, start smaller, so that the stream's
    variance does not grow with depth.
    """
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear | nn.Embedding):
            shrink = math.sqrt(2 * layers) if name.endswith("project") else 1.0
            nn.init.normal_(module.weight, std=INIT_STD / shrink)
        if isinstance(module, nn.Linear) and module.bias is not None:
            nn.init.zeros_(module.bias)
