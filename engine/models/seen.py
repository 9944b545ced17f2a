"""Keys and values of what a layer has read, so that writing reads each token once."""

from __future__ import annotations

import torch
from torch import Tensor


class Seen:
    """The keys and values of what a layer has read, so that it need not be read again."""

    def __init__(self) -> None:
        self._kept: tuple[Tensor, Tensor] | None = None

    def __len__(self) -> int:
        return 0 if self._kept is None else self._kept[0].shape[-2]

    def with_more(self, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """All keys and values up to now; the new ones are kept too."""
        if self._kept is not None:
            keys, values = self._kept
            key, value = torch.cat([keys, key], dim=-2), torch.cat([values, value], dim=-2)
        self._kept = key, value
        return key, value

    @property
    def all(self) -> tuple[Tensor, Tensor]:
        """All keys and values; something must have been read."""
        assert self._kept is not None
        return self._kept


def visible_before(length: int, first: int, device: torch.device) -> Tensor:
    """Mask (T, first + T): what came before, and of these tokens those up to each."""
    return torch.ones(length, first + length, dtype=torch.bool, device=device).tril(first)
