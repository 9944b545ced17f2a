"""Which modules of a model are alike, and to which family each belongs."""

from __future__ import annotations

from typing import Final

from components.charts.palette import COLORS
from engine.models.structure.document import Structure

FAMILIES: Final = {
    "attention": COLORS[3],
    "recurrent": COLORS[5],
    "convolution": COLORS[2],
    "linear": COLORS[0],
    "embedding": COLORS[4],
    "norm": COLORS[6],
    "activation": COLORS[1],
    "other": COLORS[9],
}
"""What modules are for, as the name of their class tells, and the colour of each."""
_WORDS = (
    ("attention", ("attention", "attn")),
    ("recurrent", ("lstm", "gru", "rnn")),
    ("norm", ("norm",)),
    ("embedding", ("embedding",)),
    ("activation", ("relu", "gelu", "silu", "tanh", "sigmoid", "softmax", "activation", "elu")),
    ("convolution", ("conv", "pool")),
    ("linear", ("linear",)),
)


def family_of(type_name: str) -> str:
    """The family of a class, a key of `FAMILIES`."""
    name = type_name.casefold()
    if type_name == "Conv1D" or name.endswith("linear"):  # that of transformers is a linear layer
        return "linear"
    return next((family for family, words in _WORDS if any(w in name for w in words)), "other")


def likeness(structure: Structure) -> dict[str, int]:
    """A number for each module, by path; those with the same number have the same classes,
    settings, shapes and parts."""
    numbers: dict[object, int] = {}
    found: dict[str, int] = {}
    for module in reversed(structure.modules):
        parts = tuple(
            (structure.by_path[part].name, found[part]) for part in structure.parts[module.path]
        )
        about = (
            module.type,
            module.described,
            module.calls,
            module.inputs,
            module.outputs,
            module.own_parameters,
            module.trained,
            parts,
        )
        found[module.path] = numbers.setdefault(about, len(numbers))
    return found


def shape_words(shape: tuple[int, ...]) -> str:
    """A shape as people write it: 12 × 64 × 128."""
    return " × ".join(f"{side:,}" for side in shape) or "number"
