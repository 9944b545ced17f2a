"""A dataset put into the Launch form; everything else in it stays as far as it fits."""

from __future__ import annotations

from dataclasses import replace

from components import fitting, readable, run_start, workspace
from components.draft import Draft
from components.form_schema import replaced, value_at
from components.plain_text import as_markdown
from engine.data.library.dataset import Dataset
from engine.data.library.spec import DatasetSpec
from engine.models.specs import MODEL_TASKS
from engine.starting_point import run_on


def with_data(draft: Draft, data: DatasetSpec, rows: int) -> Draft:
    """A draft that trains on this data.

    A model that does the task of the data stays; else the usual one for it takes its place, with
    the training that it is usually trained with.
    """
    kept = draft.unforked()
    document = replaced(kept.document, "data", data.model_dump(mode="json"))
    changed = replace(kept, document=document)
    if data.task in MODEL_TASKS.get(str(value_at(document, "model.kind")), ()):
        return fitting.fitted(changed, "data")
    return fitting.fitted(usual(changed, data, rows), "data")


def usual(draft: Draft, data: DatasetSpec, rows: int) -> Draft:
    """The draft with the model that such data is usually begun with, and its training."""
    proposed = run_on(data, rows).model_dump(mode="json")
    document = draft.document
    for part in ("task", "model", "training"):
        document = replaced(document, part, proposed[part])
    seed = value_at(draft.document, "training.reproducibility")
    return replace(draft, document=replaced(document, "training.reproducibility", seed))


def train(dataset: Dataset, data: DatasetSpec) -> None:
    """Open the Launch form with a dataset, and tell what was changed to fit it."""
    before = workspace.current().draft.unforked()
    draft = with_data(before, data, len(dataset))
    model = readable.choice(str(value_at(draft.document, "model.kind")))
    name = f"{model} on {data.shown_name}"[:300]
    draft = draft.edited("name", name)
    followed = fitting.followed(before, draft, "data")
    same = value_at(before.document, "model.kind") == value_at(draft.document, "model.kind")
    rest = (
        "all other settings are as they were"
        if same
        else (
            "today's model does not do its task, so the usual one took its place with its training"
        )
    )
    said = f"The form now trains on **{as_markdown(data.shown_name)}**; {rest}. {followed}"
    workspace.bring(draft, said.strip())
    run_start.open_launch()
