"""Data that is not taken in, or not there any more, said in the user's words."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from engine.errors import BadInput, EngineError, Problem

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What the operating system says when nothing more can be written."""


class DataRefused(EngineError):
    """Data that cannot be read as it was asked for: what, where, and what to do."""

    def __init__(self, name: str, reason: str, remedy: str = "") -> None:
        super().__init__(f"{name}: {reason}." + (f" {remedy}" if remedy else ""))
        self.reason, self.remedy = reason, remedy


class WrongEncoding(DataRefused):
    """Text that is not in the encoding that it was read with."""

    def __init__(self, name: str, where: str, used: str, guess: str | None) -> None:
        if guess is None:
            remedy = "No encoding fits it: is this a text file? Otherwise name its encoding."
        else:
            remedy = f"It looks like {guess}; read it with encoding {guess} if that is right."
        super().__init__(name, f"is not {used} text ({where})", remedy)
        self.guess = guess
        """The encoding that fits best, to be asked about; None when none does."""


class MissingDataset(BadInput):
    """A dataset that a run or a person names, but that is not in the library."""

    def __init__(self, fingerprint: str, name: str = "") -> None:
        shown = f"the dataset {name!r}" if name else "the dataset"
        problem = Problem(
            "data.dataset",
            f"{shown} is not in this runs folder",
            fingerprint[:12],
            "Bring the same data in again, on the Data page or with `python -m engine data "
            "import`, or choose other data.",
        )
        super().__init__([problem])


class DatasetChanged(EngineError):
    """A dataset whose rows are not those that its fingerprint was made from."""

    def __init__(self, name: str, expected: str, found: str) -> None:
        super().__init__(
            f"The rows of the dataset {name!r} were changed since it was brought in (fingerprint "
            f"{expected[:12]}, now {found[:12]}). Remove it and bring the data in again."
        )


class DamagedDataset(EngineError):
    """A dataset whose files cannot be read."""

    def __init__(self, fingerprint: str, reason: str) -> None:
        super().__init__(
            f"The dataset {fingerprint[:12]} is damaged ({reason}). Remove it and bring the data "
            "in again."
        )


class NoRoom(EngineError):
    """The disk is full."""

    def __init__(self, doing: str) -> None:
        super().__init__(
            f"The disk is full, so {doing} was given up. What was there before is as it was, and "
            "nothing half-written is left. Free some space, then try again."
        )


@contextmanager
def room_for(doing: str) -> Iterator[None]:
    """Say a full disk in words.

    Raises:
        NoRoom: when the disk is full.
    """
    try:
        yield
    except OSError as error:
        if error.errno in NO_ROOM:
            raise NoRoom(doing) from None
        raise
