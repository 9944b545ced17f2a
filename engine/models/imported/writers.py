"""Adapted models that write: token by token, each time from all that is there."""

from __future__ import annotations

import torch
from torch import Tensor

from engine.models.drawing import Drawing
from engine.models.imported.adapters import Adapted

_PADDING = 0


class Continuing(Adapted):
    """A model of anybody's that goes on with a text."""

    block_size = 1
    """The most tokens that it is shown; its length in training."""

    @torch.no_grad()
    def generate(
        self, prompt_ids: Tensor, new_tokens: int, *, drawing: Drawing, generator: torch.Generator
    ) -> Tensor:
        """Continue the prompts (B, T), T at least 1, to (B, T + new_tokens)."""
        ids = prompt_ids
        for _ in range(new_tokens):
            logits = self(ids[:, -self.block_size :])[:, -1]
            ids = torch.cat([ids, drawing.tokens(logits, generator)], dim=1)
        return ids


class Answering(Adapted):
    """A model of anybody's that writes one text for another."""

    @torch.no_grad()
    def generate(self, inputs: Tensor, begin: int, end: int, max_tokens: int) -> Tensor:
        """The likeliest tokens (B, at most `max_tokens`), without `begin`."""
        written = inputs.new_full((len(inputs), 1), begin)
        open_ones = torch.ones_like(written, dtype=torch.bool)
        for _ in range(max_tokens):
            token = self(inputs, written)[:, -1:].argmax(dim=-1)
            open_ones = open_ones & (token != end)
            written = torch.cat([written, token.where(open_ones, _PADDING)], dim=1)
            if not open_ones.any():
                break
        return written[:, 1:]


def writing(model: Adapted, inputs: tuple[Tensor, ...]) -> Adapted:
    """The same model, able to write where its task is to write and it takes texts of any length."""
    kind = {"causal-lm": Continuing, "seq2seq": Answering}.get(model.wanted.task)
    if kind is None or not all(_takes(model, inputs, length) for length in (1, 2)):
        return model
    able = kind(model.model, model.wanted, model.signature, model.call, model.way)
    able.folder, able.found, able.warnings = model.folder, model.found, model.warnings
    if isinstance(able, Continuing):
        able.block_size = inputs[-1].shape[1]
    return able


def _takes(model: Adapted, inputs: tuple[Tensor, ...], length: int) -> bool:
    """Whether the model gives logits for so few tokens too."""
    *others, last = inputs
    try:
        logits = model.answered(*others, last[:, :length])
    except Exception:  # noqa: BLE001 - whatever it is, the model does not take such texts
        return False
    return logits.shape[:2] == (len(last), length)
