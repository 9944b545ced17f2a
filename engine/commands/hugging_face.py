"""What `models` does with models of Hugging Face: bring in, list, show, and make a run of one."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import typer

from engine.commands.console import printable, remark
from engine.data.specs import DATA_TASKS
from engine.errors import BadInput, Problem
from engine.models.hugging_face.files import ModelRefused
from engine.models.hugging_face.hub import from_hub
from engine.models.hugging_face.intake import from_folder, is_model_folder
from engine.models.hugging_face.library import Held, HuggingFaceLibrary
from engine.models.hugging_face.spec import HEADS
from engine.models.imported.library import CodeLibrary
from engine.models.registry import Registry
from engine.presets import PRESETS
from engine.run_spec import RunSpec

PREFIX = "hf:"
"""Before a name on the hub, or the path of a folder."""


def is_meant(place: str) -> bool:
    """Whether a place names a model of Hugging Face: by its prefix, or as a folder with a
    config.json that names an architecture, and without Python code."""
    if place.startswith(PREFIX):
        return True
    return is_model_folder(Path(place))


def brought_in(
    library: HuggingFaceLibrary, place: str, *, pickled: bool, code: bool, consent: bool
) -> str:
    """Bring in a model and keep it in the registry; its hash."""
    where = place.removeprefix(PREFIX)
    if Path(where).expanduser().is_dir() or where.startswith((".", "/", "~")):
        content = from_folder(library, Path(where), pickled=pickled, code=code, progress=_progress)
    else:
        name, _, revision = where.partition("@")
        content = from_hub(
            library,
            name,
            revision=revision or "main",
            pickled=pickled,
            code=code,
            progress=_progress,
        )
    held = library.held(content)
    if code and held.code and consent:
        CodeLibrary(library.runs).allow(content)
    show(held)
    Registry(library.runs).add(library.version(content, pickled=pickled, code=code))
    return content


def run_of(library: HuggingFaceLibrary, content: str, data: str) -> RunSpec:
    """A run of a model of the library on a bundled source, with the baseline's training.

    Raises:
        BadInput: for data that is not there, or for a task that no head is made for.
    """
    if data not in DATA_TASKS or DATA_TASKS[data] not in HEADS:
        fitting = ", ".join(repr(name) for name, task in DATA_TASKS.items() if task in HEADS)
        problem = Problem("data", "no such data for this model", repr(data), f"One of {fitting}.")
        raise BadInput([problem])
    held = library.held(content)
    code = CodeLibrary(library.runs).is_allowed(content)
    model = library.version(content, pickled=True, code=code)
    document = {
        "name": f"{held.shown_name} on {data}",
        "task": {"kind": DATA_TASKS[data]},
        "data": {"source": data},
        "model": model.model_dump(mode="json"),
    }
    return PRESETS["baseline"].apply(RunSpec.parse(document))


def lines(library: HuggingFaceLibrary) -> Iterator[str]:
    """One line for each model, the newest first."""
    for content in library.hashes():
        try:
            held = library.held(content)
        except ModelRefused:
            yield f"{content[:12]}  damaged; bring it in again"
            continue
        day = datetime.fromtimestamp(held.brought_at, UTC).strftime("%Y-%m-%d")
        at = f" at {held.revision[:12]}" if held.revision else ""
        yield f"{content[:12]}  {day}  {held.model_type:13}  {printable(held.name)}{at}"


def show(held: Held) -> None:
    """What is known of a model."""
    at = f" at {held.revision}" if held.revision else ""
    remark(f"From {printable(held.name)}{at}:")
    for name, file in held.files.items():
        remark(f"  {printable(name)} ({file.bytes:,} bytes)")
    made_by = f" ({', '.join(map(printable, held.architectures))})" if held.architectures else ""
    remark(f"Architecture {printable(held.model_type)}{made_by}.")
    count = "" if held.parameters is None else f", {held.parameters:,} numbers"
    remark(f"Weights: {held.weights}{count}. Tokenizer: {'yes' if held.tokenizer else 'none'}.")
    if held.needs_code and not held.code:
        remark("Its config.json names Python code of its own, which was left out (see --code).")
    if held.code:
        remark("Python code came with it. It runs with your rights: look at it, then --consent.")


def whole(library: HuggingFaceLibrary, begun: str) -> str | None:
    """The only hash that begins so; None for none or several."""
    fitting = [content for content in library.hashes() if content.startswith(begun)]
    return fitting[0] if len(fitting) == 1 else None


def _progress(done: int, total: int) -> None:
    """How far it is, on a line that the next one overwrites."""
    if sys.stderr.isatty() and total:
        share = f"{done / 1e6:,.0f} of {total / 1e6:,.0f} MB"
        typer.echo(f"\r\x1b[2K{share}\r", err=True, nl=False)
