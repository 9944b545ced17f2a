"""Memory that is not used any more, given back to the machine."""

from __future__ import annotations

import ctypes
import sys

import pyarrow as pa


def give_back() -> None:
    """What the allocators keep for later: after a large file a hundred megabytes and more, which a
    server would hold until it ends."""
    pa.default_memory_pool().release_unused()
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        if hasattr(libc, "malloc_trim"):  # of glibc; musl has none
            libc.malloc_trim(0)
