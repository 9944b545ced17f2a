"""`structure-child`: a model's structure measured, for a screen that waits for it."""

from __future__ import annotations

import contextlib
import io
import sys
from pathlib import Path
from typing import Annotated

import typer

from engine.commands.console import say_json
from engine.commands.options import RunsFolder
from engine.models.structure import kept
from engine.run_spec import RunSpec
from engine.runs.store import RunStore

Code = Annotated[Path | None, typer.Option("--code")]
_FILE_BYTES = 64_000_000
"""Of any file that imported code may write meanwhile."""


def structure_child(runs: RunsFolder, code: Code = None) -> None:
    """Measure the model of the spec on stdin; one line of JSON for what came of it."""
    import torch

    from engine.health.outcome import in_words
    from engine.health.subject import subject_of
    from engine.models.structure.measuring import measured

    spec = RunSpec.parse_json(sys.stdin.buffer.read())
    if code is not None:
        from engine.models.imported.limits import Limits, bind_own_process

        bind_own_process(Limits(file_bytes=_FILE_BYTES))
    if spec.training.hardware.threads:
        torch.set_num_threads(spec.training.hardware.threads)
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # what a model prints goes nowhere
            structure = measured(spec, subject_of(spec, code, runs))
    except Exception as error:  # noqa: BLE001 - the user's model may raise anything; it is told
        say_json(
            {"kind": "problem", "text": f"The model could not be measured: {in_words(error)}."}
        )
        return
    kept.write(RunStore(runs).root, structure)
    say_json({"kind": "structure", "digest": structure.digest})
