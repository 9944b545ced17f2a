"""The block of a GPT, with the choices that its spec offers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from torch import Tensor, nn
from torch.nn import functional as F

from engine.models.blocks import turned
from engine.models.seen import Seen, visible_before

EPSILON = 1e-5


@dataclass(frozen=True, slots=True)
class BlockShape:
    """All that a block must know of its model."""

    width: int
    heads: int
    kv_heads: int
    """Heads of keys and values; each serves heads / kv_heads queries."""
    hidden: int
    """Units of the feed-forward network."""
    dropout: float = 0.0
    rotary: bool = False
    norm: Literal["layernorm", "rmsnorm"] = "layernorm"
    feed_forward: Literal["gelu", "swiglu"] = "gelu"

    def __post_init__(self) -> None:
        assert self.width % (2 * self.heads if self.rotary else self.heads) == 0
        assert self.heads % self.kv_heads == 0

    def new_norm(self) -> nn.Module:
        if self.norm == "rmsnorm":
            return nn.RMSNorm(self.width, eps=EPSILON)
        return nn.LayerNorm(self.width, eps=EPSILON, bias=False)


class CausalAttention(nn.Module):
    """Multi-head attention of a sequence (B, T, width) to itself and what was before it.

    With fewer heads of keys and values than of queries, neighbouring queries share one
    (grouped-query attention: Ainslie and others, 2023).
    """

    def __init__(self, shape: BlockShape) -> None:
        super().__init__()
        size = shape.width // shape.heads
        self.heads, self.kv_heads, self.size = shape.heads, shape.kv_heads, size
        self.dropout, self.rotary = shape.dropout, shape.rotary
        self.qkv = nn.Linear(shape.width, (shape.heads + 2 * shape.kv_heads) * size, bias=False)
        self.project = nn.Linear(shape.width, shape.width, bias=False)

    def forward(self, x: Tensor, seen: Seen | None = None) -> Tensor:
        batch, length, width = x.shape
        by_head = self.qkv(x).view(batch, length, -1, self.size).transpose(1, 2)
        query, key, value = by_head.split((self.heads, self.kv_heads, self.kv_heads), dim=1)
        first = 0 if seen is None else len(seen)
        if self.rotary:
            query, key = turned(query, first), turned(key, first)
        if seen is not None:
            key, value = seen.with_more(key, value)
        mixed = F.scaled_dot_product_attention(
            query,
            key,
            value,
            attn_mask=visible_before(length, first, x.device) if first else None,
            dropout_p=self.dropout if self.training else 0.0,
            is_causal=not first,
            enable_gqa=self.kv_heads < self.heads,
        )
        out: Tensor = self.project(mixed.transpose(1, 2).reshape(batch, length, width))
        return out


class GPTBlock(nn.Module):
    """Attention, then a feed-forward network, each on the normed input and added to it."""

    def __init__(self, shape: BlockShape) -> None:
        super().__init__()
        self.gated = shape.feed_forward == "swiglu"
        self.norm_1 = shape.new_norm()
        self.attention = CausalAttention(shape)
        self.norm_2 = shape.new_norm()
        self.widen = nn.Linear(shape.width, (1 + self.gated) * shape.hidden, bias=False)
        self.project = nn.Linear(shape.hidden, shape.width, bias=False)
        self.drop = nn.Dropout(shape.dropout)

    def forward(self, x: Tensor, seen: Seen | None = None) -> Tensor:
        x = x + self.drop(self.attention(self.norm_1(x), seen))
        added: Tensor = self.drop(self.project(self._activated(self.widen(self.norm_2(x)))))
        return x + added

    def _activated(self, wide: Tensor) -> Tensor:
        if not self.gated:
            return F.gelu(wide)
        gate, value = wide.chunk(2, dim=-1)
        return F.silu(gate) * value
