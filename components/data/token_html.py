"""Tokens as coloured pieces of text."""

from __future__ import annotations

import html
from collections.abc import Sequence

_HUES = (210, 30, 150, 330, 265)
"""Neighbours differ; the colours are thin enough for black and for white letters."""
_STYLE = (
    "<style>.td-tokens{font-family:'Source Code Pro',monospace;font-size:.85rem;line-height:1.9;"
    "overflow-wrap:anywhere;white-space:pre-wrap;margin:0}"
    ".td-tokens span{border-radius:.2rem;padding:.1rem 0}"
    ".td-tokens .td-special{outline:1px dashed currentColor;outline-offset:-1px;"
    "padding:.1rem .25rem;font-size:.75rem}"
    ".td-tokens .td-unknown{background:hsl(0 80% 50%/.45)!important}"
    ".td-tokens .td-cut{opacity:.4;text-decoration:line-through}</style>"
)


def drawn(pieces: Sequence[tuple[int, str, str]], most: int) -> str:
    """HTML of tokens, each a number, what people see of it, and "", "special" or "unknown".

    Those behind the first `most` are struck through: a sample has no room for them.
    """
    spans = []
    for place, (number, piece, kind) in enumerate(pieces):
        hue = _HUES[place % len(_HUES)]
        classes = " ".join(
            name for name in (kind and f"td-{kind}", "td-cut" if place >= most else "") if name
        )
        shown = html.escape(piece).replace("\n", "⏎\n").replace("\t", "⇥")
        spans.append(
            f'<span class="{classes}" style="background:hsl({hue} 70% 50%/.25)" '
            f'title="token {number}">{shown}</span>'
        )
    return f'{_STYLE}<p class="td-tokens">{"".join(spans)}</p>'
