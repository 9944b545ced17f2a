"""Whether a saved and loaded model gives the same outputs."""

from __future__ import annotations

import tempfile
from pathlib import Path

import torch
from torch import nn

from engine.checkpoint.folder import save, verified
from engine.checkpoint.snapshot import Snapshot, untied
from engine.health.change import largest_change, steady_outputs
from engine.health.outcome import Complaint, Outcome, concluded, listed
from engine.health.subject import Subject

SAMPLES = 4


@torch.no_grad()
def saving(subject: Subject) -> Outcome:
    """Save weights as a run's checkpoint does (safetensors), load them into a model of another
    seed, and compare."""
    model, batch = subject.stirred(), subject.batch(SAMPLES)
    before = steady_outputs(subject, model, batch)
    other = subject.model(subject.seed + 1).eval()
    with tempfile.TemporaryDirectory() as folder:
        made = save(Path(folder), Snapshot.borrowed(0, model, {}))
        size = sum(file.stat().st_size for file in made.glob("*.safetensors"))
        verified(made).restore_model(other)
    after = subject.outputs(other, batch)
    apart = largest_change(after, before, before)
    tied, lost = _ties(model), _ties(model) - _ties(other)
    complaints = []
    if apart > 0:
        text = (
            f"The loaded model's outputs differ from the saved one's by {apart:.2%} of their size."
        )
        remedy = (
            "Everything that decides the outputs must be a parameter or a buffer "
            "(register_buffer), not a plain tensor attribute, and none may be persistent=False "
            "that is drawn at random."
        )
        complaints.append(Complaint("fail", text, remedy))
    if lost:
        text = f"Tied weights come apart when the model is built anew: {listed(sorted(lost))}."
        remedy = "Tie them in __init__, so that every new model has them tied."
        complaints.append(Complaint("fail", text, remedy))
    return concluded(
        "Saved as safetensors and loaded into another model, it gives the same outputs to the bit.",
        complaints,
        {
            "largest difference": (apart, "of the outputs"),
            "tied names": (len(tied), ""),
            "ties lost": (len(lost), ""),
            "size on disk": (size / 1e6, "MB"),
        },
    )


def _ties(model: nn.Module) -> set[str]:
    return {f"{name} = {first}" for name, first in untied(model)[1].items()}
