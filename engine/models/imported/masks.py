"""Masks as the models of others want them."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from engine.models.imported.signature import MaskKind

MaskStyle = Literal["none", "torch", "torch-float", "keep", "keep-3"]
"""True where not to look; minus infinity there; true where to look, for heads or without them."""

STYLES: dict[str, tuple[MaskStyle, ...]] = {
    "none": ("none",),
    "torch": ("torch", "torch-float"),
    "keep": ("keep", "keep-3"),
    "found": ("none", "torch", "torch-float", "keep", "keep-3"),
}
"""What is tried for each choice of the user's, in order."""

IN_WORDS: dict[MaskStyle, str] = {
    "none": "no masks",
    "torch": "masks that are true where not to look",
    "torch-float": "masks that are minus infinity where not to look",
    "keep": "masks that are true where to look, shaped (samples, 1, ..., tokens)",
    "keep-3": "masks that are true where to look, shaped (samples, ..., tokens)",
}


def made(
    kind: MaskKind, style: MaskStyle, inputs: tuple[Tensor, ...], *, padded: bool, causal: bool
) -> Tensor:
    """One mask for a batch; `causal` is for a model that continues its one input."""
    seen = inputs[-1] if kind in ("target", "decoder-tokens") else inputs[0]
    real = seen != 0 if padded else torch.ones_like(seen, dtype=torch.bool)
    if kind in ("tokens", "decoder-tokens"):
        return real.long()
    if kind == "padding":
        return ~real
    looks_back = kind == "target" or causal
    if style in ("torch", "torch-float"):
        return _not_to_look(seen, style, looks_back=looks_back)
    return _to_look(real, style, looks_back=looks_back)


def _not_to_look(seen: Tensor, style: MaskStyle, *, looks_back: bool) -> Tensor:
    length = seen.shape[1]
    square = torch.zeros(length, length, dtype=torch.bool, device=seen.device)
    if looks_back:
        square = torch.ones_like(square).triu(1)
    if style == "torch":
        return square
    return torch.zeros(length, length, device=seen.device).masked_fill(square, -torch.inf)


def _to_look(real: Tensor, style: MaskStyle, *, looks_back: bool) -> Tensor:
    mask = real[:, None, :]
    if looks_back:
        length = real.shape[1]
        mask = mask & torch.ones(length, length, dtype=torch.bool, device=real.device).tril()
    return mask[:, None] if style == "keep" else mask
