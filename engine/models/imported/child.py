"""The process that imported code is tried in: jobs on stdin, answers on a pipe of its own."""

from __future__ import annotations

import ctypes
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from engine.models.imported.limits import Limits, bind_own_process

_PR_SET_CHILD_SUBREAPER = 36
_WAIT_S = 60.0


def main(pipe: int, seconds: float, memory_bytes: int, file_bytes: int) -> None:
    """Try each job; a line of JSON for each stage and each answer."""
    asked = json.loads(sys.stdin.buffer.read())
    jobs: list[dict[str, Any]] = asked["jobs"]
    _adopt_orphans()
    bind_own_process(Limits(seconds, memory_bytes, file_bytes))

    def tell(line: dict[str, Any]) -> None:
        os.write(pipe, json.dumps({**line, "word": asked["word"]}).encode() + b"\n")

    tell({"stage": "start"})
    import torch

    from engine.models.imported.trial import tried
    from engine.run_spec import RunSpec

    torch.set_num_threads(1)
    tell({"stage": "ready"})
    for number, job in enumerate(jobs):
        answer = tried(
            RunSpec.parse(job["spec"]),
            Path(job["code"]),
            lambda stage: tell({"stage": stage}),
            Path(job["runs"]),
        )
        tell({"job": number, "answer": answer})
    time.sleep(_WAIT_S)  # to be killed together with whatever the code has started


def _adopt_orphans() -> None:
    """What the code starts and leaves stays below this process, and is killed with it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
