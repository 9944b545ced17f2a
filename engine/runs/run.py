"""Run: one run folder, read and written through names instead of paths."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from filelock import FileLock, Timeout
from pydantic import ValidationError

from engine.errors import BadInput, DamagedRun, ImportedRun, RunIsBusy, UnreadableRun
from engine.frozen import Frozen
from engine.run_spec import RunSpec
from engine.runs import requests
from engine.runs.files import append_line, read_lines, write_whole
from engine.runs.record import RunRecord
from engine.runs.requests import Request
from engine.runs.series import RECORD, Cursor, Series, file_stem, metric_name, read_records
from engine.runs.state import RunState
from engine.steering import Act, ActName, acts_of, request_text

if TYPE_CHECKING:
    import pandas as pd


class Labels(Frozen):
    """What people may change about a run at any time."""

    name: str | None = None
    """Replaces the name in the spec; None keeps it."""
    tags: tuple[str, ...] = ()
    notes: str = ""
    """Markdown."""
    project: str = ""
    group: str = ""
    archived: bool = False
    """Kept, but not among the runs that are listed unless somebody asks."""


class Run:
    """One run folder. Reading never locks; only the owner writes the state and the metrics."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.id = folder.name
        self._state_seen: tuple[tuple[int, int], RunState] | None = None

    @cached_property
    def record(self) -> RunRecord:
        """The immutable run.json.

        Raises:
            DamagedRun: when it cannot be read; UnreadableRun when only the disk refuses.
        """
        path = self.folder / "run.json"
        try:
            return RunRecord.parse_json(path.read_bytes())
        except OSError as error:
            raise _refused(self.id, path, error) from None
        except BadInput as error:
            raise DamagedRun(self.id, path, str(error)) from None

    @property
    def spec(self) -> RunSpec:
        """What is trained; for those who only show it there is `record.spec`.

        Raises:
            ImportedRun: when the run was not trained by this program.
            DamagedRun: when run.json cannot be read.
        """
        self.refuse_imported()
        spec = self.record.spec
        assert spec is not None
        return spec

    def refuse_imported(self) -> None:
        """Let only a run pass that can be trained here.

        Raises:
            ImportedRun: for one that was imported from elsewhere.
        """
        imported = self.record.imported
        if imported is not None:
            raise ImportedRun(self.id, imported.source_name)

    @property
    def name(self) -> str:
        """The name to show: the label, else the one that it was made with, else the id."""
        return self.labels().name or self.record.name or self.id

    def state(self) -> RunState:
        """What the run is doing now.

        Raises:
            DamagedRun: when state.json cannot be read; UnreadableRun when only the disk refuses.
        """
        path = self.folder / "state.json"
        try:
            stat = path.stat()
            stamp = (stat.st_mtime_ns, stat.st_ino)
            if self._state_seen is None or self._state_seen[0] != stamp:
                self._state_seen = stamp, RunState.model_validate_json(path.read_bytes())
        except OSError as error:
            raise _refused(self.id, path, error) from None
        except ValidationError as error:
            raise DamagedRun(self.id, path, error.errors()[0]["msg"]) from None
        return self._state_seen[1]

    def write_state(self, state: RunState, *, durable: bool = False) -> None:
        """Replace the state; for the run's owner only."""
        write_whole(self.folder / "state.json", state.model_dump_json(), durable=durable)

    def labels(self) -> Labels:
        """Name, tags and notes that people gave the run."""
        path = self.folder / "labels.json"
        try:
            return Labels.parse_json(path.read_bytes())
        except FileNotFoundError:
            return Labels()
        except OSError as error:
            raise _refused(self.id, path, error) from None
        except BadInput as error:
            raise DamagedRun(self.id, path, str(error)) from None

    def write_labels(self, labels: Labels) -> None:
        write_whole(self.folder / "labels.json", labels.to_json())

    # -- metrics -------------------------------------------------------------------------------

    @property
    def metrics_folder(self) -> Path:
        return self.folder / "metrics"

    def metrics(self) -> list[str]:
        """Names of the metrics that were logged, sorted."""
        return sorted(metric_name(path) for path in self.metrics_folder.glob("*.bin"))

    def series(self, metric: str, since: Cursor | None = None) -> Series:
        """Points of a metric, all or those after a cursor; an unknown metric has none.

        When a resume cut points that the cursor had seen, the whole series comes again with
        `restarted` set.
        """
        path = self.metrics_folder / f"{file_stem(metric)}.bin"
        while True:
            attempt = self.state().attempt
            size = path.stat().st_size // 24 if path.exists() else 0
            restarted = since is not None and (since.attempt != attempt or size < since.count)
            skip = 0 if since is None or restarted else since.count
            records = read_records(path, skip)
            if self.state().attempt == attempt:
                break
        cursor = Cursor(attempt, skip + len(records))
        step, at, value = (np.ascontiguousarray(records[name]) for name in RECORD.names or ())
        return Series(step, at, value, cursor, restarted)

    def last(self, metric: str) -> tuple[int, float] | None:
        """The newest (step, value) of a metric; None when there is none."""
        path = self.metrics_folder / f"{file_stem(metric)}.bin"
        count = path.stat().st_size // 24 if path.exists() else 0
        records = read_records(path, max(0, count - 1))
        return (int(records["step"][-1]), float(records["value"][-1])) if len(records) else None

    def frame(self) -> pd.DataFrame:
        """All metrics side by side: one row a step, a column a metric, NaN where not logged."""
        import pandas as pd  # late: 0.3 s that a training process need not pay

        columns = {}
        for metric in self.metrics():
            series = self.series(metric)
            column = pd.Series(series.value, index=series.step, name=metric)
            columns[metric] = column[~column.index.duplicated(keep="last")]
        return pd.DataFrame(columns).rename_axis("step")

    # -- events, samples, evaluations, requests ------------------------------------------------

    def add_event(self, kind: str, text: str, **facts: Any) -> None:
        """Append to the event log; `kind` is one word, `text` a sentence."""
        event = {"time": time.time(), "kind": kind, "text": text, **facts}
        append_line(self.folder / "events.jsonl", event)

    def events(self, offset: int = 0) -> tuple[list[dict[str, Any]], int]:
        """Events from a byte offset on, and the offset to go on from."""
        events = []
        for behind, event in read_lines(self.folder / "events.jsonl", offset):
            events.append(event)
            offset = behind
        return events, offset

    def write_samples(self, step: int, samples: object) -> None:
        """Keep what the model produced at a step, as JSON."""
        self._write_at(step, "samples", samples)

    def sample_steps(self) -> list[int]:
        """Steps for which there are samples, ascending."""
        return self._steps_of("samples")

    def samples(self, step: int) -> Any:
        """What `write_samples` kept for a step."""
        return self._read_at(step, "samples")

    def write_evaluation(self, step: int, report: object) -> None:
        """Keep what was right and wrong at the validation of a step, as JSON."""
        self._write_at(step, "evaluations", report)

    def evaluation_steps(self) -> list[int]:
        """Steps for which there is an evaluation, ascending."""
        return self._steps_of("evaluations")

    def evaluation(self, step: int) -> Any:
        """What `write_evaluation` kept for a step."""
        return self._read_at(step, "evaluations")

    def cut_shown_after(self, step: int) -> None:
        """Remove samples, evaluations and histograms of later steps; for the run's owner only."""
        for kind in ("samples", "evaluations", "histograms"):
            for later in self._steps_of(kind):
                if later > step:
                    (self.folder / kind / f"step-{later:09d}.json").unlink()

    def write_histograms(self, step: int, histograms: object) -> None:
        """Keep the distributions of weights, gradients and activations at a step, as JSON."""
        self._write_at(step, "histograms", histograms)

    def histogram_steps(self) -> list[int]:
        """Steps for which there are histograms, ascending."""
        return self._steps_of("histograms")

    def histograms(self, step: int) -> Any:
        """What `write_histograms` kept for a step."""
        return self._read_at(step, "histograms")

    def request(self, request: Request) -> None:
        """Leave a request for the worker; it is obeyed between two updates."""
        requests.leave(self.folder / "requests", request)

    def steer(self, act: ActName, value: float | None = None) -> None:
        """Ask the worker to change the run from where it is.

        Raises:
            BadInput: for a value that makes no sense.
        """
        self.request(request_text(act, value))

    def acts(self) -> tuple[Act, ...]:
        """What people, or a roll-back, changed about the run, in the order of steps."""
        return acts_of(self.folder)

    def take_requests(self) -> list[Request]:
        """Take the requests that were left, oldest first; for the run's owner only."""
        return requests.take(self.folder / "requests")

    def waiting_requests(self) -> list[Request]:
        """Requests that the worker has not taken yet, oldest first."""
        return requests.waiting(self.folder / "requests")

    def checkpoint_steps(self) -> list[int]:
        """Steps with a finished checkpoint, ascending; its bytes are verified only on resuming."""
        manifests = (self.folder / "checkpoints").glob("step-*/manifest.json")
        stems = [path.parent.name.removeprefix("step-") for path in manifests]
        return sorted(int(stem) for stem in stems if stem.isdigit())

    def _write_at(self, step: int, kind: str, content: object) -> None:
        folder = self.folder / kind
        folder.mkdir(exist_ok=True)
        write_whole(folder / f"step-{step:09d}.json", json.dumps(content))

    def _steps_of(self, kind: str) -> list[int]:
        paths = (self.folder / kind).glob("step-*.json")
        return sorted(int(path.stem.removeprefix("step-")) for path in paths)

    def _read_at(self, step: int, kind: str) -> Any:
        return json.loads((self.folder / kind / f"step-{step:09d}.json").read_bytes())

    # -- ownership -----------------------------------------------------------------------------

    @contextmanager
    def owned(self, timeout_s: float = 2.0) -> Iterator[None]:
        """Be the run's only writer; the operating system ends it with the process.

        Raises:
            RunIsBusy: when another worker is.
        """
        lock = FileLock(self.folder / "owner.lock", timeout=timeout_s, mode=0o600)
        try:
            lock.acquire()
        except Timeout:
            raise RunIsBusy(self.id) from None
        try:
            yield
        finally:
            lock.release()

    def is_owned(self) -> bool:
        """Whether a living worker owns the run now."""
        try:
            with self.owned(timeout_s=0):
                return False
        except RunIsBusy:
            return True


def _refused(run_id: str, path: Path, error: OSError) -> DamagedRun:
    """What it means that a file cannot be read: one that is gone stays gone, all else may pass."""
    gone = isinstance(error, FileNotFoundError | NotADirectoryError | IsADirectoryError)
    kind = DamagedRun if gone else UnreadableRun
    return kind(run_id, path, error.strerror or str(error))
