"""Scikit-learn's small tables, read from its files: importing sklearn takes seconds."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import distribution
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.data.digits import held_out

LICENCE = "CC BY 4.0"
CANCER_SOURCE = "Breast Cancer Wisconsin (Diagnostic) (UCI), in scikit-learn"
WINE_SOURCE = "Wine Recognition (UCI), in scikit-learn"
IRIS_SOURCE = "Iris (Fisher 1936, UCI), in scikit-learn"
DIABETES_SOURCE = "Diabetes (Efron, Hastie, Johnstone and Tibshirani 2004), in scikit-learn"
DIABETES_LICENCE = "published with the article; in scikit-learn under BSD-3-Clause"

_MEASURED = (
    "radius, texture, perimeter, area, smoothness, compactness, concavity, concave points, "
    "symmetry, fractal dimension"
)
_CANCER = ", ".join(
    f"{of} {what}" for of in ("mean", "error of", "worst") for what in _MEASURED.split(", ")
)
_WINE = (
    "alcohol, malic acid, ash, alcalinity of ash, magnesium, total phenols, flavanoids, "
    "nonflavanoid phenols, proanthocyanins, colour intensity, hue, OD280/OD315, proline"
)
_IRIS = "sepal length, sepal width, petal length, petal width"
_DIABETES = (
    "age, sex, body mass index, blood pressure, total cholesterol, LDL, HDL, "
    "cholesterol / HDL, log triglycerides, blood sugar"
)


@dataclass(frozen=True, eq=False)
class Table:
    """Rows of numbers, and what is to be predicted of each."""

    features: tuple[str, ...]
    inputs: NDArray[np.float64]
    """(rows, features), in their own units."""
    targets: NDArray[np.float64] | NDArray[np.int64]
    classes: tuple[str, ...] | None = None
    """Names of the classes; None for a target that is a number."""
    target_name: str | None = None


@dataclass(frozen=True, eq=False)
class SplitTable:
    """Inputs and number targets less the mean of the training rows, in standard deviations."""

    train: dict[str, np.ndarray]
    val: dict[str, np.ndarray]
    feature_means: tuple[float, ...]
    """Of the training rows, in each column's own unit."""
    feature_stds: tuple[float, ...]
    target_mean: float | None = None
    target_std: float | None = None


@lru_cache(maxsize=8)
def table(name: str) -> Table:
    """The table of a source."""
    return TABLES[name]()


def split_table(name: str, *, val_fraction: float, split_seed: int) -> SplitTable:
    """Training and validation rows, the same share of each class, without held-out copies of
    training rows."""
    whole = table(name)
    groups = np.zeros(len(whole.targets), np.int64)  # numbers are one group, split at random
    if whole.classes is not None:
        groups = whole.targets.astype(np.int64)
    val = held_out(groups, val_fraction=val_fraction, split_seed=split_seed)
    train, known = ~val, {row.tobytes() for row in whole.inputs[~val]}
    val &= np.array([row.tobytes() not in known for row in whole.inputs])
    inputs, *units = standardised(whole.inputs, train)
    means, stds = (tuple(unit.tolist()) for unit in units)
    if whole.classes is not None:
        return SplitTable(_rows(inputs, groups, train), _rows(inputs, groups, val), means, stds)
    targets, mean, std = standardised(whole.targets.astype(np.float64), train)
    rows = _rows(inputs, targets, train), _rows(inputs, targets, val)
    return SplitTable(*rows, means, stds, float(mean), float(std))


def standardised(
    values: NDArray[np.float64], train: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.float64]]:
    """Values less the mean of the training rows in their standard deviations; both; a column that
    is constant in the training rows keeps its unit."""
    mean, std = values[train].mean(axis=0), values[train].std(axis=0)
    std = np.where(std > 0, std, 1.0)
    return ((values - mean) / std).astype(np.float32), mean, std


def _rows(
    inputs: NDArray[np.float32], targets: np.ndarray, rows: NDArray[np.bool_]
) -> dict[str, np.ndarray]:
    return {"inputs": inputs[rows], "targets": targets[rows]}


def _classes(file: str, features: str, classes: tuple[str, ...] | None = None) -> Table:
    """A file with a header: rows, features, names of the classes; the class is the last column."""
    header, *lines = _text(file).splitlines()
    names = classes or tuple(header.split(",")[2:])
    numbers = np.array([line.split(",") for line in lines], dtype=np.float64)
    return Table(
        tuple(features.split(", ")), numbers[:, :-1], numbers[:, -1].astype(np.int64), names
    )


def _diabetes() -> Table:
    inputs, targets = (
        np.array([line.split() for line in _text(f"diabetes_{part}.csv.gz").splitlines()], float)
        for part in ("data_raw", "target")
    )
    return Table(
        tuple(_DIABETES.split(", ")), inputs, targets[:, 0], target_name="progression after a year"
    )


def _text(file: str) -> str:
    path = distribution("scikit-learn").locate_file(f"sklearn/datasets/data/{file}")
    content = Path(str(path)).read_bytes()
    return (gzip.decompress(content) if file.endswith(".gz") else content).decode("ascii")


TABLES: dict[str, Callable[[], Table]] = {
    "breast-cancer": lambda: _classes("breast_cancer.csv", _CANCER),
    "wine": lambda: _classes("wine_data.csv", _WINE, ("grower 1", "grower 2", "grower 3")),
    "iris": lambda: _classes("iris.csv", _IRIS),
    "diabetes": _diabetes,
}
