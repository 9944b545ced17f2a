"""A table of every field of a RunSpec: another value for it, and where a tiny run shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Case:
    """`value` changes what is observed under `seen`, or is refused at the field."""

    value: Any
    seen: str
    beside: Mapping[str, Any] = field(default_factory=dict)
    """What both runs have otherwise than the base, by dotted path."""
    on: str = "mlp"
    """The base, where the field's group does not name it."""
    refused_at: str = ""
    """The path of the refusal, where it is not the field's."""


def _curves(value: Any, **beside: Any) -> Case:
    return Case(value, "curves", beside)


def _rates(value: Any, warmup_steps: int | None = 2, **beside: Any) -> Case:
    """A schedule's field; the warmup must be shorter than the tiny run."""
    warmup = {} if warmup_steps is None else {"training.scheduler.warmup_steps": warmup_steps}
    return Case(value, "rates", warmup | beside)


def _weights(value: Any, **beside: Any) -> Case:
    return Case(value, "weights", {f"training.optimizer.{name}": v for name, v in beside.items()})


def _not_offered(value: Any, at: str) -> Case:
    return Case(value, "refused", refused_at=at)


def _texts(value: Any) -> Case:
    """How a language model writes."""
    return Case(value, "texts", {"training.evaluation.samples": 1}, on="gpt")


def _imported(value: Any) -> Case:
    """Fields of code that nobody has brought in; tests/engine/imported shows them at work."""
    model = {"kind": "imported", "code": "0" * 64, "entry": "Net"}
    return Case(value, "refused", {"model": model}, refused_at="model.code")


def _dataset(value: Any) -> Case:
    """Fields of a dataset that nobody has brought in; tests/engine/data shows them at work."""
    data = {
        "data.source": "dataset",
        "data.dataset": "0" * 64,
        "data.task": "image-classification",
        "data.columns": {"image": "image", "label": "label"},
    }
    return Case(value, "refused", data, refused_at="data.dataset")


def _hugging_face(value: Any, source: str = "configuration", tuning: str = "full") -> Case:
    """Fields of models that are not built in this process; tests/engine/hugging_face shows them."""
    origin = {"source": source} | ({"content": "0" * 64} if source == "files" else {})
    model = {"kind": "hugging-face", "origin": origin, "tuning": {"name": tuning}}
    return Case(value, "refused", {"model": model}, on="diabetes", refused_at="model.kind")


_OFTEN = {"training.evaluation.every_steps": 1}
_SPIKE = {"name": "spike", "training.length.amount": 80}
_STUCK = {
    "training.length.amount": 30,
    "training.evaluation.every_steps": 3,
    "training.optimizer.lr": 1e-12,
}
_LONGER = {"training.length.amount": 25, "training.optimizer.lr": 10.0}
_DECAY = {"training.optimizer": {"name": "adamw", "lr": 0.1, "weight_decay": 1.0}}
_WARMED = {"warmup_steps": _rates(4), "warmup_share": _rates(0.5, warmup_steps=0)}
_LR = {"lr": _weights(0.02), "weight_decay": _weights(0.5)}
_BETAS = {"beta1": _weights(0.5), "beta2": _weights(0.5), "eps": _weights(1e-2)}
_AMSGRAD = {"amsgrad": _weights(True, beta2=0.1)}

_SPLIT = {"val_fraction": _curves(0.3), "split_seed": _curves(1)}

_LEARNED = {"vocabulary_size": _dataset(500), "min_count": _dataset(3)}
_DIVIDED = {"val_fraction": _dataset(0.3), "split_seed": _dataset(1)}

_GROUPS: dict[str, dict[str, Case]] = {
    "": {"version": Case(1_000_000, "refused", refused_at="(document)"), "name": Case("b", "name")},
    "task": {
        "kind": Case("causal-lm", "refused", refused_at="data.source"),
        "inputs": Case(["pixels"], "refused"),
        "target": Case("labels", "refused"),
    },
    "task.loss[cross-entropy]": {
        "label_smoothing": _curves(0.5),
        "class_weights": _curves("balanced"),
    },
    "task.loss[focal]": {"gamma": _curves(0.5), "class_weights": _curves("balanced")},
    "task.loss[binary-cross-entropy]": {
        "class_weights": Case("balanced", "curves", on="python-constructs")
    },
    "task.loss[huber]": {"delta": Case(0.1, "curves", on="diabetes")},
    "model[gpt]": {
        "layers": _curves(2),
        "heads": _curves(4),
        "width": _curves(12),
        "block_size": _curves(4),
        "positions": _curves("rotary"),
        "norm": _curves("rmsnorm"),
        "feed_forward": _curves("swiglu"),
        "kv_heads": _curves(1),
        "tied": _curves(False),
        "dropout": _curves(0.5),
    },
    "model[encoder]": {
        "layers": _curves(2),
        "heads": _curves(4),
        "width": _curves(12),
        "dropout": _curves(0.5),
    },
    "model[seq2seq]": {
        "layers": _curves(2),
        "heads": _curves(4),
        "width": _curves(12),
        "dropout": _curves(0.5),
    },
    "model[vit]": {
        "layers": _curves(2),
        "heads": _curves(4),
        "width": _curves(12),
        "patch_size": _curves(2),
        "dropout": _curves(0.5),
    },
    "model[cnn]": {"stages": _curves(2), "channels": _curves(3), "dropout": _curves(0.5)},
    "model[resnet]": {
        "stages": _curves(2),
        "blocks": _curves(2),
        "channels": _curves(3),
        "dropout": _curves(0.5),
    },
    "model[tabular-transformer]": {
        "layers": _curves(2),
        "heads": _curves(4),
        "width": _curves(12),
        "dropout": _curves(0.5),
    },
    "model[mlp]": {"layers": _curves(2), "width": _curves(9), "dropout": _curves(0.5)},
    "model[in-memory]": {
        "class_name": _not_offered("Net", "model.kind"),
        "config": Case(
            {"width": 3}, "refused", {"model.class_name": "Net"}, refused_at="model.kind"
        ),
    },
    "model[imported]": {
        "code": _imported("1" * 64),
        "file": _imported("net.py"),
        "entry": _imported("Other"),
        "arguments": _imported({"width": 3}),
        "config_class": _imported("Config"),
        "name": _imported("Mine"),
        "block_size": _imported(8),
    },
    "model[hugging-face]": {
        "head": _hugging_face("MaskedLM"),
        "block_size": _hugging_face(8),
    },
    "model[hugging-face].origin[configuration]": {
        "model_type": _hugging_face("bert"),
        "config": _hugging_face({"n_layer": 2}),
    },
    "model[hugging-face].origin[files]": {
        "content": _hugging_face("1" * 64, "files"),
        "name": _hugging_face("mine", "files"),
        "revision": _hugging_face("v1", "files"),
        "weights": _hugging_face("random", "files"),
        "config": _hugging_face({"n_layer": 2}, "files"),
        "allow_pickled_weights": _hugging_face(True, "files"),
        "trust_remote_code": _hugging_face(True, "files"),
    },
    "model[hugging-face].tuning[lora]": {
        "rank": _hugging_face(2, tuning="lora"),
        "alpha": _hugging_face(2.0, tuning="lora"),
        "dropout": _hugging_face(0.5, tuning="lora"),
        "targets": _hugging_face(["q"], tuning="lora"),
    },
    "model[imported].call": {
        "inputs": _imported(["x"]),
        "targets": _imported("yes"),
        "masks": _imported("none"),
        "batch_first": _imported("no"),
        "flatten": _imported("yes"),
        "output": _imported("logits"),
        "shift": _imported("yes"),
        "resize_head": _imported(True),
    },
    "data[python-docs]": _SPLIT,
    "data[masked-docs]": _SPLIT | {"length": _curves(32), "mask_share": _curves(0.5)},
    "data[restore-docs]": _SPLIT | {"length": _curves(20)},
    "data[python-tokens]": _SPLIT | {"length": _curves(40)},
    "data[python-keywords]": _SPLIT | {"length": _curves(40)},
    "data[python-constructs]": _SPLIT | {"length": _curves(40)},
    "data[digits]": _SPLIT,
    "data[digits].augmentation": {
        "crop_padding": _curves(2),
        "flip_horizontal": _curves(True),
        "flip_vertical": _curves(True),
        "rotation": _curves(30.0),
        "brightness": _curves(0.5),
        "contrast": _curves(0.5),
        "saturation": Case(0.5, "refused"),
        "cutout": _curves(0.5),
        "mixup": _curves(1.0),
        "cutmix": _curves(1.0),
    },
    "data[breast-cancer]": _SPLIT,
    "data[wine]": _SPLIT,
    "data[iris]": _SPLIT,
    "data[diabetes]": _SPLIT,
    "data[dataset]": {
        "dataset": _dataset("1" * 64),
        "name": _dataset("Mine"),
        "task": _dataset("tabular-classification"),
        "columns": _dataset({"photo": "image"}),
        "separator": _dataset("|"),
    },
    "data[dataset].text": {
        "lower": _dataset(True),
        "normalisation": _dataset("nfc"),
        "length": _dataset(8),
        "target_length": _dataset(8),
        "cut": _dataset("windows"),
        "keep": _dataset("end"),
        "framed": _dataset(False),
        "mask_share": _dataset(0.5),
        "token_masking": _dataset(0.5),
        "token_dropout": _dataset(0.5),
        "bucketing": _dataset(False),
    },
    "data[dataset].text.tokenizer[char]": {"min_count": _dataset(3)},
    "data[dataset].text.tokenizer[word]": _LEARNED,
    "data[dataset].text.tokenizer[bpe]": _LEARNED,
    "data[dataset].text.tokenizer[unigram]": {"vocabulary_size": _dataset(500)},
    "data[dataset].text.tokenizer[hugging-face]": {"name": _dataset("gpt2")},
    "data[dataset].image": {
        "height": _dataset(8),
        "width": _dataset(8),
        "color": _dataset("grey"),
        "fit": _dataset("crop"),
    },
    "data[dataset].augmentation": {
        "crop_padding": _dataset(2),
        "flip_horizontal": _dataset(True),
        "flip_vertical": _dataset(True),
        "rotation": _dataset(30.0),
        "brightness": _dataset(0.5),
        "contrast": _dataset(0.5),
        "saturation": _dataset(0.5),
        "cutout": _dataset(0.5),
        "mixup": _dataset(1.0),
        "cutmix": _dataset(1.0),
    },
    "data[dataset].table": {"categories": _dataset("indices"), "missing": _dataset("drop")},
    "data[dataset].split[ratio]": _DIVIDED,
    "data[dataset].split[stratified]": _DIVIDED,
    "data[dataset].split[group]": _DIVIDED,
    "data[dataset].split[time]": {"val_fraction": _dataset(0.3)},
    "data[dataset].split[last]": {"val_fraction": _dataset(0.3)},
    "data[dataset].split[given]": {"train": _dataset(["a"]), "val": _dataset(["b"])},
    "data[in-memory]": {"description": _not_offered({"samples": 3}, "data.source")},
    "training.length": {
        "amount": Case(9, "state"),
        "max_minutes": Case(1e-9, "state"),
        "unit": Case(
            "epochs",
            "state",
            {
                "training.length.amount": 1,
                "training.scheduler.warmup_steps": 0,
                "training.batching.batch_size": 500,
            },
        ),
    },
    "training.optimizer[adamw]": _LR | _BETAS | _AMSGRAD,
    "training.optimizer[adam]": _LR | _BETAS | _AMSGRAD,
    "training.optimizer[sgd]": _LR
    | {
        "momentum": _weights(0.5),
        "dampening": _weights(0.5),
        "nesterov": _weights(True),
    },
    "training.optimizer[rmsprop]": _LR
    | {
        "alpha": _weights(0.5),
        "momentum": _weights(0.5),
        "centered": _weights(True),
        "eps": _weights(1e-2),
    },
    "training.optimizer[adagrad]": _LR
    | {
        "lr_decay": _weights(0.5),
        "initial_accumulator": _weights(1.0),
        "eps": _weights(1e-2),
    },
    "training.optimizer[adafactor]": _LR
    | {
        "beta2_decay": _weights(-0.3),
        "least_scale": _weights(0.9),
        "clip_threshold": _weights(5.0, beta2_decay=-0.1),
    },
    "training.optimizer[nadam]": _LR
    | _BETAS
    | {"decoupled": _weights(False), "momentum_decay": _weights(0.5)},
    "training.optimizer[radam]": _LR | _BETAS | {"decoupled": _weights(False)},
    "training.optimizer[lion]": _LR | {"beta1": _weights(0.5), "beta2": _weights(0.5)},
    "training.optimizer[muon]": _LR
    | _BETAS
    | {
        "momentum": _weights(0.5),
        "nesterov": _weights(False),
        "ns_steps": _weights(2),
        "scaling": _weights("original"),
        "adamw_lr_factor": _weights(3.0),
    },
    "training.scheduler[constant]": _WARMED,
    "training.scheduler[linear]": _WARMED | {"floor": _rates(0.5)},
    "training.scheduler[cosine]": _WARMED | {"floor": _rates(0.5), "restarts": _rates(1)},
    "training.scheduler[polynomial]": _WARMED | {"floor": _rates(0.5), "power": _rates(3.0)},
    "training.scheduler[exponential]": _WARMED | {"last": _rates(0.5)},
    "training.scheduler[step]": _WARMED
    | {
        "drop_every": _rates(2),
        "drop_factor": _rates(0.1, **{"training.scheduler.drop_every": 2}),
    },
    "training.scheduler[one-cycle]": {
        "rise_share": _rates(0.6, None),
        "start_divisor": _rates(5.0, None),
        "end_divisor": _rates(5.0, None),
    },
    "training.scheduler[inverse-sqrt]": _WARMED,
    "training.scheduler[warmup-stable-decay]": _WARMED
    | {
        "decay_share": _rates(0.6),
        "decay_shape": _rates("linear", **{"training.scheduler.decay_share": 0.6}),
        "floor": _rates(0.5, **{"training.scheduler.decay_share": 0.6}),
    },
    "training.scheduler[range-test]": {
        "start": _rates(1e-3, None, **_LONGER),
        "divergence": Case(1.000001, "state", _LONGER),
    },
    "training.parameters": {
        "decay_norms": Case(True, "weights", _DECAY, on="vit"),
        "decay_biases": Case(True, "weights", _DECAY),
        "decay_embeddings": Case(False, "weights", _DECAY, on="gpt"),
        "layer_decay": Case(0.5, "weights"),
        "lr_factors": Case(["*=3"], "weights"),
        "frozen": Case(["*bias"], "weights"),
    },
    "training.batching": {
        "batch_size": Case(5, "batches"),
        "accumulate": _curves(2),
        "shuffle": _curves(False),
    },
    "training.gradients": {
        "clip_norm": Case(1e-3, "weights"),
        "clip_value": Case(1e-4, "weights"),
    },
    "training.averaging[ema]": {
        "decay": _curves(0.2),
        "evaluate": _curves("weights"),
    },
    "training.divergence[skip]": {"limit": Case(1, "state", {"name": "diverging"})},
    "training.divergence[roll-back]": {
        "limit": Case(1, "state", {"name": "diverging"}),
        "lr_factor": Case(0.1, "rates", {"name": "diverging"}),
    },
    "training.alerts": {
        "loss_spike": Case(None, "alerts", _SPIKE),
        "gradient_explosion": Case(None, "alerts", _SPIKE),
        "gradient_vanishing": Case(1e9, "alerts", {"training.length.amount": 120}),
        "plateau": Case(None, "alerts", _STUCK),
        "overfitting": Case(None, "alerts", {"name": "overfitting", "training.length.amount": 30}),
    },
    "training.evaluation": {
        "every_steps": _curves(2),
        "max_samples": _curves(20),
        "batch_size": Case(7, "batches"),
        "monitor": Case("val/accuracy", "state"),
        "samples": Case(2, "samples"),
    },
    "training.evaluation.generation": {
        "temperature": _texts(100.0),
        "top_k": _texts(1),
        "top_p": _texts(1e-6),
        "length": _texts(9),
    },
    "training.checkpointing": {
        "every_steps": Case(3, "checkpoints"),
        "every_epochs": Case(0.015, "checkpoints"),
        "every_minutes": Case(1e-9, "checkpoints"),
        "keep_last": Case(1, "checkpoints", {"training.checkpointing.every_steps": 3}),
        "keep_best": Case(1, "checkpoints"),
        "background": Case(False, "threads"),
    },
    "training.early_stopping": {
        "patience": Case(1, "state", _OFTEN | {"training.early_stopping.min_delta": 1000.0}),
        "min_delta": Case(1000.0, "state", _OFTEN | {"training.early_stopping.patience": 2}),
    },
    "training.precision": {
        "dtype": _curves("bf16"),
        "tf32": Case(True, "refused"),
        "compile": Case("default", "compiled"),
    },
    "training.memory": {
        "activation_checkpointing": Case(True, "forwards", {"model.layers": 2}, on="gpt"),
        "on_out_of_memory": Case("fail", "state", {"name": "hungry"}),
    },
    "training.reproducibility": {"seed": _curves(1), "deterministic": Case(False, "deterministic")},
    "training.hardware": {
        "device": Case("mps", "state"),
        "threads": Case(2, "state"),
        "workers": Case(1, "processes"),
    },
    "training.logging": {
        "every_steps": _curves(2),
        "layers_every_steps": _curves(2),
        "histograms_every_steps": Case(2, "histograms"),
        "system_every_s": Case(None, "beside"),
    },
}
_STALE = _OFTEN | {
    "training.scheduler.smallest_gain": 1000.0,
    "training.scheduler.drop_patience": 1,
}
"""Nothing counts as an improvement, so that the plateau schedule drops in a tiny run."""
_GROUPS["training.scheduler[plateau]"] = _WARMED | {
    "drop_factor": _rates(0.1, **_STALE),
    "drop_patience": _rates(2, **_STALE),
    "smallest_gain": _rates(0.0, **_STALE),
    "cooldown": _rates(2, **_STALE),
    "floor": _rates(0.4, **_STALE),
}

CASES = {
    f"{group}.{name}" if group else name: case
    for group, cases in _GROUPS.items()
    for name, case in cases.items()
}
"""Path of a field, variants in brackets -> its case."""

_TRAINING = {
    "length": {"amount": 6, "unit": "steps"},
    "optimizer": {"name": "adamw", "lr": 0.01},
    "scheduler": {"name": "constant", "warmup_steps": 0},
    "batching": {"batch_size": 8},
    "evaluation": {"every_steps": 3, "max_samples": 40, "samples": 0},
    "checkpointing": {"every_steps": 6, "keep_best": 0},
    "hardware": {"device": "cpu", "threads": 1},
}
_IMAGES = {"task": {"kind": "image-classification"}, "data": {"source": "digits"}}

BASES: dict[str, dict[str, Any]] = {
    "mlp": _IMAGES | {"model": {"kind": "mlp", "layers": 1, "width": 8}},
    "cnn": _IMAGES | {"model": {"kind": "cnn", "stages": 1, "channels": 2}},
    "resnet": _IMAGES | {"model": {"kind": "resnet", "stages": 1, "blocks": 1, "channels": 2}},
    "vit": _IMAGES
    | {"model": {"kind": "vit", "layers": 1, "heads": 2, "width": 8, "patch_size": 4}},
    "gpt": {
        "task": {"kind": "causal-lm"},
        "data": {"source": "python-docs"},
        "model": {"kind": "gpt", "layers": 1, "heads": 2, "width": 8, "block_size": 8},
    },
}
_ENCODER = {"kind": "encoder", "layers": 1, "heads": 2, "width": 8}
_MLP = BASES["mlp"]["model"]
_TABULAR = _ENCODER | {"kind": "tabular-transformer", "dropout": 0.0}
BASES["tabular-transformer"] = {
    "task": {"kind": "tabular-classification"},
    "data": {"source": "wine"},
    "model": _TABULAR,
}
BASES["seq2seq"] = {
    "task": {"kind": "seq2seq"},
    "data": {"source": "restore-docs"},
    "model": _ENCODER | {"kind": "seq2seq"},
}
for source, task, model in (
    ("python-tokens", "token-classification", _ENCODER),
    ("python-keywords", "sequence-classification", _ENCODER),
    ("python-constructs", "multi-label-classification", _ENCODER),
    ("masked-docs", "masked-lm", _ENCODER),
    ("breast-cancer", "tabular-classification", _MLP),
    ("wine", "tabular-classification", _MLP),
    ("iris", "tabular-classification", _MLP),
    ("diabetes", "tabular-regression", _MLP),
):
    BASES[source] = {"task": {"kind": task}, "data": {"source": source}, "model": model}
BASES |= {"encoder": BASES["python-keywords"], "restore-docs": BASES["seq2seq"]}
BASES |= {"python-docs": BASES["gpt"], "digits": BASES["mlp"]}
"""Tiny runs by their kind of model or source of data."""
for base in BASES.values():
    base |= {"name": "tiny", "training": _TRAINING}
