"""Every optimizer: it learns, goes on bit for bit from its saved state, and obeys each option."""

from __future__ import annotations

import io
from typing import Any, get_args

import pytest
import torch
from torch import Tensor, nn

from engine.config.optimizers import OptimizerConfig
from engine.config.parameters import ParametersConfig
from engine.errors import BadInput
from engine.optimizer_factory import OPTIMIZERS, OptimizerFactory
from engine.optimizers.like import OptimizerLike
from engine.training_config import TrainingConfig

VARIANTS = {
    kind.model_fields["name"].default: kind for kind in get_args(get_args(OptimizerConfig)[0])
}
NAMES = sorted(VARIANTS)


class Linear2(nn.Module):
    """Linear in each of its parameters, so that the squared error is convex."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.hidden = nn.Linear(6, 3)
        self.head = nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.hidden(x) + self.head(x)
        return out


def parsed(name: str, **options: object) -> Any:
    return TrainingConfig.parse({"optimizer": {"name": name, **options}}).optimizer


def built(net: nn.Module, name: str, **options: object) -> OptimizerLike:
    optimizer = OptimizerFactory.build(net, parsed(name, **options), ParametersConfig())
    for group in optimizer.param_groups:
        group["lr"] *= group["lr_factor"]  # as the training loop does
    return optimizer


def loss_of(net: nn.Module, number: int) -> Tensor:
    """The squared error on the batch of a step."""
    generator = torch.Generator().manual_seed(number)
    x = torch.randn(32, 6, generator=generator)
    return ((net(x) - x[:, :3] - 2 * x[:, 3:]) ** 2).mean()


def steps(net: nn.Module, optimizer: OptimizerLike, first: int, behind: int) -> None:
    for number in range(first, behind):
        optimizer.zero_grad()
        loss_of(net, number).backward()
        optimizer.step()


def bits(net: nn.Module) -> dict[str, bytes]:
    return {name: value.numpy().tobytes() for name, value in net.state_dict().items()}


def test_every_optimizer_the_config_allows_has_a_builder() -> None:
    assert set(VARIANTS) == set(OPTIMIZERS)


@pytest.mark.parametrize("name", NAMES)
def test_it_lowers_a_convex_loss(name: str) -> None:
    net = Linear2()
    before = loss_of(net, -1).item()
    lr = {"adagrad": 0.3, "radam": 0.1}.get(name, 0.03)
    steps(net, built(net, name, lr=lr, weight_decay=0.0), 0, 80)
    assert loss_of(net, -1).item() < before / 4


@pytest.mark.parametrize("name", NAMES)
def test_it_goes_on_from_its_saved_state_bit_for_bit(name: str) -> None:
    net = Linear2()
    optimizer = built(net, name)
    steps(net, optimizer, 0, 4)
    file = io.BytesIO()
    torch.save([net.state_dict(), optimizer.state_dict()], file)
    steps(net, optimizer, 4, 8)
    file.seek(0)
    weights, state = torch.load(file, weights_only=True)
    other = Linear2()
    other.load_state_dict(weights)
    resumed = built(other, name)
    resumed.load_state_dict(state)
    steps(other, resumed, 4, 8)
    assert bits(other) == bits(net)


BESIDE = {("sgd", "dampening"): {"momentum": 0.9}, ("sgd", "nesterov"): {"momentum": 0.9}}
"""Options that need others to do anything."""


def other_value(before: object) -> object:
    match before:
        case bool():
            return not before
        case int():
            return before + 1
        case float():
            return before * 0.5 if before else 0.1
    return "original"


def changed(name: str, option: str) -> object:
    if option == "clip_threshold":
        return 2.0
    if option == "weight_decay":
        return 0.3
    if option in ("eps", "least_scale"):
        return 0.5
    return other_value(VARIANTS[name].model_fields[option].default)


@pytest.mark.parametrize(
    ("name", "option"),
    [
        (name, option)
        for name in NAMES
        for option in VARIANTS[name].model_fields
        if option != "name"
    ],
)
def test_every_option_changes_the_training(name: str, option: str) -> None:
    trained = []
    for options in ({}, {option: changed(name, option)}):
        net = Linear2()
        usual = {"weight_decay": 0.1, **BESIDE.get((name, option), {})}
        steps(net, built(net, name, **{**usual, **options}), 0, 12)
        trained.append(bits(net))
    assert trained[0] != trained[1]


@pytest.mark.parametrize(
    ("options", "field", "words"),
    [
        ({"name": "sgd", "nesterov": True, "momentum": 0.0}, "nesterov", "above 0"),
        ({"name": "sgd", "nesterov": True, "dampening": 0.1}, "nesterov", "dampening"),
        ({"name": "sgd", "dampening": 0.1, "momentum": 0.0}, "dampening", "without momentum"),
        ({"name": "muon", "momentum": 0.0}, "nesterov", "above 0"),
        ({"name": "adam", "momentum": 0.9}, "momentum", "unknown field"),
    ],
)
def test_options_that_do_nothing_are_refused(
    options: dict[str, object], field: str, words: str
) -> None:
    if options["name"] == "muon":
        options = {**options, "nesterov": True}
    with pytest.raises(BadInput, match=words) as refused:
        TrainingConfig.parse({"optimizer": options})
    assert refused.value.problems[0].path == f"training.optimizer.{field}".removeprefix("training.")


@pytest.mark.parametrize("name", ["adamw", "adam", "sgd", "adagrad"])
def test_one_kernel_makes_the_update_where_there_is_one(name: str) -> None:
    assert all(group["fused"] for group in built(Linear2(), name).param_groups)


def test_lion_is_the_papers_algorithm() -> None:
    net = Linear2()
    optimizer = built(net, "lion", lr=0.01, weight_decay=0.5, beta1=0.8, beta2=0.6)
    expected, momentum = net.hidden.weight.detach().double(), torch.zeros(3, 6, dtype=torch.double)
    for number in range(3):
        optimizer.zero_grad()
        loss_of(net, number).backward()
        assert net.hidden.weight.grad is not None
        gradient = net.hidden.weight.grad.double()
        update = (0.8 * momentum + 0.2 * gradient).sign() + 0.5 * expected
        expected = expected - 0.01 * update
        momentum = 0.6 * momentum + 0.4 * gradient
        optimizer.step()
        assert torch.allclose(net.hidden.weight.double(), expected, atol=1e-6)


def test_muon_takes_the_hidden_matrices_and_adamw_the_rest() -> None:
    options = {"lr": 0.01, "weight_decay": 0.1}
    by_muon, by_adamw = Linear2(), Linear2()
    muon = built(by_muon, "muon", adamw_lr_factor=0.5, **options)
    for group, factor in zip(muon.param_groups, (1.0, 0.5, 0.5), strict=True):
        assert group["lr_factor"] == factor
    steps(by_muon, muon, 0, 1)
    steps(by_adamw, built(by_adamw, "adamw", lr=0.005, weight_decay=0.1), 0, 1)
    same = {name for name, value in bits(by_muon).items() if value == bits(by_adamw)[name]}
    assert same == {"hidden.bias", "head.weight", "head.bias"}


def test_muons_update_is_nearly_orthogonal_and_as_large_as_adamws() -> None:
    net = Linear2()
    before = net.hidden.weight.detach().clone()
    steps(net, built(net, "muon", lr=1.0, weight_decay=0.0), 0, 1)
    sizes = torch.linalg.svdvals(before - net.hidden.weight.detach()) / (0.2 * 6**0.5)
    assert sizes.min() > 0.5
    assert sizes.max() < 1.5
