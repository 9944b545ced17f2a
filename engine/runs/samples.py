"""Samples as they are kept in a run folder: what a model did with single inputs."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError, model_validator

from engine.frozen import Frozen


class ClassifiedText(Frozen):
    """A text that was taken for another class than its own."""

    kind: Literal["classified-text"] = "classified-text"
    index: int
    """Number of the held-out sample."""
    text: str
    true: str
    predicted: str
    confidence: float | None
    """Probability of the predicted class; None where it is not a number."""


class LabelledText(Frozen):
    """A text of which labels are missing or wrong."""

    kind: Literal["labelled-text"] = "labelled-text"
    index: int
    text: str
    true: tuple[str, ...]
    predicted: tuple[str, ...]


class MarkedText(Frozen):
    """A text with the class of each of its tokens."""

    kind: Literal["marked-text"] = "marked-text"
    index: int
    tokens: tuple[str, ...]
    true: tuple[int | None, ...]
    """Numbers of classes; None where nothing was asked."""
    predicted: tuple[int, ...]
    classes: tuple[str, ...]

    @model_validator(mode="after")
    def _even(self) -> MarkedText:
        if not len(self.tokens) == len(self.true) == len(self.predicted):
            raise ValueError("there is not one class for each token")
        used = [number for number in (*self.true, *self.predicted) if number is not None]
        if not all(0 <= number < len(self.classes) for number in used):
            raise ValueError("there is no such class")
        return self


class Blank(Frozen):
    """A token that was to be filled in."""

    place: int
    true: str
    guesses: tuple[tuple[str, float], ...]
    """The likeliest tokens and their probabilities."""


class FilledText(Frozen):
    """A text of which some tokens were to be told."""

    kind: Literal["filled-text"] = "filled-text"
    index: int
    tokens: tuple[str, ...]
    """As the model saw them; empty where one was hidden."""
    blanks: tuple[Blank, ...]

    @model_validator(mode="after")
    def _inside(self) -> FilledText:
        if not all(0 <= blank.place < len(self.tokens) for blank in self.blanks):
            raise ValueError("a blank lies outside of the text")
        return self


class WrittenText(Frozen):
    """A text that was written for an input."""

    kind: Literal["written-text"] = "written-text"
    index: int
    input: str
    expected: str
    text: str


class ClassifiedRow(Frozen):
    """A row of a table whose class was least expected."""

    kind: Literal["classified-row"] = "classified-row"
    index: int
    features: tuple[tuple[str, float], ...]
    """Names and values, in their own units where these are known, else as the model sees them."""
    true: str
    predicted: str
    confidence: float | None


class EstimatedRow(Frozen):
    """A row of a table whose number was estimated worst."""

    kind: Literal["estimated-row"] = "estimated-row"
    index: int
    features: tuple[tuple[str, float], ...]
    target: str
    """What was to be estimated."""
    true: float
    predicted: float | None


Sample = (
    ClassifiedText
    | LabelledText
    | MarkedText
    | FilledText
    | WrittenText
    | ClassifiedRow
    | EstimatedRow
)

_SAMPLE: TypeAdapter[Sample] = TypeAdapter(Annotated[Sample, Field(discriminator="kind")])


def parsed(content: object) -> Sample | None:
    """A sample of one of these kinds; None for anything else."""
    try:
        return _SAMPLE.validate_python(content)
    except ValidationError:
        return None
