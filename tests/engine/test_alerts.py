"""Alerts: what is alarming is said once, with its numbers; what is usual is not said."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.config.safety import AlertsConfig
from engine.safety.alerts import VANISHED_FOR, WARMUP, Alerts

Update = tuple[float, float]
OFF = AlertsConfig(
    loss_spike=None,
    gradient_explosion=None,
    gradient_vanishing=None,
    plateau=None,
    overfitting=None,
)


def noise(updates: int, seed: int = 0, loss: float = 2.0) -> list[Update]:
    """Losses and gradient norms as those of a healthy run that has settled."""
    draw = random.Random(seed)
    return [(loss + draw.gauss(0, 0.1), abs(draw.gauss(1, 0.2))) for _ in range(updates)]


def told(updates: Iterable[Update], config: AlertsConfig = AlertsConfig()) -> list[tuple[int, str]]:  # noqa: B008 - frozen
    """Steps and kinds of the alerts of a run."""
    alerts = Alerts(config)
    return [
        (step, alert.kind)
        for step, (loss, norm) in enumerate(updates, start=1)
        for alert in alerts.after_update(step, loss, norm)
    ]


def judged(validations: Iterable[Update], config: AlertsConfig) -> list[tuple[int, str]]:
    """The same for pairs (training loss since the last validation, validation loss)."""
    alerts, found = Alerts(config), []
    for step, (loss, val_loss) in enumerate(validations, start=1):
        for _ in range(3 * WARMUP):
            alerts.after_update(step, loss, 1.0)
        found += [(step, alert.kind) for alert in alerts.after_validation(step, val_loss)]
    return found


def test_a_spike_is_found_at_its_step() -> None:
    updates = noise(400)
    updates[299] = (4.0, 1.0)
    assert told(updates) == [(300, "loss-spike")]


def test_an_explosion_is_found_at_its_step() -> None:
    updates = noise(400)
    updates[299] = (2.0, 15.0)
    assert told(updates) == [(300, "gradient-explosion")]


def test_a_smaller_factor_finds_smaller_explosions() -> None:
    updates = noise(400)
    updates[299] = (2.0, 2.4)
    assert told(updates) == []
    twice = AlertsConfig(gradient_explosion=2.0)
    assert told(updates, twice) == [(300, "gradient-explosion")]


def test_noise_is_no_alarm() -> None:
    """None in 100 runs of 2,000 updates, nor in falling curves."""
    assert [told(noise(2000, seed)) for seed in range(100)] == [[]] * 100
    falling = [
        (loss + 3 * math.exp(-step / 100), norm)
        for step, (loss, norm) in enumerate(noise(2000, loss=1.0))
    ]
    assert told(falling) == []


def test_with_three_deviations_noise_is_found_as_often_as_the_normal_distribution_says() -> None:
    """1 in 741 updates; running means over 50 updates scatter themselves, so somewhat more."""
    config = OFF.model_copy(update={"loss_spike": 3.0})
    wide = [(10 * loss - 40, norm) for loss, norm in noise(100_000)]
    found = len(told(wide, config)) / 100_000
    assert 1 / 741 < found < 4 / 741


def test_one_hard_sample_among_learned_ones_is_no_alarm() -> None:
    """Losses near zero scatter over orders of magnitude, as on digits after 2,000 updates."""
    draw = random.Random(0)
    learned = [(draw.lognormvariate(-6, 1.5), draw.lognormvariate(-3, 1.5)) for _ in range(5000)]
    assert max(loss for loss, _ in learned) > 0.2
    assert len(told(learned)) <= 1
    last = told([*learned, (2.0, 30.0)])[-2:]
    assert last == [(5001, "loss-spike"), (5001, "gradient-explosion")]


def test_a_flat_loss_is_no_alarm_when_it_moves_a_little() -> None:
    assert told([(2.0, 1.0)] * 300 + [(2.1, 1.0)] * 5 + [(2.0, 1.0)] * 100) == []


def test_the_first_updates_are_no_alarm() -> None:
    assert told([(2.0, 1.0)] * (WARMUP - 1) + [(50.0, 500.0)]) == []


def test_a_long_spike_is_one_alert_and_the_next_another() -> None:
    spike = [(5.0, 40.0)] * 4
    found = told(noise(300) + spike + noise(300, seed=1) + spike + noise(100, seed=2))
    assert found == [
        (301, "loss-spike"),
        (301, "gradient-explosion"),
        (605, "loss-spike"),
        (605, "gradient-explosion"),
    ]


def test_a_new_level_becomes_the_usual_one() -> None:
    higher = noise(1000, seed=1, loss=4.0)
    higher[900] = (9.0, 1.0)
    assert told(noise(300) + higher) == [(301, "loss-spike"), (1201, "loss-spike")]


def test_a_gradient_that_vanished_for_a_while_is_said_once_until_it_is_back() -> None:
    small = [(2.0, 1e-9)] * 2500
    config = OFF.model_copy(update={"gradient_vanishing": 1e-6})
    (first, kind), (second, _) = told(noise(100) + small + noise(200) + small, config)
    assert kind == "vanishing-gradient"
    assert 100 + VANISHED_FOR < first < 2600 < second


def test_a_single_small_gradient_is_no_alarm() -> None:
    updates = noise(400)
    updates[200:240] = [(2.0, 0.0)] * 40
    assert told(updates) == []


@pytest.mark.parametrize("strange", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("at", [0, 20, 200])
def test_what_is_not_finite_leaves_the_means_alone(strange: float, at: int) -> None:
    updates = noise(400)
    updates[300] = (4.0, 15.0)
    found = told(updates)
    updates[at:at] = [(strange, 1.0), (1.0, strange), (strange, -strange)]
    assert told(updates) == [(step + 3, kind) for step, kind in found]
    assert len(found) == 2


def test_what_is_switched_off_is_silent() -> None:
    spikes = noise(100) + [(90.0, 900.0)] * 3 + [(0.0, 0.0)] * 500 + [(1.0, 1.0)] + noise(9)
    assert told(spikes, OFF) == []
    assert judged([(3 - step / 10, 1 + step / 10) for step in range(20)], OFF) == []


@pytest.mark.parametrize(
    ("val_losses", "at"),
    [
        ([3, 2, 1, 1, 1, 1, 1, 1], [6]),
        ([3, 2, 2.5, 2.4, 1.9, 2.5, 2.4], []),
        ([1, 2, 2, 2, 2, 0.5, 2, 2, 2], [4, 9]),
        ([math.nan] * 9, []),
        ([1, math.nan, 2, math.inf, 2, 2], [6]),
    ],
)
def test_a_plateau_is_said_once_until_it_gets_better(
    val_losses: list[float], at: list[int]
) -> None:
    config = OFF.model_copy(update={"plateau": 3})
    assert judged([(1.0, loss) for loss in val_losses], config) == [(n, "plateau") for n in at]


@pytest.mark.parametrize(
    ("losses", "val_losses", "at"),
    [
        ([5, 4, 3, 2, 1, 0.5], [3, 2, 2.1, 2.2, 2.3, 2.4], [5]),
        ([5, 4, 4, 4.1, 4.2, 4.3], [3, 2, 2.1, 2.2, 2.3, 2.4], []),
        ([5, 4, 3, 2, 1, 0.5], [3, 2, 2.1, 2.2, 2.1, 2.2], []),
        ([4, 4, 4, 4, 3.99, 3], [2, 2, 2.1, 2.2, 2.3, 2.4], [6]),
        ([6, 5, 4, 3, 2, 1, 0.9, 0.8, 0.7], [1, 2, 3, 4, 1, 2, 3, 4, 5], [4, 8]),
        ([6, 5, 4, 3], [1, 2, 2, 3], []),
    ],
)
def test_overfitting_is_a_validation_loss_that_rises_while_the_training_loss_falls(
    losses: list[float], val_losses: list[float], at: list[int]
) -> None:
    config = OFF.model_copy(update={"overfitting": 3})
    found = judged(zip(losses, val_losses, strict=True), config)
    assert found == [(n, "overfitting") for n in at]


def test_an_alert_is_whole_sentences_with_the_numbers() -> None:
    alerts = Alerts(AlertsConfig(plateau=2))
    for step in range(1, 200):
        alerts.after_update(step, 2.0, 1.0)
    (spike, explosion) = alerts.after_update(1200, 4.5, 25.0)
    assert spike.text.startswith("The training loss jumped to 4.5 at step 1,200: 2.5 above its ")
    assert "25 at step 1,200, 25.0 times its running mean of 1." in explosion.text
    alerts = Alerts(AlertsConfig(plateau=2))
    for step in range(1, 201):
        alerts.after_update(step, 2.0 + step % 2 / 10, 1.0)
    (spike,) = alerts.after_update(201, 4.55, 1.0)
    assert "2.5, 50.0 standard deviations above its running mean of 2.05." in spike.text
    for step in (1300, 1400, 1500):
        found = alerts.after_validation(step, 1.25)
    assert found[0].text.startswith(
        "2 validations in a row, up to step 1,500, brought no better validation loss than 1.25 "
        "at step 1,300."
    )


@given(cut=st.integers(0, 700), seed=st.integers(0, 5))
def test_a_resumed_run_says_the_same(cut: int, seed: int) -> None:
    draw = random.Random(seed)
    updates = noise(700, seed)
    for at in (100, 101, 350, 600):
        updates[at] = (draw.uniform(2, 9), draw.uniform(1, 40))
    updates[400:560] = [(2.0, 1e-12)] * 160
    config = AlertsConfig(gradient_vanishing=0.3, plateau=2, overfitting=1)

    def go_on(alerts: Alerts, first: int, end: int) -> list[tuple[int, str]]:
        found = []
        for step in range(first, end):
            found += [(step, alert.text) for alert in alerts.after_update(step, *updates[step])]
            if step % 50 == 0:
                val_loss = updates[step][0] + 0.001 * step
                found += [(step, a.text) for a in alerts.after_validation(step, val_loss)]
        return found

    whole = go_on(Alerts(config), 0, 700)
    first = Alerts(config)
    before = go_on(first, 0, cut)
    second = Alerts(config)
    second.load_state_dict(json.loads(json.dumps(first.state_dict())))
    assert before + go_on(second, cut, 700) == whole
    assert len({text for _, text in whole}) >= 4
