"""`examples` and `example NAME`: what can be trained with one word."""

from __future__ import annotations

import textwrap
from typing import Annotated

import typer

from engine.commands.console import say, say_json
from engine.commands.documents import example_spec
from engine.commands.options import AsJson
from engine.examples import EXAMPLES


def list_examples(as_json: AsJson = False) -> None:
    """The bundled examples: real data, no network, one word each."""
    if as_json:
        say_json({name: example.sentence for name, example in EXAMPLES.items()})
        return
    for name, example in EXAMPLES.items():
        say(f"{name}: {example.title}")
        say(textwrap.fill(example.sentence, 88, initial_indent="  ", subsequent_indent="  "))


def show_example(name: Annotated[str, typer.Argument(help="As `examples` lists it.")]) -> None:
    """Print an example's RunSpec as JSON: a file to change and then to train."""
    say(example_spec(name).to_json())
