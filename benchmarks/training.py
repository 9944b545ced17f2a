"""The Trainer beside a bare PyTorch loop and the trainers of others, on the same work."""

from __future__ import annotations

import statistics
from collections.abc import Callable
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
STEPS = {"gpt-python-docs": effort.of(60, 8), "digits-mlp": effort.of(1500, 200)}
THREADS = (1, 2)[: effort.of(2, 1)]
TARGETS = {
    "gpt-python-docs": {"bare": 0.98, "Hugging Face": 1.0, "Lightning": 1.0},
    "digits-mlp": {"bare": 0.90, "Hugging Face": 2.5, "Lightning": 2.5},
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
        loops = {"bare loop": bare, OURS: trained, **_peers(folder)}
        for name, steps in STEPS.items():
            for threads in THREADS:
                torch.set_num_threads(threads)
                work = work_of(name, steps)
                measures = {title: partial(loop, work) for title, loop in loops.items()}
                _show(name, threads, interleaved(measures, ROUNDS))


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


def _show(name: str, threads: int, measured: Measured) -> None:
    rows = [
        (
            title,
            DOES[title],
            1000 * statistics.median(times),
            "" if title == OURS else times_faster(measured, OURS, title),
            _target(name, title),
        )
        for title, times in measured.items()
    ]
    print_table(
        f"{name}, {threads} thread{'s' * (threads > 1)}: same model, batches, fused AdamW, "
        f"schedule and clipping; medians of {ROUNDS} interleaved runs of {STEPS[name]} steps",
        ("loop", "does", "ms/step", "Trainer is x as fast", "target"),
        rows,
    )


def _target(name: str, title: str) -> str:
    least = TARGETS[name].get(title.removesuffix(" loop"))
    return "" if least is None else f">= {least:.2f}"


if __name__ == "__main__":
    main()
