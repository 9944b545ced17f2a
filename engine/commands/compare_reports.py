"""A comparison as plain data for JSON, as CSV, and as lines to read."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any, NamedTuple

from engine.commands.console import number, printable
from engine.commands.reports import table
from engine.comparison import (
    ASPECTS,
    At,
    Chosen,
    Compared,
    Measured,
    Pair,
    Summaries,
    grouped,
    groups,
    measured,
    rows,
)
from engine.comparison.differences import Row
from engine.comparison.fields import fact_of
from engine.comparison.measured import GroupsMeasured, Which
from engine.comparison.statistics import CONFIDENCE
from engine.comparison.words import UNKNOWN, shown
from engine.documents.differences import Setting


class Asked(NamedTuple):
    """How runs are compared."""

    by: tuple[str, ...]
    metrics: tuple[str, ...]
    baseline: int | None
    """Place of the run that the others are measured against."""
    which: Which


# -- as a document ---------------------------------------------------------------------------------


def as_document(found: Chosen, asked: Asked, known: Summaries) -> dict[str, Any]:
    """Everything, as plain data."""
    runs = found.runs
    metrics = [measured(runs, metric, known) for metric in asked.metrics]
    document: dict[str, Any] = {
        "runs": [_run(run, place, metrics, asked) for place, run in enumerate(runs)],
        "left_out": [left._asdict() for left in found.left_out],
        "better": {one.metric: one.mode for one in metrics},
        "best_runs": {
            one.metric: [runs[place].id for place in sorted(one.leaders(asked.which))]
            for one in metrics
        },
        "differences": {
            aspect: [_difference(row, runs) for row in rows(runs, aspect)] for aspect in ASPECTS
        },
    }
    if asked.by:
        members = groups(runs, asked.by)
        document["groups"] = {
            "by": list(asked.by),
            "value": asked.which,
            "runs": {group.label: [run.id for run in group.runs] for group in members},
            "also_differ_in": {group.label: list(group.otherwise()) for group in members},
            "metrics": {
                metric: _groups(grouped(members, metric, asked.which, known))
                for metric in asked.metrics
            },
        }
    return document


def _run(run: Compared, place: int, metrics: Sequence[Measured], asked: Asked) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for one in metrics:
        found[one.metric] = {"newest": _at(one.newest[place]), "best": _at(one.best[place])}
        if asked.baseline is not None:
            relative = one.against(asked.baseline, asked.which)[place]
            found[one.metric]["against_baseline"] = relative._asdict()
    state = run.state
    return {
        "run_id": run.id,
        "name": run.name,
        "status": state.status,
        "step": state.step,
        "metrics": found,
    }


def _at(at: At | None) -> dict[str, Any] | None:
    return None if at is None else {"value": number(at.value), "step": at.step}


def _difference(row: Row, runs: Sequence[Compared]) -> dict[str, Any]:
    values = zip(runs, row.values, strict=True)
    return {
        "path": row.path,
        "label": row.label,
        "values": {run.id: None if one is None else _plain(one.value) for run, one in values},
    }


def _plain(value: object) -> object:
    match value:
        case float():
            return number(value)
        case list():
            return [_plain(one) for one in value]
        case dict():
            return {name: _plain(one) for name, one in value.items()}
        case _:
            return value


def _groups(found: GroupsMeasured) -> dict[str, Any]:
    return {
        "groups": [
            {
                "group": one.label,
                "spread": None if one.spread is None else one.spread._asdict(),
                "left_out": one.left_out,
            }
            for one in found.groups
        ],
        "pairs": [_pair(pair) for pair in found.pairs],
    }


def _pair(pair: Pair) -> dict[str, Any]:
    return {
        "left": pair.left,
        "right": pair.right,
        "n": list(pair.n),
        "difference": pair.difference,
        "interval": None if pair.test is None else [pair.test.low, pair.test.high],
        "confidence": CONFIDENCE,
        "p": None if pair.test is None else pair.test.p,
        "adjusted_p": pair.adjusted_p,
        "why_not": pair.why_not,
    }


# -- as CSV ----------------------------------------------------------------------------------------


def csv_rows(runs: Sequence[Compared], asked: Asked, known: Summaries) -> str:
    """One row a run, without the last line end; a cell is empty where nothing is known."""
    metrics = [measured(runs, metric, known) for metric in asked.metrics]
    heading = ["run_id", "name", "status", "step", *asked.by]
    for one in metrics:
        heading += [one.metric, f"best({one.metric})", f"step of best({one.metric})"]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(heading)
    for place, run in enumerate(runs):
        facts = [fact_of(run, field) for field in asked.by]
        cells = [run.id, run.name, run.state.status, run.state.step]
        cells += ["" if fact is None else shown(fact) for fact in facts]
        for one in metrics:
            newest, best = one.newest[place], one.best[place]
            cells.append("" if newest is None else str(number(newest.value)))
            cells += ["", ""] if best is None else [str(number(best.value)), best.step]
        writer.writerow(cells)
    return text.getvalue().removesuffix("\n")


# -- as lines --------------------------------------------------------------------------------------


def text_lines(runs: Sequence[Compared], asked: Asked, known: Summaries) -> list[str]:
    """Metrics, what differs, groups and tests, each as a table."""
    metrics = [measured(runs, metric, known) for metric in asked.metrics]
    lines = _of_metrics(runs, metrics, asked)
    for aspect in ASPECTS:
        if found := rows(runs, aspect):
            lines += ["", *_of_differences(aspect, found)]
    members = groups(runs, asked.by) if asked.by else ()
    for one in metrics if members else ():
        found_groups = grouped(members, one.metric, asked.which, known)
        lines += ["", *_of_groups(f"{asked.which} {one.metric}", found_groups)]
    also = dict.fromkeys(field for group in members for field in group.otherwise())
    if also:
        lines += ["", f"Within groups also differ: {printable(', '.join(also))}"]
    return lines


def _of_metrics(runs: Sequence[Compared], metrics: Sequence[Measured], asked: Asked) -> list[str]:
    heading = ["#", "RUN", "STATUS"]
    for one in metrics:
        heading += [printable(one.metric), "BEST", "AT STEP"]
        heading += ["AGAINST"] if asked.baseline is not None else []
    cells = []
    for place, run in enumerate(runs):
        line = [str(place + 1), run.id, run.state.status]
        for one in metrics:
            newest, best = one.newest[place], one.best[place]
            mark = "*" if place in one.leaders("best") else ""
            line += [_number(newest), f"{_number(best)}{mark}", str(best.step) if best else UNKNOWN]
            line += _against(one, asked, place)
        cells.append([*line, printable(run.name)])
    return table([*heading, "NAME"], cells)


def _against(one: Measured, asked: Asked, place: int) -> list[str]:
    if asked.baseline is None:
        return []
    relative = one.against(asked.baseline, asked.which)[place]
    if relative.difference is None:
        return [UNKNOWN]
    percent = "" if relative.percent is None else f" ({relative.percent:+.2f}%)"
    return [f"{relative.difference:+.4g}{percent}"]


def _of_differences(aspect: str, found: Sequence[Row]) -> list[str]:
    """Each setting with its values, and which runs by their numbers have it."""
    cells = []
    for row in found:
        having: dict[str, list[int]] = {}
        for place, setting in enumerate(row.values, start=1):
            having.setdefault(_word(setting), []).append(place)
        for n, (word, places) in enumerate(having.items()):
            label = printable(row.label) if not n else ""
            cells.append([label, printable(word), " ".join(map(str, places))])
    return table([aspect.upper(), "VALUE", "RUNS"], cells)


def _of_groups(what: str, found: GroupsMeasured) -> list[str]:
    cells = []
    for one in found.groups:
        spread = one.spread
        if spread is None:
            numbers = [UNKNOWN] * 4
        else:
            std = UNKNOWN if spread.std is None else f"{spread.std:.3g}"
            numbers = [f"{spread.mean:.5g}", std, f"{spread.low:.5g}", f"{spread.high:.5g}"]
        count = str(0 if spread is None else spread.n)
        cells.append([printable(one.label), count, *numbers, str(one.left_out)])
    lines = table(["GROUP", "RUNS", "MEAN", "STD", "LOWEST", "HIGHEST", "WITHOUT"], cells)
    lines = [f"{printable(what)} by group", *lines]
    if found.pairs:
        lines += ["", "Welch's t-test, two-sided; p adjusted by Holm", *_of_pairs(found.pairs)]
    return lines


def _of_pairs(pairs: Sequence[Pair]) -> list[str]:
    cells = []
    for pair in pairs:
        words = f"{printable(pair.left)} / {printable(pair.right)}"
        difference = UNKNOWN if pair.difference is None else f"{pair.difference:+.4g}"
        if pair.test is None or pair.adjusted_p is None:
            cells.append([words, difference, UNKNOWN, UNKNOWN, pair.why_not])
            continue
        interval = f"{pair.test.low:.4g} to {pair.test.high:.4g}"
        cells.append([words, difference, interval, f"{pair.adjusted_p:.4g}", ""])
    return table(["GROUPS", "DIFFERENCE", "95 % INTERVAL", "P", ""], cells)


def _number(at: At | None) -> str:
    return UNKNOWN if at is None else f"{at.value:.5g}"


def _word(setting: Setting | None) -> str:
    if setting is None:
        return UNKNOWN
    return (
        ", ".join(map(str, setting.value))
        if isinstance(setting.value, list)
        else str(setting.value)
    )
