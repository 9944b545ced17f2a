"""What of a model of Hugging Face does not go with its data, told before anything is built."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from engine.data.specs import DataFacts
from engine.errors import Problem
from engine.models.hugging_face.files import CONFIG, ModelRefused, read_settings
from engine.models.hugging_face.library import Held, HuggingFaceLibrary, read_held
from engine.models.hugging_face.spec import (
    HEADS,
    FromConfiguration,
    FromFiles,
    HuggingFaceModel,
    LoRATuning,
)

_POSITIONS = ("max_position_embeddings", "n_positions")


def misfits(model: HuggingFaceModel, facts: DataFacts | None) -> Iterator[Problem]:
    """Why a model cannot be trained on this data."""
    task = None if facts is None else facts.task
    if task in HEADS and model.head_for(task) is None:
        remedy = f"Use 'task' or {' or '.join(map(repr, HEADS[task]))}."
        yield Problem("model.head", f"does not fit the task {task!r}", repr(model.head), remedy)


def remarks(
    model: HuggingFaceModel, runs: Path, facts: DataFacts | None, folder: Path | None = None
) -> Iterator[Problem]:
    """What is probably not meant. Files are looked for in `folder`, else in the library."""
    origin = model.origin
    if isinstance(model.tuning, LoRATuning) and _begins_random(model):
        yield Problem(
            "model.tuning",
            "LoRA leaves most weights as they begin, and here these are random",
            remedy="Train all weights, or begin with stored ones.",
        )
    if not isinstance(origin, FromFiles) or facts is None:
        return
    place = folder or HuggingFaceLibrary(runs).folder(origin.content)
    try:
        held = read_held(place, origin.content)
        settings = read_settings((place / CONFIG).read_bytes())
    except (ModelRefused, OSError):  # which is said already
        return
    if origin.weights == "stored":
        yield from _tokens(held, facts, place)
    most = next((settings[name] for name in _POSITIONS if name in settings), None)
    length = facts.tokens_per_sample
    if isinstance(most, int) and length is not None and 0 < most < length:
        yield Problem(
            "model.block_size" if facts.padded is False else "model.origin",
            f"samples have {length:,} tokens, and the model has {most:,} positions",
            remedy="Use shorter samples.",
        )


def _tokens(held: Held, facts: DataFacts, folder: Path) -> Iterator[Problem]:
    own = held.files.get("tokenizer.json")
    if facts.modality != "text" or own is None or facts.tokenizer == own.sha256:
        return
    yield Problem(
        "model.origin.weights",
        f"{held.shown_name} was trained with the tokens of its own tokenizer, and the data is cut "
        "into others, so its embeddings are resized and begin without meaning",
        remedy=f"Prepare the data with its tokenizer: kind 'hugging-face', folder {folder}.",
    )


def _begins_random(model: HuggingFaceModel) -> bool:
    origin = model.origin
    return isinstance(origin, FromConfiguration) or origin.weights == "random"
