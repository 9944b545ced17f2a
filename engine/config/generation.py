"""GenerationConfig: how a language model writes the texts that are shown while it trains."""

from __future__ import annotations

from engine.frozen import Frozen, knob


class GenerationConfig(Frozen):
    """How texts are continued at each validation; only language models do that."""

    temperature: float = knob(0.8, "Temperature", ge=0, le=100)
    """Below 1 likely tokens become likelier still; 0 always takes the likeliest."""
    top_k: int | None = knob(None, "Top k", unit="tokens", suggested=40, gt=0, le=1_000_000)
    """Draw only from so many of the likeliest tokens (Fan and others, 2018); empty for all."""
    top_p: float | None = knob(None, "Top p", suggested=0.9, gt=0, le=1)
    """Draw only from the likeliest tokens that have this share together (nucleus sampling:
    Holtzman and others, 2020); empty for all."""
    length: int = knob(120, "Sample length", unit="tokens", gt=0, le=10_000)
    """Tokens that are written."""
