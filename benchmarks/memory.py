"""Peak memory of the Trainer beside that of a bare loop, each in a process of its own."""

from __future__ import annotations

import statistics
import subprocess
import sys
from functools import partial

from benchmarks import effort
from benchmarks.interleaving import interleaved
from benchmarks.table import print_table

ROUNDS = effort.of(5, 1)
STEPS = {"gpt-python-docs": effort.of(40, 5), "digits-mlp": effort.of(1000, 100)}
TITLES = {
    "prepared": "imports, data and model alone",
    "bare": "bare loop",
    "trained": "Traindeck's Trainer",
}
MOST = 1.05
"""The Trainer's peak may be so many times the bare loop's."""


def main() -> None:
    for example in STEPS:
        measures = {loop: partial(_peak_mib, example, loop) for loop in TITLES}
        peaks = interleaved(measures, ROUNDS)
        medians = {loop: statistics.median(found) for loop, found in peaks.items()}
        _show(example, medians)


def _peak_mib(example: str, loop: str) -> float:
    command = [sys.executable, "-m", "benchmarks.peak", example, str(STEPS[example]), loop]
    return int(subprocess.check_output(command, text=True)) / 1024


def _show(example: str, medians: dict[str, float]) -> None:
    rows = [
        (
            TITLES[loop],
            mib,
            mib - medians["prepared"],
            "" if loop == "prepared" else f"{mib / medians['bare']:.3f}",
            f"<= {MOST:.2f}" if loop == "trained" else "",
        )
        for loop, mib in medians.items()
    ]
    print_table(
        f"{example}: peak resident memory of a process with the same imports; {STEPS[example]} "
        f"steps and the Trainer's last checkpoint; medians of {ROUNDS}, interleaved",
        ("process", "MiB", "MiB above the first", "of the bare loop's", "target"),
        rows,
    )


if __name__ == "__main__":
    main()
