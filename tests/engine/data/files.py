"""Small files of every kind, made when a test needs them."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import sqlite3
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
from PIL import Image

from engine.data.intake.recognising import source_of
from engine.data.intake.source import Access, Options
from engine.data.library.dataset import Dataset
from engine.data.library.library import DataLibrary

ROWS = [
    {"text": f'film {n} is {"good" if n % 2 else "bad"}, "really"', "label": "pn"[n % 2]}
    for n in range(40)
]
"""What most of the files below hold."""
CSV = "text,label\n" + "".join(
    '"{}",{}\n'.format(row["text"].replace('"', '""'), row["label"]) for row in ROWS
)
JSONL = "".join(json.dumps(row) + "\n" for row in ROWS)


def taken_in(runs: Path, place: Path | str, query: str = "", **options: object) -> Dataset:
    """A dataset of what lies there."""
    source = source_of(str(place), Access(), query=query)
    return DataLibrary(runs).take_in(source, Options.parse(options))


def file(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def picture(color: tuple[int, int, int], size: tuple[int, int] = (6, 4)) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", size, color).save(written, "PNG")
    return written.getvalue()


def zipped(members: dict[str, bytes]) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return written.getvalue()


def pictures() -> dict[str, bytes]:
    """Ten red images in one folder and ten blue ones in another."""
    return {
        f"{name}/{n}.png": picture((9 * n, 0, 0) if name == "red" else (0, 0, 9 * n + 9))
        for name in ("red", "blue")
        for n in range(10)
    }


def table() -> pa.Table:
    return pa.Table.from_pylist(ROWS)


def every_kind(folder: Path) -> dict[str, Path]:
    """The same rows as files of every kind that holds tables."""
    found = {
        "csv": file(folder, "a.csv", CSV),
        "tsv": file(folder, "a.tsv", CSV.replace('",', '"\t').replace("text,", "text\t")),
        "semicolons": file(folder, "semi.csv", CSV.replace('",', '";').replace("text,", "text;")),
        "cp1252": file(folder, "plain.csv", CSV.encode("cp1252")),
        "utf-16": file(folder, "wide.csv", CSV.encode("utf-16")),
        "gz": file(folder, "g.csv.gz", gzip.compress(CSV.encode())),
        "bz2": file(folder, "b.csv.bz2", bz2.compress(CSV.encode())),
        "xz": file(folder, "x.csv.xz", lzma.compress(CSV.encode())),
        "zip": file(folder, "z.zip", zipped({"inner.csv": CSV.encode()})),
        "jsonl": file(folder, "a.jsonl", JSONL),
        "lines in json": file(folder, "lines.json", JSONL),
        "json": file(folder, "list.json", json.dumps(ROWS)),
        "json of columns": file(folder, "columns.json", json.dumps(table().to_pydict())),
        "parquet": folder / "a.parquet",
        "feather": folder / "a.feather",
        "zst": folder / "s.jsonl.zst",
    }
    pq.write_table(table(), found["parquet"])
    feather.write_feather(table(), str(found["feather"]))
    with pa.CompressedOutputStream(str(found["zst"]), "zstd") as stream:
        stream.write(JSONL.encode())
    return found


def saved_by_hugging_face(folder: Path) -> Path:
    """What `DatasetDict.save_to_disk` writes, with classes as numbers and images as structs."""
    features = {
        "label": {"names": ["neg", "pos"], "_type": "ClassLabel"},
        "text": {"dtype": "string", "_type": "Value"},
    }
    noted = {b"huggingface": json.dumps({"info": {"features": features}}).encode()}
    for side, labels in (("train", [0, 1, 1, -1]), ("test", [1, 0])):
        part = folder / side
        part.mkdir(parents=True)
        rows = pa.table({"text": [f"{side} {n}" for n in range(len(labels))], "label": labels})
        with pa.ipc.new_stream(
            str(part / "data-00000-of-00001.arrow"), rows.schema.with_metadata(noted)
        ) as writer:
            writer.write_table(rows)
        state = {"_data_files": [{"filename": "data-00000-of-00001.arrow"}], "_split": side}
        (part / "state.json").write_text(json.dumps(state))
        (part / "dataset_info.json").write_text(json.dumps({"features": features}))
    (folder / "dataset_dict.json").write_text(json.dumps({"splits": ["train", "test"]}))
    return folder


def database(path: Path) -> Path:
    connection = sqlite3.connect(path)
    connection.execute("create table films (text text, label text, stars real, seen blob)")
    connection.executemany(
        "insert into films values (?, ?, ?, ?)",
        [(row["text"], row["label"], n / 2, b"\1") for n, row in enumerate(ROWS)],
    )
    connection.commit()
    connection.close()
    return path


def arrays(path: Path) -> Path:
    """Images and classes of two sides, as Keras ships MNIST."""
    rng = np.random.default_rng(0)
    np.savez(
        path,
        x_train=rng.integers(0, 255, (6, 5, 5), np.uint8),
        y_train=np.arange(6) % 2,
        x_test=rng.integers(0, 255, (4, 5, 5), np.uint8),
        y_test=np.arange(4) % 2,
    )
    return path
