"""TaskSpec: what the model is asked to do, and by which numbers it is judged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args

from pydantic import Field, model_validator

from engine.config.losses import CrossEntropyConfig, LossConfig
from engine.frozen import Frozen, knob

TaskKind = Literal[
    "causal-lm",
    "masked-lm",
    "sequence-classification",
    "multi-label-classification",
    "token-classification",
    "seq2seq",
    "image-classification",
    "tabular-classification",
    "tabular-regression",
]
Mode = Literal["min", "max"]

_CLASSES: dict[str, Mode] = {
    "loss": "min",
    "accuracy": "max",
    "top3_accuracy": "max",
    "precision_macro": "max",
    "recall_macro": "max",
    "f1_macro": "max",
    "f1_weighted": "max",
    "auroc": "max",
    "calibration_error": "min",
}

METRICS: dict[TaskKind, dict[str, Mode]] = {
    "causal-lm": {
        "loss": "min",
        "perplexity": "min",
        "bits_per_char": "min",
        "bits_per_byte": "min",
        "accuracy": "max",
    },
    "masked-lm": {"loss": "min", "perplexity": "min", "accuracy": "max", "top3_accuracy": "max"},
    "sequence-classification": _CLASSES,
    "multi-label-classification": {
        "loss": "min",
        "exact_match": "max",
        "label_accuracy": "max",
        "precision_macro": "max",
        "recall_macro": "max",
        "f1_macro": "max",
        "f1_micro": "max",
        "auroc": "max",
    },
    "token-classification": _CLASSES,
    "seq2seq": {
        "loss": "min",
        "perplexity": "min",
        "accuracy": "max",
        "exact_match": "max",
        "chrf": "max",
        "rouge_l": "max",
    },
    "image-classification": _CLASSES,
    "tabular-classification": _CLASSES,
    "tabular-regression": {"loss": "min", "mae": "min", "rmse": "min", "r2": "max"},
}
"""The validation metrics of each task and which way is better."""

_OVER_CLASSES = ("cross-entropy", "focal")
LOSSES: dict[TaskKind, tuple[str, ...]] = {
    **dict.fromkeys(get_args(TaskKind), _OVER_CLASSES),
    "multi-label-classification": ("binary-cross-entropy",),
    "tabular-regression": ("mse", "huber"),
}
"""The losses that fit each task; the first is the default."""

INPUTS: dict[TaskKind, tuple[str, ...]] = {
    **dict.fromkeys(get_args(TaskKind), ("inputs",)),
    "seq2seq": ("inputs", "decoder_inputs"),
}
"""The tensors of a batch that the model is given unless the task names others."""

COUNTS_TOKENS: frozenset[TaskKind] = frozenset(
    {"causal-lm", "masked-lm", "token-classification", "seq2seq"}
)
"""Tasks whose targets are tokens, so that tokens a second say something."""

assert set(METRICS) == set(LOSSES) == set(INPUTS) == set(get_args(TaskKind))


class TaskSpec(Frozen):
    """What is learned: the kind of task, the fields of a batch it uses, and its loss."""

    kind: TaskKind = knob("causal-lm", "Task", common=True)
    """What the model predicts, and from what."""
    inputs: tuple[str, ...] = ("inputs",)
    """Names of the batch's tensors that are given to the model, in the order of its arguments."""
    target: str = "targets"
    """Name of the batch's tensor that the outputs are compared with."""
    loss: LossConfig = Field(CrossEntropyConfig(), title="Loss")

    @model_validator(mode="before")
    @classmethod
    def _usual_for_the_task(cls, document: Any) -> Any:
        """Loss and inputs that are not given are those of the kind of task."""
        if not isinstance(document, Mapping):
            return document
        kind = document.get("kind", "causal-lm")
        if kind not in LOSSES:
            return document
        return {"inputs": INPUTS[kind], "loss": {"name": LOSSES[kind][0]}, **document}

    @model_validator(mode="after")
    def _loss_fits(self) -> TaskSpec:
        allowed = LOSSES[self.kind]
        if self.loss.name not in allowed:
            raise ValueError(
                f"loss.name is {self.loss.name!r}, which does not fit the task {self.kind!r}; "
                f"use {' or '.join(map(repr, allowed))}."
            )
        return self

    def modes(self) -> dict[str, Mode]:
        """Each validation metric by its logged name, and which way is better."""
        return {f"val/{name}": mode for name, mode in METRICS[self.kind].items()}
