"""How much is measured: all of it, or just enough to see that a benchmark runs (`--quick`)."""

from __future__ import annotations

import os

VARIABLE = "TRAINDECK_BENCH_QUICK"
"""In the environment, so that child processes know it too."""


def of(full: int, quick: int) -> int:
    """A number of rounds or steps: ``full``, or ``quick`` where that was asked for."""
    return quick if VARIABLE in os.environ else full
