"""Facts as people read them."""

from __future__ import annotations

from engine.runs.facts import Fact

UNKNOWN = "–"


def shown(fact: Fact) -> str:
    """A fact in a word: different facts of one name and kind have different words."""
    match fact:
        case None | "" | ():
            return UNKNOWN
        case bool():
            return "on" if fact else "off"
        case tuple():
            return ", ".join(fact)
        case float() if fact.is_integer() and abs(fact) < 1e15:
            return f"{fact:.0f}"
        case _:
            return str(fact)
