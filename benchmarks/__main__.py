"""All benchmarks, or those named: `python -m benchmarks [--quick] [NAME ...]`, names as in `ALL`.

With `--quick` few steps and rounds show that everything runs; the numbers mean little then.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module

from benchmarks import effort

ALL = (
    "start",
    "examples",
    "data_loading",
    "data_intake",
    "runs_table",
    "runs_page",
    "charts",
    "viewers",
    "live_page",
    "memory",
    "compiled",
    "checkpoints",
    "training",
    "loggers",
    "readers",
)
"""Last those that import other projects' packages."""

names = [argument for argument in sys.argv[1:] if argument != "--quick"]
if "--quick" in sys.argv:
    os.environ[effort.VARIABLE] = "1"
for name in names or ALL:
    import_module(f"benchmarks.{name}").main()
