"""LoRA through peft: small matrices beside the layers of a model, and merging them into it."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

from torch import nn

from engine.errors import BadInput, Problem
from engine.models.hugging_face.net import HuggingFaceNet
from engine.models.hugging_face.spec import LoRATuning

_PATH = "model.tuning.targets"
_MOST_NAMES = 12


def with_lora(
    model: Any, tuning: LoRATuning, whole: Sequence[str]
) -> tuple[nn.Module, tuple[str, ...]]:
    """The model with small matrices beside its layers, and in sentences which layers.

    Of the rest only what is named in `whole` is trained.

    Raises:
        BadInput: for targets that are not there, or are no layers that can be adapted.
    """
    from peft import LoraConfig, get_peft_model

    layers = _targets(model, tuning, whole)
    config = LoraConfig(
        r=tuning.rank,
        lora_alpha=tuning.alpha,  # type: ignore[arg-type, unused-ignore]
        lora_dropout=tuning.dropout,
        target_modules=layers,
        fan_in_fan_out=_transposed(model, layers),
    )
    with warnings.catch_warnings():
        # peft 0.21 asks transformers 5.23 for a property by its old name.
        warnings.filterwarnings("ignore", ".*is_gradient_checkpointing", FutureWarning)
        adapted: nn.Module = get_peft_model(model, config)
    for name, parameter in model.named_parameters():
        if any(_is_in(name, part) for part in whole):
            parameter.requires_grad_(True)
    trained = sum(p.numel() for p in adapted.parameters() if p.requires_grad)
    all_of_them = sum(p.numel() for p in adapted.parameters())
    kinds = sorted({name.rpartition(".")[2] for name in layers})
    also = f"; {' and '.join(whole)} trained whole" if whole else ""
    return adapted, (
        f"LoRA of rank {tuning.rank} beside {len(layers):,} layers ({', '.join(kinds)}){also}: "
        f"{trained:,} of {all_of_them:,} parameters are trained.",
    )


def merged(net: HuggingFaceNet) -> HuggingFaceNet:
    """The same model with what LoRA has learned added to its weights, and no small matrices.

    A model without LoRA is copied as it is; `net` is not changed.
    """
    plain = copy.copy(net)
    plain._modules = dict(net._modules)
    inner: Any = copy.deepcopy(net.model)
    plain.model = inner.merge_and_unload() if is_adapted(inner) else inner
    for parameter in plain.model.parameters():
        parameter.requires_grad_(True)
    return plain


def begins_without_gradient(name: str) -> bool:
    """Whether a parameter is one of LoRA's that gets no gradient before the first update, because
    what it is multiplied with begins at zero."""
    return ".lora_A." in name


def is_adapted(model: object) -> bool:
    """Whether peft has put small matrices into a model."""
    return hasattr(model, "merge_and_unload")


def _targets(model: Any, tuning: LoRATuning, whole: Sequence[str]) -> list[str]:
    """The names of the layers that are adapted."""
    able = list(_able(model, whole))
    if not tuning.targets:
        if not able:
            remedy = "Train all weights instead."
            raise BadInput([Problem(_PATH, "this model has no linear layers", remedy=remedy)])
        return able
    for target in tuning.targets:
        if not any(_is_named(name, target) for name in able):
            raise BadInput([_unknown(target, able)])
    return [name for name in able if any(_is_named(name, t) for t in tuning.targets)]


def _able(model: Any, whole: Sequence[str]) -> Iterator[str]:
    """The linear layers that are neither the head nor trained whole."""
    from transformers.pytorch_utils import Conv1D

    for name, module in model.named_modules():
        kept = any(_is_in(name, part) for part in (*whole, "lm_head"))
        if isinstance(module, nn.Linear | Conv1D) and not kept:
            yield name


def _transposed(model: Any, layers: Sequence[str]) -> bool:
    """Whether the layers keep their matrices the other way round, as GPT-2's do."""
    from transformers.pytorch_utils import Conv1D

    return all(isinstance(model.get_submodule(name), Conv1D) for name in layers)


def _is_in(name: str, part: str) -> bool:
    return name == part or name.startswith(f"{part}.")


def _is_named(name: str, target: str) -> bool:
    return name == target or name.endswith(f".{target}")


def _unknown(target: str, able: Sequence[str]) -> Problem:
    kinds = sorted({name.rpartition(".")[2] for name in able})
    more = f" and {len(kinds) - _MOST_NAMES} more" if len(kinds) > _MOST_NAMES else ""
    return Problem(
        _PATH,
        "no linear layer of this name",
        repr(target),
        f"There are: {', '.join(kinds[:_MOST_NAMES])}{more}.",
    )
