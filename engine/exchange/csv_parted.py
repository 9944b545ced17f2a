"""A table with several runs, parted in one pass over it."""

from __future__ import annotations

import shutil
import weakref
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import mkdtemp

import numpy as np

from engine.exchange.csv_columns import Layout
from engine.exchange.csv_points import Table
from engine.exchange.foreign import AT_ONCE, UNKNOWN_ENDING, Block, Facts, Part, Unreadable
from engine.runs.series import RECORD

Row = tuple[int, list[str]]
"""The line in the file, and the cells."""

_MOST_RUNS = 1_000
_HELD = 10 * AT_ONCE
"""Points of all runs together that are held before they are put down."""


class Parted:
    """The runs of a table; their points wait in files, so that it is read once for all of them.

    The files are in a temporary folder that is gone when nobody can ask for them any more.
    """

    def __init__(self, place: str, layout: Layout, names: Sequence[str], strict: bool) -> None:
        self._place, self._layout, self._strict = place, layout, strict
        self._folder = Path(mkdtemp(prefix="traindeck-table-"))
        weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        self._runs: dict[str, _Run] = {}
        if layout.run is None:
            for name in names:
                self._run(name)

    @property
    def names(self) -> Sequence[str]:
        """The runs that the table tells apart, in their order; one without a name if none."""
        return list(self._runs) or [""]

    def take(self, rows: Iterator[Row]) -> None:
        """Part all rows.

        Raises:
            Unreadable: for too many runs. What is wrong with the points of one is told by `read`.
        """
        column, held = self._layout.run, 0
        for line, cells in rows:
            runs = self._runs.values() if column is None else (self._run(cells[column]),)
            held += sum(run.keep(line, cells) for run in runs)
            if held >= _HELD:
                self._put_down()
                held = 0
        self._put_down()

    def read(self, name: str, title: str) -> Iterator[Part]:
        """What the table holds of a run.

        Raises:
            Unreadable: for a row of it that makes no sense.
        """
        yield Facts(name=title, status="stopped", reason=UNKNOWN_ENDING)
        run = self._runs.get(name)
        if run is None:
            return
        if run.wrong is not None:
            raise run.wrong
        with run.path.open("rb") as file:
            for metric, count in run.blocks:
                yield Block(metric, np.fromfile(file, RECORD, count))
        yield from run.table.remarks()

    def _run(self, name: str) -> _Run:
        run = self._runs.get(name)
        if run is None:
            if len(self._runs) >= _MOST_RUNS:
                raise Unreadable("run", f"the table has more than {_MOST_RUNS:,} runs")
            table = Table(self._place, self._layout, name, self._strict)
            run = self._runs[name] = _Run(table, self._folder / str(len(self._runs)))
        return run

    def _put_down(self) -> None:
        for run in self._runs.values():
            run.put_down()


class _Run:
    """The points of one run: some held, the others in its file, block after block."""

    def __init__(self, table: Table, path: Path) -> None:
        self.table, self.path = table, path
        self.blocks: list[tuple[str, int]] = []
        self.wrong: Unreadable | None = None
        path.touch(mode=0o600)

    def keep(self, line: int, cells: Sequence[str]) -> int:
        """Keep the points of a row; how many they are."""
        before = self.table.points.held
        try:
            if self.wrong is None:
                self.table.keep(line, cells)
        except Unreadable as error:
            self.wrong = error
        return self.table.points.held - before

    def put_down(self) -> None:
        if self.table.points.held:
            with self.path.open("ab") as file:
                for block in self.table.points.blocks():
                    block.records.tofile(file)
                    self.blocks.append((block.metric, len(block.records)))
