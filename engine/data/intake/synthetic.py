"""Made-up data of which it is known what can be learned, to look for faults with."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from engine.data.intake.source import Incoming, Options
from engine.data.library.columns import ColumnType, field_of
from engine.data.library.errors import DataRefused
from engine.data.progress import Progress
from engine.frozen import Frozen, knob

_BATCH = 4_096
_LETTERS = np.array(list("abcdefghijklmnopqrstuvwxyz"))

Values = dict[str, Any]


class Recipe(Frozen):
    """What is made up."""

    rows: int = knob(1_000, "Rows", common=True, ge=2, le=100_000_000)
    seed: int = knob(0, "Seed", ge=0, le=2**32 - 1)
    classes: int = knob(3, "Classes", ge=2, le=100)
    """Of blobs."""
    features: int = knob(4, "Columns", ge=1, le=1_000)
    """Of blobs and of the regression."""
    noise: float = knob(0.5, "Noise", ge=0, le=100)
    """Standard deviation around what could be known."""
    length: int = knob(8, "Length", ge=1, le=1_000)
    """Of sequences, in letters."""


@dataclass(frozen=True)
class Kind:
    """One way of making data up."""

    about: str
    columns: Callable[[Recipe], dict[str, ColumnType]]
    rows: Callable[[Recipe, np.random.Generator, int, int], Values]
    """Columns of some rows, from the number of the first."""


class Synthetic:
    """Made-up rows as a source.

    Raises:
        DataRefused: for a kind that there is not.
    """

    def __init__(self, kind: str, recipe: Recipe) -> None:
        if kind not in KINDS:
            known = ", ".join(f"synthetic:{name}" for name in KINDS)
            raise DataRefused(
                f"synthetic:{kind}", "there is no such generator", f"There are {known}."
            )
        self._kind, self._recipe = kind, recipe

    @property
    def name(self) -> str:
        return self._kind

    @property
    def place(self) -> str:
        said = self._recipe.model_dump(exclude_defaults=True)
        return ":".join([f"synthetic:{self._kind}", *(f"{k}={v}" for k, v in said.items())])

    def read(self, options: Options, progress: Progress) -> Incoming:
        kind, recipe = KINDS[self._kind], self._recipe
        fields = kind.columns(recipe)
        schema = pa.schema([field_of(name, type) for name, type in fields.items()])

        def batches() -> Iterator[pa.RecordBatch]:
            for first in range(0, recipe.rows, _BATCH):
                count = min(_BATCH, recipe.rows - first)
                rng = np.random.default_rng([recipe.seed, first])
                values = kind.rows(recipe, rng, first, count)
                columns = [pa.array(values[f.name], f.type) for f in schema]
                yield pa.record_batch(columns, schema=schema)
                progress(f"Making up {self._kind}", first + count, recipe.rows)

        return Incoming(
            self._kind, "synthetic", schema, batches(), source="made up here", licence="none needed"
        )


def _blobs(recipe: Recipe, rng: np.random.Generator, first: int, count: int) -> Values:
    """Points around one centre for each class."""
    centres = np.random.default_rng(recipe.seed).normal(0, 3, (recipe.classes, recipe.features))
    labels = rng.integers(recipe.classes, size=count)
    points = centres[labels] + rng.normal(0, recipe.noise, (count, recipe.features))
    return _features(points) | {"label": [f"class {label}" for label in labels]}


def _regression(recipe: Recipe, rng: np.random.Generator, first: int, count: int) -> Values:
    """A weighted sum of the columns with noise."""
    weights = np.random.default_rng(recipe.seed).normal(0, 1, recipe.features)
    points = rng.normal(0, 1, (count, recipe.features))
    target = points @ weights + rng.normal(0, recipe.noise, count)
    return _features(points) | {"target": target}


def _copy(recipe: Recipe, rng: np.random.Generator, first: int, count: int) -> Values:
    texts = _words(recipe, rng, count)
    return {"text": texts, "target": texts}


def _reverse(recipe: Recipe, rng: np.random.Generator, first: int, count: int) -> Values:
    texts = _words(recipe, rng, count)
    return {"text": texts, "target": [text[::-1] for text in texts]}


def _sine(recipe: Recipe, rng: np.random.Generator, first: int, count: int) -> Values:
    """A line for each value of a sine, with a bar as long as it is high."""
    places = np.arange(first, first + count)
    bars = np.rint(12 * (1 + np.sin(2 * math.pi * places / 32))).astype(int)
    return {"text": [f"{'=' * bar}> {bar}" for bar in bars.tolist()]}


def _words(recipe: Recipe, rng: np.random.Generator, count: int) -> list[str]:
    lengths = rng.integers(1, recipe.length + 1, size=count)
    return ["".join(_LETTERS[rng.integers(26, size=length)]) for length in lengths]


def _features(points: np.ndarray) -> Values:
    return {f"x{place}": points[:, place] for place in range(points.shape[1])}


def _numbers(recipe: Recipe) -> dict[str, ColumnType]:
    return {f"x{place}": "number" for place in range(recipe.features)}


def _pairs(recipe: Recipe) -> dict[str, ColumnType]:
    return {"text": "text", "target": "text"}


KINDS: dict[str, Kind] = {
    "blobs": Kind(
        "Clouds of points, one a class; closer together with more noise.",
        lambda recipe: _numbers(recipe) | {"label": "text"},
        _blobs,
    ),
    "regression": Kind(
        "A weighted sum of columns, with noise.",
        lambda recipe: _numbers(recipe) | {"target": "number"},
        _regression,
    ),
    "copy": Kind("Words that are to be written as they are.", _pairs, _copy),
    "reverse": Kind("Words that are to be written from their end.", _pairs, _reverse),
    "sine": Kind("A sine as text, a line for each value.", lambda recipe: {"text": "text"}, _sine),
}
