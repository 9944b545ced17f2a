"""`data check` and `data filter`: what is wrong with a dataset's rows, and versions without it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.commands.console import printable, remark, say, say_json
from engine.commands.options import DEFAULT_RUNS, AsJson, RunsFolder
from engine.commands.told import Told
from engine.errors import BadInput, Problem

if TYPE_CHECKING:
    from engine.data.library.spec import DatasetSpec
    from engine.data.quality.filtering import Change
    from engine.data.quality.report import Finding, Limits

WARNS, FAILS = 3, 4
"""Exit codes of `data check`."""
_SHOWN = 3
Which = Annotated[
    str, typer.Argument(metavar="DATASET", help="How its fingerprint begins, or its name.")
]
Limit = Annotated[
    list[str] | None,
    typer.Option(
        "--limit",
        metavar="NAME=VALUE",
        help="From where on a row is odd: shortest, longest, similarity, rare, uneven, seed, "
        "most_compared; any number of them.",
    ),
]
Spec = Annotated[
    str,
    typer.Option(
        "--spec", metavar="SPEC", help="A RunSpec whose columns, task and split are meant."
    ),
]


def check(
    which: Which,
    runs: RunsFolder = DEFAULT_RUNS,
    spec: Spec = "",
    limit: Limit = None,
    as_json: AsJson = False,
) -> None:
    """What is wrong with a dataset's rows; the report is kept with it.

    Exit code: 0 nothing, 3 something to look at, 4 something to mend, 2 bad input.
    """
    from engine.data.library.library import DataLibrary  # late: pyarrow takes long to import
    from engine.data.quality import kept
    from engine.data.quality.examination import examine

    root = runs.expanduser().resolve()
    dataset = DataLibrary(root).find(which)
    data = _data_of(spec, dataset.fingerprint)
    report = examine(dataset, root, data=data, limits=_limits(limit), progress=Told()).report
    file = kept.write(dataset, report)
    if as_json:
        say_json(report.model_dump(mode="json"))
    else:
        _tell_all(report.findings)
        remark(f"Kept in {file}")
    if report.verdict in ("warn", "fail"):
        raise typer.Exit(WARNS if report.verdict == "warn" else FAILS)


def filter_(
    which: Which,
    without: Annotated[
        str, typer.Option("--without", metavar="CHECK,...", help="Whose rows are left out.")
    ],
    runs: RunsFolder = DEFAULT_RUNS,
    name: Annotated[str, typer.Option("--name", help="What to call the new version.")] = "",
    spec: Spec = "",
    limit: Limit = None,
) -> None:
    """A new version of a dataset without the rows that some checks find; the old one stays."""
    from engine.data.library.library import DataLibrary
    from engine.data.quality.examination import examine
    from engine.data.quality.filtering import change_of, filtered

    root: Path = runs.expanduser().resolve()
    library = DataLibrary(root)
    dataset = library.find(which)
    checks = [check.strip() for check in without.split(",") if check.strip()]
    if not checks:
        raise BadInput([Problem("--without", "names no check", repr(without))])
    data, told = _data_of(spec, dataset.fingerprint), Told()
    examined = examine(
        dataset, root, data=data, limits=_limits(limit), checks=checks, progress=told
    )
    version = filtered(library, dataset, examined, checks, told, name=name)
    change = change_of(version)
    if change is not None:
        _tell_change(change)
    remark(f"{printable(version.name)}, made from {dataset.fingerprint[:12]}, which stays.")
    say(version.fingerprint)


def suspects(
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="A run on a dataset of yours.")],
    runs: RunsFolder = DEFAULT_RUNS,
    leave_out: Annotated[
        bool, typer.Option("--leave-out", help="Also make a version without these rows.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Rows whose label a trained model doubts; kept with the report of the run's dataset.

    Exit code: 0 none, 3 some, 2 bad input.
    """
    from engine.data.library.library import DataLibrary
    from engine.data.quality import kept
    from engine.data.quality.filtering import filtered
    from engine.data.quality.suspects import CHECK
    from engine.data.quality.suspects import suspects as found_by
    from engine.runs.store import RunStore

    store = RunStore(runs)
    dataset, examined = found_by(store.open(run_id), store.root, Told())
    kept.add(dataset, examined.report)
    if as_json:
        say_json(examined.report.model_dump(mode="json"))
    else:
        _tell_all(examined.report.findings)
    if leave_out and examined.leaves_out[CHECK].any():
        version = filtered(DataLibrary(store.root), dataset, examined, [CHECK], Told())
        remark(f"{printable(version.name)}: {version.fingerprint}")
    if examined.report.verdict == "warn":
        raise typer.Exit(WARNS)


def _tell_all(findings: tuple[Finding, ...]) -> None:
    from engine.data.quality.names import NAMES
    from engine.data.quality.outcome import counted

    width = max(len(name.title) for name in NAMES.values())
    for finding in findings:
        title = NAMES[finding.check].title
        say(f"{finding.verdict.upper():7} {title:{width}}  {printable(finding.text)}")
        for example in finding.examples[:_SHOWN]:
            other = "" if example.other is None else f" (row {example.other + 1:,}: "
            other += f"{printable(example.other_excerpt)})" if other else ""
            say(
                f"{'':7} {'':{width}}  row {example.row + 1:,}: {printable(example.excerpt)}{other}"
            )
        if finding.remedy:
            say(f"{'':7} {'':{width}}  {finding.remedy}")
        if finding.leaves_out:
            rows = counted(finding.leaves_out)
            command = f"data filter --without {finding.check}"
            command = "data suspects --leave-out" if finding.check == "label-noise" else command
            how = f"`{command}` leaves out {rows}."
            say(f"{'':7} {'':{width}}  {how}")


def _tell_change(change: Change) -> None:
    remark(f"{change.rows_before:,} rows before, {change.rows_after:,} after.")
    for check, count in change.left_out.items():
        remark(f"  {check}: {count:,}")
    for of in change.classes[:20]:
        remark(f"  class {printable(of.label)}: {of.before:,} before, {of.after:,} after")


def _data_of(source: str, fingerprint: str) -> DatasetSpec | None:
    """The data of a RunSpec, which must be of this dataset."""
    if not source:
        return None
    from engine.commands.documents import read_spec
    from engine.data.library.spec import DatasetSpec

    data = read_spec(source).data
    if not isinstance(data, DatasetSpec) or data.dataset != fingerprint:
        raise BadInput([Problem("--spec", "is a run of other data", repr(source))])
    return data


def _limits(settings: list[str] | None) -> Limits:
    from engine.data.quality.report import Limits

    document: dict[str, object] = {}
    for setting in settings or ():
        name, equals, value = setting.partition("=")
        if not equals:
            raise BadInput([Problem("--limit", "is no NAME=VALUE", repr(setting))])
        try:
            document[name] = int(value) if value.isdigit() else float(value)
        except ValueError:
            raise BadInput([Problem("--limit", "is no number", repr(setting))]) from None
    return Limits.parse(document)
