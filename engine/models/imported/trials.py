"""Trials: dry runs in the background of a server, one at a time, which any screen can look at."""

from __future__ import annotations

import hashlib
import json
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from engine.errors import EngineError
from engine.models.imported.dry_run import DryRun, Stage, dry_runs
from engine.run_spec import RunSpec
from engine.runs.store import RunStore

MOST_KEPT = 200
"""Trials whose outcome is remembered; the oldest are forgotten."""
Make = Callable[[RunSpec, Stage, threading.Event], DryRun]
"""Tries a spec, tells its stages, and ends early once the event is set."""
_LOOK_S = 0.1
_log = logging.getLogger(__name__)


def key_of(spec: RunSpec) -> str:
    """The same for specs of which one trial tells of the other: model, data, task, first update."""
    training = spec.training
    decides = [
        spec.model.model_dump(mode="json", exclude={"name"}),
        spec.data.model_dump(mode="json"),
        spec.task.model_dump(mode="json"),
        training.optimizer.model_dump(mode="json"),
        training.parameters.model_dump(mode="json"),
        training.batching.batch_size,
        training.reproducibility.seed,
    ]
    return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()


class Trial:
    """One dry run, which goes on by itself; made by `Trials.begin`."""

    def __init__(self, spec: RunSpec) -> None:
        self.spec = spec
        self.began_at = time.monotonic()
        self.stage = "waiting for another trial to end"
        """What is being done, in words."""
        self.verdict: DryRun | None = None
        """What was found, once it is over; None where it was refused."""
        self.refused = ""
        """Why it could not be made, in words."""
        self._cancelled, self._over = threading.Event(), threading.Event()

    @property
    def is_over(self) -> bool:
        return self._over.is_set()

    @property
    def works(self) -> bool:
        """Whether it has shown that the model can be trained."""
        return self.verdict is not None and self.verdict.ok

    @property
    def seconds(self) -> float:
        """How long it has been going on."""
        return time.monotonic() - self.began_at

    def cancel(self) -> None:
        """End it soon; it then says that it was cancelled."""
        self._cancelled.set()

    def wait(self, timeout_s: float) -> bool:
        """Whether it is over within that time."""
        return self._over.wait(timeout_s)

    def _goes_on(self, turn: threading.Lock, make: Make) -> None:
        try:
            while not turn.acquire(timeout=_LOOK_S):
                if self._cancelled.is_set():
                    self.refused = "It was cancelled while it waited for another trial."
                    return
            try:
                self.stage = "starting Python"
                self.verdict = make(self.spec, self._say, self._cancelled)
            finally:
                turn.release()
        except (EngineError, OSError) as error:
            self.refused = str(error)
        except Exception:
            self.refused = "The trial broke off by a fault of Traindeck's; see the server's log."
            _log.exception("a trial of %s broke off", self.spec.name)
            raise
        finally:
            self._over.set()

    def _say(self, words: str) -> None:
        self.stage = words


def _dry_run_in(store: RunStore) -> Make:
    def make(spec: RunSpec, on_stage: Stage, cancelled: threading.Event) -> DryRun:
        return dry_runs(store, [spec], on_stage=on_stage, cancelled=cancelled)[0]

    return make


class Trials:
    """The trials of a runs folder; shared by all sessions of a server."""

    def __init__(self, store: RunStore, make: Make | None = None) -> None:
        self._make = make or _dry_run_in(store)
        self._known: OrderedDict[str, Trial] = OrderedDict()
        self._lock, self._turn = threading.Lock(), threading.Lock()

    def of(self, spec: RunSpec) -> Trial | None:
        """The newest trial that tells of this spec, over or not."""
        return self._known.get(key_of(spec))

    def begin(self, spec: RunSpec) -> Trial:
        """Try a spec, unless that is being done already; returns at once."""
        key = key_of(spec)
        with self._lock:
            now = self._known.get(key)
            if now is not None and not now.is_over:
                return now
            trial = self._known[key] = Trial(spec)
            self._known.move_to_end(key)
            while len(self._known) > MOST_KEPT:
                self._known.popitem(last=False)[1].cancel()
        given = (self._turn, self._make)
        threading.Thread(target=trial._goes_on, args=given, name="trial", daemon=True).start()
        return trial

    def stop(self, timeout_s: float = 5.0) -> None:
        """End all that go on: the server is closing."""
        going = [trial for trial in self._known.values() if not trial.is_over]
        for trial in going:
            trial.cancel()
        for trial in going:
            trial.wait(timeout_s)
