"""On what a model can be looked at: the data of its runs, that it is kept with, or bundled."""

from __future__ import annotations

import json
from collections.abc import Iterator

from engine.data.specs import DATA_TASKS
from engine.errors import EngineError
from engine.models.collection import KnownModel, made_with, spec_of
from engine.models.specs import MODEL_TASKS, InMemoryModel
from engine.run_spec import RunSpec
from engine.runs.store import RunStore
from engine.task_spec import TaskSpec

_MOST_RUNS = 30
"""The newest runs whose data is offered."""


def usual_specs(
    store: RunStore, model: KnownModel, drafted: RunSpec | None = None
) -> list[RunSpec]:
    """Specs of runs with this model, each with other data; what is most likely meant first.

    `drafted` is what somebody is filling in: its data is offered where the model does its task.

    Raises:
        DamagedRun, UnknownRun: when only a run knows the model, and that run cannot be read.
    """
    document = spec_of(store, model)
    if isinstance(document, InMemoryModel):
        return []
    found: dict[str, RunSpec] = {}
    for spec in _all(store, model, drafted):
        if spec.data.source != "in-memory":
            about = spec.model_dump(mode="json", include={"task", "data"})
            found.setdefault(json.dumps(about, sort_keys=True), spec)
    return list(found.values())


def _all(store: RunStore, model: KnownModel, drafted: RunSpec | None) -> Iterator[RunSpec]:
    document = spec_of(store, model)
    kept = model.kept
    if kept is not None and kept.task is not None and kept.data is not None:
        yield RunSpec(task=kept.task, model=document, data=kept.data)
    for entry in model.runs[:_MOST_RUNS]:
        try:
            yield made_with(store, entry.id)
        except EngineError:
            continue  # the runs page tells what is wrong with it
    tasks = MODEL_TASKS.get(document.kind, ())
    if drafted is not None and drafted.task.kind in tasks:
        yield RunSpec(task=drafted.task, model=document, data=drafted.data)
    for task in tasks:
        for source, made_for in DATA_TASKS.items():
            if made_for == task:
                yield RunSpec.parse(
                    {
                        "task": TaskSpec(kind=task).model_dump(mode="json"),
                        "model": document.model_dump(mode="json"),
                        "data": {"source": source},
                    }
                )
