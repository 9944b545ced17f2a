"""AlertService: the threads that watch, tell and deliver while a server runs."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock, Timeout

from engine.alerting.courier import Courier
from engine.alerting.journal import Fired, Journal
from engine.alerting.rule_book import RuleBook
from engine.alerting.teller import Teller
from engine.alerting.watcher import Watcher
from engine.errors import EngineError
from engine.runs.store import RunStore

_log = logging.getLogger(__name__)
TICK_S = 1.0
_SAY_AGAIN_S = 300.0


class AlertService:
    """Of several servers and command lines on one runs folder one watches; others wait for it."""

    def __init__(
        self,
        store: RunStore,
        *,
        page: str | None = None,
        on_fired: Callable[[Fired], None] = lambda fired: None,
        tick_s: float = TICK_S,
    ) -> None:
        self._store, self._page, self._on_fired, self._tick_s = store, page, on_fired, tick_s
        self._rules = RuleBook(store.root)
        self._lock = FileLock(
            self._rules.folder / "watcher.lock", timeout=0, mode=0o600, thread_local=False
        )
        self._closing = threading.Event()
        self._said: dict[str, float] = {}
        self._thread = threading.Thread(target=self._watch, name="alerts", daemon=True)

    def start(self) -> None:
        """Begin to watch as soon as nobody else does."""
        self._thread.start()

    def stop(self) -> None:
        """End, and save what is remembered."""
        self._closing.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._closing.is_set():
            try:
                self._rules.folder.mkdir(mode=0o700, exist_ok=True)
                self._lock.acquire()
            except Timeout:
                self._closing.wait(5 * self._tick_s)
                continue
            except OSError as error:
                self._say(f"nobody can watch for alerts: {error}")
                self._closing.wait(5 * self._tick_s)
                continue
            try:
                self._watch_alone()
            finally:
                self._lock.release()

    def _watch_alone(self) -> None:
        watcher, teller = Watcher(self._store, self._rules), Teller(self._store)
        courier = Courier(self._store.root, self._rules, page=self._page)
        over = threading.Event()
        sending = threading.Thread(
            target=self._send, args=(courier, over), name="webhooks", daemon=True
        )
        sending.start()
        try:
            self._watch_on(watcher, teller, courier)
        finally:
            over.set()  # nothing is sent without the lock, whatever ended the watch
            sending.join()

    def _watch_on(self, watcher: Watcher, teller: Teller, courier: Courier) -> None:
        journal = Journal(self._store.root)
        while not self._closing.is_set():
            try:
                for fired in watcher.tick():
                    self._on_fired(fired)
                teller.round()
                journal.trim(min(teller.offset, courier.offset), self._is_needed)
            except (OSError, EngineError) as error:
                self._say(f"alerts wait: {error}")
            self._closing.wait(self._tick_s)
        try:
            watcher.keep()
        except OSError as error:
            _log.warning("what alerts have seen was not saved: %s", error)

    def _is_needed(self, fired: Fired) -> bool:
        """Whether an alert could be found once more: by its rule as it is now, in its run."""
        store = self._store
        places = (store.root / fired.run, store.trash_folder / fired.run)
        known = {rule.id: rule.revision for rule in self._rules.rules()}
        return known.get(fired.rule) == fired.revision and any(map(Path.exists, places))

    def _send(self, courier: Courier, over: threading.Event) -> None:
        while not over.is_set():
            try:
                courier.round(over)
            except (OSError, EngineError) as error:
                self._say(f"webhooks wait: {error}")
            over.wait(self._tick_s)

    def _say(self, text: str) -> None:
        """The same trouble only now and then: it comes again every second."""
        now = time.monotonic()
        if now - self._said.get(text, -_SAY_AGAIN_S) >= _SAY_AGAIN_S:
            self._said[text] = now
            _log.warning("%s", text)
