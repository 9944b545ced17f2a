"""The update is that of the whole batch, and what diverges never reaches the weights."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from engine.best import BestSoFar
from engine.data.batching import ArraySource
from engine.errors import NonFiniteLoss
from engine.losses import IGNORED
from engine.runs.store import RunStore
from engine.task_spec import METRICS, TaskSpec
from engine.training_loop import StepResult, ValidationLoop
from tests.engine.training import TASK, config, loop_of, model, points, trained, weights_of

TEXT = TaskSpec(kind="causal-lm")


@given(
    accumulate=st.sampled_from([1, 2, 3, 4, 6, 12]),
    padded=st.lists(st.integers(0, 4), min_size=12, max_size=12),
)
def test_accumulation_makes_the_update_of_the_whole_batch(
    accumulate: int, padded: list[int]
) -> None:
    """Also when the micro-batches have unequal numbers of targets that count."""
    torch.manual_seed(1)
    inputs, targets = torch.randint(0, 7, (12, 5)), torch.randint(0, 7, (12, 5))
    for row, length in enumerate(padded):
        targets[row, 5 - length :] = IGNORED
    source = ArraySource({"inputs": inputs, "targets": targets})
    updated, losses = [], []
    for parts in (1, accumulate):
        torch.manual_seed(2)
        net = nn.Sequential(nn.Embedding(7, 8), nn.Linear(8, 7)).double()
        batching = {"batch_size": 12 // parts, "accumulate": parts}
        training = config(batching=batching, optimizer={"name": "sgd", "lr": 0.5})
        result = loop_of(net, source, training, TEXT).update()
        updated.append(weights_of(net))
        losses.append(result.loss)
    assert losses[0] == pytest.approx(losses[1], rel=1e-9)
    assert torch.allclose(updated[0], updated[1], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("poison", ["loss", "gradient"])
def test_what_is_not_finite_never_reaches_theweights_of(poison: str) -> None:
    inputs, targets = points(16)
    if poison == "loss":
        inputs = inputs * float("inf")
    net = model()
    if poison == "gradient":
        net[0].weight.register_hook(lambda gradient: gradient * float("nan"))
    before = weights_of(net)
    loop = loop_of(net, ArraySource({"inputs": inputs, "targets": targets}), config(), TASK)
    with pytest.raises(NonFiniteLoss, match="diverged at step 1: ") as caught:
        loop.update()
    assert torch.equal(weights_of(net), before)
    assert loop.progress.step == 0
    assert caught.value.metric == ("train/loss" if poison == "loss" else "optim/grad_norm")


def test_the_gradient_norm_is_the_one_before_clipping_and_not_zero() -> None:
    source = ArraySource(dict(zip(("inputs", "targets"), points(16), strict=True)))
    norms = []
    for clip in (None, 1e9, 1e-3):
        torch.manual_seed(3)
        training = config(gradients={"clip_norm": clip}, optimizer={"name": "sgd", "lr": 0.1})
        norms.append(loop_of(model(), source, training, TASK).update().grad_norm)
    assert norms[0] > 0.01
    assert norms[0] == pytest.approx(norms[1])
    assert norms[0] == pytest.approx(norms[2])


def test_clipping_bounds_the_update() -> None:
    source = ArraySource(dict(zip(("inputs", "targets"), points(16), strict=True)))
    net = model()
    before = weights_of(net)
    sgd = {"name": "sgd", "lr": 1.0, "momentum": 0.0, "weight_decay": 0.0}
    loop_of(net, source, config(gradients={"clip_norm": 0.01}, optimizer=sgd), TASK).update()
    assert (weights_of(net) - before).norm().item() == pytest.approx(0.01, rel=1e-3)


def test_validation_leaves_no_trace() -> None:
    source = ArraySource(dict(zip(("inputs", "targets"), points(40), strict=True)))
    net = model().train()
    loop = ValidationLoop(source, config(), TASK)
    weights, random = weights_of(net), torch.get_rng_state()
    first, second = loop.evaluate(net).compute(), loop.evaluate(net).compute()
    assert first == second
    assert set(first) == set(METRICS[TASK.kind])
    assert torch.equal(weights_of(net), weights)
    assert torch.equal(torch.get_rng_state(), random)
    assert net.training


def test_validation_loss_does_not_depend_on_its_batch_size() -> None:
    source = ArraySource(dict(zip(("inputs", "targets"), points(41), strict=True)))
    net = model()
    losses = [
        ValidationLoop(source, config(evaluation={"batch_size": size}), TASK)
        .evaluate(net)
        .compute()["loss"]
        for size in (1, 7, 41, 1000)
    ]
    assert losses == pytest.approx([losses[0]] * 4, rel=1e-6)


def test_no_validation_data_means_no_validation_metrics(tmp_path: Path) -> None:
    from engine.trainer import Trainer

    trainer = Trainer(model=model(), training_config=config(), task_spec=TASK, run=tmp_path)
    result = trainer.train(train_data=points())
    assert not [name for name in result.metrics if name.startswith("val/")]
    assert result.best is None
    assert result.status == "completed"


@pytest.mark.parametrize(
    ("mode", "values", "best_step", "stale"),
    [
        ("min", [3.0, 2.0, 2.5, 1.99], 2, 2),
        ("max", [0.5, 0.6, 0.61, 0.7], 4, 0),
        ("min", [float("nan"), float("inf"), 5.0], 3, 0),
        ("max", [float("nan")], None, 1),
    ],
)
def test_the_best_is_a_real_improvement(
    mode: str, values: list[float], best_step: int | None, stale: int
) -> None:
    best = BestSoFar("val/loss", mode, min_delta=0.05)  # type: ignore[arg-type]
    for step, value in enumerate(values, start=1):
        best.judge(step, {"loss": value})
    assert (best.best.step if best.best else None) == best_step
    assert best.stale == stale


def test_early_stopping_ends_the_run_and_reports_the_best(tmp_path: Path) -> None:
    training = config(
        length={"amount": 500},
        optimizer={"name": "sgd", "lr": 1e-9},
        early_stopping={"patience": 2, "min_delta": 0.1},
    )
    result = trained(tmp_path, training)
    run = RunStore(tmp_path).open(result.run_id)
    assert result.status == "completed"
    assert result.steps == 30
    assert result.best is not None
    assert result.best.step == 10
    assert run.checkpoint_steps() == [10, 20, 30]
    assert "did not improve in 2 validations since" in run.state().reason


def test_the_best_model_is_saved_whenever_it_appears(tmp_path: Path) -> None:
    training = config(
        length={"amount": 60}, evaluation={"every_steps": 7}, checkpointing={"every_steps": 50}
    )
    result = trained(tmp_path, training)
    assert result.best is not None
    assert result.best.step in RunStore(tmp_path).open(result.run_id).checkpoint_steps()


def test_logging_less_often_keeps_the_last_step(tmp_path: Path) -> None:
    result = trained(tmp_path, config(length={"amount": 25}, logging={"every_steps": 10}))
    run = RunStore(tmp_path).open(result.run_id)
    assert run.series("train/loss").step.tolist() == [10, 20, 25]


def test_an_update_reports_facts_not_yet_read() -> None:
    source = ArraySource(dict(zip(("inputs", "targets"), points(16), strict=True)))
    result = loop_of(model(), source, config(), TASK).update(measure=True)
    assert isinstance(result, StepResult)
    assert result.loss > 0
    assert not result.measures["accuracy"].requires_grad
    assert set(result.measures) == {"accuracy"}


@pytest.mark.parametrize("name", ["adamw", "muon"])
def test_what_is_loaded_is_memory_and_not_settings(name: str) -> None:
    """A fork may change the weight decay; the checkpoint's must not come back with its moments."""
    source = ArraySource(dict(zip(("inputs", "targets"), points(16), strict=True)))
    before = loop_of(model(), source, config(optimizer={"name": name, "weight_decay": 0.5}))
    before.update()
    after = loop_of(model(), source, config(optimizer={"name": name, "weight_decay": 0.1}))
    after.load_state_dict(before.state_dict())
    assert {group["weight_decay"] for group in after.optimizer.param_groups} <= {0.1, 0.0}
    assert str(after.optimizer.state_dict()) != str(
        loop_of(
            model(), source, config(optimizer={"name": name, "weight_decay": 0.1})
        ).optimizer.state_dict()
    )
