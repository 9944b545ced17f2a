"""Reading all points of a run: the run folder beside TensorBoard's and MLflow's own readers.

And what an import of the same event files and the same database costs, point by point.
"""

from __future__ import annotations

import sqlite3
import statistics
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks import effort
from benchmarks.interleaving import interleaved
from benchmarks.peers.installed import is_there, peers_offline
from benchmarks.table import print_table
from engine.exchange.foreign import Block
from engine.exchange.importers import IMPORTERS
from engine.exchange.tfrecord import framed
from engine.runs.record import Imported
from engine.runs.run import Run
from engine.runs.series import RECORD, MetricFiles
from engine.runs.state import RunState
from engine.runs.store import RunStore

ROUNDS = effort.of(2, 1)
STEPS = effort.of(100_000, 1_000)
NAMES = ("train/loss", "train/accuracy", "optim/lr", "optim/grad_norm", "speed/step_ms")
OURS = "Traindeck"
_BEGAN = 1.7e9


class Reader(NamedTuple):
    """Something that reads every point of every metric, and counts them."""

    how: str
    read: Callable[[], int]


def main() -> None:
    with peers_offline() as folder:
        readers = {OURS: Reader("Run.series", partial(_of_folder, _our_run(folder)))}
        readers |= _of_tensorboard(folder)
        readers |= _of_mlflow(folder)
        found = interleaved({name: partial(_seconds, readers[name]) for name in readers}, ROUNDS)
    _show(readers, {name: statistics.median(times) for name, times in found.items()})


def _seconds(reader: Reader) -> float:
    began = time.perf_counter()
    count = reader.read()
    took = time.perf_counter() - began
    assert count == STEPS * len(NAMES), count
    return took


def _values() -> dict[str, np.ndarray]:
    noise = np.random.default_rng(0)
    return {name: noise.normal(size=STEPS).astype("<f4").astype(float) for name in NAMES}


# -- a run folder ----------------------------------------------------------------------------------


def _our_run(folder: Path) -> Run:
    def fill(run: Run) -> None:
        files = MetricFiles(run.metrics_folder)
        for name, values in _values().items():
            records = np.zeros(STEPS, RECORD)
            records["step"] = np.arange(STEPS)
            records["time"] = _BEGAN + 0.01 * records["step"]
            records["value"] = values
            files.append(name, records)
        files.close()
        run.write_state(RunState(status="completed"))

    return RunStore(folder / "ours").create(Imported(source="csv"), fill=fill)


def _of_folder(run: Run) -> int:
    return sum(len(run.series(name).value) for name in run.metrics())


# -- TensorBoard -----------------------------------------------------------------------------------


def _of_tensorboard(folder: Path) -> dict[str, Reader]:
    if not is_there("TensorBoard", "tensorboard"):
        return {}
    logs = folder / "logs"
    logs.mkdir()
    _write_events(logs / "events.out.tfevents.1700000000.benchmark")
    importer = IMPORTERS["tensorboard"]
    how = f"{version('tensorboard')}, EventAccumulator"
    return {
        "TensorBoard": Reader(how, partial(_accumulated, logs)),
        f"{OURS}, event files": Reader("importer", lambda: _imported(importer.runs(logs)[0].read)),
    }


def _write_events(path: Path) -> None:
    """What SummaryWriter.add_scalar writes."""
    from tensorboard.compat.proto.event_pb2 import Event

    events = [Event(wall_time=_BEGAN, file_version="brain.Event:2")]
    columns = _values()
    for step in range(STEPS):
        for name in NAMES:
            event = Event(wall_time=_BEGAN + 0.01 * step, step=step)
            event.summary.value.add(tag=name, simple_value=columns[name][step])
            events.append(event)
    path.write_bytes(framed([event.SerializeToString() for event in events]))


def _accumulated(logs: Path) -> int:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    reader = EventAccumulator(str(logs), size_guidance={"scalars": 0, "tensors": 0}).Reload()
    return sum(len(reader.Scalars(name)) for name in reader.Tags()["scalars"])


def _imported(read: Callable) -> int:
    return sum(len(part.records) for part in read() if isinstance(part, Block))


# -- MLflow ----------------------------------------------------------------------------------------


def _of_mlflow(folder: Path) -> dict[str, Reader]:
    if not is_there("MLflow", "mlflow"):
        return {}
    import mlflow

    database = folder / "mlflow.db"
    client = mlflow.MlflowClient(f"sqlite:///{database}")
    run_id = client.create_run(client.create_experiment("benchmark")).info.run_id
    _write_rows(database, run_id)
    importer = IMPORTERS["mlflow"]
    how = f"{version('mlflow-skinny')}, get_metric_history"

    def history() -> int:
        return sum(len(client.get_metric_history(run_id, name)) for name in NAMES)

    return {
        "MLflow": Reader(how, history),
        f"{OURS}, mlflow.db": Reader(
            "importer", lambda: _imported(importer.runs(database)[0].read)
        ),
    }


def _write_rows(database: Path, run_id: str) -> None:
    """The rows that log_metric writes, one by one, in hours."""
    with closing(sqlite3.connect(database)) as connection, connection:
        for name, values in _values().items():
            times = [int(1000 * (_BEGAN + 0.01 * step)) for step in range(STEPS)]
            connection.executemany(
                "INSERT INTO metrics (key, value, timestamp, run_uuid, step, is_nan) "
                "VALUES (?, ?, ?, ?, ?, 0)",
                (
                    (name, value, at, run_id, step)
                    for step, (value, at) in enumerate(zip(values.tolist(), times, strict=True))
                ),
            )


def _show(readers: dict[str, Reader], seconds: dict[str, float]) -> None:
    rows = [
        (name, readers[name].how, 1000 * took, took / seconds[OURS])
        for name, took in seconds.items()
    ]
    print_table(
        f"Milliseconds to read every point of a run of {STEPS:,} steps and {len(NAMES)} metrics; "
        f"medians of {ROUNDS} interleaved rounds",
        ("reader", "version and use", "ms", "times ours"),
        rows,
    )


if __name__ == "__main__":
    main()
