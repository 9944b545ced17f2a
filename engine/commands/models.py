"""`models` and `model-check`: models of the user's own, brought in, looked at and tried."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from engine.commands import hugging_face, model_versions
from engine.commands.console import (
    FAILED,
    Commands,
    printable,
    remark,
    say,
    say_json,
)
from engine.commands.documents import read_spec
from engine.commands.options import DEFAULT_RUNS, AsJson, RunsFolder
from engine.commands.train import SpecSource
from engine.errors import BadInput, Problem
from engine.models.hugging_face.library import HuggingFaceLibrary
from engine.models.imported.dry_run import DryRun, dry_run
from engine.models.imported.gist import from_gist
from engine.models.imported.inspection import Inspection, inspect
from engine.models.imported.library import CodeLibrary
from engine.models.imported.limits import Limits
from engine.models.imported.proposal import proposed
from engine.models.imported.sources import Collected, from_path
from engine.models.specs import HuggingFaceModel, ImportedModel
from engine.runs.store import RunStore

commands = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    help="Models of your own Python code or of Hugging Face: look, then run.",
)
Code = Annotated[str, typer.Argument(metavar="HASH", help="The code's hash, or how it begins.")]
Entry = Annotated[str, typer.Option("--entry", help="The class or function that is the model.")]
_CONSENT = "It has been looked at, and may be run with your rights."
_PICKLED = "Of a model of Hugging Face without safetensors take the pickled weights."
_CODE_TOO = "Of a model of Hugging Face take the Python code, too."


commands.command("tag")(model_versions.tag)
commands.command("stage")(model_versions.stage)


@commands.command("import")
def import_(
    place: Annotated[
        str,
        typer.Argument(
            metavar="PATH|GIST|hf:NAME",
            help="A file, folder, zip or gist with code; or a model of Hugging Face: a folder, or "
            "hf: and its name on the hub, with @ and a revision.",
        ),
    ],
    runs: RunsFolder = DEFAULT_RUNS,
    consent: Annotated[bool, typer.Option("--consent", help=_CONSENT)] = False,
    pickled: Annotated[bool, typer.Option("--pickled", help=_PICKLED)] = False,
    code_too: Annotated[bool, typer.Option("--code", help=_CODE_TOO)] = False,
) -> None:
    """Keep a model beside the runs, and say what is in it. Nothing of it is run."""
    if hugging_face.is_meant(place):
        held = HuggingFaceLibrary(RunStore(runs).root)
        say(hugging_face.brought_in(held, place, pickled=pickled, code=code_too, consent=consent))
        return
    library = CodeLibrary(RunStore(runs).root)
    code = _collected(place).kept_in(library)
    if consent:
        library.allow(code)
    _show(library, code)
    if not library.is_allowed(code):
        remark(f"It runs with your rights. Look at it, then: models import {place} --consent")
    say(code)


@commands.command("list")
def list_(runs: RunsFolder = DEFAULT_RUNS, as_json: AsJson = False) -> None:
    """All models that are kept or were trained; then the code and the models of Hugging Face that
    were brought in."""
    model_versions.list_versions(runs, as_json)
    if as_json:
        return
    library = CodeLibrary(RunStore(runs).root)
    for code in library.codes():
        source = library.source(code)
        day = datetime.fromtimestamp(source.brought_at, UTC).strftime("%Y-%m-%d")
        allowed = "may run" if library.is_allowed(code) else "not consented"
        say(f"{code[:12]}  {day}  {allowed:13}  {printable(source.place)}")
    for line in hugging_face.lines(HuggingFaceLibrary(library.runs)):
        say(line)


@commands.command("show")
def show(code: Code, runs: RunsFolder = DEFAULT_RUNS, as_json: AsJson = False) -> None:
    """What is in code: its files, what it imports, and what may be the model. Of a kept model, by
    its version or name: what is known of it, and its document."""
    library = CodeLibrary(RunStore(runs).root)
    held = HuggingFaceLibrary(library.runs)
    content = hugging_face.whole(held, code)
    if content is not None:
        hugging_face.show(held.held(content))
        say(content)
        return
    if not any(known.startswith(code) for known in library.codes()):
        versions = model_versions.found_in(RunStore(runs), code)
        if len(versions) == 1:
            model_versions.show_version(RunStore(runs), versions[0], as_json)
            return
    whole = _whole(library, code)
    _show(library, whole)
    say(whole)


@commands.command("spec")
def spec(
    code: Code,
    data: Annotated[str, typer.Option("--data", help="The data to train on, such as digits.")],
    entry: Entry = "",
    runs: RunsFolder = DEFAULT_RUNS,
) -> None:
    """A RunSpec that trains the model on bundled data, its arguments matched; for `train`."""
    library = CodeLibrary(RunStore(runs).root)
    held = HuggingFaceLibrary(library.runs)
    content = hugging_face.whole(held, code)
    if content is not None:
        say(hugging_face.run_of(held, content, data).to_json())
        return
    proposal = proposed(library, _whole(library, code), data, entry)
    for match in proposal.matched.matches:
        remark(f"{match.name} = {match.value!r}: {match.said} {match.warning}".rstrip())
    for name in proposal.matched.unused:
        remark(f"config.json: nothing is made from {name!r}.")
    say(proposal.spec.to_json())


def model_check(
    source: SpecSource,
    runs: RunsFolder = DEFAULT_RUNS,
    seconds: Annotated[float, typer.Option("--seconds", help="How long it may take.")] = 60.0,
    as_json: AsJson = False,
) -> None:
    """Try a model that was brought in on one real batch, in a process of its own with limits.

    Exit code: 0 it works, 1 it does not, 2 bad input. The process has no secrets in its
    environment, and is held to its time, memory and size of files; no promise is made about the
    network or the files that you can read.
    """
    wanted = read_spec(source)
    if not isinstance(wanted.model, ImportedModel | HuggingFaceModel):
        message = "only imported models and those of Hugging Face are tried"
        raise BadInput([Problem("model.kind", message, repr(wanted.model.kind))])
    verdict = dry_run(RunStore(runs), wanted, Limits(seconds=seconds))
    if as_json:
        say_json(verdict.model_dump(mode="json"))
    else:
        _tell(verdict)
    raise typer.Exit(0 if verdict.ok else FAILED)


def _collected(place: str) -> Collected:
    if place.startswith(("http:", "https:")):
        return from_gist(place)
    path = Path(place)
    looks_like_id = len(place) in (20, 32) and not set(place) - set("0123456789abcdef")
    return from_gist(place) if looks_like_id and not path.exists() else from_path(path)


def _whole(library: CodeLibrary, begun: str) -> str:
    fitting = [code for code in library.codes() if code.startswith(begun)]
    if len(fitting) == 1:
        return fitting[0]
    message = "no code has this hash" if not fitting else "several hashes begin so"
    raise BadInput([Problem("HASH", message, repr(begun), "See `models list`.")])


def _show(library: CodeLibrary, code: str) -> None:
    source, found = library.source(code), inspect(library.files(code))
    remark(f"From {printable(source.place)}:")
    for name, size in source.files.items():
        remark(f"  {printable(name)} ({size:,} bytes)")
    for requirement in found.requirements:
        state = "installed" if requirement.installed else f"missing: {requirement.install}"
        remark(f"Imports {requirement.module} ({state}).")
    for problem in found.problems:
        remark(f"Problem: {printable(str(problem))}")
    _show_candidates(found)


def _show_candidates(found: Inspection) -> None:
    for number, candidate in enumerate(found.candidates):
        arguments = ", ".join(parameter.name for parameter in candidate.parameters)
        mark = "Model" if number == 0 and found.sure else "May be the model"
        where = f"{candidate.file}, line {candidate.line}"
        remark(f"{mark}: {candidate.name}({arguments}) in {printable(where)}")


def _tell(verdict: DryRun) -> None:
    for sentence in (*verdict.found, *(f"Warning: {text}" for text in verdict.warnings)):
        say(sentence)
    if verdict.ok:
        assert verdict.parameters is not None
        trained = verdict.trained_parameters
        some = "" if trained == verdict.parameters else f", {trained:,} of them trained"
        say(f"It works: {verdict.parameters:,} parameters{some}, loss {verdict.loss:.4g}.")
        return
    say(f"It does not work ({verdict.stage}): {verdict.message}")
    for line in verdict.lines:
        say(f"  {line}")
    if verdict.output:
        remark(printable(verdict.output[-500:]))
