"""The checks by name, in the order in which they are made, and what each asks."""

from __future__ import annotations

from typing import NamedTuple


class Name(NamedTuple):
    """How a check is called on screens."""

    title: str
    question: str


NAMES: dict[str, Name] = {
    "instantiation": Name("Instantiation", "Can it be built, and are all its layers registered?"),
    "forward": Name("Forward", "Does it take batches and sequences of several sizes?"),
    "determinism": Name("Determinism", "Does the same seed give the same outputs?"),
    "batch-independence": Name(
        "Batch independence", "Is a sample's output its own, whatever is beside it in the batch?"
    ),
    "causality": Name("Causality", "Does a decoder not see the future?"),
    "padding": Name("Padding invariance", "Does it make no difference how far a text is padded?"),
    "gradient-flow": Name("Gradient flow", "Does every layer get a gradient of a sane size?"),
    "initialisation": Name("Initialisation", "Does it begin by guessing, with sane activations?"),
    "large-inputs": Name("Large inputs", "Do outputs and gradients stay finite?"),
    "bf16": Name("bf16", "Are its outputs about the same in half the digits?"),
    "overfitting": Name("Overfits one batch", "Can it learn a handful of samples by heart?"),
    "memory": Name("Memory", "How does training memory grow with the batch, and does it fit?"),
    "speed": Name("Speed", "How long does an answer take, and how many are there a second?"),
    "attention": Name("Attention", "Where does it look before it is trained?"),
    "noise": Name("Noise", "Do small changes of the input stay small?"),
    "saving": Name("Saving", "Does a saved and loaded model give the same outputs?"),
}
