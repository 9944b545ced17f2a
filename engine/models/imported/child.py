"""The process that imported code is tried in: jobs on stdin, answers on a pipe of its own."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from engine.models.imported.limits import Limits, bind_own_process


def main(pipe: int, seconds: float, memory_bytes: int, file_bytes: int) -> None:
    """Try each job; a line of JSON for each stage and each answer."""
    jobs: list[dict[str, Any]] = json.loads(sys.stdin.buffer.read())
    bind_own_process(Limits(seconds, memory_bytes, file_bytes))

    def tell(line: dict[str, Any]) -> None:
        os.write(pipe, json.dumps(line).encode() + b"\n")

    tell({"stage": "start"})
    import torch

    from engine.models.imported.trial import tried
    from engine.run_spec import RunSpec

    torch.set_num_threads(1)
    tell({"stage": "ready"})
    for number, job in enumerate(jobs):
        answer = tried(
            RunSpec.parse(job["spec"]), Path(job["code"]), lambda stage: tell({"stage": stage})
        )
        tell({"job": number, "answer": answer})


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
