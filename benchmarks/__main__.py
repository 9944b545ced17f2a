"""All benchmarks, or those named: `python -m benchmarks [NAME ...]`, names as in `ALL`."""

from __future__ import annotations

import sys
from importlib import import_module

ALL = ("start", "examples", "runs_table", "charts", "training")

for name in sys.argv[1:] or ALL:
    import_module(f"benchmarks.{name}").main()
