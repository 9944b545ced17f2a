"""The modules of a model as rows of a tree, as plain data for the browser."""

from __future__ import annotations

from typing import TypedDict

from components.charts.module_likeness import family_of, likeness, shape_words
from engine.models.structure.document import ROOT, Structure


class Row(TypedDict):
    """One module; numbers of its parts are in its own."""

    parent: int
    """Number of the row of the module that holds it; -1 for the model."""
    path: str
    name: str
    type: str
    family: str
    described: str
    alike: int
    """The same for modules that are alike."""
    calls: int
    is_list: bool
    """Whether it only holds others, and is never called itself."""
    inputs: str
    outputs: str
    parameters: int
    trained: int
    flops: int
    kept: int
    note: str
    """What is to be known of it; empty for nothing."""


def tree_rows(structure: Structure) -> list[Row]:
    """All modules, each behind the one that holds it."""
    alike, place = likeness(structure), {m.path: n for n, m in enumerate(structure.modules)}
    return [
        Row(
            parent=-1 if module.path == ROOT else place[module.path.rpartition(".")[0]],
            path=module.path,
            name=module.name or module.type,
            type=module.type,
            family=family_of(module.type),
            described=module.described,
            alike=alike[module.path],
            calls=module.calls,
            is_list=not module.calls and bool(structure.parts[module.path]),
            inputs=", ".join(map(shape_words, module.inputs)),
            outputs=", ".join(map(shape_words, module.outputs)),
            parameters=module.parameters,
            trained=module.trained,
            flops=module.flops,
            kept=module.kept_bytes,
            note=_note(structure, module.path),
        )
        for module in structure.modules
    ]


def _note(structure: Structure, path: str) -> str:
    module = structure.by_path[path]
    notes = []
    if module.shares:
        notes.append(f"shares {', '.join(module.shares)}")
    if not module.calls and not structure.parts[path]:
        notes.append("never called; at most its weights are used")
    if module.calls > 1:
        notes.append(f"called {module.calls} times")
    if module.trained < module.parameters:
        frozen = module.parameters - module.trained
        notes.append("frozen" if not module.trained else f"{frozen:,} of its numbers are frozen")
    return "; ".join(notes)
