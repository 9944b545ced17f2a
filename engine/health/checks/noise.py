"""Whether small changes of the input stay small on their way through the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch

from engine.health.change import steady_outputs
from engine.health.outcome import Complaint, Outcome, Skipped, concluded
from engine.health.perturbing import perturbed
from engine.health.report import Curve, Lines, value_of
from engine.health.subject import Subject

SAMPLES = 16
LEVELS = (0.01, 0.05, 0.1, 0.2, 0.5)
"""Standard deviation of the noise, as a share of that of the input."""
JUDGED = 0.01
AMPLIFIED, CHAOTIC = 10.0, 50.0
"""How many times larger than its share of the input the noise's share of the output may be: at 50,
a hundredth of the input decides half of the output, and no sample is told from its neighbour."""


@torch.no_grad()
def noise(subject: Subject) -> Outcome:
    """Add more and more noise to the inputs (the embeddings, for tokens) and compare outputs."""
    model, batch = subject.model().eval(), subject.batch(subject.affordable(SAMPLES))
    clean = steady_outputs(subject, model, batch)
    size = float(clean.square().mean().sqrt())
    if not size:
        raise Skipped("Its outputs are all zero before training, so noise cannot show.")
    generator = torch.Generator().manual_seed(0)

    def noisy(level: float) -> torch.Tensor:
        def change(values: torch.Tensor) -> torch.Tensor:
            drawn = torch.randn(values.shape, generator=generator, dtype=torch.float32)
            return values + drawn.to(values.dtype) * values.std() * level

        generator.manual_seed(0)
        with perturbed(subject, model, batch, change) as given:
            return subject.outputs(model, given)

    found = [noisy(level) for level in LEVELS]
    moved = [float((outputs - clean).square().mean().sqrt()) / size for outputs in found]
    kept = [_kept(clean, outputs) for outputs in found]
    factor = moved[LEVELS.index(JUDGED)] / JUDGED
    complaints = []
    if not factor <= AMPLIFIED:
        text = f"Noise of {JUDGED:.0%} of the input moves the outputs by {moved[0]:.0%}."
        remedy = "Initialise with smaller weights, or put norms between the layers."
        complaints.append(Complaint("warn" if factor <= CHAOTIC else "fail", text, remedy))
    numbers: dict[str, tuple[float | None, str]] = {
        f"outputs move under {level:.0%} noise": (share, "of the outputs")
        for level, share in zip(LEVELS, moved, strict=True)
    }
    numbers["amplification"] = factor, "times"
    numbers["amplification allowed"] = AMPLIFIED, "times"
    shares: dict[str, Sequence[float | None]] = {"outputs moved": moved}
    if None not in kept:
        numbers[f"predictions kept under {LEVELS[2]:.0%} noise"] = kept[2], "of all"
        shares["predictions kept"] = kept
    return concluded(
        f"Noise of {JUDGED:.0%} of the input moves the outputs by {moved[0]:.1%} of their size.",
        complaints,
        numbers,
        [_lines(shares)],
    )


def _lines(shares: Mapping[str, Sequence[float | None]]) -> Lines:
    return Lines(
        title="Outputs under noise, before training",
        x_title="noise, as a share of the input",
        y_title="share",
        curves=tuple(
            Curve(name=name, x=LEVELS, y=tuple(map(value_of, values)))
            for name, values in shares.items()
        ),
    )


def _kept(clean: torch.Tensor, outputs: torch.Tensor) -> float | None:
    """The share of predictions that stay; None where the outputs are no scores of classes."""
    if clean.ndim < 2 or clean.shape[-1] < 2:
        return None
    same = clean.argmax(dim=-1) == outputs.argmax(dim=-1)
    return float(same.float().mean())
