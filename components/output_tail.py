"""What the worker of a run printed, read on from where it was left; shared by all viewers."""

from __future__ import annotations

from pathlib import Path
from threading import Lock

from components.log_lines import Line, of_output

MOST_LINES = 100_000
MOST_BYTES = 16_000_000
"""What is kept of a longer file: its end."""
_SLACK = 10_000


class OutputTail:
    """The last lines of a file that only grows."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._reading = Lock()
        self._begin()

    def read_on(self) -> list[Line]:
        """Add what is new and give the lines, oldest first; none when there is no file."""
        with self._reading:
            try:
                size = self._path.stat().st_size
            except FileNotFoundError:
                size = 0
            if size < self._offset:
                self._begin()  # it is another file now
            if size > self._offset:
                self._take(size)
            rest = [of_output(self._rest.decode(errors="replace"))] if self._rest else []
            return [*self._lines[-MOST_LINES:], *rest]

    @property
    def is_cut(self) -> bool:
        """Whether the file has older lines than these."""
        return self._skipped or len(self._lines) > MOST_LINES

    def _begin(self) -> None:
        self._offset, self._rest, self._skipped = 0, b"", False
        self._lines: list[Line] = []

    def _take(self, size: int) -> None:
        skips = size - self._offset > MOST_BYTES
        if skips:
            self._begin()
            self._offset, self._skipped = size - MOST_BYTES, True
        with self._path.open("rb") as file:
            file.seek(self._offset)
            data = file.read(size - self._offset)
        self._offset += len(data)
        *whole, self._rest = (self._rest + data).split(b"\n")
        for raw in whole[1:] if skips else whole:  # the first is half of one
            before = self._lines[-1].level if self._lines else "info"
            self._lines.append(of_output(raw.decode(errors="replace"), before))
        if len(self._lines) > MOST_LINES + _SLACK:
            self._skipped = True
            del self._lines[:-MOST_LINES]
