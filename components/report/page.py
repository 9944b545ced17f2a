"""A report as one HTML file with everything in it: no network is needed, every text is escaped."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import orjson
from plotly.offline import get_plotlyjs

from components.report import tags
from components.report.contents import Chart, Contents, Section
from components.report.evaluation import evaluation_figures, evaluation_html
from components.report.figures import Figure, figure_of
from components.report.sections import LOSS
from components.sample_html import STYLE, samples_html

_HERE = Path(__file__).parent
_MOST_SAMPLES_HTML = 300_000


def html_of(contents: Contents) -> str:
    """The page."""
    figures = list(figures_of(contents))
    scripts = [get_plotlyjs(), _asset("report.js")]
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_policy(scripts)}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<link rel="icon" href="data:,">',
        f"<title>{tags.escaped(contents.title)} · Traindeck report</title>",
        f"<style>{_asset('report.css')}</style></head><body>",
        *_body(contents),
        f'<script type="application/json" id="figures">{_json(figures)}</script>',
        *(f"<script>{script}</script>" for script in scripts),
        "</body></html>",
    ]
    return "\n".join(parts)


def figures_of(contents: Contents) -> Iterator[Figure]:
    """All figures in the order in which the page has places for them."""
    several = len(contents.cards) > 1
    for section in contents.sections:
        for number, chart in enumerate(section.charts):
            yield figure_of(chart, tall=_is_first(section, number), by_run=several)
    if contents.judged is not None:
        for _, figure in evaluation_figures(contents.judged):
            yield figure


def _body(contents: Contents) -> Iterator[str]:
    yield from _head(contents)
    for note in contents.notes:
        yield f'<p class="note">{tags.escaped(note)}</p>'
    if marks := contents.marks_words():
        yield f'<p class="faint">{tags.escaped(marks)}</p>'
    several = len(contents.cards) > 1
    for section in contents.sections:
        yield tags.heading(section.title)
        charts = (_chart(section, n, several) for n in range(len(section.charts)))
        yield f'<div class="charts">{"".join(charts)}</div>'
    if contents.judged is not None:
        yield tags.heading("Last evaluation")
        yield from evaluation_html(contents.judged)
    yield from _samples(contents)
    for table in contents.tables:
        yield tags.heading(table.title)
        yield tags.table(table)
    yield from _reproduction(contents)
    yield _footer(contents)


def _head(contents: Contents) -> Iterator[str]:
    several = len(contents.cards) > 1
    status = "" if several else tags.status(contents.cards[0].status)
    yield f"<header><h1>{tags.escaped(contents.title)}</h1>{status}</header>"
    links = " ".join(f'<a href="#{tags.anchor(t)}">{tags.escaped(t)}</a>' for t in titles(contents))
    yield f"<nav>{links}</nav>"
    if several:
        yield tags.cards(contents.cards)
        return
    (card,) = contents.cards
    yield tags.facts(card)
    if card.reason:
        look = "note reason" if card.went_wrong else "faint"
        yield f'<p class="{look}">{tags.escaped(card.reason)}</p>'


def titles(contents: Contents) -> list[str]:
    """The headings of a page, from top to bottom."""
    found = [section.title for section in contents.sections]
    found += ["Last evaluation"] if contents.judged is not None else []
    found += ["Samples"] if contents.shown is not None else []
    found += [table.title for table in contents.tables]
    return found + (["How to reproduce"] if contents.commands else [])


def _is_first(section: Section, number: int) -> bool:
    """Whether a chart is the one that people look at first."""
    return section.title == LOSS and number == 0


def _is_wide(section: Section, number: int) -> bool:
    """Whether a chart takes the whole width: the first, and one that has no neighbour."""
    return _is_first(section, number) or len(section.charts) == 1


def _chart(section: Section, number: int, several: bool) -> str:
    chart = section.charts[number]
    wide = " wide" if _is_wide(section, number) else ""
    unit = f"<small>{tags.escaped(chart.unit)}</small>" if chart.unit else ""
    told = tags.escaped(chart.help)
    keys = "" if several else _keys(chart)
    return (
        f'<section class="chart{wide}"><h3 title="{told}">{tags.escaped(chart.title)}{unit}</h3>'
        f'{keys}<div class="plot"></div></section>'
    )


def _keys(chart: Chart) -> str:
    """The legend; none for a single curve that is called like its chart."""
    if len(chart.lines) == 1 and chart.lines[0].label == chart.title:
        return ""
    keys = (
        f'<button data-line="{n}" aria-pressed="true">{tags.swatch(line.color)}'
        f"{tags.escaped(line.label)}</button>"
        for n, line in enumerate(chart.lines)
    )
    return f'<div class="keys">{"".join(keys)}</div>'


def _samples(contents: Contents) -> Iterator[str]:
    shown = contents.shown
    if shown is None:
        return
    yield tags.heading("Samples")
    fitting = shown.samples
    while len(fitting) > 1 and len(samples_html(fitting)) > _MOST_SAMPLES_HTML:
        fitting = fitting[: len(fitting) // 2]
    drawn = samples_html(fitting)
    yield f'<p class="faint">After step {shown.step:,}.</p>'
    if len(drawn) > _MOST_SAMPLES_HTML:
        yield "<p>The samples are too large for a report.</p>"
        return
    yield STYLE + drawn


def _reproduction(contents: Contents) -> Iterator[str]:
    if not contents.commands:
        return
    yield tags.heading("How to reproduce")
    for what, command in contents.commands:
        yield f"<p>{tags.escaped(what)}</p><pre>{tags.escaped(command)}</pre>"
    if contents.document:
        yield (
            "<details><summary>The document it was started from (spec.json)</summary>"
            f"<pre>{tags.escaped(contents.document)}</pre></details>"
        )


def _footer(contents: Contents) -> str:
    return f"<footer>{tags.escaped(contents.points_words())} Made by Traindeck.</footer>"


# -- the frame -------------------------------------------------------------------------------------


def _policy(scripts: list[str]) -> str:
    """Nothing but these scripts runs, and nothing is fetched from anywhere."""
    allowed = " ".join(f"'sha256-{_digest(script)}'" for script in scripts)
    rules = (
        "default-src 'none'",
        f"script-src {allowed}",
        "style-src 'unsafe-inline'",  # Plotly sets styles; no style can load anything
        "img-src data: blob:",
        "base-uri 'none'",
        "form-action 'none'",
    )
    return html.escape("; ".join(rules))


@lru_cache(maxsize=4)
def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


@lru_cache(maxsize=4)
def _asset(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


def _json(figures: list[Figure]) -> str:
    """JSON that cannot end the element that it stands in."""
    try:
        text = orjson.dumps(figures).decode()
    except orjson.JSONEncodeError:  # half a character in somebody's text
        text = json.dumps(figures)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
