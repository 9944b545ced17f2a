"""Which charts a board shows for a set of metric names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from components.charts.palette import gradual

Role = Literal["train", "validation", "other"]


@dataclass(frozen=True, slots=True)
class Curve:
    """One metric in a chart."""

    metric: str
    label: str
    role: Role
    smooth: bool
    """Whether the smoothing of the board applies: not to settings, nor to what is averaged."""
    color: str = ""
    """A colour of its own; empty for that of its role or run."""


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart of a board. `key` is the same whenever the board is made again."""

    key: str
    title: str
    unit: str
    curves: tuple[Curve, ...]
    log: bool = False
    """Whether the y axis is logarithmic unless the viewer says otherwise."""
    help: str = ""
    """One sentence on what is measured."""
    section: str = ""
    """Under which heading it stands."""


@dataclass(frozen=True, slots=True)
class _Family:
    title: str
    unit: str = ""
    log: bool = False
    smooth: bool = True
    help: str = ""


_FAMILIES: dict[str, _Family] = {
    "loss": _Family("Loss", help="In training what is minimised, in validation the plain loss."),
    "accuracy": _Family("Accuracy", help="Share of samples or tokens predicted rightly."),
    "top3_accuracy": _Family("Top-3 accuracy", help="Share with the right class in the best 3."),
    "exact_match": _Family("Exact match", help="Share of samples right in every part."),
    "label_accuracy": _Family("Label accuracy", help="Share of single labels that are right."),
    "f1_macro": _Family(
        "F1 score, macro mean", help="Harmonic mean of precision and recall, over the classes."
    ),
    "f1_micro": _Family("F1 score, micro mean", help="F1 score of all labels counted together."),
    "f1_weighted": _Family("F1 score, weighted", help="F1 score of its class over the samples."),
    "precision_macro": _Family(
        "Precision, macro mean", help="Of those said to be of a class, the share that is."
    ),
    "recall_macro": _Family(
        "Recall, macro mean", help="Of those that are of a class, the share that was found."
    ),
    "auroc": _Family(
        "AUROC", help="How often a sample of a class is ranked before one that is not of it."
    ),
    "calibration_error": _Family(
        "Calibration error", help="How far confidence and accuracy lie apart, in 15 bins."
    ),
    "mae": _Family("Mean absolute error", help="In the target's own unit, where it is known."),
    "rmse": _Family("Root mean squared error", help="In the target's own unit, where known."),
    "r2": _Family("R²", help="Share of the target's variance that is explained."),
    "perplexity": _Family("Perplexity", log=True, help="exp(loss): as if from so many tokens."),
    "bits_per_char": _Family(
        "Bits per character", "bits", help="What it takes to encode a character of the text."
    ),
    "bits_per_byte": _Family("Bits per byte", "bits", help="What it takes to encode a byte of it."),
    "chrf": _Family("chrF", help="F score of the character n-grams of written texts."),
    "rouge_l": _Family("ROUGE-L", help="Longest common row of words of written texts."),
    "lr": _Family("Learning rate", smooth=False),
    "grad_norm": _Family("Gradient norm", "L2"),
    "tokens_per_s": _Family("Throughput, tokens", "tokens/s"),
    "samples_per_s": _Family("Throughput, samples", "samples/s"),
    "step_ms": _Family("Step time", "ms"),
    "mfu": _Family("Model FLOPs utilisation", "%"),
    "memory": _Family("Memory", "MB", smooth=False),
    "loss_scale": _Family("Loss scale", log=True, smooth=False),
    "cpu_percent": _Family("Processor", "%", smooth=False, help="Load of all cores together."),
    "process_cpu_percent": _Family(
        "Processor, this process",
        "%",
        smooth=False,
        help="Of the training process; 100% is a core.",
    ),
    "memory_percent": _Family("Memory in use", "%", smooth=False, help="Of the whole machine."),
    "process_memory_mb": _Family("Memory, this process", "MB", smooth=False),
    "disk_free_gb": _Family("Free disk", "GB", smooth=False, help="Where the runs folder lies."),
    "gpu/utilisation_percent": _Family(
        "GPU utilisation", "%", smooth=False, help="Share of the time in which it computed."
    ),
    "gpu/memory_mb": _Family("GPU memory", "MB", smooth=False, help="Of all programs on it."),
    "gpu/power_w": _Family("GPU power", "W", smooth=False),
    "gpu/temperature_c": _Family("GPU temperature", "°C", smooth=False),
    "layers/grad_norm": _Family("Gradient norm by layer", "L2", log=True, smooth=False),
    "layers/update_ratio": _Family("Update to weight ratio by layer", log=True, smooth=False),
}
"""Known metrics by the part of their name after the slash, in the order of their charts."""

_ROLES: dict[str, tuple[Role, str]] = {
    "train": ("train", "Train"),
    "val": ("validation", "Validation"),
}

_TOGETHER = {"memory/process_mb": ("memory", "Process"), "memory/gpu_mb": ("memory", "GPU")}
"""Metrics that share a chart: its quantity, and the label of the curve."""

_SECTIONS = {
    "train": "Training and validation",
    "val": "Training and validation",
    "optim": "Optimizer",
    "speed": "Speed",
    "memory": "Memory",
    "layers": "Layers",
    "system": "System",
    "gpu": "GPU",
}
_ELSEWHERE = "Other"

_BY_LAYER = re.compile(r"(layers/(?:grad_norm|update_ratio))/(.+)", re.DOTALL)
"""Metrics that share a chart with those of the other parameters."""

_BY_GPU = re.compile(r"gpu/([0-9]+)/(.+)", re.DOTALL)
"""Metrics that share a chart with those of the other GPUs."""

_LAYERED = ("layers/grad_norm", "layers/update_ratio")

MOST_LAYERS = 100
"""Parameters in one chart; a model with more gets several."""

STARTER = ("train/loss", "val/loss", "optim/lr", "optim/grad_norm", "speed/samples_per_s")
"""What nearly every run will have; shown as empty charts until a run has metrics."""


def live_charts(metrics: Iterable[str]) -> tuple[Chart, ...]:
    """Charts of one run: train and validation of the same quantity share a chart."""
    groups: dict[str, list[str]] = {}
    for metric in sorted(set(metrics) or STARTER, key=_reading_order):
        groups.setdefault(_quantity(metric), []).append(metric)
    charts = (_charts(quantity, group) for quantity, group in groups.items())
    return tuple(chart for several in charts for chart in several)


def overlay_charts(metrics: Iterable[str]) -> tuple[Chart, ...]:
    """Charts for several runs: one a metric, in which every run is a curve.

    The GPUs of all runs share a chart: which number one had says nothing about it elsewhere.
    """
    groups: dict[str, list[str]] = {}
    for metric in sorted(set(metrics), key=_reading_order):
        shared = _BY_GPU.fullmatch(metric) is not None
        groups.setdefault(_quantity(metric) if shared else metric, []).append(metric)
    return tuple(
        _chart(key, group, whole=_BY_GPU.fullmatch(group[0]) is None)
        for key, group in groups.items()
    )


def section_of(metric: str) -> str:
    """The heading of a metric's charts: its prefix, in words where it is one of ours."""
    prefix, slash, rest = metric.partition("/")
    return _SECTIONS.get(prefix, prefix) if slash and prefix and rest else _ELSEWHERE


def chosen_metrics(
    metrics: Iterable[str], *, without: Sequence[str] = (), only: Sequence[str] = ()
) -> list[str]:
    """The metrics whose names begin with one of `only`, if given, and with none of `without`."""
    return [
        metric
        for metric in metrics
        if not metric.startswith(tuple(without)) and (not only or metric.startswith(tuple(only)))
    ]


def chosen_charts(
    charts: Iterable[Chart], *, without: Sequence[str] = (), only: Sequence[str] = ()
) -> tuple[Chart, ...]:
    """The charts with those of their curves that are chosen; none without a curve."""
    return tuple(
        replace(chart, curves=tuple(curve for curve in chart.curves if curve.metric in kept))
        for chart in charts
        if (kept := chosen_metrics((c.metric for c in chart.curves), without=without, only=only))
    )


def _charts(quantity: str, metrics: list[str]) -> list[Chart]:
    """One chart; more where there are more layers than can be told apart."""
    if quantity not in _LAYERED:
        return [_chart(quantity, metrics)]
    parts = [metrics[i : i + MOST_LAYERS] for i in range(0, len(metrics), MOST_LAYERS)]
    charts = [_colored(_chart(quantity, part)) for part in parts]
    if len(charts) == 1:
        return charts
    return [
        replace(chart, key=f"{quantity}.{n}", title=f"{chart.title}, {n} of {len(charts)}")
        for n, chart in enumerate(charts, start=1)
    ]


def _colored(chart: Chart) -> Chart:
    """With colours that change little from a layer to the next."""
    colors = gradual(len(chart.curves))
    curves = (replace(c, color=color) for c, color in zip(chart.curves, colors, strict=True))
    return replace(chart, curves=tuple(curves))


def _chart(key: str, metrics: list[str], *, whole: bool = False) -> Chart:
    quantity = _quantity(metrics[0])
    family = _FAMILIES.get(quantity) or _Family(quantity)
    curves = tuple(_curve(metric, family) for metric in metrics)
    title = _overlay_title(metrics[0], family) if whole else family.title
    section = section_of(metrics[0])
    return Chart(key, title, family.unit, curves, family.log, family.help, section)


def _overlay_title(metric: str, family: _Family) -> str:
    """The quantity and where it was measured, unless one of them says it all."""
    prefix, slash, _ = metric.partition("/")
    part = _part(metric)
    if part:
        return f"{family.title} · {part}"
    if prefix in _ROLES:
        return f"{family.title} · {_ROLES[prefix][1].lower()}"
    return family.title if _quantity(metric) in _FAMILIES or not slash else metric


def _curve(metric: str, family: _Family) -> Curve:
    prefix, slash, _ = metric.partition("/")
    other: tuple[Role, str] = ("other", prefix if slash else metric)
    role, label = _ROLES.get(prefix, other)
    if role == "other" and _quantity(metric) in _FAMILIES:
        label = _part(metric) or family.title
    return Curve(metric, label, role, family.smooth and role != "validation")


def _part(metric: str) -> str:
    """What tells the metric from the others in its chart, where they are of one kind."""
    layer = _BY_LAYER.fullmatch(metric)
    gpu = _BY_GPU.fullmatch(metric)
    if gpu:
        return f"GPU {gpu[1]}"
    return layer[2] if layer else _TOGETHER.get(metric, ("", ""))[1]


def _quantity(metric: str) -> str:
    """The name after the first slash: what is measured, not where."""
    layer = _BY_LAYER.fullmatch(metric)
    if layer:
        return layer[1]
    if metric in _TOGETHER:
        return _TOGETHER[metric][0]
    gpu = _BY_GPU.fullmatch(metric)
    if gpu:
        return f"gpu/{gpu[2]}"
    _, slash, rest = metric.partition("/")
    return rest if slash and rest else metric


def _reading_order(metric: str) -> tuple[int, str, int, str]:
    """Known quantities first, then by name; train before validation before the rest."""
    quantity = _quantity(metric)
    known = list(_FAMILIES).index(quantity) if quantity in _FAMILIES else len(_FAMILIES)
    roles = list(_ROLES)
    prefix = metric.partition("/")[0]
    role = roles.index(prefix) if prefix in roles else len(roles)
    return known, quantity, role, _counted(metric)


def _counted(name: str) -> str:
    """The name, so that block 10 comes behind block 9."""
    return re.sub(r"[0-9]+", lambda digits: digits[0].zfill(9), name)
