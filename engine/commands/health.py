"""`health`: what is wrong with a model, found before it is trained."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from engine.commands import console
from engine.commands.console import remark, say, say_json
from engine.commands.documents import read_spec
from engine.commands.options import DEFAULT_RUNS, RunsFolder
from engine.commands.train import SpecSource
from engine.errors import BadInput, Problem
from engine.health import kept
from engine.health.names import NAMES
from engine.health.report import Finding, HealthReport
from engine.run_spec import RunSpec
from engine.runs.store import RunStore

Only = Annotated[
    list[str] | None,
    typer.Option("--only", metavar="CHECK", help="Make this check alone; can be given again."),
]
Lines = Annotated[
    bool,
    typer.Option("--json", help="Print one JSON document a line, as soon as there is one."),
]
_WIDTH = max(len(name.title) for name in NAMES.values())


def health(
    source: SpecSource, runs: RunsFolder = DEFAULT_RUNS, only: Only = None, as_json: Lines = False
) -> None:
    """Examine a model before it is trained; the report is kept in the runs folder.

    With --only nothing is kept: a report is always of all checks. Exit code: 0 nothing fails,
    1 something does, 2 bad input.
    """
    names = only or list(NAMES)
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        allowed = f"Checks: {', '.join(NAMES)}."
        raise BadInput([Problem("--only", "no such check", repr(unknown[0]), allowed)])
    spec = read_spec(source)
    findings = []
    try:
        for said in _examined(spec, names, runs, as_json):
            if isinstance(said, Finding):
                findings.append(said)
                _tell(said, as_json)
            else:
                _keep(said, runs, as_json)
    except KeyboardInterrupt:
        remark("Ended; no report is kept.")
        raise typer.Exit(console.INTERRUPTED) from None
    if any(finding.verdict == "fail" for finding in findings):
        raise typer.Exit(console.FAILED)


def _examined(
    spec: RunSpec, names: list[str], runs: Path, as_json: bool
) -> Iterator[Finding | HealthReport]:
    """Each finding, then the report of all if all checks are made."""
    from engine.health.examination import check, report_of
    from engine.health.subject import subject_of

    def begin(name: str) -> None:
        if as_json:
            say_json({"kind": "begun", "check": name})
            sys.stdout.flush()
        elif sys.stderr.isatty():
            typer.echo(f"{NAMES[name].title}…\r", err=True, nl=False)

    subject, findings = subject_of(spec), []
    for finding in check(subject, names, begin):
        findings.append(finding)
        yield finding
    if set(names) == set(NAMES):
        yield report_of(spec, subject, findings)


def _tell(finding: Finding, as_json: bool) -> None:
    if as_json:
        say_json({"kind": "finding", **finding.model_dump(mode="json")})
        sys.stdout.flush()
        return
    title = NAMES[finding.check].title
    say(f"{finding.verdict.upper():7} {title:{_WIDTH}}  {console.printable(finding.text)}")
    if finding.remedy:
        say(f"{'':7} {'':{_WIDTH}}  -> {finding.remedy}")


def _keep(report: HealthReport, runs: Path, as_json: bool) -> None:
    file = kept.write(RunStore(runs).root, report)
    if as_json:
        say_json({"kind": "report", "digest": report.digest, "verdict": report.verdict})
        return
    counts = ", ".join(f"{report.count(v)} {v}" for v in ("pass", "warn", "fail", "skipped"))
    took_s = sum(finding.took_s for finding in report.findings)
    say(f"{counts}, in {took_s:.0f} s. Kept in {file}")
