"""What being watched costs training: python -m benchmarks.viewers

One long run, watched in turns by nobody, one and three viewers who do not draw (so that a browser's
own work does not count). Steps a second of each turn are compared with those of the turns of nobody
before and behind it. With the process launcher, with the thread launcher, and with the thread
launcher at other intervals at which Python switches between threads.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from benchmarks import effort
from benchmarks.table import print_table
from engine.examples import EXAMPLES
from engine.frozen import with_changes
from engine.runs.run import Run
from engine.runs.state import ACTIVE, LauncherName
from engine.runs.store import RunStore

ROUNDS = effort.of(5, 1)
TURN_S = effort.of(10, 4)
SETTLE_S = 1.0
"""Until a turn counts: the page's first answers are more than the later ones."""
TURNS = (0, 1, 3)
EXAMPLE = "gpt-python-docs"
TARGETS: dict[str, float] = {"process": 0.95, "thread": 0.85}
SWITCH_MS: tuple[float | None, ...] = (None, 1.0, 0.2)[: effort.of(3, 1)]
"""Python's own is 5 ms."""


def main() -> None:
    rows = []
    for launcher in ("process", "thread"):
        for switch_ms in SWITCH_MS if launcher == "thread" else (None,):
            shares = _measured(launcher, switch_ms)
            told = "Python's" if switch_ms is None else f"{switch_ms:g} ms"
            target = f"{TARGETS[launcher]:g} of nobody"
            rows.append([launcher, told, f"{shares.pop(0):.1f}", *shares.values(), target])
    print_table(
        f"Training {EXAMPLE} while it is watched, {ROUNDS} rounds of {TURN_S} s, medians",
        ["launcher", "switching", "steps/s", "1 viewer", "3 viewers", "wanted"],
        rows,
    )


def _measured(launcher: LauncherName, switch_ms: float | None) -> dict[int, float]:
    """Steps a second without viewers, and the share of it that is left with so many."""
    pace: dict[int, list[float]] = {count: [] for count in TURNS}
    shares: dict[int, list[float]] = {count: [] for count in TURNS[1:]}
    with tempfile.TemporaryDirectory() as folder:
        store = RunStore(Path(folder) / "runs")
        with _server(store, Path(folder), switch_ms) as url, _training(store, launcher) as run:
            for _ in range(ROUNDS):
                found = {count: _turn(url, run, count) for count in TURNS}
                after = _turn(url, run, 0)
                for count, steps in found.items():
                    pace[count].append(steps)
                alone = statistics.mean([found[0], after])
                for count, known in shares.items():
                    known.append(found[count] / alone)
    return {0: statistics.median(pace[0])} | {n: statistics.median(s) for n, s in shares.items()}


def _turn(url: str, run: Run, viewers: int) -> float:
    """Steps a second while so many look."""
    seconds = str(TURN_S + 2 * SETTLE_S)
    command = [sys.executable, "-m", "benchmarks.viewer", url, run.id, seconds]
    looking = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(viewers)]
    for viewer in looking:
        assert viewer.stdout is not None
        viewer.stdout.readline()  # starting it is no part of looking
    time.sleep(SETTLE_S)
    began = time.time()
    time.sleep(TURN_S)
    ended = time.time()
    for viewer in looking:
        answers, _ = viewer.communicate(timeout=60)
        counts = json.loads(answers)
        assert min(counts["page"], counts["feed"]) > 1, f"a viewer saw nothing: {counts}"
    times = run.series("train/loss").time
    inside = np.searchsorted(times, [began, ended])
    return float(inside[1] - inside[0]) / (ended - began)


@contextmanager
def _training(store: RunStore, launcher: LauncherName) -> Iterator[Run]:
    """A run that goes on for longer than it is watched."""
    spec = EXAMPLES[EXAMPLE].spec
    length = {"training.length.amount": 1_000_000, "training.length.unit": "steps"}
    run = store.create(with_changes(spec, length))
    store.enqueue(run, launcher)
    while not len(run.series("train/loss").step):
        time.sleep(0.2)
        assert run.state().status in ACTIVE, run.state().reason
    try:
        yield run
    finally:
        run.request("stop")
        while run.state().status in ACTIVE:
            time.sleep(0.2)


@contextmanager
def _server(store: RunStore, folder: Path, switch_ms: float | None) -> Iterator[str]:
    """The real app, started so that Python switches threads as often as it is to."""
    from tests.browser.server import ROOT, serving

    if switch_ms is not None:
        line = f"import sys; sys.setswitchinterval({switch_ms / 1000})\n"
        (folder / "sitecustomize.py").write_text(line)
    with serving(ROOT / "app.py", store.root, also_from=folder) as url:
        yield url


if __name__ == "__main__":
    main()
