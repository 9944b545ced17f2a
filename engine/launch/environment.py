"""The environment of our child processes: a few harmless names, and none of the secrets."""

from __future__ import annotations

import os

_PASSED_ON = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "TZ",
    "VIRTUAL_ENV",
    "LD_LIBRARY_PATH",
    "CUDA_VISIBLE_DEVICES",
    "CUDA_DEVICE_ORDER",
    "SYSTEMROOT",
    "OPENBLAS_CORETYPE",
    "OPENBLAS_L2_SIZE",
)
"""Nothing else of the server's is passed on, above all no secrets."""


def child_environment() -> dict[str, str]:
    """What a child process is given."""
    passed = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return {**passed, "PYTHONUNBUFFERED": "1"}
