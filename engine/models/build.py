"""From a model's spec and the facts about its data to an nn.Module with random weights."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from torch import nn

from engine.data.specs import DataFacts
from engine.errors import BadInput, EngineError, Problem
from engine.models.cnn import CNN
from engine.models.encoder import Encoder
from engine.models.gpt import GPT
from engine.models.gpt_block import BlockShape
from engine.models.mlp import MLP
from engine.models.resnet import ResNet
from engine.models.seq2seq import Seq2Seq
from engine.models.size import PER_TOKEN, table_or_image
from engine.models.specs import (
    MODEL_TASKS,
    CNNSpec,
    EncoderSpec,
    GPTSpec,
    HuggingFaceModel,
    ImportedModel,
    InMemoryModel,
    MLPSpec,
    ModelSpec,
    ResNetSpec,
    Seq2SeqSpec,
    TabularTransformerSpec,
    ViTSpec,
)
from engine.models.tabular_transformer import TabularTransformer
from engine.models.vit import ViT

T = TypeVar("T")


class NotBuildable(EngineError):
    """A model that exists only in the memory of the program that made it."""

    def __init__(self, class_name: str) -> None:
        super().__init__(
            f"The model {class_name!r} was handed to the Trainer as an object, so it cannot be "
            "built from its description. Run the program that made it, or choose a preset."
        )


class NoCode(EngineError):
    """An imported model without the files that it is made of."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"The code of the model {name!r} is not at hand. Bring it in again on the Models page "
            "or with `python -m engine models import`."
        )


def build_model(spec: ModelSpec, facts: DataFacts, code: Path | None = None) -> nn.Module:
    """The model with weights drawn from torch's global generator, on the CPU, in training mode.

    `code` is the folder with the files of an imported model, or of one of Hugging Face. Those of
    the former are run: call this only in a process of its own.

    Raises:
        NotBuildable: for a model that was handed over in memory.
        NoCode: for an imported model without its folder.
        ExtraMissing, ModelRefused, DoesNotWork: for models of Hugging Face; see there.
        BadInput: when the data is for a task that the model does not do, or lacks a fact that
            the model needs (a vocabulary, classes...).
    """
    if isinstance(spec, InMemoryModel):
        raise NotBuildable(spec.class_name)
    if facts.task not in (None, *MODEL_TASKS[spec.kind]):
        message = f"does not do task {facts.task!r}, which the data is made for"
        raise BadInput([Problem("model.kind", message, repr(spec.kind), "Choose other data.")])
    if isinstance(spec, ImportedModel):
        if code is None:
            raise NoCode(spec.shown_name)
        from engine.models.imported.building import imported_model

        return imported_model(spec, facts, code)
    if isinstance(spec, HuggingFaceModel):
        from engine.models.hugging_face.building import hugging_face_model

        return hugging_face_model(spec, facts, code)
    return MODELS[spec.kind](spec, facts)


def _gpt(spec: GPTSpec, facts: DataFacts) -> GPT:
    return GPT(
        vocabulary_size=_needed(facts.vocabulary_size, "gpt", "a text with a vocabulary"),
        layers=spec.layers,
        block=BlockShape(
            width=spec.width,
            heads=spec.heads,
            kv_heads=spec.key_value_heads,
            hidden=spec.hidden,
            dropout=spec.dropout,
            rotary=spec.positions == "rotary",
            norm=spec.norm,
            feed_forward=spec.feed_forward,
        ),
        block_size=spec.block_size,
        tied=spec.tied,
    )


def _encoder(spec: EncoderSpec, facts: DataFacts) -> Encoder:
    return Encoder(
        vocabulary_size=_needed(facts.vocabulary_size, "encoder", "texts with a vocabulary"),
        outputs=_needed(facts.outputs, "encoder", "data with named classes"),
        per_token=facts.task in PER_TOKEN,
        padded=facts.padded is True,
        padding=facts.padding_token,
        layers=spec.layers,
        heads=spec.heads,
        width=spec.width,
        dropout=spec.dropout,
    )


def _seq2seq(spec: Seq2SeqSpec, facts: DataFacts) -> Seq2Seq:
    texts = "pairs of texts with a vocabulary"
    return Seq2Seq(
        vocabulary_size=_needed(facts.vocabulary_size, "seq2seq", texts),
        length=_needed(facts.tokens_per_sample, "seq2seq", texts),
        target_length=_needed(facts.target_tokens, "seq2seq", texts),
        padding=facts.padding_token,
        layers=spec.layers,
        heads=spec.heads,
        width=spec.width,
        dropout=spec.dropout,
    )


def _vit(spec: ViTSpec, facts: DataFacts) -> ViT:
    return ViT(
        image_shape=_needed(facts.image_shape, "vit", "images of one known size"),
        classes=_classes(facts, "vit"),
        patch_size=spec.patch_size,
        layers=spec.layers,
        heads=spec.heads,
        width=spec.width,
        dropout=spec.dropout,
    )


def _cnn(spec: CNNSpec, facts: DataFacts) -> CNN:
    return CNN(
        image_shape=_needed(facts.image_shape, "cnn", "images of one known size"),
        classes=_classes(facts, "cnn"),
        stages=spec.stages,
        channels=spec.channels,
        dropout=spec.dropout,
    )


def _resnet(spec: ResNetSpec, facts: DataFacts) -> ResNet:
    return ResNet(
        image_shape=_needed(facts.image_shape, "resnet", "images of one known size"),
        classes=_classes(facts, "resnet"),
        stages=spec.stages,
        blocks=spec.blocks,
        channels=spec.channels,
        dropout=spec.dropout,
    )


def _mlp(spec: MLPSpec, facts: DataFacts) -> MLP:
    return MLP(
        inputs=_needed(table_or_image(facts), "mlp", "inputs of one known size"),
        outputs=_needed(facts.outputs, "mlp", "data with named classes or a number to predict"),
        layers=spec.layers,
        width=spec.width,
        dropout=spec.dropout,
    )


def _tabular_transformer(spec: TabularTransformerSpec, facts: DataFacts) -> TabularTransformer:
    kind = spec.kind
    return TabularTransformer(
        features=len(_needed(facts.features, kind, "rows of a table")),
        outputs=_needed(facts.outputs, kind, "data with named classes or a number to predict"),
        layers=spec.layers,
        heads=spec.heads,
        width=spec.width,
        dropout=spec.dropout,
    )


def _classes(facts: DataFacts, kind: str) -> int:
    return len(_needed(facts.classes, kind, "data with named classes"))


def _needed(fact: T | None, kind: str, what: str) -> T:
    if fact is None:
        problem = Problem("model.kind", f"needs {what}", repr(kind), "Choose other data.")
        raise BadInput([problem])
    return fact


Builder = Callable[[Any, DataFacts], nn.Module]

MODELS: dict[str, Builder] = {
    "gpt": _gpt,
    "encoder": _encoder,
    "seq2seq": _seq2seq,
    "vit": _vit,
    "cnn": _cnn,
    "resnet": _resnet,
    "mlp": _mlp,
    "tabular-transformer": _tabular_transformer,
}
