"""Where runs are imported from: files that are uploaded, or a path on the server's machine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from components import seeding, session
from engine.exchange.archives import opened, place_of
from engine.exchange.foreign import Unreadable

_TABLES = (".csv", ".tsv")
_WAYS = {"files": "Files", "folder": "A folder", "path": "A path on this machine"}


@dataclass(frozen=True, slots=True)
class Source:
    """Something to import from."""

    key: str
    """Another one for other content."""
    path: Path | None = None
    files: tuple[UploadedFile, ...] = ()

    @property
    def is_table(self) -> bool:
        """Whether it looks like a CSV file."""
        names = [str(self.path)] if self.path is not None else [file.name for file in self.files]
        return len(names) == 1 and names[0].lower().endswith(_TABLES)

    @contextmanager
    def opened(self) -> Iterator[Path]:
        """The file or folder to read; what was uploaded or unpacked is gone afterwards.

        Raises:
            Unreadable: when a name leads elsewhere or is there twice, or an archive is damaged.
        """
        if self.path is not None:
            with opened(self.path) as path:
                yield path
            return
        with TemporaryDirectory(prefix="traindeck-upload-") as folder:
            root = Path(folder) / "upload"
            root.mkdir()
            for file in self.files:
                target = root / place_of(file.name)
                if target.exists():
                    remedy = "Import them one after the other, or the folder that they are in."
                    raise Unreadable(file.name, "two of the files have this name", remedy)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(file.getbuffer())
            with opened(_only(root, self.files)) as path:
                yield path


def chosen_source() -> Source | None:
    """Draw the choice and give what was chosen; None for nothing yet."""
    ways = [way for way in _WAYS if way != "path" or session.is_local()]
    seeding.seed(session.IMPORT_WAY, "files")
    way = st.radio(
        "From",
        ways,
        key=session.IMPORT_WAY,
        format_func=_WAYS.__getitem__,
        horizontal=True,
        label_visibility="collapsed",
    )
    if way == "path":
        return _typed()
    files = st.file_uploader(
        "Event files, a .wandb file, an mlflow.db, a .csv, or a .zip",
        accept_multiple_files=True if way == "files" else "directory",
        key=f"{session.IMPORT_FILES}.{way}",
        max_upload_size=session.MOST_UPLOAD_MB,
    )
    if not files:
        return None
    return Source("|".join(file.file_id for file in files), files=tuple(files))


def _typed() -> Source | None:
    text = st.text_input(
        "File or folder", key=session.IMPORT_PATH, placeholder="/home/me/project/runs"
    ).strip()
    if not text:
        return None
    try:
        path = Path(text).expanduser()
    except RuntimeError:  # the home of a user who does not exist
        path = Path(text)
    return Source(f"path:{text}", path=path)


def _only(root: Path, files: Sequence[UploadedFile]) -> Path:
    """The file, where it is the only one; a folder of several."""
    if len(files) == 1 and len(PurePosixPath(files[0].name).parts) == 1:
        return root / place_of(files[0].name)
    inner = list(root.iterdir())
    return inner[0] if len(inner) == 1 else root
