"""Files of a run that the browser can take away: streamed, never read into memory as a whole."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import IO, cast

import streamlit as st
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route
from typing_extensions import Buffer

from components.live_feed.answers import HEADERS, explained
from components.live_feed.host_guard import HostGuard
from engine.errors import BadCheckpoint
from engine.runs.checkpoint_files import MANIFEST, folder_of, plain_file, read_manifest
from engine.runs.store import RunStore
from engine.runs.worker_log import FILE

PREFIX = "/traindeck-files"
ALL = "all.zip"
LOGS = ("events.jsonl", FILE)
_CHUNK = 1 << 20


def log_url(run_id: str, name: str) -> str:
    """Where a log of a run is downloaded."""
    return f"{PREFIX}/{run_id}/logs/{name}"


def checkpoint_url(run_id: str, step: int, name: str = "") -> str:
    """Where a file of a checkpoint is downloaded; without a name all of them, as a zip."""
    return f"{PREFIX}/{run_id}/checkpoints/{step}/{name or ALL}"


def link(label: str, url: str) -> None:
    """Draw a button that downloads."""
    st.link_button(label, url, icon=":material/download:")


def routes(store: RunStore, *, allowed_hosts: Sequence[str]) -> list[BaseRoute]:
    """What answers these addresses; see `live_feed.routes` for ``allowed_hosts``.

    Every part of an address is looked up among what there is; none is ever used as a path.
    """

    def log(request: Request) -> Response:
        return explained(partial(_log, store, **request.path_params))

    def checkpoint(request: Request) -> Response:
        return explained(partial(_checkpoint, store, **request.path_params))

    mounted = [
        Route("/{run_id}/logs/{name}", log),
        Route("/{run_id}/checkpoints/{step:int}/{name}", checkpoint),
    ]
    guard = Middleware(HostGuard, allowed_hosts=tuple(allowed_hosts))
    return [Mount(PREFIX, routes=mounted, middleware=[guard])]


def _log(store: RunStore, run_id: str, name: str) -> Response:
    run = store.open(run_id)
    if name not in LOGS or not plain_file(run.folder / name):
        raise HTTPException(404, "There is no such log.")
    return _file(run.folder / name, f"{run.id}-{name}")


def _checkpoint(store: RunStore, run_id: str, step: int, name: str) -> Response:
    run = store.open(run_id)
    if step not in run.checkpoint_steps():
        raise HTTPException(404, f"There is no checkpoint of step {step} any more.")
    folder = folder_of(run.folder / "checkpoints", step)
    if folder.is_symlink():
        raise BadCheckpoint(folder, "it is a link to another folder")
    names = [*read_manifest(folder).digests, MANIFEST]
    paths = {known: folder / known for known in names if plain_file(folder / known)}
    if name == ALL:
        return _zip(list(paths.values()), folder.name, f"{run.id}-{folder.name}.zip")
    if name not in paths:
        raise HTTPException(404, "There is no such file in this checkpoint.")
    return _file(paths[name], f"{run.id}-{folder.name}-{name}")


def zipped(paths: list[Path], folder: str) -> Iterator[bytes]:
    """A zip of files in a folder, in pieces: no more than one is in memory."""
    sink = _Sink()
    with zipfile.ZipFile(cast(IO[bytes], sink), "w", zipfile.ZIP_STORED) as archive:
        for path in paths:
            entry = zipfile.ZipInfo.from_file(path, f"{folder}/{path.name}")
            with path.open("rb") as source, archive.open(entry, "w", force_zip64=True) as target:
                while piece := source.read(_CHUNK):
                    target.write(piece)
                    yield sink.taken()
    yield sink.taken()


class _Sink(io.RawIOBase):
    """A file for zipfile that cannot be gone back in, and is emptied piece by piece."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Buffer) -> int:
        self._pieces.append(bytes(data))
        return len(self._pieces[-1])

    def taken(self) -> bytes:
        """What was written since the last call."""
        taken, self._pieces = b"".join(self._pieces), []
        return taken


def _file(path: Path, name: str) -> Response:
    return FileResponse(path, media_type="application/octet-stream", filename=name, headers=HEADERS)


def _zip(paths: list[Path], folder: str, name: str) -> Response:
    headers = {**HEADERS, "Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(zipped(paths, folder), media_type="application/zip", headers=headers)
