"""Whether a model can be built, and whether PyTorch knows of all its layers."""

from __future__ import annotations

import time
from collections.abc import Iterator

import torch
from torch import nn

from engine.health.outcome import Complaint, Outcome, concluded, listed
from engine.health.subject import Subject, layers_of

_REGISTER = (
    "Keep layers in nn.ModuleList or nn.ModuleDict and single tensors in nn.Parameter; what is in "
    "a plain list is neither trained nor saved."
)


def instantiation(subject: Subject) -> Outcome:
    """Build it once; count, and look for layers in plain lists and weights that are no numbers."""
    began = time.perf_counter()
    model = subject.model()
    took_s = time.perf_counter() - began
    weights = list(model.parameters())
    trained = sum(weight.numel() for weight in weights if weight.requires_grad)
    hidden = list(_unregistered(model))
    broken = [name for name, weight in model.named_parameters() if not weight.isfinite().all()]
    complaints = []
    if not trained:
        text = "The model has no trained parameters."
        complaints.append(Complaint("fail", text, "Assign layers as attributes in __init__."))
    if hidden:
        text = f"PyTorch does not know of the layers in {listed(hidden)}."
        complaints.append(Complaint("fail", text, _REGISTER))
    if broken:
        text = f"Weights of {listed(broken)} are NaN or infinite from the beginning."
        complaints.append(Complaint("fail", text, "Initialise them: torch.empty() does not."))
    count = sum(weight.numel() for weight in weights)
    return concluded(
        f"It was built in {took_s:.2f} s and has {count:,} parameters in "
        f"{len(layers_of(model))} layers, {trained:,} of them trained.",
        complaints,
        {
            "parameters": (count, ""),
            "trained parameters": (trained, ""),
            "weights": (sum(weight.nbytes for weight in weights) / 1e6, "MB"),
            "unregistered layers": (len(hidden), ""),
            "weights that are no numbers": (len(broken), "tensors"),
            "time": (took_s, "s"),
        },
    )


def _unregistered(model: nn.Module) -> Iterator[str]:
    """Attributes that hold modules or parameters where PyTorch does not look."""
    registered = {*map(id, model.modules()), *map(id, model.parameters())}
    for path, module in model.named_modules():
        for name, value in vars(module).items():
            if name.startswith("_"):  # PyTorch's own
                continue
            members = value.values() if isinstance(value, dict) else value
            if isinstance(members, list | tuple) or isinstance(value, dict):
                found = [one for one in members if isinstance(one, nn.Module | nn.Parameter)]
                if any(_trains(one) and id(one) not in registered for one in found):
                    yield f"{path}.{name}" if path else name


def _trains(value: nn.Module | torch.Tensor) -> bool:
    weights = value.parameters() if isinstance(value, nn.Module) else (value,)
    return any(weight.requires_grad for weight in weights)
