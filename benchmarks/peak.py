"""The most memory that one loop took: run in a process of its own by `benchmarks.memory`.

`python -m benchmarks.peak EXAMPLE STEPS LOOP` prints KiB.
"""

from __future__ import annotations

import resource
import sys
from pathlib import Path

import torch

from benchmarks.loops import bare, trained
from benchmarks.work import Work, work_of

_STATUS = Path("/proc/self/status")


def prepared(work: Work) -> None:
    """Data and model are made, and nothing else."""
    work.model()
    work.source()


LOOPS = {"prepared": prepared, "bare": bare, "trained": trained}


def peak_kib() -> int:
    """The process's peak resident memory.

    Linux hands a parent's peak down in `ru_maxrss`, through fork and exec; VmHWM begins anew.
    """
    if _STATUS.exists():
        lines = dict(line.split(":", 1) for line in _STATUS.read_text().splitlines())
        return int(lines["VmHWM"].split()[0])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // 1024 if sys.platform == "darwin" else peak


def main() -> None:
    example, steps, loop = sys.argv[1:]
    torch.set_num_threads(1)
    LOOPS[loop](work_of(example, int(steps)))
    print(peak_kib())


if __name__ == "__main__":
    main()
