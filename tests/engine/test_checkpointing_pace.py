"""When a checkpoint is due: by steps, by passes over the data, by minutes of training."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.checkpointing_pace import Pace
from engine.training_config import CheckpointingConfig


def pace(per_epoch: float | None = None, **fields: float | None) -> Pace:
    return Pace(CheckpointingConfig.parse({"every_steps": None} | fields), per_epoch)


def dues(asked: Pace, steps: int) -> list[int]:
    return [step for step in range(1, steps + 1) if asked.due(step, 0.0)]


@pytest.mark.parametrize(
    ("fields", "per_epoch", "due"),
    [
        ({}, 5.0, []),
        ({"every_steps": 4}, None, [4, 8, 12]),
        ({"every_epochs": 1.0}, 5.0, [5, 10]),
        ({"every_epochs": 0.5}, 5.0, [3, 5, 8, 10]),
        ({"every_epochs": 2.0}, 8 / 3, [6, 11]),
        ({"every_epochs": 3.0}, 4 / 3, [4, 8, 12]),
        ({"every_epochs": 0.1}, 30.0, [3, 6, 9, 12]),
        ({"every_epochs": 0.01}, 30.0, [*range(1, 13)]),
        ({"every_epochs": 1.0}, None, []),
        ({"every_steps": 4, "every_epochs": 1.0}, 6.0, [4, 6, 8, 12]),
    ],
)
def test_steps_and_epochs(
    fields: dict[str, float], per_epoch: float | None, due: list[int]
) -> None:
    assert dues(pace(per_epoch, **fields), 12) == due


@given(
    epochs=st.decimals("0.01", "20", places=2),
    micro_batches=st.integers(1, 400),
    accumulate=st.integers(1, 30),
    steps=st.integers(1, 500),
)
def test_every_multiple_of_the_epochs_is_met_exactly_once(
    epochs: Decimal, micro_batches: int, accumulate: int, steps: int
) -> None:
    per_epoch = micro_batches / accumulate
    crossed = [
        step
        for step in range(1, steps + 1)
        if _passed(step, micro_batches, accumulate, epochs)
        > _passed(step - 1, micro_batches, accumulate, epochs)
    ]
    assert dues(pace(per_epoch, every_epochs=float(epochs)), steps) == crossed


def _passed(step: int, micro_batches: int, accumulate: int, epochs: Decimal) -> int:
    """Multiples of so many epochs after a step, in whole numbers."""
    hundredths = int(epochs * 100)
    return step * accumulate * 100 // (micro_batches * hundredths)


def test_minutes_count_from_the_last_checkpoint_whatever_made_it() -> None:
    asked = pace(every_minutes=1.0)
    assert [asked.due(step, at) for step, at in ((1, 30.0), (2, 89.0), (3, 90.0))] == [
        False,
        False,
        True,
    ]
    asked.saved(91.0)
    assert not asked.due(4, 150.0)
    assert asked.due(5, 151.0)


def test_a_resumed_run_does_not_save_at_once_because_it_is_old() -> None:
    assert not pace(every_minutes=1.0).due(1000, 36_000.0)
