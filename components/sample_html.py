"""Samples as HTML, every text escaped; colours that are readable in both themes."""

from __future__ import annotations

import base64
import html
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np
from PIL import Image

from components.charts.palette import COLORS
from components.numbers import DASH, shown_number
from engine.runs.samples import (
    Blank,
    ClassifiedRow,
    ClassifiedText,
    EstimatedRow,
    FilledText,
    LabelledText,
    MarkedText,
    Sample,
    WrittenText,
    parsed,
)

_KINDS = "".join(
    f".td-c{n} {{background: color-mix(in srgb, {color} 30%, transparent)}}\n"
    for n, color in enumerate(COLORS)
)
STYLE = f"""<style>
.td-texts {{display: grid; gap: 0.75rem}}
.td-texts pre {{margin: 0; padding: 0.75rem 1rem; border-radius: 0.5rem; white-space: pre-wrap;
  overflow-wrap: anywhere; font-size: 0.85rem; line-height: 1.5; font-family: monospace;
  background: color-mix(in srgb, currentColor 5%, transparent)}}
.td-texts b {{font-weight: 600; opacity: 0.6}}
.td-images {{display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(7rem, 1fr))}}
.td-images figure {{margin: 0}}
.td-images img {{width: 100%; aspect-ratio: 1; object-fit: contain; image-rendering: pixelated;
  border-radius: 0.375rem; background: #000}}
.td-images figcaption {{font-size: 0.85rem; padding-top: 0.25rem; overflow-wrap: anywhere}}
.td-images small, .td-texts small {{opacity: 0.75; font-size: 0.85rem}}
.td-texts p {{margin: 0.25rem 0 0; font-size: 0.85rem; overflow-wrap: anywhere}}
.td-texts p strong {{font-weight: 600}}
.td-pair {{display: grid; gap: 0.5rem; grid-template-columns: repeat(auto-fit, minmax(18rem, 1fr))}}
.td-texts pre span {{border-radius: 0.2rem}}
.td-legend-of-kinds span {{padding: 0 0.4rem; margin-right: 0.4rem; border-radius: 0.2rem}}
.td-right {{border-bottom: 2px solid {COLORS[2]}}}
.td-wrong {{text-decoration: underline wavy {COLORS[7]}; text-underline-offset: 0.2em}}
.td-rows {{overflow-x: auto}}
.td-rows table {{border-collapse: collapse; font-size: 0.85rem}}
.td-rows th, .td-rows td {{padding: 0.25rem 0.6rem; text-align: right; white-space: nowrap;
  border-bottom: 1px solid color-mix(in srgb, currentColor 15%, transparent)}}
{_KINDS}</style>"""

_UNSEEN = {" ": "␣", "\n": "↵", "\t": "⇥", "": "∅"}
"""What stands for tokens that cannot be seen alone."""


def samples_html(samples: object) -> str:
    """Samples as HTML; what is of no known kind is shown as JSON."""
    if not isinstance(samples, list):
        return f'<div class="td-texts">{_raw(samples)}</div>'
    if not samples:
        return "<p>The model got every validation sample right, or none was asked for.</p>"
    images = [_figure(sample) for sample in samples if _is_image(sample)]
    others = [sample for sample in samples if not _is_image(sample)]
    grid = f'<div class="td-images">{"".join(images)}</div>' if images else ""
    return grid + (f'<div class="td-texts">{_others(others)}</div>' if others else "")


def _others(samples: list[object]) -> str:
    """Rows of a table together, with a heading; everything else one after another."""
    known = [(sample, parsed(sample)) for sample in samples]
    rows = [one for _, one in known if isinstance(one, ClassifiedRow | EstimatedRow)]
    marked = [one for _, one in known if isinstance(one, MarkedText)]
    parts = [_legend(marked[0].classes)] if marked else []
    parts += [_table(rows)] if rows else []
    parts += [_one(raw, one) for raw, one in known if one is None or one not in rows]
    return "".join(parts)


def _one(raw: object, sample: Sample | None) -> str:
    match sample:
        case ClassifiedText():
            verdict = f"{_plain(sample.true)} → <strong>{_plain(sample.predicted)}</strong>"
            return _text(sample.text, f"{verdict} {_sure(sample.confidence)}")
        case LabelledText():
            return _text(sample.text, _labels(sample))
        case MarkedText():
            return _marked(sample)
        case FilledText():
            return _filled(sample)
        case WrittenText():
            return _written(sample)
    return _continued(raw)


# -- texts -----------------------------------------------------------------------------------------


def _text(text: str, verdict: str) -> str:
    return f"<div><pre>{_plain(text)}</pre><p>{verdict}</p></div>"


def _labels(sample: LabelledText) -> str:
    true, given = set(sample.true), set(sample.predicted)
    parts = (("found", true & given), ("missed", true - given), ("given wrongly", given - true))
    return " · ".join(
        f"{words}: <strong>{_plain(', '.join(sorted(names)))}</strong>"
        for words, names in parts
        if names
    )


def _legend(classes: Sequence[str]) -> str:
    kinds = "".join(
        f'<span class="td-c{n % len(COLORS)}">{_plain(name)}</span>'
        for n, name in enumerate(classes)
    )
    wrong = '<span class="td-wrong">wrong</span>'
    return f'<p class="td-legend-of-kinds">{kinds}{wrong}</p>'


def _marked(sample: MarkedText) -> str:
    asked = [
        None if true is None else kind
        for true, kind in zip(sample.true, sample.predicted, strict=True)
    ]
    predicted = _spans(sample, asked)
    true = _spans(sample, sample.true)
    return (
        f'<div class="td-pair"><div><pre>{predicted}</pre><p>predicted</p></div>'
        f"<div><pre>{true}</pre><p>true</p></div></div>"
    )


def _spans(sample: MarkedText, kinds: Sequence[int | None]) -> str:
    """The text with a span for each stretch of one kind; wrong ones are underlined."""
    cells = zip(sample.tokens, kinds, sample.true, strict=True)
    parts = []
    for (kind, true), stretch in groupby(cells, key=lambda cell: cell[1:]):
        text = _plain("".join(token for token, _, _ in stretch))
        if kind is None or true is None:
            parts.append(text)
            continue
        name = _plain(sample.classes[kind])
        wrong = "" if kind == true else " td-wrong"
        told = name if kind == true else f"{name}, is {_plain(sample.classes[true])}"
        parts.append(f'<span class="td-c{kind % len(COLORS)}{wrong}" title="{told}">{text}</span>')
    return "".join(parts)


def _filled(sample: FilledText) -> str:
    blanks = {blank.place: blank for blank in sample.blanks}
    text = "".join(
        _blank(blanks[place]) if place in blanks else _plain(token or _UNSEEN[""])
        for place, token in enumerate(sample.tokens)
    )
    wrong = [blank for blank in sample.blanks if not _is_right(blank)]
    mistaken = " · ".join(
        f"<strong>{_seen(blank.true)}</strong>: {_guesses(blank)}" for blank in wrong
    )
    right = f"{len(sample.blanks) - len(wrong)} of {len(sample.blanks)} right"
    return f"<div><pre>{text}</pre><p>{right}{' · ' if mistaken else ''}{mistaken}</p></div>"


def _blank(blank: Blank) -> str:
    guess = blank.guesses[0][0] if blank.guesses else ""
    look = "td-right" if _is_right(blank) else "td-wrong"
    told = f"{_seen(blank.true)}: {_guesses(blank)}"
    return f'<span class="{look}" title="{told}">{_seen(guess)}</span>'


def _is_right(blank: Blank) -> bool:
    return bool(blank.guesses) and blank.guesses[0][0] == blank.true


def _guesses(blank: Blank) -> str:
    return ", ".join(f"{_seen(token)} {_sure(share)}" for token, share in blank.guesses) or DASH


def _seen(token: str) -> str:
    return _plain(_UNSEEN.get(token, token))


def _written(sample: WrittenText) -> str:
    verdict = "right" if sample.text == sample.expected else "wrong"
    look = f"td-{verdict}"
    lines = (
        ("input", sample.input, ""),
        ("expected", sample.expected, ""),
        ("written", sample.text, f' class="{look}"'),
    )
    shown = "\n".join(
        f"<b>{name:<9}</b><span{style}>{_plain(text)}</span>" for name, text, style in lines
    )
    return f"<pre>{shown}</pre>"


def _continued(sample: object) -> str:
    if not isinstance(sample, Mapping) or "text" not in sample:
        return _raw(sample)
    prompt, text = str(sample.get("prompt", "")), str(sample["text"])
    return f"<pre><b>{_plain(prompt)}</b>{_plain(text)}</pre>"


# -- tables ----------------------------------------------------------------------------------------


def _table(rows: Sequence[ClassifiedRow | EstimatedRow]) -> str:
    features = [name for name, _ in rows[0].features]
    head = _cells("th", (*_columns(rows[0]), *features))
    body = "".join(
        f"<tr>{_cells('td', (*_verdict(row), *(shown_number(v, 3) for _, v in row.features)))}</tr>"
        for row in rows
    )
    note = "<p>Inputs as the model sees them.</p>"
    return f'<div class="td-rows"><table><tr>{head}</tr>{body}</table>{note}</div>'


def _columns(row: ClassifiedRow | EstimatedRow) -> tuple[str, ...]:
    if isinstance(row, ClassifiedRow):
        return "true", "predicted", "confidence"
    return f"{row.target}: true", "predicted", "error"


def _verdict(row: ClassifiedRow | EstimatedRow) -> tuple[str, ...]:
    if isinstance(row, ClassifiedRow):
        return row.true, row.predicted, _sure(row.confidence) or DASH
    error = None if row.predicted is None else row.predicted - row.true
    return shown_number(row.true), shown_number(row.predicted), shown_number(error, 3)


def _cells(tag: str, texts: Iterable[str]) -> str:
    return "".join(f"<{tag}>{_plain(text)}</{tag}>" for text in texts)


# -- images, and what is of no known kind ----------------------------------------------------------


def _is_image(sample: object) -> bool:
    return isinstance(sample, Mapping) and "image" in sample


def _figure(sample: Mapping[str, Any]) -> str:
    try:
        pixels = np.asarray(sample["image"], np.uint8)
        png = io.BytesIO()
        Image.fromarray(pixels).save(png, "PNG")
    except (TypeError, ValueError, OverflowError):
        return f"<figure>{_raw(sample)}</figure>"
    source = f"data:image/png;base64,{base64.b64encode(png.getvalue()).decode()}"
    true, predicted = (_plain(str(sample.get(key, "?"))) for key in ("true", "predicted"))
    confidence = sample.get("confidence")
    sure = _sure(confidence) if isinstance(confidence, int | float) else ""
    words = f"A {true} taken for a {predicted}"
    return (
        f'<figure><img src="{source}" alt="{words}"><figcaption>{true} → <b>{predicted}</b> '
        f"<small>{sure}</small></figcaption></figure>"
    )


def _raw(sample: object) -> str:
    return f"<pre>{_plain(json.dumps(sample, indent=2, ensure_ascii=False))}</pre>"


def _sure(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.0f}%"


def _plain(text: str) -> str:
    return html.escape(text.encode("utf-8", "replace").decode())  # half a character is no text
