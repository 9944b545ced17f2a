"""Model presets as typed documents. Vocabulary, classes and image size come from the data."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import Field, field_validator
from pydantic_core.core_schema import ValidationInfo

from engine.frozen import Frozen, knob
from engine.models.hugging_face.spec import HEADS
from engine.models.hugging_face.spec import HuggingFaceModel as HuggingFaceModel
from engine.models.imported.spec import CallSpec as CallSpec
from engine.models.imported.spec import ImportedModel as ImportedModel
from engine.task_spec import TaskKind


def _width_divides(width: int, info: ValidationInfo) -> int:
    heads = info.data.get("heads")
    if heads is not None and width % heads:
        above = (width // heads + 1) * heads
        raise ValueError(
            f"width {width} cannot be divided among {heads} attention heads; "
            f"use a multiple of {heads}, such as {above}."
        )
    return width


def _width_gives_pairs(width: int, info: ValidationInfo) -> int:
    heads = info.data.get("heads")
    if heads is not None and width % (2 * heads):
        above = (width // (2 * heads) + 1) * 2 * heads
        raise ValueError(
            f"width {width} cannot be divided among {heads} attention heads in pairs of numbers; "
            f"use a multiple of {2 * heads}, such as {above}."
        )
    return width


def _positions_have_pairs(positions: str, info: ValidationInfo) -> str:
    heads, width = info.data.get("heads"), info.data.get("width")
    if positions == "rotary" and heads and width and width % (2 * heads):
        above = (width // (2 * heads) + 1) * 2 * heads
        raise ValueError(
            f"rotary positions turn pairs of numbers, and a width of {width} gives each of "
            f"{heads} attention heads {width // heads}; use a width that is a multiple of "
            f"{2 * heads}, such as {above}, or learned positions."
        )
    return positions


def _kv_heads_divide(kv_heads: int | None, info: ValidationInfo) -> int | None:
    heads = info.data.get("heads")
    if heads and kv_heads and heads % kv_heads:
        fitting = ", ".join(str(n) for n in range(1, heads + 1) if heads % n == 0)
        raise ValueError(
            f"{heads} attention heads cannot share {kv_heads} heads of keys and values evenly; "
            f"use one of {fitting}."
        )
    return kv_heads


class GPTSpec(Frozen):
    """A decoder-only transformer that predicts the next token."""

    kind: Literal["gpt"] = "gpt"
    layers: int = knob(4, "Layers", common=True, gt=0, le=256)
    """Transformer blocks, one after another."""
    heads: int = knob(4, "Attention heads", common=True, gt=0, le=256)
    """Heads of each attention layer; they share the width."""
    width: int = knob(128, "Width", common=True, gt=0, le=65_536)
    """Size of the vector that stands for a token."""
    block_size: int = knob(64, "Context length", unit="tokens", common=True, gt=0, le=1_000_000)
    """The most tokens that the model can look back on."""
    positions: Literal["learned", "rotary"] = knob("learned", "Positions")
    """How the model knows where a token stands: by a learned vector for each place, or by turning
    queries and keys (RoPE: Su and others, 2021), which has no parameters."""
    norm: Literal["layernorm", "rmsnorm"] = knob("layernorm", "Norm")
    """What keeps activations in their range: LayerNorm, or RMSNorm (Zhang and Sennrich, 2019),
    which leaves out the mean."""
    feed_forward: Literal["gelu", "swiglu"] = knob("gelu", "Feed-forward network")
    """GELU between two layers, 4 widths wide; or SwiGLU (Shazeer, 2020), gated and 2/3 as wide,
    rounded up to a multiple of 8, so that the parameters are about as many."""
    kv_heads: int | None = knob(None, "Key-value heads", suggested=1, gt=0, le=256)
    """Heads of keys and values, each shared by as many query heads (grouped-query attention:
    Ainslie and others, 2023); must divide the attention heads. Off: one for each."""
    tied: bool = knob(True, "Tied embeddings")
    """Whether tokens are read and predicted with one matrix."""
    dropout: float = knob(0.0, "Dropout", ge=0, lt=1)
    """Share of activations set to zero during training."""

    _divides = field_validator("width")(_width_divides)
    _turns = field_validator("positions")(_positions_have_pairs)
    _shares = field_validator("kv_heads")(_kv_heads_divide)

    @property
    def key_value_heads(self) -> int:
        """Heads of keys, and as many of values."""
        return self.heads if self.kv_heads is None else self.kv_heads

    @property
    def hidden(self) -> int:
        """Units of the feed-forward network."""
        return -(-self.width // 3) * 8 if self.feed_forward == "swiglu" else 4 * self.width


class EncoderSpec(Frozen):
    """A transformer that reads a whole text and says something of it, or of each of its tokens."""

    kind: Literal["encoder"] = "encoder"
    layers: int = knob(2, "Layers", common=True, gt=0, le=256)
    """Transformer blocks, one after another."""
    heads: int = knob(4, "Attention heads", common=True, gt=0, le=256)
    """Heads of each attention layer; they share the width."""
    width: int = knob(64, "Width", common=True, gt=0, le=65_536)
    """Size of the vector that stands for a token."""
    dropout: float = knob(0.0, "Dropout", ge=0, lt=1)
    """Share of activations set to zero during training."""

    _divides = field_validator("width")(_width_gives_pairs)


class Seq2SeqSpec(Frozen):
    """An encoder-decoder transformer that reads one text and writes another."""

    kind: Literal["seq2seq"] = "seq2seq"
    layers: int = knob(2, "Layers", common=True, gt=0, le=256)
    """Transformer blocks of the encoder, and as many of the decoder."""
    heads: int = knob(4, "Attention heads", common=True, gt=0, le=256)
    """Heads of each attention layer; they share the width."""
    width: int = knob(128, "Width", common=True, gt=0, le=65_536)
    """Size of the vector that stands for a token."""
    dropout: float = knob(0.0, "Dropout", ge=0, lt=1)
    """Share of activations set to zero during training."""

    _divides = field_validator("width")(_width_divides)


class ViTSpec(Frozen):
    """A vision transformer: the image as a sequence of patches."""

    kind: Literal["vit"] = "vit"
    layers: int = knob(4, "Layers", common=True, gt=0, le=256)
    """Transformer blocks, one after another."""
    heads: int = knob(4, "Attention heads", common=True, gt=0, le=256)
    """Heads of each attention layer; they share the width."""
    width: int = knob(64, "Width", common=True, gt=0, le=65_536)
    """Size of the vector that stands for a patch."""
    patch_size: int = knob(2, "Patch size", unit="pixels", common=True, gt=0, le=1024)
    """Side of the square patches; must divide the image's height and width."""
    dropout: float = knob(0.1, "Dropout", ge=0, lt=1)
    """Share of activations set to zero during training."""

    _divides = field_validator("width")(_width_divides)


class CNNSpec(Frozen):
    """A small convolutional network: stages of 3x3 convolutions, halving the image in between."""

    kind: Literal["cnn"] = "cnn"
    stages: int = knob(2, "Stages", common=True, gt=0, le=12)
    """Each stage doubles the channels; between stages the image is halved."""
    channels: int = knob(32, "Channels", common=True, gt=0, le=4096)
    """Channels of the first stage."""
    dropout: float = knob(0.1, "Dropout", ge=0, lt=1)
    """Share of features set to zero before the classifier, during training."""


class ResNetSpec(Frozen):
    """A residual network (He and others, 2016). It norms over the batch, so a batch in parts, as
    in gradient accumulation, does not give quite the update of the whole."""

    kind: Literal["resnet"] = "resnet"
    stages: int = knob(2, "Stages", common=True, gt=0, le=12)
    """Each stage but the first halves the image and doubles the channels."""
    blocks: int = knob(2, "Blocks a stage", common=True, gt=0, le=64)
    """Residual blocks of each stage, of two 3x3 convolutions each."""
    channels: int = knob(16, "Channels", common=True, gt=0, le=4096)
    """Channels of the first stage."""
    dropout: float = knob(0.0, "Dropout", ge=0, lt=1)
    """Share of features set to zero before the classifier, during training."""

    @property
    def layers(self) -> int:
        """Residual blocks in all."""
        return self.stages * self.blocks

    @staticmethod
    def most_stages(height: int, width: int) -> int:
        """So many leave more than one pixel: one alone has no variance to be normed by."""
        return max(1, (max(height, width) - 1).bit_length())


class MLPSpec(Frozen):
    """A multi-layer perceptron on the flattened input."""

    kind: Literal["mlp"] = "mlp"
    layers: int = knob(2, "Hidden layers", common=True, ge=0, le=256)
    """Linear layers with a GELU before the output layer; 0 makes a linear model."""
    width: int = knob(128, "Width", common=True, gt=0, le=65_536)
    """Units of each hidden layer."""
    dropout: float = knob(0.0, "Dropout", ge=0, lt=1)
    """Share of hidden units set to zero during training."""


class TabularTransformerSpec(Frozen):
    """A transformer whose tokens are the numbers of a row (FT-Transformer: Gorishniy and others,
    2021)."""

    kind: Literal["tabular-transformer"] = "tabular-transformer"
    layers: int = knob(2, "Layers", common=True, gt=0, le=256)
    """Transformer blocks, one after another."""
    heads: int = knob(4, "Attention heads", common=True, gt=0, le=256)
    """Heads of each attention layer; they share the width."""
    width: int = knob(32, "Width", common=True, gt=0, le=65_536)
    """Size of the vector that stands for a column."""
    dropout: float = knob(0.1, "Dropout", ge=0, lt=1)
    """Share of activations set to zero during training."""

    _divides = field_validator("width")(_width_divides)


class InMemoryModel(Frozen):
    """A model that was handed to the Trainer as an object; only that program can resume it."""

    kind: Literal["in-memory"] = "in-memory"
    class_name: str
    """The Python class of the model."""
    config: dict[str, Any] = {}
    """What the caller said the model was built from."""


ModelSpec = Annotated[
    GPTSpec
    | EncoderSpec
    | Seq2SeqSpec
    | ViTSpec
    | CNNSpec
    | ResNetSpec
    | MLPSpec
    | TabularTransformerSpec
    | ImportedModel
    | HuggingFaceModel
    | InMemoryModel,
    Field(discriminator="kind"),
]

MODEL_TASKS: dict[str, tuple[TaskKind, ...]] = {
    "gpt": ("causal-lm",),
    "encoder": (
        "token-classification",
        "sequence-classification",
        "multi-label-classification",
        "masked-lm",
    ),
    "seq2seq": ("seq2seq",),
    "vit": ("image-classification",),
    "cnn": ("image-classification",),
    "resnet": ("image-classification",),
    "mlp": ("image-classification", "tabular-classification", "tabular-regression"),
    "tabular-transformer": ("tabular-classification", "tabular-regression"),
    "imported": get_args(TaskKind),
    "hugging-face": tuple(HEADS),
}
"""The tasks that each kind of model does, the usual one first."""

MEASURED = frozenset({"imported", "hugging-face"})
"""Kinds of models whose size is not known before they are built."""


def foreign_code(model: ModelSpec) -> str | None:
    """The hash of Python code that came with a model and is run to build it; None for none."""
    if isinstance(model, ImportedModel):
        return model.code
    return model.content if isinstance(model, HuggingFaceModel) and model.trusted else None
