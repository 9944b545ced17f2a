"""From a model to the parameter groups of its optimizer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from torch import nn

from engine.config.optimizers import OptimizerConfig
from engine.config.parameters import ParametersConfig
from engine.parameters.plan import ParameterFact, Role, Treatment, is_frozen, treatments

Group = dict[str, Any]
"""`params`, their `weight_decay`, `lr_factor`, and whether Muon updates them."""

_NORMS = nn.LayerNorm | nn.RMSNorm
"""Their scales may have several dimensions; other norms have vectors only."""


def facts_of_model(model: nn.Module) -> list[ParameterFact]:
    """What each parameter is, in the order of `model.named_parameters()`."""
    names: dict[int, list[str]] = {}
    for name, parameter in model.named_parameters(remove_duplicate=False):
        names.setdefault(id(parameter), []).append(name)
    head = _head(model)
    return [
        ParameterFact(
            name,
            tuple(parameter.shape),
            _role(model, name, parameter, is_head=parameter is head),
            tuple(names[id(parameter)][1:]),
        )
        for name, parameter in model.named_parameters()
    ]


def parameter_groups(
    model: nn.Module, optimizer: OptimizerConfig, config: ParametersConfig
) -> list[Group]:
    """The trainable parameters, each once, those that are treated alike together.

    Decayed groups come first, else groups and parameters keep the model's order.
    """
    facts = facts_of_model(model)
    grouped: dict[Treatment, list[nn.Parameter]] = {}
    for treatment, parameter in zip(
        treatments(facts, optimizer, config), model.parameters(), strict=True
    ):
        if parameter.requires_grad:
            grouped.setdefault(treatment, []).append(parameter)
    return [
        {
            "params": parameters,
            "weight_decay": optimizer.weight_decay if treatment.decayed else 0.0,
            "lr_factor": treatment.lr_factor,
            "by_muon": treatment.by_muon,
        }
        for treatment, parameters in sorted(grouped.items(), key=lambda item: not item[0].decayed)
    ]


@contextmanager
def frozen(model: nn.Module, config: ParametersConfig) -> Iterator[None]:
    """Train without the parameters that the patterns name; the model is left as it was found."""
    named = zip(facts_of_model(model), model.parameters(), strict=True)
    held = [p for fact, p in named if p.requires_grad and is_frozen(fact, config)]
    _set_trainable(held, False)
    try:
        yield
    finally:
        _set_trainable(held, True)


def _set_trainable(parameters: Sequence[nn.Parameter], trainable: bool) -> None:
    for parameter in parameters:
        parameter.requires_grad_(trainable)


def _head(model: nn.Module) -> nn.Parameter | None:
    """The last matrix of the model, tied or not."""
    matrices = [p for _, p in model.named_parameters(remove_duplicate=False) if p.dim() > 1]
    return matrices[-1] if matrices else None


def _role(model: nn.Module, name: str, parameter: nn.Parameter, *, is_head: bool) -> Role:
    owner, _, own_name = name.rpartition(".")
    module = model.get_submodule(owner)
    if own_name.endswith("bias"):
        return "bias"
    if parameter.dim() < 2 or isinstance(module, _NORMS):
        return "norm"
    if isinstance(module, nn.Embedding | nn.EmbeddingBag) or _is_embedding(own_name):
        return "embedding"
    return "head" if is_head else "matrix"


def _is_embedding(own_name: str) -> bool:
    """Parameters outside of an embedding module that their own name calls so."""
    return any(word in own_name for word in ("embed", "pos", "token"))
