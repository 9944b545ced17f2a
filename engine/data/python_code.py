"""The source code of Python's standard library, split so that nothing held out was trained on."""

from __future__ import annotations

import io
import os
import string
from collections import Counter
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

from engine.data.python_docs import held_out
from engine.errors import EngineError

SOURCE = "Source code of Python's standard library (part of this Python)"
LICENCE = "PSF License Agreement"
_NAMES = (
    "argparse ast bdb calendar cmd configparser contextlib copy csv dataclasses difflib fractions "
    "ftplib functools gettext gzip heapq http/client http/server inspect ipaddress json/decoder "
    "json/encoder logging/__init__ mailbox mimetypes optparse pickle platform poplib pprint queue "
    "random selectors shlex shutil smtplib socket socketserver statistics subprocess tarfile "
    "tempfile textwrap threading timeit trace traceback urllib/parse urllib/request uuid weakref "
    "webbrowser zipapp"
)
MODULES = tuple(_NAMES.split())
"""Files of the standard library, without their ending, that every supported Python has."""
ALPHABET = "\n" + string.digits + string.ascii_letters + string.punctuation + " "
"""Code with other characters is left out."""

Sample = tuple[str, Any]
"""A text, and what is to be said of it."""


class SourceCodeMissing(EngineError):
    """A Python that was installed without the source code of its library."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"This Python has no source code of its standard library ({path} is missing). "
            "Choose other data, or install Python with its sources."
        )


@lru_cache(maxsize=1)
def modules() -> dict[str, str]:
    """The source code of each module.

    Raises:
        SourceCodeMissing: where Python was installed without it.
    """
    folder = Path(os.__file__).parent
    found = {}
    for name in MODULES:
        path = folder / f"{name}.py"
        if not path.is_file():
            raise SourceCodeMissing(path)
        found[name] = path.read_text(encoding="utf-8")
    return found


def split_samples(
    samples_of: Callable[[str], list[Sample]], *, val_fraction: float, split_seed: int
) -> tuple[list[Sample], list[Sample]]:
    """The samples of the training and of the held-out modules, each text once.

    A text that stands in both is left out of the validation. One that has been given several
    answers keeps the most frequent of its split.
    """
    texts = modules()
    lengths = {name: len(text) for name, text in texts.items()}
    val_names = set(held_out(lengths, val_fraction=val_fraction, split_seed=split_seed))
    train, val = (
        _each_once(
            sample for name in texts if (name in val_names) is chosen for sample in samples_of(name)
        )
        for chosen in (False, True)
    )
    return list(train.items()), [(text, said) for text, said in val.items() if text not in train]


def _each_once(samples: Iterable[Sample]) -> dict[str, Any]:
    answers: dict[str, Counter[Any]] = {}
    for text, said in samples:
        answers.setdefault(text, Counter())[said] += 1
    return {text: counted.most_common(1)[0][0] for text, counted in answers.items()}


def lines_of(source: str) -> list[str]:
    """The lines as Python counts them, with their ends; `splitlines` cuts at form feeds too."""
    return io.StringIO(source).readlines()


def is_plain(text: str) -> bool:
    """Whether the text has characters of the alphabet only."""
    return not set(text) - set(ALPHABET)
