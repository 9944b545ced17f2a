"""The index of runs: what is known about all of them, without reading them all again."""

from engine.runs.index.run_index import RunIndex

__all__ = ["RunIndex"]
