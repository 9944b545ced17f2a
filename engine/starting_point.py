"""A run of a dataset to begin with: the usual model of its task, with the baseline's training."""

from __future__ import annotations

from typing import get_args

from engine.data.library.spec import DatasetSpec
from engine.estimate import total_steps
from engine.frozen import with_changes
from engine.models.specs import MODEL_TASKS, ModelSpec
from engine.presets import PRESETS
from engine.run_spec import RunSpec

_USUAL = {"image-classification": "cnn", "tabular-classification": "mlp"}
_PARTS = 10
"""Of so many parts of a short run the first is its warmup, and each ends with a validation."""


def run_on(data: DatasetSpec, rows: int | None = None) -> RunSpec:
    """A RunSpec that trains on the dataset; everything in it can be changed.

    With the number of ``rows`` warmup and validations fit a run that is short because they are few.
    """
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
    spec = PRESETS["baseline"].apply(RunSpec.parse(document))
    return spec if rows is None else _shortened(spec, rows)


def _shortened(spec: RunSpec, rows: int) -> RunSpec:
    training = spec.training
    steps = total_steps(training, max(1, rows)) or training.length.amount
    part = max(1, steps // _PARTS)
    usual = {
        "scheduler.warmup_steps": training.scheduler.model_dump().get("warmup_steps", 0),
        "evaluation.every_steps": training.evaluation.every_steps,
        "checkpointing.every_steps": training.checkpointing.every_steps or part,
    }
    changes = {f"training.{name}": min(value, part) for name, value in usual.items()}
    return with_changes(spec, dict(changes))
