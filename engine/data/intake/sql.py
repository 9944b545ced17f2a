"""Rows of a database: one plain SELECT, of which nothing secret is kept."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any
from urllib.parse import quote

import orjson

from engine.data.intake.places import within
from engine.data.intake.source import Access, Incoming, Options
from engine.data.intake.values import Columns, Row, typed_rows
from engine.data.library.errors import DataRefused
from engine.data.progress import Progress

_ROWS = 5_000
_COMMENTS = re.compile(r"--[^\n]*|/\*.*?\*/", re.S)
_TEXTS = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`")
_WRITES = re.compile(
    r"\b(insert|update|delete|merge|replace|drop|alter|create|truncate|grant|revoke|attach|detach|"
    r"pragma|vacuum|copy|call|exec|execute|into|set|load_extension|readfile|writefile)\b",
    re.I,
)


class SqlQuery:
    """What a SELECT gives, as a source of rows.

    Raises:
        DataRefused: for anything but one plain SELECT, and for a database that may not be asked.
    """

    kind = "sql"

    def __init__(self, url: str, query: str, access: Access) -> None:
        from sqlalchemy import make_url  # late: it takes a while to import
        from sqlalchemy.exc import ArgumentError

        try:
            self._url = make_url(url)
        except ArgumentError:
            reason = "is no address of a database"
            raise DataRefused(
                "URL", reason, "Write sqlite:////path/to/file.db, or postgresql://..."
            ) from (None)
        self._query = plain_select(query)
        self._file = self._checked_file(access)
        if self._file is None and not access.network:
            raise DataRefused(self.name, "this server may not ask databases on the network")

    @property
    def name(self) -> str:
        return Path(self._url.database or "").stem or self._url.get_backend_name()

    @property
    def place(self) -> str:
        """The database without user, password and parameters, and the query."""
        host = self._url.host or ""
        return f"{self._url.get_backend_name()}://{host}/{self._url.database or ''} {self._query}"

    def read(self, options: Options, progress: Progress) -> Incoming:
        """The rows are put aside while their types are found out: asked again, a database may
        answer otherwise."""
        aside = TemporaryFile()  # noqa: SIM115 - closed when the rows are through
        columns = Columns(self.name, "row")
        try:
            for place, row in enumerate(self._fetched(progress), 1):
                columns.feed(place, row)
                aside.write(orjson.dumps(row, default=str) + b"\n")
            kinds = columns.kinds(options.mixed)
            if not kinds:
                raise DataRefused(self.name, "the query gives no rows", "Look at its conditions.")
        except BaseException:
            aside.close()
            raise
        schema, batches = typed_rows(kinds, lambda: _again(aside, kinds))
        return Incoming(self.name, self.kind, schema, batches)

    def _fetched(self, progress: Progress) -> Iterator[Row]:
        from sqlalchemy import create_engine, text
        from sqlalchemy.exc import SQLAlchemyError

        try:
            engine = create_engine(self._address())
            with engine.connect() as connection:
                streamed = connection.execution_options(**self._read_only(connection))
                result = streamed.execute(text(self._query))
                keys, done = list(result.keys()), 0
                for rows in result.partitions(_ROWS):
                    for row in rows:
                        yield dict(zip(keys, map(_plain, row), strict=True))
                    done += len(rows)
                    progress(f"Asking {self.name}", done, None)
                connection.rollback()
            engine.dispose()
        except (SQLAlchemyError, ImportError) as error:
            raise DataRefused(self.name, f"the database refuses: {self._said(error)}") from None

    def _address(self) -> Any:
        if self._file is None:
            return self._url
        return self._url.set(
            database=f"file:{quote(str(self._file))}", query={"mode": "ro", "uri": "true"}
        )

    def _read_only(self, connection: Any) -> dict[str, Any]:
        streaming = {"stream_results": True, "max_row_buffer": _ROWS}
        match self._url.get_backend_name():
            case "sqlite":
                connection.exec_driver_sql("PRAGMA query_only = ON")
            case "postgresql":
                return streaming | {"postgresql_readonly": True}
            case "mysql" | "mariadb":
                connection.exec_driver_sql("SET TRANSACTION READ ONLY")
        return streaming

    def _checked_file(self, access: Access) -> Path | None:
        """The file of an SQLite database; None for one that a server keeps."""
        if self._url.get_backend_name() != "sqlite":
            return None
        if not self._url.database or self._url.database == ":memory:":
            raise DataRefused("URL", "names no SQLite file", "Write sqlite:////path/to/file.db.")
        path = within(Path(self._url.database.removeprefix("file:")), access)
        if not path.is_file():
            raise DataRefused(path.name, "there is no such file")
        return path

    def _said(self, error: Exception) -> str:
        """What went wrong, without the password."""
        if isinstance(error, ImportError):
            return f"its driver {error.name!r} is not installed here"
        text = str(getattr(error, "orig", None) or error).split("\n")[0][:300]
        for secret in (self._url.password, *map(str, self._url.query.values())):
            if secret:
                text = text.replace(str(secret), "***")
        return text


def plain_select(query: str) -> str:
    """The query, if it is one SELECT that changes nothing.

    Raises:
        DataRefused: for anything else.
    """
    shown = query.strip().rstrip(";").strip()
    bare = _TEXTS.sub("''", _COMMENTS.sub(" ", shown)).strip()
    found = _WRITES.search(bare)
    if not re.match(r"(select|with)\b", bare, re.I) or ";" in bare or found:
        what = f"it has the word {found[0]!r}" if found else "it begins otherwise or has a ';'"
        raise DataRefused(
            "query", f"is not one plain SELECT ({what})", "Only reading is done here."
        )
    return shown


def _plain(value: Any) -> Any:
    return bytes(value).hex() if isinstance(value, bytes | memoryview) else value


def _again(aside: IO[bytes], kinds: dict[str, Any]) -> Iterator[tuple[int, Row]]:
    moments = [name for name, kind in kinds.items() if kind == "time"]
    with aside:
        aside.seek(0)
        for place, line in enumerate(aside, 1):
            row = orjson.loads(line)
            for name in moments:
                row[name] = row[name] and datetime.fromisoformat(row[name])
            yield place, row
