"""What was typed while models are brought in, and the file that keeps it over restarts."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import JsonValue

from engine.errors import EngineError
from engine.frozen import Frozen
from engine.models.imported.spec import CallSpec
from engine.runs.files import write_whole

Way = Literal["files", "folder", "text", "path", "gist", "earlier"]
WAYS: dict[Way, str] = {
    "files": "Files or a zip",
    "folder": "A folder",
    "text": "Pasted code",
    "path": "A path on this machine",
    "gist": "A gist",
    "earlier": "Brought in earlier",
}
_MOST_SETUPS = 100


class Setup(Frozen):
    """What was set for one piece of code; what is not set follows code, config.json and data."""

    entry: str = ""
    """File and name of what is built, with a colon between; empty for what was found."""
    data: str | None = None
    """A bundled source of data; empty for that of the Launch form, None for what seems right."""
    name: str = ""
    arguments: dict[str, JsonValue] = {}
    """Those that were typed."""
    emptied: tuple[str, ...] = ()
    """Those that were emptied: the code's own defaults are wanted."""
    block_size: int | None = None
    call: CallSpec = CallSpec()


class IntakeDraft(Frozen):
    """All that was typed, whichever way is chosen now."""

    way: Way = "files"
    text: str = ""
    config: str = ""
    path: str = ""
    gist: str = ""
    setups: dict[str, Setup] = {}
    """By the hash of the code, the one that was changed last at the end."""

    def setup(self, code: str) -> Setup:
        """What was set for code; nothing at first."""
        return self.setups.get(code, Setup())

    def with_setup(self, code: str, setup: Setup) -> IntakeDraft:
        """The draft with other settings for code; those of long ago are forgotten."""
        others = {known: kept for known, kept in self.setups.items() if known != code}
        newest = dict([*others.items(), (code, setup)][-_MOST_SETUPS:])
        return self.model_copy(update={"setups": newest})


class IntakeFile:
    """The draft in the runs folder, shared by all tabs."""

    def __init__(self, root: Path) -> None:
        self.path = root / ".workspace" / "models.json"

    def stamp(self) -> tuple[int, int, int] | None:
        """Changes when anybody writes the file; None when there is none."""
        try:
            stat = self.path.stat()
        except FileNotFoundError:
            return None
        return stat.st_mtime_ns, stat.st_ino, stat.st_size

    def read(self) -> IntakeDraft:
        """The kept draft; an empty one when there is none, or what is there is damaged: the code
        itself is kept elsewhere, and what was typed besides is soon typed again."""
        try:
            return IntakeDraft.parse_json(self.path.read_bytes())
        except (FileNotFoundError, EngineError):
            return IntakeDraft()

    def write(self, draft: IntakeDraft) -> None:
        """Replace the kept draft.

        Raises:
            OSError: when the disk is full or the folder cannot be written.
        """
        self.path.parent.mkdir(mode=0o700, exist_ok=True)
        write_whole(self.path, draft.to_json())
