"""A model and its data put into the Launch form; everything else in it stays."""

from __future__ import annotations

from dataclasses import replace

from components import readable, run_start, workspace
from components.draft import Draft
from components.fitting import fitted
from components.form_schema import replaced
from components.plain_text import as_markdown
from engine.data.specs import DataSpec
from engine.launch.launchers import APART
from engine.models.specs import ModelSpec
from engine.runs.spec_words import data_words, model_words


def with_model(draft: Draft, model: ModelSpec, data: DataSpec | None, name: str = "") -> Draft:
    """A draft that trains this model; without data on what is in it, or what fits the model."""
    kept = draft.unforked()
    document = replaced(kept.document, "model", model.model_dump(mode="json"))
    if data is not None:
        document = replaced(document, "data", data.model_dump(mode="json"))
    if name:
        document = replaced(document, "name", name[:300])
    apart = model.kind in APART and kept.launcher == "thread"
    launcher = "auto" if apart else kept.launcher
    changed = replace(kept, document=document, launcher=launcher)
    return fitted(changed, "model" if data is None else "data")


def train(model: ModelSpec, data: DataSpec | None = None, name: str = "") -> None:
    """Open the Launch form with a model, and data to train it on; a preset of it stays as it is."""
    title = name or model_words(model)
    draft = with_model(workspace.current().draft, model, data, name=_run_name(title, data))
    where = "" if data is None else f" on **{as_markdown(data_words(data))}**"
    said = (
        f"The form now holds **{as_markdown(title)}**{where}; all other settings are as they were."
    )
    task = draft.document["task"]["kind"]
    workspace.bring(draft, f"{said} Task: {readable.choice(str(task))}.")
    run_start.open_launch()


def _run_name(title: str, data: DataSpec | None) -> str:
    return title if data is None else f"{title} on {data_words(data)}"
