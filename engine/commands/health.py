"""`health`: what is wrong with a model, found before it is trained."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from engine.commands import console
from engine.commands.console import remark, say, say_json
from engine.commands.documents import read_spec
from engine.commands.options import DEFAULT_RUNS, RunsFolder
from engine.commands.train import SpecSource
from engine.data.progress import silent
from engine.data.sources import facts_of
from engine.errors import BadInput, Problem
from engine.health import child, kept
from engine.health.names import NAMES
from engine.health.report import Finding, HealthReport
from engine.run_spec import RunSpec
from engine.runs.store import RunStore

Only = Annotated[
    list[str] | None,
    typer.Option("--only", metavar="CHECK", help="Make this check alone; can be given again."),
]
AsLines = Annotated[
    bool,
    typer.Option("--json", help="Print one JSON document a finding, as soon as there is one."),
]
Code = Annotated[Path | None, typer.Option("--code")]
_LOOK_S = 0.05
_FILE_BYTES = 8_000_000_000
"""Of any file that is written while imported code is examined: its weights are saved once."""
_WIDTH = max(len(name.title) for name in NAMES.values())


def health(
    source: SpecSource,
    runs: RunsFolder = DEFAULT_RUNS,
    only: Only = None,
    as_json: AsLines = False,
) -> None:
    """Examine a model before it is trained; the report is kept in the runs folder.

    With --only nothing is kept: a report is always of all checks. Exit code: 0 nothing fails,
    1 something does, 2 bad input.
    """
    names = _known(only)
    spec = read_spec(source)
    facts_of(spec.data, spec.model, runs, silent)  # no such data is refused here, in plain words
    store = RunStore(runs)
    examined = child.start(store, spec, names)
    told = 0
    try:
        while not examined.poll() or told < len(examined.findings):
            for finding in examined.findings[told:]:
                _tell(finding, as_json)
                told += 1
            _progress(examined.current, as_json)
            time.sleep(_LOOK_S)
    except KeyboardInterrupt:
        remark("Ended; no report is kept.")
        raise typer.Exit(console.INTERRUPTED) from None
    finally:
        examined.cancel()
    if examined.problem:
        remark(examined.problem)
        raise typer.Exit(console.FAILED)
    report = kept.read(store.root, examined.digest) if examined.digest else None
    if report is not None:
        _tell_kept(report, kept.file_of(store.root, report.digest), as_json)
    if any(finding.verdict == "fail" for finding in examined.findings):
        raise typer.Exit(console.FAILED)


def health_child(runs: RunsFolder, only: Only = None, code: Code = None) -> None:
    """Examine the model of the spec on stdin, one line of JSON for all that happens."""
    import torch

    from engine.health.examination import check, report_of
    from engine.health.subject import subject_of

    spec = RunSpec.parse_json(sys.stdin.buffer.read())
    if code is not None:
        from engine.models.imported.limits import Limits, bind_own_process

        bind_own_process(Limits(seconds=child.LIMIT_S * len(NAMES), file_bytes=_FILE_BYTES))
    if spec.training.hardware.threads:
        torch.set_num_threads(spec.training.hardware.threads)
    subject, findings = subject_of(spec, code, runs), []
    for finding in check(
        subject, _known(only), lambda name: _line({"kind": "begun", "check": name})
    ):
        findings.append(finding)
        _line({"kind": "finding", **finding.model_dump(mode="json")})
    if len(findings) == len(NAMES):
        report = report_of(spec, subject, findings)
        kept.write(RunStore(runs).root, report)
        _line({"kind": "report", "digest": report.digest})


def _known(only: list[str] | None) -> list[str]:
    """The checks that are asked for, in their order.

    Raises:
        BadInput: for a name that is no check's.
    """
    for name in only or ():
        if name not in NAMES:
            allowed = f"Checks: {', '.join(NAMES)}."
            raise BadInput([Problem("--only", "no such check", repr(name), allowed)])
    return [name for name in NAMES if not only or name in only]


def _line(document: dict[str, object]) -> None:
    say_json(document)
    sys.stdout.flush()


def _tell(finding: Finding, as_json: bool) -> None:
    if as_json:
        _line(finding.model_dump(mode="json"))
        return
    title = NAMES[finding.check].title
    say(f"{finding.verdict.upper():7} {title:{_WIDTH}}  {console.printable(finding.text)}")
    if finding.remedy:
        say(f"{'':7} {'':{_WIDTH}}  {console.printable(finding.remedy)}")


def _progress(current: str, as_json: bool) -> None:
    """Which check is being made, on a line that the next one overwrites."""
    if current and not as_json and sys.stderr.isatty():
        typer.echo(f"\r\x1b[2K{NAMES[current].title}…\r", err=True, nl=False)


def _tell_kept(report: HealthReport, file: Path, as_json: bool) -> None:
    counts = ", ".join(f"{report.count(v)} {v}" for v in ("pass", "warn", "fail", "skipped"))
    took_s = sum(finding.took_s for finding in report.findings)
    tell = remark if as_json else say
    tell(f"{counts}, in {took_s:.0f} s. Kept in {file}")
