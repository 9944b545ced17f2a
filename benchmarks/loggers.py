"""Logging five scalars, on the training thread: MetricsTracker beside other loggers."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path

import torch

from benchmarks import effort
from benchmarks.interleaving import interleaved
from benchmarks.peers.installed import is_there, peers_offline
from benchmarks.peers.loggers import PEERS, Log, Peer
from benchmarks.table import print_table
from engine.metrics_tracker import MetricsTracker
from engine.runs.series import MetricFiles

ROUNDS = effort.of(5, 1)
ROWS = effort.of(3000, 300)
NAMES = ("train/loss", "train/accuracy", "optim/lr", "optim/grad_norm", "speed/step_ms")
MOST_MEAN_US, MOST_P99_US = 5.0, 25.0
OURS = "MetricsTracker"


@dataclass(frozen=True)
class Cost:
    """Microseconds a row."""

    mean: float
    median: float
    p99: float


@contextmanager
def tracker(folder: Path) -> Iterator[Log]:
    folder.mkdir(parents=True)
    own = MetricsTracker(MetricFiles(folder))
    yield own.log
    own.close()


def main() -> None:
    torch.set_num_threads(1)
    with peers_offline() as folder:
        loggers = _loggers()
        costs: dict[str, list[Cost]] = {name: [] for name in loggers}

        def mean_us(name: str) -> float:
            part = folder / f"{loggers[name].package}-{len(costs[name])}"
            costs[name].append(_cost(loggers[name], part))
            return costs[name][-1].mean

        interleaved({name: partial(mean_us, name) for name in loggers}, ROUNDS)
    _show(loggers, {name: found[1:] for name, found in costs.items()})


def _loggers() -> dict[str, Peer]:
    ours = Peer("engine", "", "Traindeck's, to files", tracker, 1.0)
    there = {name: peer for name, peer in PEERS.items() if is_there(name, peer.package)}
    return {OURS: ours, **there}


def _cost(peer: Peer, folder: Path) -> Cost:
    """Of rows that are logged between short steps, as training logs them."""
    torch.manual_seed(0)
    weights, times = torch.randn(192, 192), []
    with peer.opener(folder) as log:
        for step in range(1 + int(peer.share * ROWS)):
            loss = float((weights @ weights).mean())
            metrics = {name: loss + place for place, name in enumerate(NAMES)}
            began = time.perf_counter_ns()
            log(step, metrics)
            times.append((time.perf_counter_ns() - began) / 1000)
    times = sorted(times[1:])  # the first row may open files
    return Cost(statistics.mean(times), statistics.median(times), times[int(0.99 * len(times))])


def _show(loggers: dict[str, Peer], found: dict[str, list[Cost]]) -> None:
    def median(name: str, number: str) -> float:
        return statistics.median(getattr(cost, number) for cost in found[name])

    rows = [
        (
            name,
            f"{version(peer.distribution)}, {peer.how}" if peer.distribution else peer.how,
            int(peer.share * ROWS),
            *(median(name, number) for number in ("mean", "median", "p99")),
            median(name, "mean") / median(OURS, "mean"),
            f"mean <= {MOST_MEAN_US:.0f}, p99 <= {MOST_P99_US:.0f}" if name == OURS else "",
        )
        for name, peer in loggers.items()
    ]
    print_table(
        "Microseconds of the training thread to log five scalars, between steps of a small "
        f"matrix product; medians of {ROUNDS} interleaved rounds",
        ("logger", "version and use", "rows", "mean", "median", "p99", "mean / ours", "target"),
        rows,
    )


if __name__ == "__main__":
    main()
