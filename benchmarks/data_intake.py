"""Large files: how much memory bringing them in and preparing them takes, and how long.

200 MB of each kind; 2 GB with `TRAINDECK_INTAKE_GB=2`. The files are made here, and each is brought
in by a process of its own. Asked for are at most 500 MB.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from benchmarks import effort
from benchmarks.resident import peak_kib
from benchmarks.table import print_table

ASKED_MB = 500
_WORDS = 20_000
_ROOT = Path(__file__).parents[1]


def _texts() -> Iterator[str]:
    """Endless sentences of made-up words, frequent ones short."""
    rng = np.random.default_rng(0)
    letters = np.array(list("etaoinshrdlucmfwypvbgk"))
    words = ["".join(rng.choice(letters, 2 + place // 4_000 * 2)) for place in range(_WORDS)]
    while True:
        ranks = np.minimum(rng.zipf(1.3, (1_000, 24)) - 1, _WORDS - 1)
        for row in ranks:
            yield " ".join(words[rank] for rank in row)


def _csv(path: Path, size: int) -> None:
    rng = np.random.default_rng(1)
    with path.open("w") as file:
        file.write("id,age,weight,kind,label,text\n")
        for number, text in enumerate(_texts()):
            age, weight = int(rng.integers(90)), rng.normal(70, 9)
            kind, label = "abcde"[number % 5], "yes" if number % 3 else "no"
            file.write(f'{number},{age},{weight:.3f},{kind},{label},"{text}, ""{kind}"""\n')
            if number % 1_000 == 0 and file.tell() >= size:
                return


def _jsonl(path: Path, size: int) -> None:
    with path.open("w") as file:
        for number, text in enumerate(_texts()):
            file.write(json.dumps({"text": text, "label": number % 3, "score": number / 7}) + "\n")
            if number % 1_000 == 0 and file.tell() >= size:
                return


def _txt(path: Path, size: int) -> None:
    with path.open("w") as file:
        for number, text in enumerate(_texts()):
            file.write(text + "\n")
            if number % 1_000 == 0 and file.tell() >= size:
                return


MAKERS: dict[str, Callable[[Path, int], None]] = {"csv": _csv, "jsonl": _jsonl, "txt": _txt}


def child(place: str, runs: str) -> None:
    """Bring in and prepare one file, and print what it took."""
    from engine.data.intake.recognising import source_of
    from engine.data.library.library import DataLibrary
    from engine.data.library.proposal import proposed
    from engine.data.preparation.loading import load_dataset
    from engine.frozen import with_changes

    began = time.perf_counter()
    dataset = DataLibrary(Path(runs)).take_in(source_of(place))
    taken_s, taken_mb = time.perf_counter() - began, _peak_mb()
    table = dataset.name == "csv"
    roles = {"text": "ignore", "age": "number", "weight": "number", "kind": "category"}
    task = "tabular-classification" if table else "causal-lm"
    others = {column.name: "ignore" for column in dataset.columns if column.name != "text"}
    spec = proposed(dataset, task, (roles | {"label": "label"}) if table else others)
    spec = with_changes(spec, {"text.tokenizer": {"kind": "byte"}})  # learning one takes minutes
    began = time.perf_counter()
    load_dataset(spec, Path(runs))
    prepared_s = time.perf_counter() - began
    began = time.perf_counter()
    load_dataset(spec, Path(runs))
    print(
        json.dumps(
            {
                "rows": len(dataset),
                "taken_s": taken_s,
                "taken_mb": taken_mb,
                "prepared_s": prepared_s,
                "again_s": time.perf_counter() - began,
                "peak_mb": _peak_mb(),
            }
        )
    )


def main() -> None:
    size = effort.of(int(float(os.environ.get("TRAINDECK_INTAKE_GB", "0.2")) * 1e9), 5_000_000)
    rows = []
    for kind, make in MAKERS.items():
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"{kind}.{kind}"
            make(path, size)
            command = [sys.executable, "-m", "benchmarks.data_intake", str(path), folder + "/runs"]
            done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=_ROOT)
            rows.append((kind, path.stat().st_size / 1e6, json.loads(done.stdout)))
    print_table(
        f"Bringing in and preparing large files; asked for: at most {ASKED_MB} MB",
        ("file", "MB", "rows", "in, s", "in, peak MB", "prepared, s", "again, s", "peak MB"),
        [
            (
                kind,
                f"{megabytes:,.0f}",
                f"{took['rows']:,}",
                f"{took['taken_s']:.1f}",
                f"{took['taken_mb']:.0f}",
                f"{took['prepared_s']:.1f}",
                f"{took['again_s']:.3f}",
                f"{took['peak_mb']:.0f}",
            )
            for kind, megabytes, took in rows
        ],
    )


def _peak_mb() -> float:
    """The most that this process held at once, pages of mapped files included."""
    return peak_kib() / 1024


if __name__ == "__main__":
    child(*sys.argv[1:]) if len(sys.argv) > 1 else main()
