"""Starts a Streamlit app as its users do: another process, a free port, a runs folder."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

ROOT = Path(__file__).parents[2]


@contextmanager
def serving(
    script: Path, runs: Path, port: int | None = None, also_from: Path | None = None
) -> Iterator[str]:
    """The address of `script`, which shows the runs folder, until the block is left.

    It may import modules from another folder, too.
    """
    port = port or free_port()
    log = (runs.parent / f"server-{port}.log").open("w+")
    process = start(script, runs, port, log, also_from)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_until_healthy(url, process, Path(log.name))
        yield url
    finally:
        process.terminate()
        process.wait(timeout=20)
        log.close()


def start(
    script: Path, runs: Path, port: int, log: object, also_from: Path | None = None
) -> subprocess.Popen[bytes]:
    """A server process; the caller ends it."""
    command = [sys.executable, "-m", "streamlit", "run", str(script), f"--server.port={port}"]
    paths = [str(folder) for folder in (also_from, ROOT) if folder is not None]
    environment = {**os.environ, "TRAINDECK_RUNS": str(runs), "PYTHONPATH": os.pathsep.join(paths)}
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_healthy(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            with urlopen(f"{url}/_stcore/health", timeout=2) as answer:
                if answer.status == 200:
                    return
        except (URLError, OSError):
            if process.poll() is not None:
                break
            time.sleep(0.1)
    raise RuntimeError(f"the server did not come up:\n{log.read_text()}")
