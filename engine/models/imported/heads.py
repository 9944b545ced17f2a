"""Replacing the last linear layer by one with as many outputs as the data has classes."""

from __future__ import annotations

from torch import nn

from engine.models.imported.loading import ImportedFailed


def resize_head(model: nn.Module, outputs: int) -> str:
    """Give the last linear layer so many outputs, with new weights; what was done, in words.

    Raises:
        ImportedFailed: when there is no such layer, or it shares its weights.
    """
    layers = [(n, m) for n, m in model.named_modules() if isinstance(m, nn.Linear)]
    if not layers:
        raise ImportedFailed("build", "there is no linear layer whose outputs could be resized")
    name, old = layers[-1]
    if old.out_features == outputs:
        return ""
    shared = [n for n, p in model.named_parameters(remove_duplicate=False) if p is old.weight]
    if len(shared) > 1:
        message = f"the head {name!r} shares its weights with {shared[0]!r}, so it has their size"
        raise ImportedFailed("build", message)
    new = nn.Linear(old.in_features, outputs, bias=old.bias is not None).to(old.weight)
    parent, _, last = name.rpartition(".")
    setattr(model.get_submodule(parent), last, new)
    return f"The head {name!r} now has {outputs:,} outputs instead of {old.out_features:,}."
