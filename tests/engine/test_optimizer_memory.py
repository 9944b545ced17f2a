"""What is said of an optimizer's memory is what it takes."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from engine.config.parameters import ParametersConfig
from engine.models.build import build_model
from engine.models.parameters import parameter_facts
from engine.models.specs import CNNSpec, GPTSpec, ModelSpec, ViTSpec
from engine.optimizer_factory import OPTIMIZERS, OptimizerFactory
from engine.optimizer_memory import state_floats, trained_floats
from engine.parameters.groups import frozen
from engine.training_config import TrainingConfig
from tests.engine.facts import IMAGES, TEXT

GPT = GPTSpec(layers=2, heads=1, width=8, block_size=4)
VIT = ViTSpec(layers=1, heads=1, width=8, patch_size=4)


def kept(state: Any) -> int:
    """Numbers in the tensors of an optimizer's state, apart from counters."""
    if isinstance(state, torch.Tensor):
        return state.numel() if state.dim() else 0
    parts = state.values() if isinstance(state, dict) else state if isinstance(state, list) else ()
    return sum(kept(part) for part in parts)


def measured(model: ModelSpec, options: dict[str, Any], parameters: ParametersConfig) -> int:
    net = build_model(model, TEXT if model.kind == "gpt" else IMAGES)
    with frozen(net, parameters):
        config = TrainingConfig.parse({"optimizer": options}).optimizer
        optimizer = OptimizerFactory.build(net, config, parameters)
        for parameter in net.parameters():
            if parameter.requires_grad:
                parameter.grad = torch.ones_like(parameter)
        optimizer.step()
    return kept(optimizer.state_dict())


CASES: list[dict[str, Any]] = [
    *({"name": name} for name in sorted(OPTIMIZERS)),
    {"name": "adamw", "amsgrad": True},
    {"name": "sgd", "momentum": 0.0},
    {"name": "rmsprop", "momentum": 0.5, "centered": True},
]


@pytest.mark.parametrize("options", CASES, ids=str)
@pytest.mark.parametrize("patterns", [(), ("blocks.0.*",)])
def test_the_state_is_as_large_as_said(options: dict[str, Any], patterns: tuple[str, ...]) -> None:
    for model in (GPT, VIT) if not patterns else (GPT,):
        facts = parameter_facts(model, TEXT if model.kind == "gpt" else IMAGES)
        assert facts is not None
        parameters = ParametersConfig(frozen=patterns)
        config = TrainingConfig.parse({"optimizer": options}).optimizer
        assert state_floats(facts, config, parameters) == measured(model, options, parameters)


def test_convolutions_are_factored_by_their_last_two_sides() -> None:
    model, parameters = CNNSpec(stages=1, channels=4), ParametersConfig()
    facts = parameter_facts(model, IMAGES)
    assert facts is not None
    config = TrainingConfig.parse({"optimizer": {"name": "adafactor"}}).optimizer
    said = state_floats(facts, config, parameters)
    assert said == measured(model, {"name": "adafactor"}, parameters)


def test_what_is_frozen_has_no_gradient() -> None:
    facts = parameter_facts(GPT, TEXT)
    assert facts is not None
    whole = sum(fact.count for fact in facts)
    rest = trained_floats(facts, ParametersConfig(frozen=("tokens.*",)))
    assert whole - rest == 103 * 8
