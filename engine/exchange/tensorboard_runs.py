"""TensorBoard's event files: every folder with some is a run."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.exchange.folders import walked
from engine.exchange.foreign import (
    UNKNOWN_ENDING,
    Cut,
    Facts,
    ForeignRun,
    Part,
    Points,
    Unreadable,
    flat,
    known_time,
    plain_name,
)
from engine.exchange.tfrecord import Records
from engine.runs.record import ImportSource

if TYPE_CHECKING:
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary

_START = 1
"""SessionLog.START: the run was begun again at this step."""
_DT_FLOAT, _DT_DOUBLE = 1, 2
_PACKED = {_DT_FLOAT: struct.Struct("<f"), _DT_DOUBLE: struct.Struct("<d")}


class TensorBoardImporter:
    """Reads folders of event files."""

    source: ImportSource = "tensorboard"

    def recognises(self, path: Path) -> bool:
        return next(iter(walked(path, _is_events)), None) is not None

    def runs(self, path: Path) -> Sequence[ForeignRun]:
        found: dict[Path, list[Path]] = {}
        for file in walked(path, _is_events):
            found.setdefault(file.parent, []).append(file)
        if not found:
            reason = "there is no event file in it (events.out.tfevents.*)"
            raise Unreadable(path.name, reason, "Give the folder that TensorBoard is started with.")
        root = path if path.is_dir() else path.parent
        place = root.name or path.name
        return [
            ForeignRun(_title(folder, root), place, partial(_read, files, _title(folder, root)))
            for folder, files in sorted(found.items())
        ]


def _is_events(name: str) -> bool:
    return "tfevents" in name and not name.endswith(".profile-empty")


def _title(folder: Path, root: Path) -> str:
    below = folder.relative_to(root).as_posix()
    return root.name if below == "." else below


def _read(files: Sequence[Path], title: str) -> Iterator[Part]:
    """All files of one run in the order of their names, which begin with their times."""
    yield Facts(name=title, status="stopped", reason=UNKNOWN_ENDING)
    reader = _Events()
    for position, file in enumerate(files):
        records = Records(file)
        for batch in records:
            for event in _parsed(batch, file):
                if position == 0 and reader.first is None:
                    yield reader.begin(file.name, event.wall_time)
                yield from reader.parts(event)
        if records.torn_at is not None:
            torn = f"{file.name}: the last record, at byte {records.torn_at:,}, is torn"
            yield Facts(remarks=(f"{torn}; all before it was read.",))
    yield from reader.points.blocks()


def _parsed(batch: Sequence[bytes], file: Path) -> Iterator[Event]:
    from google.protobuf.message import DecodeError  # late: half a second that only this needs
    from tensorboard.compat.proto.event_pb2 import Event

    for record in batch:
        try:
            yield Event.FromString(record)
        except DecodeError:
            reason = "a record in it is no event"
            raise Unreadable(file.name, reason, "Is this a file of TensorBoard?") from None


class _Events:
    """The events of one run, of several files one after the other."""

    def __init__(self) -> None:
        self.points = Points()
        self.first: float | None = None
        self._names: dict[str, str] = {}
        self._scalars: set[str] = set()
        """Tags whose tensors are scalars; only their first event says so."""

    def begin(self, file: str, time: float) -> Facts:
        """What tells this run from others: the name and the first time of its first file."""
        self.first = time
        return Facts(identity=f"{file}@{time!r}")

    def parts(self, event: Event) -> Iterator[Part]:
        """What an event says."""
        if event.HasField("session_log") and event.session_log.status == _START:
            yield from self.points.blocks()
            yield Cut(event.step)
        full = False
        for value in event.summary.value:
            plugin = value.metadata.plugin_data
            if plugin.plugin_name == "hparams":
                yield from _hyperparameters(plugin.content)
            number = self._number(value)
            if number is not None:
                time = known_time(event.wall_time)
                full |= self.points.add(self._name(value.tag), event.step, time, number)
        if full:
            yield from self.points.blocks()

    def _number(self, value: Summary.Value) -> float | None:
        """The scalar in a value; None for images, histograms, texts and the like."""
        if value.HasField("simple_value"):
            return float(value.simple_value)
        if not value.HasField("tensor"):
            return None
        if value.metadata.plugin_data.plugin_name == "scalars":
            self._scalars.add(value.tag)
        return _scalar(value.tensor) if value.tag in self._scalars else None

    def _name(self, tag: str) -> str:
        name = self._names.get(tag)
        if name is None:
            name = self._names[tag] = plain_name(tag)
        return name


def _scalar(tensor: Any) -> float:
    """The number in a tensor of one number."""
    packed = _PACKED.get(tensor.dtype)
    if packed is not None and len(tensor.tensor_content) == packed.size:
        number: float = packed.unpack(tensor.tensor_content)[0]
        return number
    if tensor.dtype == _DT_FLOAT and len(tensor.float_val) == 1:
        return float(tensor.float_val[0])
    if tensor.dtype == _DT_DOUBLE and len(tensor.double_val) == 1:
        return float(tensor.double_val[0])
    from tensorboard.util.tensor_util import make_ndarray

    array = make_ndarray(tensor)
    return float(array.ravel()[0]) if array.size == 1 else math.nan


def _hyperparameters(content: bytes) -> Iterator[Facts]:
    """The settings and the ending that the HParams plugin keeps."""
    from google.protobuf.message import DecodeError
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

    try:
        said = HParamsPluginData.FromString(content)
    except DecodeError as error:
        raise ValueError(f"settings of HParams: {error}") from None
    if said.HasField("session_start_info"):
        given = said.session_start_info.hparams
        config = {
            name: getattr(v, v.WhichOneof("kind") or "null_value") for name, v in given.items()
        }
        yield Facts(config=flat(config))
    if said.HasField("session_end_info"):
        ended = said.session_end_info.status
        if ended == 1:
            yield Facts(status="completed", reason="")
        elif ended == 2:
            yield Facts(status="failed", reason="It failed, as TensorBoard's HParams say.")
