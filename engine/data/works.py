"""Works: long work on data in the background of a server, which any screen can look at and end."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from engine.data.progress import Cancelled, Progress
from engine.errors import EngineError

MOST_KEPT = 100
"""Works whose outcome is remembered; the oldest are forgotten."""
Do = Callable[[Progress], Any]
_log = logging.getLogger(__name__)


class Work:
    """One piece of work, which goes on by itself; made by `Works.begin`."""

    def __init__(self, title: str, do: Do, key: str) -> None:
        self.title, self.key = title, key
        self.began_at = time.monotonic()
        self.doing, self.done, self.total = "waiting for other work to end", 0, 0
        """What is being done, in words, and how much of it; a total of 0 is not known."""
        self.outcome: Any = None
        """What came of it; None until then."""
        self.error: EngineError | None = None
        """Why nothing came of it."""
        self._do, self._cancelled, self._over = do, threading.Event(), threading.Event()

    @property
    def is_over(self) -> bool:
        return self._over.is_set()

    @property
    def was_cancelled(self) -> bool:
        return isinstance(self.error, Cancelled)

    @property
    def seconds(self) -> float:
        """How long it has been going on."""
        return time.monotonic() - self.began_at

    def cancel(self) -> None:
        """End it soon; nothing of it is left behind."""
        self._cancelled.set()

    def wait(self, timeout_s: float) -> bool:
        """Whether it is over within that time."""
        return self._over.wait(timeout_s)

    def progress(self, doing: str, done: int, total: int | None) -> None:
        """Is told how far it is.

        Raises:
            Cancelled: when it is to end.
        """
        self.doing, self.done, self.total = doing, done, total or 0
        if self._cancelled.is_set():
            raise Cancelled(self.title)

    def goes_on(self, turn: threading.Lock) -> None:
        """Do it when it is its turn; what it raises is kept in words."""
        try:
            with turn:
                self.progress("starting", 0, None)
                self.outcome = self._do(self.progress)
        except EngineError as error:
            self.error = error
        except OSError as error:
            self.error = EngineError(f"The disk refused: {error}.")
        except Exception:
            said = f"{self.title} broke off by a fault of Traindeck's; see the server's log."
            self.error = EngineError(said)
            _log.exception("%s broke off", self.title)
            raise
        finally:
            self._over.set()


class Works:
    """The works of a runs folder, one at a time; shared by all sessions of a server."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, Work] = OrderedDict()
        self._lock, self._turn = threading.Lock(), threading.Lock()

    def of(self, key: str) -> Work | None:
        """The newest work of this key, over or not."""
        return self._known.get(key)

    def going(self) -> list[Work]:
        """All that are not over."""
        with self._lock:
            return [work for work in self._known.values() if not work.is_over]

    def begin(self, title: str, do: Do, key: str = "") -> Work:
        """Do it in the background, unless work of the same key goes on; returns at once."""
        key = key or secrets.token_hex(8)
        with self._lock:
            now = self._known.get(key)
            if now is not None and not now.is_over:
                return now
            work = self._known[key] = Work(title, do, key)
            self._known.move_to_end(key)
            over = [name for name, known in self._known.items() if known.is_over]
            for name in over[: max(0, len(self._known) - MOST_KEPT)]:
                del self._known[name]
        threading.Thread(target=work.goes_on, args=(self._turn,), name="data", daemon=True).start()
        return work

    def forget(self, key: str) -> None:
        """Do not remember what came of it."""
        with self._lock:
            self._known.pop(key, None)
