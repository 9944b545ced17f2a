"""The most memory that one loop took: run in a process of its own by `benchmarks.memory`.

`python -m benchmarks.peak EXAMPLE STEPS LOOP` prints KiB.
"""

from __future__ import annotations

import sys

import torch

from benchmarks.loops import bare, trained
from benchmarks.resident import peak_kib
from benchmarks.work import Work, work_of


def prepared(work: Work) -> None:
    """Data and model are made, and nothing else."""
    work.model()
    work.source()


LOOPS = {"prepared": prepared, "bare": bare, "trained": trained}


def main() -> None:
    example, steps, loop = sys.argv[1:]
    torch.set_num_threads(1)
    LOOPS[loop](work_of(example, int(steps)))
    print(peak_kib())


if __name__ == "__main__":
    main()
