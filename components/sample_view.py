"""What the model produced at its validations: texts, or images it got wrong."""

from __future__ import annotations

import base64
import html
import io
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import streamlit as st
from PIL import Image

from components import session, step_picker
from engine.runs.run import Run

_STYLE = """<style>
.td-texts {display: grid; gap: 0.75rem}
.td-texts pre {margin: 0; padding: 0.75rem 1rem; border-radius: 0.5rem; white-space: pre-wrap;
  overflow-wrap: anywhere; font-size: 0.85rem; line-height: 1.5; font-family: monospace;
  background: color-mix(in srgb, currentColor 5%, transparent)}
.td-texts b {font-weight: 600; opacity: 0.6}
.td-images {display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(7rem, 1fr))}
.td-images figure {margin: 0}
.td-images img {width: 100%; aspect-ratio: 1; object-fit: contain; image-rendering: pixelated;
  border-radius: 0.375rem; background: #000}
.td-images figcaption {font-size: 0.85rem; padding-top: 0.25rem; overflow-wrap: anywhere}
.td-images small {opacity: 0.7}
</style>"""


def show(run: Run) -> None:
    """Draw the samples of a step; the newest, and those that follow, unless one was picked."""
    steps = run.sample_steps()
    if not steps:
        st.caption("Samples appear here after the first validation.")
        return
    step = step_picker.pick(steps, "Samples at step", session.SAMPLE_STEP)
    try:
        samples = run.samples(step)
    except (OSError, ValueError) as error:
        st.warning(f"The samples of step {step:,} cannot be read ({type(error).__name__}).")
        return
    st.html(_STYLE + samples_html(samples))


def samples_html(samples: object) -> str:
    """Samples as HTML, every text escaped; what is of no known kind is shown as JSON."""
    if not isinstance(samples, list):
        return f'<div class="td-texts">{_raw(samples)}</div>'
    if not samples:
        return "<p>The model got every validation sample right, or none was asked for.</p>"
    images = [_figure(sample) for sample in samples if _is_image(sample)]
    texts = [_text(sample) for sample in samples if not _is_image(sample)]
    grid = f'<div class="td-images">{"".join(images)}</div>' if images else ""
    return grid + (f'<div class="td-texts">{"".join(texts)}</div>' if texts else "")


def _is_image(sample: object) -> bool:
    return isinstance(sample, Mapping) and "image" in sample


def _text(sample: object) -> str:
    if not isinstance(sample, Mapping) or "text" not in sample:
        return _raw(sample)
    prompt, text = str(sample.get("prompt", "")), str(sample["text"])
    return f"<pre><b>{html.escape(prompt)}</b>{html.escape(text)}</pre>"


def _figure(sample: Mapping[str, Any]) -> str:
    try:
        pixels = np.asarray(sample["image"], np.uint8)
        png = io.BytesIO()
        Image.fromarray(pixels).save(png, "PNG")
    except (TypeError, ValueError, OverflowError):
        return f"<figure>{_raw(sample)}</figure>"
    source = f"data:image/png;base64,{base64.b64encode(png.getvalue()).decode()}"
    true, predicted = (html.escape(str(sample.get(key, "?"))) for key in ("true", "predicted"))
    confidence = sample.get("confidence")
    sure = f"{100 * confidence:.0f}%" if isinstance(confidence, int | float) else ""
    words = f"A {true} taken for a {predicted}"
    return (
        f'<figure><img src="{source}" alt="{words}"><figcaption>{true} → <b>{predicted}</b> '
        f"<small>{sure}</small></figcaption></figure>"
    )


def _raw(sample: object) -> str:
    return f"<pre>{html.escape(json.dumps(sample, indent=2, ensure_ascii=False))}</pre>"
