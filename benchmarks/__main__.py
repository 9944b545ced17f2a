"""All benchmarks, or those named: `python -m benchmarks [training] [charts] [start]`."""

from __future__ import annotations

import sys
from importlib import import_module

ALL = ("start", "charts", "training")

for name in sys.argv[1:] or ALL:
    import_module(f"benchmarks.{name}").main()
