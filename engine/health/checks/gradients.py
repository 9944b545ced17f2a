"""Whether every layer gets a gradient of a sane size: none dead, vanishing or exploding."""

from __future__ import annotations

import math

import torch
from torch import nn

from engine.health.outcome import Complaint, Outcome, Skipped, concluded, listed
from engine.health.report import Bars, value_of
from engine.health.subject import Subject, layers_of

SAMPLES = 16
VANISHED = 1e-5
"""Below this share of the largest layer's gradient a layer's has vanished: float32 has seven
digits, and the layer would learn a hundred thousand times more slowly under SGD."""
LOST = 1e-8
"""Adam adds this to the size that it divides by: smaller gradients lose their normalisation
(Kingma and Ba, "Adam", 2015)."""
LARGE, EXPLODED = 1e2, 1e4
"""Norms of all gradients. Language models are usually clipped at 1 (Brown and others, 2020): of a
norm of 100 that leaves a hundredth, of 10,000 nothing."""
MOST_BARS = 60


def gradient_flow(subject: Subject) -> Outcome:
    """One backward pass of a batch in training mode; the gradient of each layer."""
    model = subject.model()
    if not layers_of(model):
        raise Skipped("The model has no trained parameters.")
    sizes, norm = _gradients(subject, model)
    silent = [layer for layer, size in sizes.items() if size == 0]
    asleep = _woken(subject, silent) if silent else []
    dead = [layer for layer in silent if layer not in asleep]
    unused = [n for n, p in model.named_parameters() if p.requires_grad and p.grad is None]
    finite = [size for size in sizes.values() if math.isfinite(size)]
    largest = max(finite, default=0.0)
    bound = max(LOST, VANISHED * largest)
    vanishing = [layer for layer, size in sizes.items() if 0 < size < bound]
    broken = [layer for layer, size in sizes.items() if not math.isfinite(size)]
    complaints = _missing(dead, vanishing)
    complaints += _too_much(broken, norm)
    only_parts = [name for name in unused if name.rpartition(".")[0] not in dead]
    if only_parts and not dead:
        text = f"Forward does not use {listed(only_parts)}, so that no gradient comes there."
        complaints.append(Complaint("warn", text, "Remove them, or use them in forward."))
    numbers = {
        "layers": (float(len(sizes)), ""),
        "dead layers": (float(len(dead)), ""),
        "smallest gradient": (min(finite, default=None), "of a weight"),
        "largest gradient": (largest, "of a weight"),
        "vanishing below": (bound, "of a weight"),
        "norm of all gradients": (norm, ""),
        "exploding above": (LARGE, ""),
    }
    fine = f"All {len(sizes)} layers get gradients; the norm of all is {norm:.3g}."
    if asleep:
        fine += f" {listed(asleep)} begin to get theirs after the first update."
    return concluded(fine, complaints, numbers, [_bars(sizes, bound)])


def _gradients(subject: Subject, model: nn.Module) -> tuple[dict[str, float], float]:
    """Of each layer the root mean square of its gradients that are not zero (rows of an embedding
    that a batch does not name are none of its concern), and the norm of all."""
    batch = subject.batch(subject.affordable(SAMPLES))
    loss = subject.mean_loss(subject.outputs(model, batch), batch)
    if loss.requires_grad:
        loss.backward()  # type: ignore[no-untyped-call]
    sizes, squares = {}, 0.0
    for layer, weights in layers_of(model).items():
        found = [w.grad for w in weights.values() if w.grad is not None]
        total = sum(float(g.double().square().sum()) for g in found)
        counted = sum(int(g.count_nonzero()) for g in found)
        sizes[layer] = math.sqrt(total / counted) if counted else 0.0
        squares += total
    return sizes, math.sqrt(squares)


def _woken(subject: Subject, silent: list[str]) -> list[str]:
    """Those layers that only begin without a gradient: behind them is a weight that begins at
    zero, as zero-initialised residual branches have it."""
    sizes, _ = _gradients(subject, subject.stirred().train())
    return [layer for layer in silent if sizes[layer] > 0]


def _missing(dead: list[str], vanishing: list[str]) -> list[Complaint]:
    found = []
    if dead:
        text = f"Dead layers, which get no gradient at all: {listed(dead)}."
        remedy = (
            "Use them in forward, outside of torch.no_grad() and without detach(); a ReLU whose "
            "inputs are all negative passes nothing back."
        )
        found.append(Complaint("fail", text, remedy))
    if vanishing:
        text = f"The gradient vanishes on its way to {listed(vanishing)}."
        remedy = (
            "Add residual connections or norms, use ReLU or GELU in place of sigmoid or tanh, or "
            "initialise with a gain that fits the activation."
        )
        found.append(Complaint("fail", text, remedy))
    return found


def _too_much(broken: list[str], norm: float) -> list[Complaint]:
    remedy = "Initialise with smaller weights, put norms between the layers, or clip the gradients."
    if broken:
        text = f"The gradients of {listed(broken)} are NaN or infinite."
        return [Complaint("fail", text, remedy)]
    if norm > LARGE:
        text = f"The norm of all gradients is {norm:.3g} at the first step: they explode."
        return [Complaint("fail" if norm > EXPLODED else "warn", text, remedy)]
    return []


def _bars(sizes: dict[str, float], bound: float) -> Bars:
    names = list(sizes)
    if len(names) > MOST_BARS:
        some = torch.linspace(0, len(names) - 1, MOST_BARS).round().long().tolist()
        names = [names[place] for place in some]
    return Bars(
        title="Gradient of each layer",
        names=tuple(names),
        values=tuple(value_of(sizes[name] or None) for name in names),
        y_title="root mean square",
        log_y=True,
        bounds={"vanishing": bound},
    )
