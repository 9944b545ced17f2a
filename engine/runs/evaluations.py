"""Evaluations: what a validation saw in detail, as it is kept in a run folder. Unknown is None."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError, model_validator

from engine.errors import EngineError
from engine.frozen import Frozen

Share = float | None


class UnreadableEvaluation(EngineError):
    """A file of an evaluation that holds something else."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"This evaluation cannot be read ({reason}). The others are not affected.")


class ClassTable(Frozen):
    """How well each class or label is recognised, by columns."""

    name: tuple[str, ...]
    precision: tuple[Share, ...]
    """Of those said to be it, the share that is it."""
    recall: tuple[Share, ...]
    """Of those that are it, the share said to be it."""
    f1: tuple[Share, ...]
    """Harmonic mean of both."""
    support: tuple[int, ...]
    """How many are it."""

    @model_validator(mode="after")
    def _even(self) -> ClassTable:
        lengths = {len(getattr(self, column)) for column in type(self).model_fields}
        if len(lengths) != 1:
            raise ValueError("its columns are not equally long")
        return self


class LabelTable(ClassTable):
    """Of a task with any number of labels; one is given from a probability of 50 % on."""

    true_positive: tuple[int, ...]
    false_positive: tuple[int, ...]
    false_negative: tuple[int, ...]
    true_negative: tuple[int, ...]


class Reliability(Frozen):
    """How often the model is right, by how sure it is, in bins of equal width from 0 to 1."""

    confidence: tuple[Share, ...]
    """Mean probability of the predicted class."""
    accuracy: tuple[Share, ...]
    """Share that is right."""
    count: tuple[int, ...]

    @model_validator(mode="after")
    def _even(self) -> Reliability:
        if len({len(self.confidence), len(self.accuracy), len(self.count)}) != 1:
            raise ValueError("its columns are not equally long")
        return self


class ConfusedPair(Frozen):
    """Samples of one class that were taken for another."""

    true: str
    predicted: str
    count: int


class ClassEvaluation(Frozen):
    """Of a model that chooses one class."""

    kind: Literal["classes"] = "classes"
    samples: int
    matrix: tuple[tuple[int, ...], ...] | None = None
    """How often each true class (row) was taken for each class (column)."""
    confused: tuple[ConfusedPair, ...] | None = None
    """With more classes than fit into a picture: the pairs mistaken most often."""
    classes: ClassTable
    reliability: Reliability

    @model_validator(mode="after")
    def _square(self) -> ClassEvaluation:
        sides = {len(self.classes.name), *map(len, self.matrix or ())}
        if self.matrix is not None and sides != {len(self.matrix)}:
            raise ValueError("its matrix has not one row and column for each class")
        return self


class LabelEvaluation(Frozen):
    """Of a model that gives any number of labels."""

    kind: Literal["labels"] = "labels"
    samples: int
    labels: LabelTable


class Residuals(Frozen):
    """Predicted less true value of all samples, counted in bins."""

    edges: tuple[float, ...]
    count: tuple[int, ...]

    @model_validator(mode="after")
    def _between(self) -> Residuals:
        if self.edges and len(self.edges) != len(self.count) + 1:
            raise ValueError("it has not one edge more than bins")
        return self


class NumberEvaluation(Frozen):
    """Of a model that predicts a number."""

    kind: Literal["numbers"] = "numbers"
    samples: int
    in_own_unit: bool
    """Whether the numbers are in the target's own unit and not standardised."""
    true: tuple[Share, ...]
    """Of some samples, spread evenly over the held-out set."""
    predicted: tuple[Share, ...]
    residuals: Residuals

    @model_validator(mode="after")
    def _paired(self) -> NumberEvaluation:
        if len(self.true) != len(self.predicted):
            raise ValueError("it has not one prediction for each true value")
        return self


Evaluation = ClassEvaluation | LabelEvaluation | NumberEvaluation

_EVALUATION: TypeAdapter[Evaluation] = TypeAdapter(
    Annotated[Evaluation, Field(discriminator="kind")]
)


def parsed(content: object) -> Evaluation:
    """An evaluation as `Run.evaluation` gives it.

    Raises:
        UnreadableEvaluation: for anything else.
    """
    try:
        return _EVALUATION.validate_python(content)
    except ValidationError as error:
        raise UnreadableEvaluation(error.errors()[0]["msg"]) from None
