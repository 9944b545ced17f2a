"""Whether a model stays finite under large inputs, and the same in half the digits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from engine.data.batching import Batch
from engine.health.change import steady_outputs
from engine.health.outcome import Complaint, Outcome, Skipped, concluded, in_words
from engine.health.perturbing import perturbed
from engine.health.report import Curve, Lines, value_of
from engine.health.subject import Subject

SAMPLES = 4
FACTORS = (1.0, 10.0, 255.0, 10_000.0)
"""How many times larger than usual the inputs are made."""
REACHED = 255.0
"""Pixels from 0 to 255 in place of 0 to 1 are so much larger: what people do feed."""
CLOSE, FAR = 0.05, 0.5
"""Root mean square difference of bf16 outputs, as a share of the outputs. bf16 has eight bits: 0.4%
an operation, which add up to a few percent over the layers of a deep model."""
FP16_MOST = 65_504.0
"""The largest number of fp16."""


def large_inputs(subject: Subject) -> Outcome:
    """Outputs and gradients for inputs that are larger and larger, and for inputs of zeros."""
    batch = subject.batch(SAMPLES)
    largest = {factor: _size(subject, batch, factor) for factor in FACTORS}
    zeros = _size(subject, batch, 0.0)
    broken = [factor for factor, size in largest.items() if size is None]
    complaints = []
    if broken:
        what = "The outputs or gradients" if broken[0] > 1 else "Even usual outputs or gradients"
        text = f"{what} are NaN or infinite for inputs {broken[0]:g} times as large as usual."
        remedy = (
            "Use F.softmax, F.log_softmax and F.cross_entropy in place of exp and log, add an "
            "epsilon where you divide or take a root, and norm the inputs first."
        )
        complaints.append(Complaint("fail" if broken[0] <= REACHED else "warn", text, remedy))
    if zeros is None and 1.0 not in broken:
        text = "The outputs or gradients are NaN or infinite for a sample of zeros."
        remedy = "Add an epsilon where you divide by a deviation, a norm or a count."
        complaints.append(Complaint("fail", text, remedy))
    return concluded(
        f"Outputs and gradients are finite for inputs up to {FACTORS[-1]:,.0f} times as large as "
        "usual, and for zeros.",
        complaints,
        {
            **{f"largest output at {f:g} times": (s, "") for f, s in largest.items()},
            "largest output for zeros": (zeros, ""),
        },
        [
            Lines(
                title="Outputs under larger inputs",
                x_title="times as large as usual",
                y_title="largest output",
                curves=(
                    Curve(
                        name="largest output",
                        x=FACTORS,
                        y=tuple(value_of(size or None) for size in largest.values()),
                    ),
                ),
                log_x=True,
                log_y=True,
            )
        ],
    )


def bf16(subject: Subject) -> Outcome:
    """Compare outputs and loss under bf16 autocast, as in training, with those of fp32."""
    model, batch = subject.model().eval(), subject.batch(SAMPLES)
    peaks: list[float] = []
    handles = [m.register_forward_hook(_peak(peaks)) for m in model.modules()]
    with torch.no_grad():
        subject.outputs(model, batch)
        for handle in handles:
            handle.remove()
        exact = steady_outputs(subject, model, batch)
        try:
            with torch.autocast("cpu", dtype=torch.bfloat16):
                rounded = subject.outputs(model, batch).float()
        except Exception as error:  # noqa: BLE001 - what the model raises is the finding
            return _refused(error)
        losses = [float(subject.mean_loss(outputs, batch)) for outputs in (exact, rounded)]
    size = float(exact.square().mean().sqrt())
    if not size:
        raise Skipped("Its outputs are all zero before training, so rounding cannot show.")
    apart = float((rounded - exact).square().mean().sqrt()) / size
    highest = max(peaks, default=0.0)
    return concluded(
        f"Outputs under bf16 differ from those of fp32 by {apart:.2%} of their size.",
        _of_digits(apart, highest),
        {
            "difference of the outputs": (apart, "of the outputs"),
            "allowed": (CLOSE, "of the outputs"),
            "loss in fp32": (losses[0], ""),
            "loss in bf16": (losses[1], ""),
            "largest activation": (highest, ""),
        },
    )


def _of_digits(apart: float, highest: float) -> list[Complaint]:
    found = []
    if not apart <= CLOSE:
        text = f"Outputs under bf16 differ from those of fp32 by {apart:.1%} of their size."
        if apart != apart:
            text = "Outputs under bf16 are NaN."
        remedy = (
            "Keep norms, softmax and sums over many numbers in fp32 (call .float() there), or "
            "train in fp32."
        )
        found.append(Complaint("warn" if apart <= FAR else "fail", text, remedy))
    if highest > FP16_MOST:
        text = f"Activations reach {highest:.3g}, more than fp16 holds ({FP16_MOST:,.0f})."
        found.append(Complaint("warn", text, "Use bf16 or fp32, or smaller initial weights."))
    return found


def _refused(error: Exception) -> Outcome:
    text = f"It cannot run under bf16: {in_words(error)}."
    remedy = "Train in fp32, or let new tensors take the type of those that they meet."
    return concluded("", [Complaint("warn", text, remedy)], {"passes that worked": (0.0, "")})


def _size(subject: Subject, batch: Batch, factor: float) -> float | None:
    """The largest output; None where an output or a gradient is no finite number."""
    model = subject.model().eval()
    with perturbed(subject, model, batch, lambda values: values * factor) as given:
        outputs = subject.outputs(model, given)
        loss = subject.mean_loss(outputs, given)
        if loss.requires_grad:
            loss.backward()  # type: ignore[no-untyped-call]
    gradients = (p.grad for p in model.parameters() if p.grad is not None)
    if not outputs.isfinite().all() or not all(g.isfinite().all() for g in gradients):
        return None
    return float(outputs.detach().abs().max())


def _peak(peaks: list[float]) -> Callable[[nn.Module, Any, Any], None]:
    def take(_: nn.Module, inputs: Any, output: Any) -> None:
        if isinstance(output, Tensor) and output.is_floating_point() and output.numel():
            peaks.append(float(output.abs().max()))

    return take
