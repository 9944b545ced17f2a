"""Lines of a log as an HTML table, every text escaped."""

from __future__ import annotations

import html
from collections.abc import Iterable
from datetime import datetime, tzinfo

from components.log_lines import Level, Line

STYLE = """<style>
.td-log {border-collapse: collapse; width: 100%; font-size: 0.875rem}
.td-log td {padding: 0.3rem 0.75rem 0.3rem 0; vertical-align: top; text-align: left;
  border-bottom: 1px solid color-mix(in srgb, currentColor 12%, transparent)}
.td-log td.fixed {white-space: nowrap; opacity: 0.75; font-variant-numeric: tabular-nums}
.td-log td.text {width: 100%; white-space: pre-wrap; overflow-wrap: anywhere}
.td-log.printed td {font-family: monospace; font-size: 0.8rem; border: 0; padding-block: 0.1rem}
.td-log .level {white-space: nowrap; font-weight: 600}
.td-log .level.debug, .td-log .level.info {opacity: 0.6; font-weight: 400}
.td-log .level.warning {color: color-mix(in srgb, #e07b00 80%, currentColor)}
.td-log .level.error {color: color-mix(in srgb, #e5383b 85%, currentColor)}
@media (max-width: 640px) {
  .td-log tr {display: block; padding: 0.3rem 0;
    border-bottom: 1px solid color-mix(in srgb, currentColor 12%, transparent)}
  .td-log td {display: inline; border: 0; padding: 0 0.5rem 0 0}
  .td-log td.text {display: block; width: auto}
}
</style>"""


def events_table(lines: Iterable[Line], zone: tzinfo | None) -> str:
    """Events: when, how grave, what, at which step, and the sentence."""
    rows = "".join(_event(line, zone) for line in lines)
    return f'<table class="td-log"><tbody>{rows}</tbody></table>'


def output_table(lines: Iterable[Line]) -> str:
    """What was printed: how grave, and the line."""
    rows = "".join(f"<tr>{_level(line.level)}{_text(line)}</tr>" for line in lines)
    return f'<table class="td-log printed"><tbody>{rows}</tbody></table>'


def _event(line: Line, zone: tzinfo | None) -> str:
    at = "" if line.step is None else f"step {line.step:,}"
    fixed = [_fixed(_clock(line.time, zone)), _level(line.level), _fixed(line.kind), _fixed(at)]
    return f"<tr>{''.join(fixed)}{_text(line)}</tr>"


def _fixed(text: str) -> str:
    return f'<td class="fixed">{html.escape(text)}</td>'


def _level(level: Level) -> str:
    return f'<td class="level {level}">{level}</td>'


def _text(line: Line) -> str:
    return f'<td class="text">{html.escape(line.text)}</td>'


def _clock(time: float | None, zone: tzinfo | None) -> str:
    if time is None:
        return ""
    try:
        return f"{datetime.fromtimestamp(time, zone):%Y-%m-%d %H:%M:%S}"
    except (OverflowError, ValueError, OSError):
        return ""
