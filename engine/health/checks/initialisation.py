"""Whether a model begins by guessing, with weights that differ and activations of a sane size."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from engine.config.losses import BinaryCrossEntropyConfig, HuberConfig, MSEConfig
from engine.health.outcome import Complaint, Outcome, concluded, listed
from engine.health.report import Bars, value_of
from engine.health.subject import Subject

SAMPLES = 32
SURPRISED = 0.5
"""Nats above the loss of guessing: logits of a standard deviation of 1 add half of it squared."""
LOST = 2.0
"""Nats above the loss of guessing at which the first updates only unlearn the initialisation."""
KNOWING = 0.5
"""Nats below the loss of guessing that no model without training should have."""
SCALED = 3.0, 30.0
"""A regression that begins with a loss so many times that of always predicting the mean."""
LARGE, SMALL = 1e2, 1e-5
"""Standard deviations of activations that a layer of float32 or bf16 still learns well with."""
MOST_BARS = 60
_INITIALISE = (
    "Initialise the last layer with smaller weights (GPT-2 takes a deviation of 0.02), above all "
    "where it shares them with an embedding."
)


@torch.no_grad()
def initialisation(subject: Subject) -> Outcome:
    """The loss before the first update, and the spread of weights and activations."""
    model, batch = subject.model(), subject.batch(subject.affordable(SAMPLES))
    activations: dict[str, float] = {}
    handles = [
        module.register_forward_hook(_taker(name, activations))
        for name, module in model.named_modules()
        if name and not any(module.children())
    ]
    outputs = subject.outputs(model, batch)
    for handle in handles:
        handle.remove()
    loss = float(subject.mean_loss(outputs, batch))
    guess, how = _guess(subject, outputs, batch[subject.task.target])
    alike = [name for name, weight in model.named_parameters() if _all_alike(weight)]
    complaints = [*_of_loss(subject, loss, guess), *_of_activations(activations)]
    if alike:
        text = f"All weights of {listed(alike)} are the same number, so its units learn the same."
        complaints.append(Complaint("fail", text, "Draw them at random."))
    deviations = {name: _deviation(p) for name, p in model.named_parameters() if p.ndim > 1}
    spread = [value for value in activations.values() if math.isfinite(value)]
    return concluded(
        f"The loss begins at {loss:.3f}; {how} gives {guess:.3f}.",
        complaints,
        {
            "initial loss": (loss, ""),
            "loss of guessing": (guess, ""),
            "deviation of the outputs": (_deviation(outputs), ""),
            "smallest deviation of activations": (min(spread, default=None), ""),
            "largest deviation of activations": (max(spread, default=None), ""),
            "matrices of equal weights": (len(alike), ""),
        },
        [
            _bars("Activations of each layer before training", activations),
            _bars("Weights of each matrix before training", deviations),
        ],
    )


def _guess(subject: Subject, outputs: Tensor, targets: Tensor) -> tuple[float, str]:
    """The loss of a model that knows nothing, and what that is."""
    config = subject.task.loss
    if isinstance(config, BinaryCrossEntropyConfig):
        return math.log(2), "guessing each label, ln 2,"
    if isinstance(config, MSEConfig | HuberConfig):
        return float(targets.double().var()), "always predicting the mean"
    classes = outputs.shape[-1]
    return math.log(classes), f"guessing among {classes} classes, ln {classes},"


def _of_loss(subject: Subject, loss: float, guess: float) -> list[Complaint]:
    if not math.isfinite(loss):
        text = f"The loss is {loss} before the first update."
        return [Complaint("fail", text, _INITIALISE)]
    said = f"The loss begins at {loss:.3g}"
    if isinstance(subject.task.loss, MSEConfig | HuberConfig):
        warn, fail = (factor * guess for factor in SCALED)
        if loss <= warn:
            return []
        text = f"{said}, {loss / guess:.3g} times that of always predicting the mean."
        remedy = "Standardise targets and inputs, or initialise the last layer with less."
        return [Complaint("fail" if loss > fail else "warn", text, remedy)]
    if loss > guess + SURPRISED:
        text = f"{said}, where guessing gives {guess:.3f}: the first outputs are too sure."
        return [Complaint("fail" if loss > guess + LOST else "warn", text, _INITIALISE)]
    if loss < guess - KNOWING:
        text = f"{said}, less than the {guess:.3f} of guessing: it knows something already."
        remedy = "That is right for trained weights only; otherwise the targets leak into it."
        return [Complaint("warn", text, remedy)]
    return []


def _of_activations(deviations: dict[str, float]) -> list[Complaint]:
    broken = [name for name, value in deviations.items() if not math.isfinite(value)]
    large = [name for name, value in deviations.items() if LARGE < value < math.inf]
    small = [name for name, value in deviations.items() if 0 < value < SMALL]
    remedy = "Initialise for the activation used (Kaiming for ReLU, Xavier for tanh) or add norms."
    found = []
    if broken:
        text = f"The activations of {listed(broken)} are NaN or infinite."
        found.append(Complaint("fail", text, remedy))
    if large:
        text = f"The activations of {listed(large)} spread by more than {LARGE:g}."
        found.append(Complaint("warn", text, remedy))
    if small:
        text = f"The activations of {listed(small)} hardly differ from each other."
        found.append(Complaint("warn", text, remedy))
    return found


def _taker(name: str, taken: dict[str, float]) -> Callable[[nn.Module, Any, Any], None]:
    def take(_: nn.Module, inputs: Any, output: Any) -> None:
        if name not in taken and isinstance(output, Tensor) and output.is_floating_point():
            taken[name] = _deviation(output)

    return take


def _deviation(values: Tensor) -> float:
    """Standard deviation; NaN where a value is no number."""
    return float(values.double().std(correction=0)) if values.isfinite().all() else math.nan


def _all_alike(weight: Tensor) -> bool:
    """Whether a matrix has units that are all the same, and not zero as some begin on purpose."""
    if weight.ndim < 2 or weight.shape[0] < 2 or not weight.numel():
        return False
    first = weight.flatten()[0]
    return bool(first != 0) and bool((weight == first).all())


def _bars(title: str, values: dict[str, float]) -> Bars:
    names = list(values)
    if len(names) > MOST_BARS:
        some = torch.linspace(0, len(names) - 1, MOST_BARS).round().long().tolist()
        names = [names[place] for place in some]
    return Bars(
        title=title,
        names=tuple(names),
        values=tuple(value_of(values[name] or None) for name in names),
        y_title="standard deviation",
        log_y=True,
    )
