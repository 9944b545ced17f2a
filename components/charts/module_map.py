"""Where the parameters, the memory and the work of a model are: areas within areas."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

import plotly.graph_objects as go

from components import readable
from components.charts.confusion import plain
from components.charts.module_likeness import FAMILIES, family_of
from engine.models.structure.document import ROOT, Structure

Shape = Literal["treemap", "sunburst"]
_LOSS = "<loss>"
_OWN = "<own>"
_MOST_LEVELS = 4
_AROUND = {False: "#e4e8ef", True: "#2a323e"}
"""Of areas that others are in, on a light and on a dark page."""


class Measure(NamedTuple):
    """Something that every module has some of."""

    sentence: str
    """What is shown; `{batch}` is the size of the batch."""
    own: Callable[[Structure], Mapping[str, float]]
    """How much of it each module has beside its parts."""
    words: Callable[[float], str]


def own_parameters(structure: Structure) -> dict[str, float]:
    """Numbers of its own; those that are shared are where they are met first."""
    return {module.path: module.own_parameters for module in structure.modules}


def own_memory(structure: Structure) -> dict[str, float]:
    """Bytes that training needs of each: weights, gradients, what the optimizer remembers, and
    what the backward pass needs kept."""
    found: dict[str, float] = {m.path: m.own_kept_bytes for m in structure.modules}
    for weight in structure.weights:
        found[weight.name.rpartition(".")[0]] += weight.training_bytes
    return {**found, _LOSS: structure.loss_kept_bytes}


def own_activations(structure: Structure) -> dict[str, float]:
    """Bytes that operations of its own keep for the backward pass."""
    found = {module.path: module.own_kept_bytes for module in structure.modules}
    return {**found, _LOSS: structure.loss_kept_bytes}


def own_flops(structure: Structure) -> dict[str, float]:
    """Operations of a sample that are not in one of its parts."""
    found: dict[str, float] = {}
    for module in structure.modules:
        parts = sum(structure.by_path[part].flops for part in structure.parts[module.path])
        found[module.path] = max(0, module.flops - parts) / structure.batch_size
    return found


def _parameter_words(number: float) -> str:
    return f"{readable.count(number)} parameters"


MEASURES: Mapping[str, Measure] = {
    "Parameters": Measure(
        "Numbers that are trained or fixed. Shared ones are where they are met first.",
        own_parameters,
        _parameter_words,
    ),
    "Memory": Measure(
        "What training needs: weights, gradients, what the optimizer remembers of them, and what "
        "the backward pass needs kept of a batch of {batch:,}. PyTorch itself is left out, and "
        "what lives for a moment.",
        own_memory,
        readable.size,
    ),
    "Activations": Measure(
        "What the backward pass needs kept of a batch of {batch:,}.", own_activations, readable.size
    ),
    "FLOPs": Measure(
        "Operations of a forward pass of one sample in matrix products, convolutions and "
        "attention; all else is not counted.",
        own_flops,
        readable.flops,
    ),
}


def totals(structure: Structure, measure: str) -> dict[str, float]:
    """How much each module has with all its parts, by path."""
    found = dict(MEASURES[measure].own(structure))
    for module in reversed(structure.modules[1:]):
        found[module.path.rpartition(".")[0]] += found[module.path]
    found[ROOT] += found.get(_LOSS, 0.0)
    return found


def map_figure(structure: Structure, measure: str, shape: Shape, *, dark: bool) -> go.Figure | None:
    """The areas; None where there is nothing of it."""
    total, own = totals(structure, measure), MEASURES[measure].own(structure)
    if not total[ROOT]:
        return None
    areas = _areas(structure, total, own, _AROUND[dark])
    kind = go.Treemap if shape == "treemap" else go.Sunburst
    words = MEASURES[measure].words
    chart = kind(
        ids=[area.id for area in areas],
        labels=[area.label for area in areas],
        parents=[area.parent for area in areas],
        values=[area.value for area in areas],
        customdata=[(plain(area.told), words(area.value)) for area in areas],
        text=[words(area.value) for area in areas],
        branchvalues="total",
        maxdepth=_MOST_LEVELS,
        textinfo="label+text",
        root={"color": _AROUND[dark]},
        **({"leaf": {"opacity": 1}} if shape == "sunburst" else {}),
        hovertemplate="%{customdata[0]}<br>%{customdata[1]}, %{percentRoot:.1%}<extra></extra>",
        marker={
            "colors": [area.color for area in areas],
            "line": {"width": 1, "color": "#12161c" if dark else "#ffffff"},
        },
    )
    return go.Figure(chart).update_layout(height=560, margin={"l": 0, "r": 0, "t": 8, "b": 0})


class _Area(NamedTuple):
    id: str
    parent: str
    label: str
    value: float
    color: str
    told: str


def _areas(
    structure: Structure, total: Mapping[str, float], own: Mapping[str, float], grey: str
) -> list[_Area]:
    """Areas in the colour of their family; in grey those that others of no one family are in."""
    root = structure.whole
    found = [_Area("/", "", plain(root.type), total[ROOT], grey, root.type)]
    for module in structure.modules[1:]:
        value = total[module.path]
        if value:
            parent = f"/{module.path.rpartition('.')[0]}"
            holds = any(total[part] for part in structure.parts[module.path])
            family = family_of(module.type)
            color = grey if holds and family == "other" else FAMILIES[family]
            told = f"{module.path}: {module.type}"
            label = plain(f"{module.name} {module.type}" if module.name.isdigit() else module.name)
            found.append(_Area(f"/{module.path}", parent, label, value, color, told))
    for path, value in own.items():
        if value and path != _LOSS and structure.parts[path]:
            told = f"{path or root.type} itself, beside its parts"
            parent = f"/{path}"
            color = FAMILIES[family_of(structure.by_path[path].type)]
            found.append(_Area(f"{parent}{_OWN}", parent, "its own", value, color, told))
    if own.get(_LOSS):
        found.append(_Area(f"/{_LOSS}", "/", "loss", own[_LOSS], FAMILIES["other"], "the loss"))
    return found
