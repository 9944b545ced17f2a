"""What commands print: text on stdout, remarks on stderr, refusals with their exit codes."""

from __future__ import annotations

import json
import math
import os
import sys
from typing import Any

import typer
from typer.core import TyperGroup

from engine.errors import EngineError

DONE, FAILED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130
"""The exit codes: done, failed, bad input, ended by Ctrl-C."""


class Commands(TyperGroup):
    """A group of commands that says what the user can mend in plain lines, without a traceback."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except EngineError as error:
            remark(str(error))
            raise typer.Exit(BAD_INPUT) from None
        except OSError as error:
            remark(f"{error.strerror or error}: {error.filename or 'no file named'}")
            raise typer.Exit(FAILED) from None


def say(text: str) -> None:
    """Print to stdout; a reader that went away (`| head`) is no error."""
    _write(text, to_stderr=False)


def remark(text: str) -> None:
    """Print to stderr."""
    _write(text, to_stderr=True)


def say_json(document: object) -> None:
    """Print one JSON document on one line."""
    say(json.dumps(document, allow_nan=False))


def number(value: float | None) -> float | str | None:
    """A number for JSON: unknown is null, and 'NaN', 'Infinity', '-Infinity' are strings."""
    if value is None or math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")


def printable(text: str) -> str:
    """Text of a user on one line of a terminal, its control characters made visible."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def _write(text: str, *, to_stderr: bool) -> None:
    try:
        typer.echo(text, err=to_stderr)
    except BrokenPipeError:
        stream = sys.stderr if to_stderr else sys.stdout
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())  # training, and the flush at exit, go on undisturbed
        os.close(nowhere)
