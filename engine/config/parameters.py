"""ParametersConfig: which parameters are trained, and in what they differ from one another."""

from __future__ import annotations

import math

from pydantic import field_validator

from engine.frozen import Frozen, knob


class ParametersConfig(Frozen):
    """Parameters are named by patterns with * and ?, like `blocks.0.*` or `*.bias`."""

    decay_norms: bool = knob(False, "Decay norms")
    """Apply weight decay to the scales of norms, and to other vectors that are no biases."""
    decay_biases: bool = knob(False, "Decay biases")
    """Apply weight decay to biases."""
    decay_embeddings: bool = knob(True, "Decay embeddings")
    """Apply weight decay to embeddings of tokens and positions, and to a head tied to them."""
    layer_decay: float = knob(1.0, "Layer-wise learning-rate decay", gt=0, le=1)
    """Each layer learns by this factor slower than the one above it; 1 for all alike."""
    lr_factors: tuple[str, ...] = knob((), "Learning-rate factors")
    """Own multiples of the learning rate, as pattern=factor: `head.*=10`. Those of several
    patterns that match the same parameter are multiplied."""
    frozen: tuple[str, ...] = knob((), "Frozen parameters")
    """Patterns of parameters that are not trained: `tokens.*`, `blocks.0.*`."""

    @field_validator("lr_factors")
    @classmethod
    def _readable_factors(cls, lr_factors: tuple[str, ...]) -> tuple[str, ...]:
        for text in lr_factors:
            pattern, _, number = text.rpartition("=")
            if not pattern.strip() or not _is_factor(number):
                raise ValueError(
                    f"lr_factors holds {text!r}; write a pattern, = and a number above 0, like "
                    "head.*=10."
                )
        return lr_factors

    def factors(self) -> tuple[tuple[str, float], ...]:
        """The patterns and their learning-rate factors."""
        parts = (text.rpartition("=") for text in self.lr_factors)
        return tuple((pattern.strip(), float(number)) for pattern, _, number in parts)


def _is_factor(text: str) -> bool:
    try:
        return 0 < float(text) < math.inf
    except ValueError:
        return False
