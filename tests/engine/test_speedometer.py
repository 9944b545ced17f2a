"""Speedometer: what a window of updates says, and what it is compared with."""

from __future__ import annotations

import time

import pytest
import torch
from torch import nn

from engine import device_facts
from engine.device_facts import memory_reader, peak_flops
from engine.reproducibility import random_states
from engine.speedometer import Speedometer

CPU = torch.device("cpu")


def driven(speed: Speedometer, updates: int = 3, busy_s: float = 0.25) -> list[dict[str, float]]:
    """The windows of updates of 10 samples with 7 targets each."""
    told = [speed.after_update(busy_s, 10 * n, 70 * n) for n in range(1, updates + 1)]
    return [window for window in told if window is not None]


def test_a_window_is_full_after_half_a_second_of_updates() -> None:
    assert driven(Speedometer()) == [{"speed/samples_per_s": 40.0, "speed/step_ms": 250.0}]
    assert len(driven(Speedometer(), updates=7)) == 3


def test_tokens_are_counted_where_there_are_tokens() -> None:
    assert driven(Speedometer(count_tokens=True))[0]["speed/tokens_per_s"] == 280.0


def test_utilisation_is_the_share_of_the_peak() -> None:
    (window,) = driven(Speedometer(flops_per_sample=3e9, peak_flops=6e11))
    assert window["speed/mfu"] == pytest.approx(100 * 40 * 3e9 / 6e11)


@pytest.mark.parametrize("known", [{"flops_per_sample": 1.0}, {"peak_flops": 1.0}])
def test_without_both_numbers_there_is_no_utilisation(known: dict[str, float]) -> None:
    assert "speed/mfu" not in driven(Speedometer(**known))[0]


def test_memory_is_read_once_a_window() -> None:
    readings = iter([{"memory/process_mb": 1.0}, {"memory/process_mb": 2.0}])
    windows = driven(Speedometer(memory=lambda: next(readings)), updates=5)
    assert [window["memory/process_mb"] for window in windows] == [1.0, 2.0]


def test_the_memory_of_this_process_is_found() -> None:
    reading = memory_reader(CPU)()
    assert list(reading) == ["memory/process_mb"]
    assert 50 < reading["memory/process_mb"] < 50_000


@pytest.fixture
def unmeasured():
    device_facts._measured.cache_clear()
    yield
    device_facts._measured.cache_clear()


def test_the_peak_is_measured_once_and_leaves_no_trace(unmeasured: None) -> None:
    before, threads = random_states(), torch.get_num_threads()
    torch.set_deterministic_debug_mode(2)
    try:
        peak = peak_flops(CPU, torch.float32)
        assert peak_flops(CPU, torch.float32) == peak
        assert device_facts._measured.cache_info().misses == 1
    finally:
        torch.set_deterministic_debug_mode(0)
    after = random_states()
    assert torch.equal(before["torch"], after["torch"])
    assert before["python"] == after["python"]
    assert torch.get_num_threads() == threads
    assert 1e8 < peak < 1e14


def test_another_number_of_threads_is_measured_again(unmeasured: None) -> None:
    before = torch.get_num_threads()
    peak_flops(CPU, torch.float32)
    try:
        torch.set_num_threads(before + 1)
        peak_flops(CPU, torch.float32)
    finally:
        torch.set_num_threads(before)
    assert device_facts._measured.cache_info().misses == 2


def test_a_matrix_product_is_near_its_own_peak() -> None:
    """3 times the forward pass is what a layer's update costs."""
    peak, layer = peak_flops(CPU, torch.float32), nn.Linear(512, 512, bias=False)
    inputs = torch.linspace(-1, 1, 512 * 512).view(512, 512).requires_grad_()
    shares = []
    for _ in range(5):
        began = time.perf_counter()
        layer(inputs).sum().backward()
        shares.append(3 * 2 * 512**3 / (time.perf_counter() - began) / peak)
    assert 0.03 < max(shares) < 3, "a busy machine may spoil either measurement somewhat"
