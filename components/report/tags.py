"""Small pieces of HTML: every text that comes in is escaped."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

from components.numbers import DASH
from components.report.contents import Card, Row, Table
from engine.runs.state import Status

_NUMBER = re.compile(r"[^a-z0-9]+")
_TOO_LONG = ("Notes", "Run")
_TWO_COLUMNS = 16
"""Rows of labels and values from which two columns read better than one."""


def escaped(text: str) -> str:
    """Text as it is; half a character, which is no text, is replaced."""
    return html.escape(text.encode("utf-8", "replace").decode())


def anchor(title: str) -> str:
    """The name under which a heading is linked."""
    return _NUMBER.sub("-", title.lower())


def heading(title: str) -> str:
    return f'<h2 id="{anchor(title)}">{escaped(title)}</h2>'


def status(status: Status) -> str:
    return f'<span class="status {status}">{status}</span>'


def swatch(color: str) -> str:
    return f'<span class="swatch" style="background:{escaped(color)}"></span>'


def facts(card: Card) -> str:
    """A run's facts, side by side."""
    return _facts(card.facts)


def _facts(facts: Sequence[tuple[str, str]]) -> str:
    cells = "".join(
        f"<div><dt>{escaped(label)}</dt><dd>{escaped(value)}</dd></div>" for label, value in facts
    )
    return f'<dl class="facts">{cells}</dl>'


def cards(cards: Sequence[Card]) -> str:
    """What several runs have in common, and the rest as a table with the colours of the curves."""
    labels = labels_of(cards)
    known = [dict(card.facts) for card in cards]
    common = [label for label in labels if len({facts.get(label) for facts in known}) == 1]
    differing = [label for label in labels if label not in common]
    shared = [(label, known[0][label]) for label in common]
    head = "".join(f"<th>{escaped(label)}</th>" for label in ("Run", "Status", *differing))
    rows = "".join(_card(number, card, differing) for number, card in enumerate(cards))
    table = f'<div class="scroll"><table><tr>{head}</tr>{rows}</table></div>'
    return (f'<p class="faint">All of them:</p>{_facts(shared)}' if shared else "") + table


def labels_of(cards: Sequence[Card]) -> list[str]:
    """The facts that fit into a table of runs."""
    labels = dict.fromkeys(label for card in cards for label, _ in card.facts)
    return [label for label in labels if label not in _TOO_LONG]


def _card(number: int, card: Card, labels: Sequence[str]) -> str:
    known = dict(card.facts)
    name = (
        f'<button class="swatch-button" data-line="{number}" aria-pressed="true">'
        f"{swatch(card.color)}{escaped(card.name)}</button>"
    )
    cells = "".join(f"<td>{escaped(known.get(label, DASH))}</td>" for label in labels)
    return f'<tr><td class="name">{name}</td><td>{status(card.status)}</td>{cells}</tr>'


def table(table: Table) -> str:
    """A table; one without a head is a list of labels and values."""
    note = f'<p class="faint">{escaped(table.note)}</p>' if table.note else ""
    if not table.rows:
        return note
    kind = "settings" if table.head[:1] == ("Setting",) or not table.head else "plain"
    cells = "".join(f"<th>{escaped(text)}</th>" for text in table.head)
    head = f"<tr>{cells}</tr>" if cells else ""
    rows = "".join(_row(row) for row in table.rows)
    columns = not table.head and len(table.rows) >= _TWO_COLUMNS
    place = "columns" if columns else "scroll"
    return f'{note}<div class="{place}"><table class="{kind}">{head}{rows}</table></div>'


def _row(row: Row) -> str:
    tone = f' class="{row.tone}"' if row.tone else ""
    cells = "".join(f"<td>{escaped(text)}</td>" for text in row.cells)
    return f"<tr{tone}>{cells}</tr>"
