"""`runs compare`: runs beside one another, as a table, JSON or CSV."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import typer

from engine.commands.compare_reports import Asked, as_document, csv_rows, text_lines
from engine.commands.console import printable, remark, say, say_json
from engine.commands.options import DEFAULT_RUNS, RunsFolder, existing_store
from engine.comparison import Compared, Summaries, chosen, usual_metrics
from engine.comparison.fields import TAG, metrics_of
from engine.comparison.measured import Which
from engine.errors import BadInput, Problem
from engine.runs.query.names import Names
from engine.runs.query.syntax import parse_operand
from engine.runs.store import RunStore

RunIds = Annotated[
    list[str] | None, typer.Argument(metavar="RUN_ID...", help="As `runs list` shows them.")
]
Query = Annotated[
    str | None,
    typer.Option(
        "--query",
        metavar="QUERY",
        help="Compare what a query finds, too, such as "
        "'optimizer.name == \"adamw\" and val/loss < 1.5'.",
    ),
]
GroupBy = Annotated[
    list[str] | None,
    typer.Option(
        metavar="FIELD",
        help="Group the runs by a setting or label, such as optimizer.name or group, or by whether "
        "they have a tag, as in tag:wide; any number of them. "
        "Groups have means, and each pair is tested for a difference.",
    ),
]
Metrics = Annotated[
    list[str] | None,
    typer.Option("--metric", metavar="NAME", help="A metric to compare; any number of them."),
]
Baseline = Annotated[
    str | None, typer.Option(metavar="RUN_ID", help="Show the metrics relative to this run, too.")
]
Judged = Annotated[
    Literal["best", "newest"],
    typer.Option(
        "--value", help="Which value of a run is averaged, tested and set against the baseline."
    ),
]
Format = Annotated[
    Literal["table", "json", "csv"],
    typer.Option(
        "--format",
        help="json: everything in one document; unknown numbers are null, NaN and infinities are "
        "strings. csv: one row a run.",
    ),
]


def compare(  # noqa: PLR0913 - one option each
    run_ids: RunIds = None,
    query: Query = None,
    group_by: GroupBy = None,
    metric: Metrics = None,
    baseline: Baseline = None,
    value: Judged = "best",
    format: Format = "table",
    runs: RunsFolder = DEFAULT_RUNS,
) -> None:
    """Runs beside one another: metrics, what differs, groups with tests of their differences.

    A run that cannot be read is named on stderr, and the others are compared.
    """
    store = existing_store(runs)
    if store is None:
        raise BadInput([Problem("RUN_ID", f"no runs in {runs}")])
    ids = [*(run_ids or []), *(entry.id for entry in (store.find(query) if query else ()))]
    found = chosen(store, [*ids, *([baseline] if baseline else [])])
    for left in found.left_out:
        remark(f"Left out {printable(left.run_id)}: {printable(left.reason)}")
    if not found.runs:
        remedy = "Give ids as `runs list` shows them, or --query QUERY."
        raise BadInput([Problem("RUN_ID", "no run to compare", remedy=remedy)])
    asked = _asked(store, found.runs, group_by or [], metric or [], (baseline, value))
    known = Summaries()
    if format == "json":
        say_json(as_document(found, asked, known))
    elif format == "csv":
        say(csv_rows(found.runs, asked, known))
    else:
        say("\n".join(text_lines(found.runs, asked, known)))


def _asked(
    store: RunStore,
    runs: Sequence[Compared],
    by: Sequence[str],
    metrics: Sequence[str],
    judged: tuple[str | None, Which],
) -> Asked:
    """What was asked for under the names that the runs have.

    Raises:
        BadInput: for a field or metric that none of them has, and an unknown baseline.
    """
    ids = [run.id for run in runs]
    baseline, which = judged
    if baseline is not None and baseline not in ids:
        raise BadInput([Problem("--baseline", "no such run", repr(baseline))])
    entries = [entry for entry in store.index.entries() if entry.id in set(ids)]
    names = Names(entries)
    fields = [
        field if field.startswith(TAG) else names.name(parse_operand(field), field) for field in by
    ]
    measured = [field for field in fields if field in names.metrics]
    if measured:
        remedy = "Metrics are not grouped by; give a setting or label, such as optimizer.name."
        raise BadInput([Problem("--group-by", "is a metric", repr(measured[0]), remedy)])
    there = metrics_of(runs)
    unknown = [metric for metric in metrics if metric not in there]
    if unknown:
        some = f"They have {', '.join(map(printable, there[:20]))}." if there else ""
        message = "none of these runs has it"
        raise BadInput([Problem("--metric", message, repr(one), some) for one in unknown])
    return Asked(
        by=tuple(fields),
        metrics=tuple(metrics) or usual_metrics(runs),
        baseline=None if baseline is None else ids.index(baseline),
        which=which,
    )
