"""Whether a model can learn a handful of samples by heart: what cannot do that learns nothing."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from engine.data.batching import Batch
from engine.health.outcome import Clock, Complaint, Outcome, Skipped, concluded
from engine.health.report import Curve, Lines, value_of
from engine.health.subject import Subject, longest, shortened

SAMPLES = 4
MOST_TOKENS = 64
"""Longer texts are cut, unless the model takes none that is shorter."""
STEPS = 300
RATES = (1e-3, 1e-2, 1e-4)
"""Learning rates of Adam that are tried, each with a new model: the usual one, one for very small
models, one for large ones."""
DECAYS, EPSILON = (0.9, 0.999), 1e-8
"""Adam's own (Kingma and Ba, 2015)."""
LEARNED, BEGUN = 0.1, 0.7
"""The share of the first loss that is left when the batch is known by heart; and what shows that
it learns, but slowly."""
BUDGET_S = 15.0
"""For all learning rates together."""


def overfitting(subject: Subject) -> Outcome:
    """Train on one small batch without dropout until its loss is a tenth."""
    batch = subject.batch(SAMPLES)
    if longest(subject, batch) > MOST_TOKENS and _takes(subject, MOST_TOKENS):
        batch = shortened(subject, batch, MOST_TOKENS)
    tried: dict[float, list[float]] = {}
    clock = Clock(BUDGET_S)
    for rate in RATES:
        tried[rate] = _losses(subject, batch, rate, clock)
        if _left(tried[rate]) <= LEARNED or clock.is_over:
            break
    rate = min(tried, key=lambda one: _left(tried[one]))
    losses = tried[rate]
    left, updates = _left(losses), len(losses) - 1
    return concluded(
        f"It learns {SAMPLES} samples by heart in {updates} updates: the loss falls from "
        f"{losses[0]:.3g} to {losses[-1]:.3g}.",
        _complaints(losses, clock.is_over),
        {
            "loss left": (left, "of the first"),
            "allowed": (LEARNED, "of the first"),
            "first loss": (losses[0], ""),
            "last loss": (losses[-1], ""),
            "updates": (updates, ""),
            "learning rate": (rate, ""),
        },
        [
            Lines(
                title=f"Loss on the same {SAMPLES} samples",
                x_title="update",
                y_title="loss",
                curves=tuple(
                    Curve(
                        name=f"learning rate {one:g}",
                        x=tuple(map(float, range(len(values)))),
                        y=tuple(value_of(round(value, 6)) for value in values),
                    )
                    for one, values in tried.items()
                ),
                log_y=True,
                bounds={"learned": LEARNED * losses[0]} if losses[0] > 0 else {},
            )
        ],
    )


def _complaints(losses: list[float], out_of_time: bool) -> list[Complaint]:
    left, updates = _left(losses), len(losses) - 1
    if left <= LEARNED:
        return []
    if out_of_time and math.isfinite(losses[-1]):
        text = (
            f"Only {updates} updates could be made in {BUDGET_S:.0f} s, which left {left:.0%} of "
            "the loss: too few to tell whether it learns."
        )
        return [Complaint("warn", text, "Look at the first minutes of the training instead.")]
    text = (
        f"After {updates} updates on the same {SAMPLES} samples {left:.0%} of the loss is left "
        f"({losses[0]:.3g} to {losses[-1]:.3g})."
    )
    remedy = (
        "Check that inputs and targets belong together, that the outputs depend on the inputs, "
        "that no layer is frozen or detached, and that the outputs have no softmax or sigmoid "
        "behind them: the loss wants logits."
    )
    return [Complaint("warn" if left <= BEGUN else "fail", text, remedy)]


def _losses(subject: Subject, batch: Batch, rate: float, clock: Clock) -> list[float]:
    """The loss before each update and after the last."""
    model = subject.model()
    for module in model.modules():
        if isinstance(module, nn.modules.dropout._DropoutNd):
            module.eval()
    trained = [weight for weight in model.parameters() if weight.requires_grad]
    if not trained:
        raise Skipped("The model has no trained parameters.")
    averages = [(torch.zeros_like(weight), torch.zeros_like(weight)) for weight in trained]
    losses: list[float] = []
    for update in range(1, STEPS + 2):
        loss = subject.mean_loss(subject.outputs(model, batch), batch)
        losses.append(float(loss.detach()))
        if not loss.requires_grad or _is_enough(losses) or clock.is_over:
            break
        loss.backward()  # type: ignore[no-untyped-call]
        _adam(trained, averages, rate, update)
    return losses


@torch.no_grad()
def _adam(
    trained: list[nn.Parameter], averages: list[tuple[Tensor, Tensor]], rate: float, update: int
) -> None:
    """One update; torch's own optimizers would first import its compiler, for seconds."""
    corrections = [1 - decay**update for decay in DECAYS]
    for weight, (mean, square) in zip(trained, averages, strict=True):
        if weight.grad is None:
            continue
        mean.lerp_(weight.grad, 1 - DECAYS[0])
        square.lerp_(weight.grad.square(), 1 - DECAYS[1])
        size = (square / corrections[1]).sqrt_().add_(EPSILON)
        weight.addcdiv_(mean, size, value=-rate / corrections[0])
        weight.grad = None


def _is_enough(losses: list[float]) -> bool:
    return not math.isfinite(losses[-1]) or losses[-1] <= LEARNED * losses[0]


def _left(losses: list[float]) -> float:
    """The share of the first loss that is left; infinite where there is none to learn from."""
    first, last = losses[0], losses[-1]
    if not math.isfinite(first) or not math.isfinite(last):
        return math.inf
    return last / first if first > 0 else 0.0


def _takes(subject: Subject, length: int) -> bool:
    """Whether the model takes texts of this length."""
    try:
        with torch.no_grad():
            subject.outputs(subject.model(), shortened(subject, subject.batch(2), length))
    except Exception:  # noqa: BLE001 - the check of the forward pass tells what is wrong with it
        return False
    return True
