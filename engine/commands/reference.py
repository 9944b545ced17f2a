"""`docs`: the reference of the configuration."""

from __future__ import annotations

from engine.commands.console import say
from engine.documents.reference import configuration


def docs() -> None:
    """Print the reference of the configuration, as Markdown: every field, with its bounds."""
    say(configuration().rstrip("\n"))
