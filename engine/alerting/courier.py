"""Courier: brings fired alerts to webhooks, and tries again when one does not answer."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from engine.alerting.journal import Fired, Journal
from engine.alerting.rule_book import FOLDER, RuleBook
from engine.alerting.webhook import NotDelivered, is_slack, local_hosts, message_of, post
from engine.errors import BadInput
from engine.frozen import Frozen
from engine.runs.files import write_whole

_log = logging.getLogger(__name__)
WAITS_S = (5.0, 30.0, 120.0, 600.0, 3600.0)
"""Seconds before each further try; after them it is given up."""
MOST_WAITING = 1000
"""Alerts that wait for a webhook that does not answer; the oldest are given up."""

Post = Callable[[str, Mapping[str, Any], frozenset[str]], int]


class Delivery(Frozen):
    """How it went with the newest alert that a rule sent."""

    outcome: Literal["delivered", "waiting", "failed"]
    reason: str = ""
    tries: int
    at: float


class _Waiting(Frozen):
    """An alert that has still to be sent."""

    tries: int = 0
    next_at: float = 0.0
    fired: Fired


class _Book(Frozen):
    """deliveries.json: how far the journal was read, what waits, what became of each rule's."""

    model_config = {"allow_inf_nan": True, "ser_json_inf_nan": "constants", "extra": "ignore"}

    version: int = 1
    offset: int = 0
    waiting: tuple[_Waiting, ...] = ()
    last: dict[str, Delivery] = {}


class Courier:
    """Sends what the journal holds for webhooks. Only one process does so at a time.

    What was sent is written down after it was sent: after a crash just between, it is sent twice,
    with the same `id`.
    """

    def __init__(
        self,
        root: Path,
        rules: RuleBook,
        *,
        page: str | None = None,
        post: Post = post,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._path = root / FOLDER / "deliveries.json"
        self._rules, self._journal = rules, Journal(root)
        self._page, self._post, self._now = page, post, now
        self._book = _read(self._path, self._journal.size())

    @property
    def offset(self) -> int:
        """How far the journal was taken note of."""
        return self._book.offset

    def round(self, closing: threading.Event | None = None) -> None:
        """Take what is new from the journal and send what is due.

        Raises:
            OSError: when the disk refuses; nothing is lost.
        """
        self._take_new()
        for waiting in self._book.waiting:
            if closing is not None and closing.is_set():
                return
            if waiting.fired.rule not in self._resting():
                self._deliver(waiting)

    def _resting(self) -> set[str]:
        """Rules whose address did not answer: one of theirs is tried at a time."""
        now = self._now()
        return {one.fired.rule for one in self._book.waiting if one.next_at > now}

    def _take_new(self) -> None:
        offset = self._book.offset
        if offset > self._journal.size():
            offset = 0  # somebody began the journal anew
        found, end = self._journal.read(offset)
        if end == self._book.offset:
            return
        new = [_Waiting(fired=fired) for _, fired in found if _is_sent(fired)]
        waiting = (*self._book.waiting, *new)
        for lost in waiting[:-MOST_WAITING]:
            self._note(lost, "failed", "Too many alerts wait for this address.")
        self._keep(offset=end, waiting=waiting[-MOST_WAITING:])

    def _deliver(self, waiting: _Waiting) -> None:
        address = self._rules.webhook(waiting.fired.rule)
        if address is None:
            self._end(waiting, "failed", "The rule has no address any more.")
            return
        message = message_of(waiting.fired, self._page, slack=is_slack(address))
        try:
            self._post(address, message, local_hosts())
        except NotDelivered as refusal:
            self._failed(waiting, refusal)
        else:
            self._end(waiting, "delivered", "")

    def _failed(self, waiting: _Waiting, refusal: NotDelivered) -> None:
        if refusal.final or waiting.tries >= len(WAITS_S):
            self._end(waiting, "failed", str(refusal))
            return
        later = {"tries": waiting.tries + 1, "next_at": self._now() + WAITS_S[waiting.tries]}
        again = waiting.model_copy(update=later)
        self._note(again, "waiting", str(refusal))
        self._keep(
            waiting=tuple(again if one is waiting else one for one in self._book.waiting),
        )

    def _end(self, waiting: _Waiting, outcome: Literal["delivered", "failed"], reason: str) -> None:
        self._note(waiting.model_copy(update={"tries": waiting.tries + 1}), outcome, reason)
        self._keep(waiting=tuple(one for one in self._book.waiting if one is not waiting))

    def _note(
        self, waiting: _Waiting, outcome: Literal["delivered", "waiting", "failed"], reason: str
    ) -> None:
        told = Delivery(outcome=outcome, reason=reason, tries=waiting.tries, at=self._now())
        self._book = self._book.model_copy(
            update={"last": {**self._book.last, waiting.fired.rule: told}}
        )

    def _keep(self, **changes: object) -> None:
        self._book = self._book.model_copy(update=changes)
        write_whole(self._path, self._book.model_dump_json())


def deliveries(root: Path) -> Mapping[str, Delivery]:
    """How it went with the newest webhook message of each rule, by the rule's id."""
    return _read(root / FOLDER / "deliveries.json").last


def _is_sent(fired: Fired) -> bool:
    return "webhook" in fired.channels


def _read(path: Path, offset: int = 0) -> _Book:
    """The book; a damaged one is begun anew, from `offset` on."""
    try:
        return _Book.parse(json.loads(path.read_bytes()))
    except FileNotFoundError:
        return _Book()
    except (ValueError, BadInput) as error:
        _log.warning("%s cannot be read and is begun anew: %s", path, error)
        return _Book(offset=offset)
