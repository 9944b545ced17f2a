"""A model of transformers behind the loop: inputs of the task in, logits out. It writes, too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from engine.data.vocabulary import PADDING
from engine.models.drawing import Drawing


def up_to_padding(tokens: Tensor, padding: int) -> Tensor:
    """Which of the tokens (B, T) are no padding: all up to the last one that is another token.

    Tokenizers without a token for it pad with one that also stands within texts. Of a row of
    nothing else the first token counts, so that there is something to look at.
    """
    places = torch.arange(tokens.shape[1], device=tokens.device)
    last = ((tokens != padding) * places).amax(dim=1, keepdim=True)
    return places <= last


@dataclass(frozen=True, slots=True)
class Call:
    """How a module of transformers is called for a task."""

    given: str
    """What it calls its inputs."""
    outputs: int
    """Numbers for each target; of those that it has more the rest is left out."""
    padding: int | None = None
    """The token that it is told not to look at; None where there is no padding."""
    first: int | None = None
    """The position of the first token, where it is told positions."""


class HuggingFaceNet(nn.Module):
    """The module of transformers as `model`, called with names that it knows.

    Its weights are those of `model`; nothing is computed besides.
    """

    def __init__(self, model: nn.Module, call: Call) -> None:
        super().__init__()
        self.model, self.call = model, call
        self.found: tuple[str, ...] = ()
        """What was made to fit, in sentences."""
        self.warnings: tuple[str, ...] = ()
        """What is probably not meant."""

    def forward(self, inputs: Tensor) -> Tensor:
        return self._logits(self.model(**self._named(inputs)))

    def _named(self, inputs: Tensor, start: int = 0) -> dict[str, Any]:
        """Inputs from the position `start` on, and what goes with them."""
        named: dict[str, Any] = {self.call.given: inputs[:, start:]}
        padding, first = self.call.padding, self.call.first
        if padding is not None:
            named["attention_mask"] = up_to_padding(inputs, padding).long()
        if first is not None:
            places = torch.arange(first + start, first + inputs.shape[1], device=inputs.device)
            positions = places.expand(len(inputs), -1)
            if padding is not None:  # it has a position of its own
                behind = named["attention_mask"][:, start:] == 0
                positions = positions.masked_fill(behind, first - 1)
            named["position_ids"] = positions
        return named

    def _logits(self, output: Any) -> Tensor:
        logits: Tensor = output.logits
        return logits[..., : self.call.outputs]


class HuggingFaceWriter(HuggingFaceNet):
    """A model that goes on with a text."""

    def __init__(self, model: nn.Module, call: Call, *, block_size: int) -> None:
        super().__init__(model, call)
        self.block_size = block_size
        """The most tokens that it is shown; its length in training."""

    def forward(self, inputs: Tensor) -> Tensor:
        return self._logits(self.model(**self._named(inputs), use_cache=False))

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

        While the text fits into the context, `cached` reads each token once, of models that keep
        keys and values.
        """
        ids, seen, read = prompt_ids, None, 0
        for _ in range(new_tokens):
            if cached and ids.shape[1] <= self.block_size:
                named = self._named(ids, read)
                output = self.model(**named, past_key_values=seen, use_cache=True)
                seen, logits = output.get("past_key_values"), self._logits(output)
                read = 0 if seen is None else ids.shape[1]
            else:
                logits = self(ids[:, -self.block_size :])
            ids = torch.cat([ids, drawing.tokens(logits[:, -1], generator)], dim=1)
        return ids


class HuggingFaceAnswerer(HuggingFaceNet):
    """A model that writes one text for another."""

    def forward(self, inputs: Tensor, decoder_inputs: Tensor) -> Tensor:  # type: ignore[override]
        named = self._named(inputs)
        output = self.model(**named, decoder_input_ids=decoder_inputs, use_cache=False)
        return self._logits(output)

    @torch.no_grad()
    def generate(
        self, inputs: Tensor, begin: int, end: int, max_tokens: int, *, cached: bool = True
    ) -> Tensor:
        """The likeliest tokens (B, at most `max_tokens`) for texts (B, S), without `begin`.

        `cached` reads the text and each token once.
        """
        named = self._named(inputs)
        written = inputs.new_full((len(inputs), 1), begin)
        open_ones = torch.ones_like(written, dtype=torch.bool)
        padding = PADDING if self.call.padding is None else self.call.padding
        seen, read = None, 0
        for _ in range(max_tokens):
            output = self.model(
                **named,
                decoder_input_ids=written[:, read:],
                past_key_values=seen,
                use_cache=cached,
            )
            if cached:
                seen, read = output.past_key_values, written.shape[1]
                named["encoder_outputs"] = (output.encoder_last_hidden_state,)
                named.pop("input_ids", None)
            token = self._logits(output)[:, -1:].argmax(dim=-1)
            open_ones = open_ones & (token != end)
            written = torch.cat([written, token.where(open_ones, padding)], dim=1)
            if not open_ones.any():
                break
        return written[:, 1:]
