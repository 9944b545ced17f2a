"""The Trainer beside a bare PyTorch loop and the trainers of others, on the same work."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Protocol

import torch

from benchmarks import effort
from benchmarks.interleaving import Measured, interleaved, times_faster
from benchmarks.loops import bare, trained
from benchmarks.peers.installed import is_there, peers_offline, titled
from benchmarks.table import print_table
from benchmarks.work import Work, work_of

ROUNDS = effort.of(5, 1)
PAIRS = effort.of(21, 1)
"""Rounds of the two loops at home: between equal loops here lie several percent a round."""
PAIR_STEPS = {"gpt-python-docs": effort.of(30, 8), "digits-mlp": effort.of(800, 200)}
STEPS = {"gpt-python-docs": effort.of(60, 8), "digits-mlp": effort.of(1500, 200)}
THREADS = (1, 2)[: effort.of(2, 1)]
TARGETS = {
    "gpt-python-docs": {"bare loop": 0.98, "Hugging Face": 1.0, "Lightning": 1.0},
    "digits-mlp": {"bare loop": 0.90, "Hugging Face": 2.5, "Lightning": 2.5},
}
"""How many times faster the Trainer is to be, at least."""
OURS = "Traindeck's Trainer"
DOES = {
    "bare loop": "logs nothing",
    OURS: "logs each step to files, refuses what is not finite",
    "Hugging Face": "logs each step in memory",
    "Hugging Face, files": "logs each step to files (TensorBoard)",
    "Hugging Face, no log": "logs nothing",
    "Hugging Face, collating": "makes batches from samples, logs each step in memory",
    "Lightning": "logs each step's loss to a CSV file",
    "Lightning, no log": "logs nothing (barebones)",
    "Lightning, collating": "makes batches from samples, logs each step's loss to a CSV file",
}
"""Beside the updates; where nothing else is said, batches are handed to it ready made."""

Loop = Callable[[Work], float]
"""Work -> seconds a step."""


class Peer(Protocol):
    """A module of `benchmarks.peers`."""

    def ready_made(self, work: Work, folder: Path, *, log: bool) -> float: ...

    def collating(self, work: Work, folder: Path) -> float: ...


def main() -> None:
    with peers_offline() as folder:
        at_home: dict[str, Loop] = {"bare loop": bare, OURS: trained}
        peers = _peers(folder)
        for name in STEPS:
            for threads in THREADS:
                torch.set_num_threads(threads)
                _compare(work_of(name, PAIR_STEPS[name]), at_home, PAIRS)
                _compare(work_of(name, STEPS[name]), {OURS: trained, **peers}, ROUNDS)


def _compare(work: Work, loops: Mapping[str, Loop], rounds: int) -> None:
    measured = interleaved({name: partial(loop, work) for name, loop in loops.items()}, rounds)
    _show(work, measured, rounds)


def _peers(folder: Path) -> dict[str, Loop]:
    loops: dict[str, Loop] = {}
    if is_there("Hugging Face's Trainer", "transformers") and is_there("it", "accelerate"):
        from benchmarks.peers import huggingface

        loops |= _of("Hugging Face", huggingface, folder)
        if is_there("Hugging Face with TensorBoard", "tensorboard"):
            to_files = partial(huggingface.ready_made, folder=folder, log=True, files=True)
            loops["Hugging Face, files"] = to_files
        print(f"Hugging Face is {titled('transformers')} with {titled('accelerate')}")
    if is_there("Lightning's Trainer", "lightning"):
        from benchmarks.peers import lightning

        loops |= _of("Lightning", lightning, folder)
        print(f"Lightning is {titled('lightning')}")
    return loops


def _of(name: str, peer: Peer, folder: Path) -> dict[str, Loop]:
    return {
        name: partial(peer.ready_made, folder=folder, log=True),
        f"{name}, no log": partial(peer.ready_made, folder=folder, log=False),
        f"{name}, collating": partial(peer.collating, folder=folder),
    }


def _show(work: Work, measured: Measured, rounds: int) -> None:
    rows = [
        (
            title,
            DOES[title],
            1000 * statistics.median(times),
            "" if title == OURS else times_faster(measured, OURS, title),
            "" if title == OURS else _quartiles(measured, title),
            _target(work.spec.name, title),
        )
        for title, times in measured.items()
    ]
    threads = torch.get_num_threads()
    print_table(
        f"{work.spec.name}, {threads} thread{'s' * (threads > 1)}: same model, batches, fused "
        f"AdamW, schedule and clipping; medians of {rounds} interleaved runs of {work.steps} steps",
        ("loop", "does", "ms/step", "Trainer is x as fast", "half of the rounds", "target"),
        rows,
    )


def _quartiles(measured: Measured, title: str) -> str:
    """Between which ratios the middle half of the rounds lies."""
    ratios = [peer / own for peer, own in zip(measured[title], measured[OURS], strict=True)]
    if len(ratios) < 2:
        return ""
    low, _, high = statistics.quantiles(ratios, n=4, method="inclusive")
    return f"{low:.2f} to {high:.2f}"


def _target(name: str, title: str) -> str:
    least = TARGETS[name].get(title)
    return "" if least is None else f">= {least:.2f}"


if __name__ == "__main__":
    main()
