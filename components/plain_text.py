"""User text on screens: shown as what it is, never as markdown, HTML, an icon, emoji or a link."""

from __future__ import annotations

import re

_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_MAGIC = re.compile(r"\\:(?=\S)|\\@(?=\S)|\b[wW]{3}(?=\\\.)")
_INDENT = re.compile(r"^[ \t]+", re.MULTILINE)
_WORD_JOINER = "\u2060"


def as_markdown(text: str) -> str:
    """Markdown that shows `text` literally; for elements that cannot show plain text.

    Backslashes do not keep Streamlit from replacing `:smile:` and `:material/home:` or from making
    links of addresses; an invisible word joiner behind the colon, the @ and the www does.
    """
    escaped = _PUNCTUATION.sub(r"\\\1", text)
    joined = _MAGIC.sub(lambda found: found[0] + _WORD_JOINER, escaped)
    indented = _INDENT.sub(lambda found: "\u00a0" * len(found[0]), joined)
    return indented.replace("\n", "  \n")
