"""A file of 200 MB is brought in and prepared without ever being in memory as a whole."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.data_intake import ASKED_MB

ROOT = Path(__file__).parents[3]
SIZE = 200_000_000


@pytest.mark.slow
def test_200_mb_of_csv_take_less_than_500_mb_of_memory(tmp_path):
    lines = (f"{n},{n % 90},{n / 7:.3f},{'abcde'[n % 5]},{'ny'[n % 2]}" for n in range(20_000))
    block = "".join(f'{line},"{"some words " * 12}, ""said"""\n' for line in lines)
    path = tmp_path / "csv.csv"
    with path.open("w") as file:
        file.write("id,age,weight,kind,label,text\n")
        while file.tell() < SIZE:
            file.write(block)
    command = [sys.executable, "-m", "benchmarks.data_intake", str(path), str(tmp_path / "runs")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    took = json.loads(done.stdout)
    assert took["rows"] > 1_000_000
    assert took["peak_mb"] < ASKED_MB
    assert took["again_s"] < took["prepared_s"] / 20
