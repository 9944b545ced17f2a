"""The Trainer with `torch.compile` off and on: speed of the steps, and what compiling costs."""

from __future__ import annotations

import os
import shutil
import statistics
import tempfile
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import torch

from benchmarks import effort
from benchmarks.loops import trainer_of
from benchmarks.table import print_table
from benchmarks.work import work_of

ROUNDS = effort.of(5, 1)
STEPS = {"gpt-python-docs": effort.of(60, 8), "digits-mlp": effort.of(1500, 200)}
MODES = ("off", "default")
"""The other modes choose among kernels and record graphs for GPUs; these runs are on the CPU."""


_OUTSTANDING = 10
"""A step that takes so many times the median had something compiled in it."""


@dataclass(frozen=True)
class Timed:
    """A run: seconds of compiling, and of the median step."""

    compiling_s: float
    step_s: float


def main() -> None:
    compilers = (os.environ.get("CXX", ""), "g++", "clang++", "c++")
    if not any(shutil.which(name) for name in compilers):
        print("Not measured: torch.compile, as no C++ compiler is found (g++, clang++ or CXX).")
        return
    torch.set_num_threads(effort.of(os.cpu_count() or 1, 1))
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = folder
        for example in STEPS:
            rounds = [{mode: _timed(example, mode) for mode in MODES} for _ in range(ROUNDS + 1)]
            _show(example, rounds)
        del os.environ["TORCHINDUCTOR_CACHE_DIR"]


def _timed(example: str, mode: str) -> Timed:
    torch.compiler.reset()
    work = work_of(example, STEPS[example], precision__compile=mode)
    source = work.source()
    with tempfile.TemporaryDirectory() as folder:
        trainer_of(work, Path(folder)).train(train_data=source)
    steps = [after - at for at, after in pairwise(source.fetched)]
    step_s = statistics.median(steps)
    return Timed(sum(taken - step_s for taken in steps if taken > _OUTSTANDING * step_s), step_s)


def _show(example: str, rounds: list[dict[str, Timed]]) -> None:
    cold, warm = rounds[0], rounds[1:]
    rows = [
        (
            mode,
            cold[mode].compiling_s,
            statistics.median(one[mode].compiling_s for one in warm),
            1000 * statistics.median(one[mode].step_s for one in warm),
            statistics.median(one["off"].step_s / one[mode].step_s for one in warm),
        )
        for mode in MODES
    ]
    print_table(
        f"{example}: training.precision.compile; {ROUNDS} interleaved runs of {STEPS[example]} "
        f"steps, CPU threads: {torch.get_num_threads()}",
        ("compile", "compiling s, no cache", "again s", "median ms/step", "x as fast as off"),
        rows,
    )


if __name__ == "__main__":
    main()
