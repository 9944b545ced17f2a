"""Histograms as they are kept in a run folder: how the numbers of a tensor are spread."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

from pydantic import NonNegativeInt, TypeAdapter, ValidationError, model_validator

from engine.errors import EngineError
from engine.frozen import Frozen

Kind = Literal["weights", "gradients", "activations"]
KINDS: tuple[Kind, ...] = get_args(Kind)


class UnreadableHistograms(EngineError):
    """A file of histograms that holds something else."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"These histograms cannot be read ({reason}). The others are not affected."
        )


class Histogram(Frozen):
    """How many numbers lie in each of some bins of equal width."""

    low: float
    high: float
    counts: tuple[NonNegativeInt, ...]
    nonfinite: NonNegativeInt
    """Numbers that are NaN or infinite, and in no bin."""

    @model_validator(mode="after")
    def _has_bins(self) -> Histogram:
        if not self.counts or not self.low < self.high:
            raise ValueError("there are no bins")
        return self


_HISTOGRAM = TypeAdapter(Histogram)
_TENSORS = TypeAdapter(dict[Kind, dict[str, object]])


def tensors_in(document: object) -> dict[Kind, tuple[str, ...]]:
    """Names of the tensors that a file has histograms of, in the order of the model.

    Raises:
        UnreadableHistograms: for a file that holds something else.
    """
    return {kind: tuple(found) for kind, found in _parsed(document).items()}


def histogram_in(document: object, kind: Kind, tensor: str) -> Histogram | None:
    """One tensor's histogram; None where it has none.

    Raises:
        UnreadableHistograms: for a file that holds something else.
    """
    found = _parsed(document).get(kind, {}).get(tensor)
    if found is None:
        return None
    try:
        return _HISTOGRAM.validate_python(found)
    except ValidationError as error:
        raise UnreadableHistograms(error.errors()[0]["msg"]) from None


def _parsed(document: object) -> Mapping[Kind, Mapping[str, object]]:
    try:
        return _TENSORS.validate_python(document)
    except ValidationError as error:
        raise UnreadableHistograms(error.errors()[0]["msg"]) from None
