"""User text on screens: shown as what it is, never as markdown, HTML, an icon or an emoji code."""

from __future__ import annotations

import re

_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_DIRECTIVE = re.compile(r"\\:(?=\w)")
_WORD_JOINER = "\u2060"


def as_markdown(text: str) -> str:
    """Markdown that shows `text` literally; for elements that cannot show plain text.

    Backslashes do not keep Streamlit from replacing `:smile:` and `:material/home:`, an invisible
    word joiner behind the colon does.
    """
    escaped = _PUNCTUATION.sub(r"\\\1", text)
    return _DIRECTIVE.sub(rf"\\:{_WORD_JOINER}", escaped).replace("\n", "  \n")
