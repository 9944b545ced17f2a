"""A model of the transformers library as a typed document. Neither it nor torch is imported."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, JsonValue

from engine.frozen import Frozen, knob
from engine.task_spec import TaskKind

Head = Literal[
    "CausalLM",
    "MaskedLM",
    "Seq2SeqLM",
    "SequenceClassification",
    "TokenClassification",
    "ImageClassification",
]
"""What stands behind `AutoModelFor`."""

HEADS: dict[TaskKind, tuple[Head, ...]] = {
    "causal-lm": ("CausalLM",),
    "masked-lm": ("MaskedLM", "TokenClassification"),
    "seq2seq": ("Seq2SeqLM",),
    "sequence-classification": ("SequenceClassification",),
    "multi-label-classification": ("SequenceClassification",),
    "token-classification": ("TokenClassification",),
    "image-classification": ("ImageClassification",),
}
"""The heads that fit each task, the usual one first."""

OF_THE_DATA = {
    "vocab_size": "its vocabulary",
    "num_labels": "its classes",
    "id2label": "its classes",
    "label2id": "its classes",
    "problem_type": "its task",
    "image_size": "the size of its images",
    "num_channels": "the channels of its images",
    "pad_token_id": "its padding",
}
"""Settings of a configuration that follow from the data, and from what of it."""

OF_ITS_AUTHOR = (
    "auto_map",
    "quantization_config",
    "kernel_config",
    "fusion_config",
    "transformers_weights",
    "attn_implementation",
)
"""Settings that say which code is run or which numbers are loaded: never set by a document, as
consent is for the files alone."""

_MODEL_TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_SETTING = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_MOST_CHARACTERS = 20_000


def _brought_in(default: Any, label: str) -> Any:
    """A field that comes with the files; the Launch form does not ask for it."""
    return Field(default, title=label, json_schema_extra={"brought_in": True})


def _mapping(config: object) -> object:
    if isinstance(config, Mapping):
        return config
    raise ValueError(
        "settings are written as name=value, such as n_layer=2, or as a JSON object; "
        f"{str(config)[:60]!r} is neither."
    )


def _settable(config: dict[str, JsonValue]) -> dict[str, JsonValue]:
    for name in config:
        if not _SETTING.fullmatch(name):
            raise ValueError(f"{name[:80]!r} is no name of a setting, such as 'n_layer'.")
        if name in OF_THE_DATA:
            raise ValueError(f"{name!r} is taken from the data, {OF_THE_DATA[name]}; leave it out.")
        if name in OF_ITS_AUTHOR:
            raise ValueError(f"{name!r} says what code or weights are loaded; leave it out.")
    if len(json.dumps(config)) > _MOST_CHARACTERS:
        raise ValueError(f"the settings have more than {_MOST_CHARACTERS:,} characters.")
    return config


def _model_type(model_type: str) -> str:
    if not _MODEL_TYPE.fullmatch(model_type):
        raise ValueError(f"{model_type!r} is no name of an architecture, such as 'gpt2'.")
    return model_type


def _hash(files: str) -> str:
    if len(files) != 64 or set(files) - set("0123456789abcdef"):
        raise ValueError("files are named by 64 hexadecimal digits, their SHA-256.")
    return files


Settings = Annotated[dict[str, JsonValue], BeforeValidator(_mapping), AfterValidator(_settable)]
"""Settings of a configuration by the names that transformers has for them."""


class FromConfiguration(Frozen):
    """The architecture with random weights, from its configuration alone; needs no network."""

    source: Literal["configuration"] = "configuration"
    model_type: Annotated[str, AfterValidator(_model_type)] = knob(
        "gpt2", "Architecture", common=True
    )
    """Its name in transformers: gpt2, llama, bert, roberta, t5, bart, vit, convnext..."""
    config: Settings = knob(
        {"num_hidden_layers": 4, "hidden_size": 128, "num_attention_heads": 4},
        "Settings",
        common=True,
    )
    """Settings and their values, named as transformers names them; all others are the usual ones of
    the architecture, which can be large."""


class FromFiles(Frozen):
    """A model whose files were brought in from a folder or from the hub, on the Models page or with
    `python -m engine models import`."""

    source: Literal["files"] = "files"
    content: Annotated[str, AfterValidator(_hash)] = _brought_in(..., "Files")
    """SHA-256 of the files' names and contents."""
    name: str = _brought_in("", "Name")
    """What to show: the folder's name, or the name on the hub."""
    revision: str = _brought_in("", "Revision")
    """The commit on the hub; empty for a folder."""
    weights: Literal["stored", "random"] = knob("stored", "Weights", common=True)
    """Begin with the weights in the files, or with random ones."""
    config: Settings = knob({}, "Settings")
    """Settings and their values in place of those in the files, named as transformers names them.
    Stored weights must still fit."""
    allow_pickled_weights: bool = knob(False, "Allow pickled weights")
    """Also read weights from pytorch_model.bin, where there are no safetensors. Such files can hold
    code; they are read by PyTorch's restricted reader, which refuses it."""
    trust_remote_code: bool = knob(False, "Trust remote code")
    """Run the Python code that comes with the files, with your rights. Needs your consent."""


Origin = Annotated[FromConfiguration | FromFiles, Field(discriminator="source")]


class FullTuning(Frozen):
    """All weights are trained."""

    name: Literal["full"] = "full"


class LoRATuning(Frozen):
    """Low-rank adaptation (LoRA: Hu and others, 2021): the weights stay as they are, and beside
    each chosen layer two small matrices are trained. Heads and embeddings that begin anew are
    trained whole. Needs peft."""

    name: Literal["lora"] = "lora"
    rank: int = knob(8, "Rank", common=True, gt=0, le=4096)
    """Columns of the first small matrix and rows of the second."""
    alpha: float = knob(16.0, "Alpha", common=True, gt=0, le=65_536)
    """What the two matrices give is multiplied by alpha / rank."""
    dropout: float = knob(0.0, "LoRA dropout", ge=0, lt=1)
    """Share of the small matrices' inputs set to zero during training."""
    targets: tuple[str, ...] = knob((), "Target modules")
    """Names of the layers that are adapted, or how they end: `c_attn`, `q_proj`. Empty: all linear
    layers but those of the head."""


Tuning = Annotated[FullTuning | LoRATuning, Field(discriminator="name")]


class HuggingFaceModel(Frozen):
    """A model of the Hugging Face transformers library. Vocabulary, classes, image size and
    channels are those of the data."""

    kind: Literal["hugging-face"] = "hugging-face"
    origin: Origin = Field(FromConfiguration(), title="Origin")
    head: Literal["task", Head] = knob("task", "Auto class")
    """What stands behind AutoModelFor; `task` takes the usual one for the task."""
    block_size: int = knob(64, "Context length", unit="tokens", common=True, gt=0, le=1_000_000)
    """The length of the pieces that a running text is cut into; other data has its own."""
    tuning: Tuning = Field(FullTuning(), title="Tuning")

    @property
    def shown_name(self) -> str:
        """What tables and headings call it."""
        if isinstance(self.origin, FromConfiguration):
            return self.origin.model_type
        return self.origin.name or self.origin.content[:12]

    @property
    def content(self) -> str | None:
        """The hash of its files; None where there are none."""
        return self.origin.content if isinstance(self.origin, FromFiles) else None

    @property
    def trusted(self) -> bool:
        """Whether code that came with the files is run."""
        return isinstance(self.origin, FromFiles) and self.origin.trust_remote_code

    def head_for(self, task: TaskKind) -> Head | None:
        """What stands behind AutoModelFor; None where it does not fit the task."""
        fitting = HEADS.get(task, ())
        if self.head == "task":
            return fitting[0] if fitting else None
        return self.head if self.head in fitting else None
