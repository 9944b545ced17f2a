"""Which parameters are decayed, slowed down or frozen, by name; and those names in closed form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from torch import nn

from engine.config.optimizers import AdamWConfig, MuonConfig, OptimizerConfig
from engine.config.parameters import ParametersConfig
from engine.errors import BadInput
from engine.models.build import build_model
from engine.models.parameters import PARAMETERS, parameter_facts
from engine.models.size import SIZES, size_of
from engine.models.specs import GPTSpec
from engine.parameters.groups import facts_of_model, frozen, parameter_groups
from engine.parameters.plan import layers, problems
from engine.runs.store import RunStore
from engine.trainer import Trainer
from engine.training_config import TrainingConfig
from tests.engine.facts import TEXT, models_with_facts
from tests.engine.training import TASK, config, model, points, trained

ADAMW = AdamWConfig(weight_decay=0.5)


class Net(nn.Module):
    """One parameter of every role."""

    def __init__(self) -> None:
        super().__init__()
        self.pos_embed = nn.Parameter(torch.zeros(4, 8))
        self.tokens = nn.Embedding(5, 8)
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.LayerNorm(8), nn.Linear(8, 8)) for _ in range(2)
        )
        self.scale = nn.Parameter(torch.ones(8))
        self.head = nn.Linear(8, 5)


ROLES = {
    "pos_embed": "embedding",
    "scale": "norm",
    "tokens.weight": "embedding",
    "blocks.0.0.weight": "norm",
    "blocks.0.0.bias": "bias",
    "blocks.0.1.weight": "matrix",
    "blocks.0.1.bias": "bias",
    "blocks.1.0.weight": "norm",
    "blocks.1.0.bias": "bias",
    "blocks.1.1.weight": "matrix",
    "blocks.1.1.bias": "bias",
    "head.weight": "head",
    "head.bias": "bias",
}


def settings_of(net: nn.Module, optimizer: OptimizerConfig, **changes: Any) -> dict[str, Any]:
    """(weight decay, learning-rate factor) of every parameter by its name."""
    names = {id(parameter): name for name, parameter in net.named_parameters()}
    return {
        names[id(parameter)]: (group["weight_decay"], group["lr_factor"])
        for group in parameter_groups(net, optimizer, ParametersConfig(**changes))
        for parameter in group["params"]
    }


def decayed(**changes: bool) -> set[str]:
    return {name for name, (decay, _) in settings_of(Net(), ADAMW, **changes).items() if decay}


def test_a_parameter_is_what_its_module_and_name_say() -> None:
    assert {fact.name: fact.role for fact in facts_of_model(Net())} == ROLES


@pytest.mark.parametrize(
    ("changes", "roles"),
    [
        ({}, {"matrix", "head", "embedding"}),
        ({"decay_norms": True}, {"matrix", "head", "embedding", "norm"}),
        ({"decay_biases": True}, {"matrix", "head", "embedding", "bias"}),
        ({"decay_embeddings": False}, {"matrix", "head"}),
    ],
)
def test_what_is_decayed_can_be_chosen_by_role(changes: dict[str, bool], roles: set[str]) -> None:
    assert decayed(**changes) == {name for name, role in ROLES.items() if role in roles}


@settings(max_examples=30)
@given(models_with_facts())
def test_the_parameters_of_a_preset_are_known_before_it_is_built(case: Any) -> None:
    spec, facts = case
    built = facts_of_model(build_model(spec, facts))
    known, size = parameter_facts(spec, facts), size_of(spec, facts)
    assert known is not None
    assert size is not None
    assert list(known) == built
    assert sum(fact.count for fact in known) == size.parameters


def test_every_preset_has_a_table_of_parameters() -> None:
    assert set(PARAMETERS) == set(SIZES)


def test_layers_are_counted_from_the_input() -> None:
    facts = parameter_facts(GPTSpec(layers=2, heads=1, width=4), TEXT)
    assert facts is not None
    assert dict(zip([fact.name for fact in facts], layers(facts), strict=True)) == {
        "tokens.weight": 0,
        "positions.weight": 0,
        **{fact.name: 1 for fact in facts if fact.name.startswith("blocks.0")},
        **{fact.name: 2 for fact in facts if fact.name.startswith("blocks.1")},
        "norm.weight": 2,
    }
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.Linear(2, 2))
    assert layers(facts_of_model(net)) == [0, 0, 0, 0, 1, 1]


def test_lower_layers_and_patterns_have_their_own_learning_rates() -> None:
    found = settings_of(
        Net(), ADAMW, layer_decay=0.5, lr_factors=("head.*=10", "*.bias = 3", "tokens.*=0.1")
    )
    factors = {name: factor for name, (_, factor) in found.items()}
    assert factors["head.weight"] == 10
    assert factors["head.bias"] == 30
    assert factors["blocks.1.1.weight"] == 0.5
    assert factors["blocks.0.1.bias"] == 0.75
    assert factors["tokens.weight"] == pytest.approx(0.0125)
    assert factors["pos_embed"] == 0.125


def test_the_learning_rate_of_a_group_is_what_its_factor_says(tmp_path: Path) -> None:
    net = model()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    training = config(
        length={"amount": 1},
        scheduler={"name": "constant"},
        optimizer={"name": "lion", "lr": 0.01, "weight_decay": 0.0},
        parameters={"lr_factors": ["3.weight=0.5", "0.*=2"]},
    )
    trained(tmp_path, training, net)
    moved = {
        name: (value - before[name]).abs().max().item() for name, value in net.state_dict().items()
    }
    expected = {"0.weight": 0.02, "0.bias": 0.02, "3.weight": 0.005, "3.bias": 0.01}
    assert moved == pytest.approx(expected, rel=1e-3)


def test_frozen_parameters_stay_as_they_are_and_the_model_is_left_trainable(
    tmp_path: Path,
) -> None:
    net = model()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    trained(tmp_path, config(parameters={"frozen": ["0.*"]}), net)
    same = {name for name, value in net.state_dict().items() if torch.equal(value, before[name])}
    assert same == {"0.weight", "0.bias"}
    assert all(parameter.requires_grad for parameter in net.parameters())


def test_a_pattern_for_a_tied_head_freezes_the_embedding() -> None:
    net = build_model(GPTSpec(layers=1, heads=1, width=4), TEXT)
    with frozen(net, ParametersConfig(frozen=("head.*",))):
        assert {name for name, p in net.named_parameters() if not p.requires_grad} == {
            "tokens.weight"
        }


def test_impossible_wishes_are_refused_all_at_once_before_there_is_a_run(tmp_path: Path) -> None:
    training = config(
        optimizer={"name": "adamw"},
        scheduler={"name": "plateau", "warmup_steps": 0},
        parameters={"frozen": ["nose.*"], "lr_factors": ["ear=2"]},
    )
    trainer = Trainer(model=model(), training_config=training, task_spec=TASK, run=tmp_path)
    with pytest.raises(BadInput) as refused:
        trainer.train(train_data=points())
    assert [problem.path for problem in refused.value.problems] == [
        "training.parameters.frozen",
        "training.parameters.lr_factors",
        "training.scheduler.name",
    ]
    assert "'nose.*'" in str(refused.value)
    assert "0.weight, 0.bias, 3.weight, 3.bias" in str(refused.value)
    assert RunStore(tmp_path).list() == []


@pytest.mark.parametrize(
    ("net", "optimizer", "changes", "path", "words"),
    [
        (Net(), ADAMW, {"frozen": ("*",)}, "training.parameters.frozen", "nothing is left"),
        (
            nn.Linear(2, 2),
            ADAMW,
            {"layer_decay": 0.5},
            "training.parameters.layer_decay",
            "numbered names",
        ),
        (nn.Linear(2, 2), MuonConfig(), {}, "training.optimizer.name", "hidden matrices"),
        (
            Net(),
            MuonConfig(),
            {"frozen": ("blocks.*",)},
            "training.optimizer.name",
            "hidden matrices",
        ),
    ],
)
def test_what_would_have_no_effect_is_refused(
    net: nn.Module, optimizer: OptimizerConfig, changes: Any, path: str, words: str
) -> None:
    (problem,) = problems(facts_of_model(net), optimizer, ParametersConfig(**changes))
    assert problem.path == path
    assert words in problem.message


@pytest.mark.parametrize("text", ["head", "=2", "head=", "head=0", "head=-1", "head=nan", "h=inf"])
def test_a_factor_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="write a pattern"):
        TrainingConfig.parse({"parameters": {"lr_factors": [text]}})
