"""Teller: puts fired alerts into the event logs of their runs, each once."""

from __future__ import annotations

import errno
import logging
from pathlib import Path

from engine.alerting.journal import Fired, Journal
from engine.alerting.rule_book import FOLDER
from engine.errors import EngineError
from engine.runs.files import write_whole
from engine.runs.store import RunStore

_log = logging.getLogger(__name__)
_FULL = (errno.ENOSPC, errno.EDQUOT)


class Teller:
    """Follows the journal; how far is kept, and what a crash left in between is looked for."""

    def __init__(self, store: RunStore) -> None:
        self._store, self._journal = store, Journal(store.root)
        self._told: Path = store.root / FOLDER / "told-until"
        self._offset = _offset_in(self._told)
        self._unsure = True
        """Whether the first of the following may stand in its log already."""

    @property
    def offset(self) -> int:
        """How far the journal was told."""
        return self._offset

    def round(self) -> None:
        """Tell what is new.

        Raises:
            OSError: when the disk refuses; it is told later.
        """
        if self._offset > self._journal.size():
            self._offset = 0  # somebody began the journal anew
            self._unsure = True
        for behind, fired in self._journal.read(self._offset)[0]:
            self._tell(fired)
            self._offset = behind
            write_whole(self._told, str(behind))
        self._unsure = False

    def _tell(self, fired: Fired) -> None:
        try:
            run = self._store.open(fired.run)
        except EngineError as error:
            _log.info("an alert is only in the journal: %s", error)
            return
        if self._unsure and any(event.get("id") == fired.id for event in run.events()[0]):
            return
        text = f"{fired.name}: {fired.text}"
        about = {"alert": fired.name, "rule": fired.rule, "metric": fired.metric}
        try:
            run.add_event("alert", text, id=fired.id, step=fired.step, **about)
        except OSError as error:
            if error.errno in _FULL:
                raise
            _log.warning("an alert is only in the journal: %s", error)  # a folder of others', say


def _offset_in(path: Path) -> int:
    try:
        return int(path.read_text())
    except (FileNotFoundError, ValueError):
        return 0
