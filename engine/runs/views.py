"""Saved views of the table of runs: a query, columns and an order under a name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from filelock import FileLock
from pydantic import Field

from engine.errors import BadInput, EngineError
from engine.frozen import Frozen
from engine.runs.files import write_whole

NAME = ".views.json"
MOST = 200


class View(Frozen):
    """What the table of runs shows, and how."""

    name: str = Field(min_length=1, max_length=100)
    query: str = ""
    columns: tuple[str, ...] = Field((), max_length=50)
    sort: str = ""
    descending: bool = False
    group_by: str = ""
    archived: bool = False
    """Whether archived runs are among them."""


class Views(Frozen):
    """The file in the runs folder that everybody who uses it shares."""

    views: tuple[View, ...] = ()


class ViewsUnreadable(EngineError):
    """The file of saved views is damaged."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"The saved views in {path} cannot be read ({reason}). Mend or delete the file; "
            "runs are not affected."
        )


def read_views(root: Path) -> Sequence[View]:
    """The saved views of a runs folder, by name.

    Raises:
        ViewsUnreadable: when the file is damaged.
    """
    path = root / NAME
    try:
        return Views.parse_json(path.read_bytes()).views
    except FileNotFoundError:
        return ()
    except (BadInput, OSError) as error:
        raise ViewsUnreadable(path, str(error)) from None


def save_view(root: Path, view: View) -> None:
    """Keep a view; one of the same name is replaced, and beyond `MOST` the oldest is left out.

    Raises:
        ViewsUnreadable: when there is a file that cannot be read; it is left alone.
    """
    with FileLock(root / f"{NAME}.lock", timeout=5, mode=0o600):
        others = [one for one in read_views(root) if one.name != view.name]
        _write(root, [*others, view][-MOST:])


def delete_view(root: Path, name: str) -> None:
    """Forget a view.

    Raises:
        ViewsUnreadable: when the file cannot be read; it is left alone.
    """
    with FileLock(root / f"{NAME}.lock", timeout=5, mode=0o600):
        _write(root, [one for one in read_views(root) if one.name != name])


def _write(root: Path, views: Sequence[View]) -> None:
    write_whole(root / NAME, Views(views=tuple(views)).to_json())
