"""A run of a dataset to begin with: the usual model of its task, with the baseline's training."""

from __future__ import annotations

from typing import get_args

from engine.data.library.spec import DatasetSpec
from engine.models.specs import MODEL_TASKS, ModelSpec
from engine.presets import PRESETS
from engine.run_spec import RunSpec

_USUAL = {"image-classification": "cnn", "tabular-classification": "mlp"}


def run_on(data: DatasetSpec) -> RunSpec:
    """A RunSpec that trains on the dataset; everything in it can be changed."""
    usual = next(kind for kind, tasks in MODEL_TASKS.items() if data.task in tasks)
    kind = _USUAL.get(data.task, usual)
    specs = {
        model.model_fields["kind"].default: model for model in get_args(get_args(ModelSpec)[0])
    }
    model: dict[str, object] = {"kind": kind}
    if "block_size" in specs[kind].model_fields:
        model["block_size"] = data.text.length
    document = {
        "name": f"{kind} on {data.shown_name}"[:300],
        "task": {"kind": data.task},
        "data": data.model_dump(),
        "model": model,
    }
    return PRESETS["baseline"].apply(RunSpec.parse(document))
