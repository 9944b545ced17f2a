"""Estimates: steps and samples exact, the rest by the stated formulas."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.data.batching import BatchPlan
from engine.estimate import checkpoints_kept, estimate, samples_seen, total_steps
from engine.examples import EXAMPLES
from engine.frozen import with_changes
from engine.training_config import TrainingConfig
from tests.engine.facts import IMAGES, TEXT

GPT, CNN = EXAMPLES["gpt-python-docs"].spec, EXAMPLES["digits-vision"].spec


def training(amount=1, unit="epochs", batch_size=32, accumulate=1, **checkpointing):
    return TrainingConfig.parse(
        {
            "length": {"amount": amount, "unit": unit},
            "scheduler": {"name": "constant"},
            "batching": {"batch_size": batch_size, "accumulate": accumulate},
            "checkpointing": checkpointing,
        }
    )


@pytest.mark.parametrize(
    ("amount", "unit", "samples", "batch_size", "accumulate", "steps"),
    [
        (7, "steps", 100, 10, 1, 7),
        (1, "epochs", 100, 10, 1, 10),
        (1, "epochs", 101, 10, 1, 11),
        (1, "epochs", 101, 10, 2, 6),
        (2, "epochs", 101, 10, 2, 11),
        (3, "epochs", 101, 10, 4, 9),
        (1, "epochs", 5, 10, 1, 1),
    ],
)
def test_steps_of_a_run(amount, unit, samples, batch_size, accumulate, steps):
    assert total_steps(training(amount, unit, batch_size, accumulate), samples) == steps


def test_without_data_nothing_is_known_of_the_length():
    known = estimate(CNN, IMAGES.model_copy(update={"train_samples": 0}))
    assert (known.steps, known.epochs, known.samples, known.flops) == (None, None, None, None)
    assert known.parameters is not None


@given(
    samples=st.integers(1, 40),
    batch_size=st.integers(1, 45),
    accumulate=st.integers(1, 4),
    steps=st.integers(1, 30),
)
def test_samples_seen_are_those_of_the_plan(samples, batch_size, accumulate, steps):
    plan = BatchPlan(samples, batch_size, shuffle=True, seed=0)
    seen = sum(len(plan.indices(micro_step)) for micro_step in range(steps * accumulate))
    config = training(steps, "steps", batch_size, accumulate)
    assert samples_seen(config, samples, steps) == seen


@pytest.mark.parametrize(
    ("steps", "checkpointing", "kept"),
    [
        (100, {"every_steps": 10, "keep_last": 2, "keep_best": 1}, 3),
        (100, {"every_steps": 10, "keep_last": 2, "keep_best": 0}, 2),
        (100, {"every_steps": 10, "keep_last": 2, "keep_best": 4}, 6),
        (15, {"every_steps": 10, "keep_last": 5, "keep_best": 1}, 2),
        (5, {"every_steps": 10, "keep_last": 2, "keep_best": 1}, 1),
        (250, {"every_steps": None, "keep_last": 2, "keep_best": 0}, 1),
        (250, {"every_steps": None, "keep_last": 2, "keep_best": 5}, 3),
        (250, {"every_steps": None, "every_epochs": 10, "keep_last": 9, "keep_best": 0}, 7),
        (250, {"every_steps": None, "every_epochs": 99, "keep_last": 9, "keep_best": 0}, 1),
        (250, {"every_steps": None, "every_minutes": 1, "keep_last": 9, "keep_best": 2}, 11),
        (250, {"every_steps": 100, "every_epochs": 25, "keep_last": 9, "keep_best": 0}, 3),
    ],
)
def test_checkpoints_that_are_kept(steps, checkpointing, kept):
    assert checkpoints_kept(training(**checkpointing), steps, per_epoch=4.0) == kept


def test_tokens_are_counted_for_text_only():
    assert estimate(GPT, TEXT).tokens == 64 * estimate(GPT, TEXT).samples
    assert estimate(CNN, IMAGES).tokens is None


def test_an_average_of_the_weights_is_kept_too():
    averaged = with_changes(CNN, {"training.averaging": {"name": "ema"}})
    plain, known = estimate(CNN, IMAGES), estimate(averaged, IMAGES)
    assert known.checkpoint_bytes - plain.checkpoint_bytes == 4 * known.parameters
    assert known.memory_bytes - plain.memory_bytes == 4 * known.parameters


@pytest.mark.parametrize(
    ("optimizer", "copies"),
    [
        ({"name": "adamw"}, 3),
        ({"name": "sgd"}, 2),
        ({"name": "sgd", "momentum": 0.0}, 1),
    ],
)
def test_a_checkpoint_holds_weights_and_what_the_optimizer_remembers(optimizer, copies):
    known = estimate(with_changes(CNN, {"training.optimizer": optimizer}), IMAGES)
    assert known.checkpoint_bytes == copies * 4 * known.parameters


@pytest.mark.parametrize("field", ["model.channels", "training.batching.batch_size"])
def test_more_of_it_takes_more_memory(field):
    small, large = (
        estimate(with_changes(CNN, {field: value}), IMAGES).memory_bytes for value in (32, 128)
    )
    assert small < large


def test_a_backward_pass_counts_twice_a_forward_pass():
    known = estimate(with_changes(GPT, {"model.layers": 1}), TEXT)
    linear = 12 * 128**2 + 128 * 103
    forward = 2 * 64 * linear + 4 * 64**2 * 128
    assert known.flops == 3 * forward * known.samples
