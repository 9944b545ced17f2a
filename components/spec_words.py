"""Changes in a few words, for headings and notices."""

from __future__ import annotations

from collections.abc import Iterable

from components import readable
from components.plain_text import as_markdown
from engine.documents.differences import Difference


def changes_in_words(differences: Iterable[Difference]) -> str:
    """What was changed, with the labels of the form, as markdown; empty for nothing."""
    return ", ".join(
        f"{as_markdown(item.label)} {_shown(item.left)} → {_shown(item.right)}"
        for item in differences
    )


def _shown(value: object) -> str:
    if isinstance(value, float):
        return readable.shortest(value)
    return "off" if value in (None, False) else "on" if value is True else as_markdown(str(value))
