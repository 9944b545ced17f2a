"""Watching attention: the weights of every attention that PyTorch computes within."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode


@dataclass(eq=False)
class AttentionSeen:
    """Attention weights (heads, queries, keys) of the first sample, by the module's name."""

    maps: dict[str, Tensor] = field(default_factory=dict)
    _within: list[str] = field(default_factory=list)

    def add(self, weights: Tensor) -> None:
        """Weights (B, heads, queries, keys) or (B, queries, keys) of the module that runs now."""
        first = weights.detach()[0].float()
        name = self._within[-1] if self._within else "model"
        count = sum(key == name or key.startswith(f"{name} (") for key in self.maps)
        self.maps[f"{name} ({count + 1})" if count else name] = (
            first if first.ndim == 3 else first[None]
        )

    def enter(self, name: str) -> None:
        self._within.append(name)

    def leave(self) -> None:
        self._within.pop()


class _Watch(TorchFunctionMode):
    """Sees the functions of PyTorch that compute attention; what they give is not changed.

    Within it PyTorch's layers do not take their fused ways, which compute no weights.
    """

    def __init__(self, seen: AttentionSeen) -> None:
        super().__init__()
        self._seen = seen

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        named = dict(kwargs or {})
        if func is F.scaled_dot_product_attention:
            self._seen.add(attention_weights(*args, **named))
        elif func is F.multi_head_attention_forward:
            told = named | {"need_weights": True, "average_attn_weights": False}
            weights = func(*args, **told)[1]
            self._seen.add(weights if weights.ndim == 4 else weights[None])
        result = func(*args, **named)
        if func in (torch.softmax, Tensor.softmax, F.softmax) and result.ndim == 4:
            self._seen.add(result)  # attention by hand: (B, heads, queries, keys)
        return result


@contextmanager
def attention_watched(model: nn.Module) -> Iterator[AttentionSeen]:
    """Within, every attention of the model is added to what is given.

    Seen are `scaled_dot_product_attention`, `nn.MultiheadAttention` and a softmax over tensors of
    four dimensions, as attention is written by hand.
    """
    seen = AttentionSeen()
    with ExitStack() as stack:
        for name, module in model.named_modules():
            called = name or type(module).__name__
            handles = (
                module.register_forward_pre_hook(lambda *_, name=called: seen.enter(name)),
                module.register_forward_hook(lambda *_: seen.leave(), always_call=True),
            )
            for handle in handles:
                stack.callback(handle.remove)
        stack.enter_context(_Watch(seen))
        yield seen


def attention_weights(  # noqa: PLR0913 - the arguments of PyTorch's function
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    """The weights (..., queries, keys) that scaled_dot_product_attention mixes values by, without
    dropout."""
    if enable_gqa:
        key = key.repeat_interleave(query.shape[-3] // key.shape[-3], dim=-3)
    scores = query @ key.transpose(-2, -1)
    scores = scores * (1 / math.sqrt(query.shape[-1]) if scale is None else scale)
    if is_causal:
        seen = torch.ones(scores.shape[-2:], dtype=torch.bool).tril()
        scores = scores.masked_fill(~seen, -math.inf)
    if attn_mask is not None and attn_mask.dtype is torch.bool:
        scores = scores.masked_fill(~attn_mask, -math.inf)
    elif attn_mask is not None:
        scores = scores + attn_mask
    return scores.softmax(dim=-1)
