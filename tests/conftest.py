"""What every test gets: fixed randomness, one thread, and guards that it leaves nothing behind."""

from __future__ import annotations

import os
import signal

os.environ |= {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}  # before torch is imported

from collections.abc import Iterator
from multiprocessing import resource_tracker
from pathlib import Path

import psutil
import pytest
from hypothesis import settings

settings.register_profile("traindeck", deadline=None, derandomize=True)
settings.load_profile("traindeck")
resource_tracker.ensure_running()  # beside the first data worker Python starts it, until it exits
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # in the background of a shell
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def leaves_nothing_behind() -> Iterator[None]:
    cwd, environment, before = Path.cwd(), _environment(), _below(os.getpid())
    yield
    assert Path.cwd() == cwd
    assert _environment() == environment
    if _below(os.getpid()) <= before:
        return
    new = [child for child in _children() if child.pid not in before]
    psutil.wait_procs(new, timeout=20)
    assert [child for child in _children() if child in new] == []


_NOT_OURS = {"PYTEST_CURRENT_TEST", "TORCHINDUCTOR_CACHE_DIR"}  # set by pytest, by torch


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in _NOT_OURS}


def _below(pid: int) -> set[int]:
    """The processes below one, dead ones too.

    Asked twice a test: psutil would look at every process of the machine to tell.
    """
    if not Path("/proc/self/task").exists():
        return {child.pid for child in psutil.Process(pid).children(recursive=True)}
    found: set[int] = set()
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in _words(task):
            found |= {int(child), *_below(int(child))}
    return found


def _words(file: Path) -> list[str]:
    try:
        return file.read_text().split()
    except (FileNotFoundError, ProcessLookupError):  # a thread that has just ended
        return []


def _children() -> list[psutil.Process]:
    return [child for child in psutil.Process().children(recursive=True) if not _has_ended(child)]


def _has_ended(child: psutil.Process) -> bool:
    try:
        return child.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
