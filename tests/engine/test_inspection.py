"""Inspection: what it says is so, and training does not notice it."""

from __future__ import annotations

import json
import math
import timeit

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from engine.inspection import BINS, Inspection, Inspector, histogram_of
from engine.runs.store import RunStore
from engine.training_config import LoggingConfig
from tests import fabricate


def model() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(2, 16), nn.GELU(), nn.Dropout(0.2), nn.Linear(16, 4))


def points() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(7)
    return torch.randn(70, 2, generator=generator), torch.arange(70) % 4


def updates(net: nn.Module, config: LoggingConfig, steps: int = 5) -> list[Inspection]:
    """Train as the training loop does, and give the inspections that were due."""
    inspector, (inputs, targets) = Inspector(net, config), points()
    optimizer = torch.optim.AdamW([p for p in net.parameters() if p.requires_grad], lr=0.1)
    made = []
    for step in range(1, steps + 1):
        inspection = inspector.begin(step)
        optimizer.zero_grad()
        if inspection is None:
            nn.functional.cross_entropy(net(inputs), targets).backward()
            optimizer.step()
            continue
        with inspection.watching():
            loss = nn.functional.cross_entropy(net(inputs), targets)
        loss.backward()
        inspection.after_backward()
        inspection.before_step()
        optimizer.step()
        inspection.after_step()
        made.append(inspection)
    return made


def one(net: nn.Module, **changes: object) -> Inspection:
    settings = {"layers_every_steps": 1, "histograms_every_steps": 1} | changes
    (inspection,) = updates(net, LoggingConfig.parse(settings), steps=1)
    return inspection


@pytest.mark.parametrize(
    ("layers", "histograms", "due"),
    [
        (None, None, []),
        (2, None, [(2, True, False), (4, True, False), (6, True, False)]),
        (None, 3, [(3, False, True), (6, False, True)]),
        (2, 3, [(2, True, False), (3, False, True), (4, True, False), (6, True, True)]),
    ],
)
def test_what_is_due_is_looked_at(
    layers: int | None, histograms: int | None, due: list[tuple[int, bool, bool]]
) -> None:
    config = LoggingConfig(layers_every_steps=layers, histograms_every_steps=histograms)
    inspector, found = Inspector(model(), config), []
    for step in range(1, 7):
        inspection = inspector.begin(step)
        if inspection is not None:
            inspection.before_step()
            inspection.after_step()
            seen = inspection.histograms is not None
            found.append((step, bool(inspection.metrics), seen))
    assert found == due


def test_asking_whether_something_is_due_costs_nothing_worth_naming() -> None:
    inspector = Inspector(model(), LoggingConfig())
    assert min(timeit.repeat(lambda: inspector.begin(7), number=1000, repeat=5)) / 1000 < 5e-6


def test_training_has_the_same_bits_with_and_without() -> None:
    ends: list[tuple[list[Tensor], Tensor]] = []
    torch.set_deterministic_debug_mode(2)
    try:
        for every in (None, 1):
            net = model()
            torch.manual_seed(1)
            updates(net, LoggingConfig(layers_every_steps=every, histograms_every_steps=every))
            state = [*net.parameters(), *(p.grad for p in net.parameters())]
            ends.append(([part.detach() for part in state], torch.get_rng_state()))
    finally:
        torch.set_deterministic_debug_mode(0)
    (left, left_random), (right, right_random) = ends
    assert all(torch.equal(a, b) for a, b in zip(left, right, strict=True))
    assert torch.equal(left_random, right_random)


def test_the_metrics_are_norms_of_gradients_and_of_changes() -> None:
    net = model()
    before = {name: p.detach().clone() for name, p in net.named_parameters()}
    metrics = one(net).metrics
    assert list(metrics) == [
        f"layers/{kind}/{name}" for kind in ("grad_norm", "update_ratio") for name in before
    ]
    for name, parameter in net.named_parameters():
        ratio = (parameter - before[name]).norm() / before[name].norm()
        assert metrics[f"layers/grad_norm/{name}"] == parameter.grad.norm()
        torch.testing.assert_close(metrics[f"layers/update_ratio/{name}"], ratio.detach())
        assert not metrics[f"layers/update_ratio/{name}"].requires_grad


def test_the_histograms_are_those_of_weights_gradients_and_activations() -> None:
    net = model()
    found = one(net).histograms
    assert json.loads(json.dumps(found)) == found
    for name, parameter in net.named_parameters():
        assert found["weights"][name] == histogram_of(parameter)
        assert found["gradients"][name] == histogram_of(parameter.grad)
    assert list(found["activations"]) == ["0", "1", "2", "3"]
    assert sum(found["activations"]["0"]["counts"]) == 70 * 16
    assert found["activations"]["1"]["low"] > -0.2, "a GELU is never lower"


class Tied(nn.Module):
    """Two layers with one weight, one layer that is not used, one that is frozen."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(2, 4, bias=False), nn.Linear(2, 4)
        self.second.weight = self.first.weight
        self.unused, self.frozen = nn.Linear(3, 3), nn.Linear(4, 4)
        self.frozen.requires_grad_(False)
        nn.init.zeros_(self.second.bias)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.frozen(self.first(inputs) + self.second(inputs))


def test_frozen_parameters_are_left_out_and_tied_ones_are_there_once() -> None:
    inspection = one(Tied())
    trained = ["first.weight", "second.bias", "unused.weight", "unused.bias"]
    assert list(inspection.histograms["weights"]) == trained
    assert list(inspection.histograms["gradients"]) == trained[:2]
    assert list(inspection.histograms["activations"]) == ["first", "second", "frozen"]
    assert [name for name in inspection.metrics if "grad_norm" in name] == [
        "layers/grad_norm/first.weight",
        "layers/grad_norm/second.bias",
    ]


def test_zero_weights_have_no_ratio() -> None:
    ratios = [name for name in one(Tied()).metrics if "update_ratio" in name]
    assert "layers/update_ratio/second.bias" not in ratios
    assert "layers/update_ratio/first.weight" in ratios


def test_of_several_batches_the_first_is_shown() -> None:
    net = nn.Linear(2, 1)
    inspection = Inspection(net, layers=False, histograms=True)
    for factor in (1.0, 100.0):
        with inspection.watching():
            net(torch.full((5, 2), factor))
    (found,) = inspection.histograms["activations"].values()
    assert sum(found["counts"]) == 5
    assert abs(found["high"]) < 10


def test_the_hooks_are_gone_even_after_a_failure() -> None:
    net = model()
    inspection = Inspection(net, layers=True, histograms=True)

    def fail() -> None:
        with inspection.watching():
            assert any(module._forward_hooks for module in net.modules())
            raise MemoryError

    with pytest.raises(MemoryError):
        fail()
    assert not any(module._forward_hooks for module in net.modules())


@given(
    st.lists(
        st.floats(width=32, allow_subnormal=False) | st.sampled_from([math.nan, math.inf, 1.0]),
        max_size=50,
    ),
    st.sampled_from([torch.float32, torch.float64]),
)
def test_every_number_is_counted_once(values: list[float], dtype: torch.dtype) -> None:
    found = histogram_of(torch.tensor(values, dtype=dtype))
    finite = [value for value in values if math.isfinite(value)]
    assert len(found["counts"]) == BINS
    assert found["nonfinite"] == len(values) - len(finite)
    assert sum(found["counts"]) == len(finite)
    assert found["low"] < found["high"]
    assert all(found["low"] <= value <= found["high"] for value in finite)
    assert json.loads(json.dumps(found, allow_nan=False)) == found


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_a_histogram_is_that_of_numpy(dtype: torch.dtype) -> None:
    tensor = torch.randn(3, 7, 50, generator=torch.Generator().manual_seed(0)).to(dtype)
    counts, edges = np.histogram(tensor.double().numpy(), BINS)
    found = histogram_of(tensor.requires_grad_())
    assert (found["low"], found["high"]) == (edges[0], edges[-1])
    assert found["counts"] == counts.tolist()


@pytest.mark.parametrize("value", [0.0, 3.0, -2.0])
def test_numbers_that_are_all_the_same_are_in_the_middle(value: float) -> None:
    found = histogram_of(torch.full((9,), value))
    assert found["counts"][BINS // 2] == 9
    assert found["low"] < value < found["high"]


def test_histograms_are_kept_in_the_run_folder(tmp_path) -> None:
    run = fabricate.run_of(RunStore(tmp_path))
    assert run.histogram_steps() == []
    found = one(model()).histograms
    for step in (1000, 20):
        run.write_histograms(step, found)
    assert run.histogram_steps() == [20, 1000]
    assert run.histograms(20) == found
