"""Notes as markdown: formatted, and nothing of it reaches out to the network."""

from __future__ import annotations

_WORD_JOINER = "\u2060"


def as_safe_markdown(text: str) -> str:
    """Markdown for `st.markdown` in which no picture is fetched; HTML is shown as it was typed.

    Streamlit escapes HTML and harmful links itself. Of a picture the link to it is left, so that it
    is fetched by those who click only.
    """
    return text.replace("![", f"!{_WORD_JOINER}[")
