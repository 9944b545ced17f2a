"""Points as TensorBoard's event files: a folder a run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from engine.exchange.selection import Selected
from engine.exchange.tfrecord import framed
from engine.runs.run import Run
from engine.runs.series import Series

if TYPE_CHECKING:
    from tensorboard.compat.proto.summary_pb2 import Summary

_UNSAFE = re.compile(r"[^\w .,=()+-]+")
_LONGEST = 80


def write_tensorboard(selected: Sequence[Selected], folder: Path) -> int:
    """As TensorFlow 2 writes scalars, but in double precision. How many points it were."""
    points = 0
    for one in selected:
        run = folder / folder_name(one.run)
        run.mkdir()
        created = one.run.record.created_at
        with (run / f"events.out.tfevents.{int(created)}.{one.run.id}").open("wb") as file:
            file.write(framed([_version(created)]))
            begun: set[str] = set()
            for metric, series in one.blocks():
                events = [*_events(metric, series, described=metric not in begun)]
                file.write(framed(events))
                begun.add(metric)
                points += len(events)
    return points


def folder_name(run: Run) -> str:
    """The run's name as TensorBoard is to show it, made safe and unique by the run's id."""
    name = _UNSAFE.sub("_", run.name).strip(" .")[:_LONGEST]
    return run.id if name in ("", run.id) else f"{name} {run.id}"


def _version(created: float) -> bytes:
    from tensorboard.compat.proto.event_pb2 import Event

    event: bytes = Event(wall_time=created, file_version="brain.Event:2").SerializeToString()
    return event


def _events(metric: str, series: Series, *, described: bool) -> Iterator[bytes]:
    """An event a point; the first one of a metric says what it is."""
    from tensorboard.compat.proto.event_pb2 import Event

    event = Event()
    value = event.summary.value.add()
    _describe(value, metric)
    if not described:
        value.ClearField("metadata")
    number = value.tensor.double_val
    rows = zip(series.step.tolist(), series.time.tolist(), series.value.tolist(), strict=True)
    for step, time, number[0] in rows:
        event.step, event.wall_time = step, time
        yield event.SerializeToString()
        value.ClearField("metadata")


def _describe(value: Summary.Value, metric: str) -> None:
    from tensorboard.compat.proto.summary_pb2 import DATA_CLASS_SCALAR
    from tensorboard.compat.proto.types_pb2 import DT_DOUBLE

    value.tag = metric
    value.metadata.plugin_data.plugin_name = "scalars"
    value.metadata.data_class = DATA_CLASS_SCALAR
    value.tensor.dtype = DT_DOUBLE
    value.tensor.tensor_shape.SetInParent()
    value.tensor.double_val.append(0.0)
