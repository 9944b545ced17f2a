"""Speedometer: throughput of the updates themselves, and what they take of the machine."""

from __future__ import annotations

from collections.abc import Callable

import torch

from engine.device_facts import memory_reader, peak_flops
from engine.precision import FORMATS
from engine.task_spec import COUNTS_TOKENS, TaskSpec
from engine.training_config import TrainingConfig


class Speedometer:
    """Means over at least ``window_s`` seconds of updates; validation and saving do not count.

    Model FLOPs utilisation needs ``flops_per_sample``, those of a forward and a backward pass
    (3 times a forward pass: the backward pass multiplies by the weights and by the activations;
    Kaplan et al. 2020, section 2.1, and PaLM, appendix B), and ``peak_flops`` a second of the
    device. ``memory`` is read once a window.
    """

    def __init__(
        self,
        window_s: float = 0.5,
        *,
        count_tokens: bool = False,
        flops_per_sample: float | None = None,
        peak_flops: float | None = None,
        memory: Callable[[], dict[str, float]] | None = None,
    ) -> None:
        self._count_tokens = count_tokens
        self._window_s = window_s
        self._memory = memory
        self._share_of_peak: float | None = None
        """Of the peak, by one sample a second."""
        if flops_per_sample is not None and peak_flops is not None:
            self._share_of_peak = flops_per_sample / peak_flops
        self._busy_s = 0.0
        self._updates = 0
        self._samples_before: int | None = None
        self._targets_before = 0

    def after_update(self, busy_s: float, samples: int, targets: int) -> dict[str, float] | None:
        """Take note of an update; gives metrics when a window is full.

        ``samples`` and ``targets`` are totals of the run so far. The first update of an attempt
        only starts the first window: it pays for warming up.
        """
        if self._samples_before is None:
            self._samples_before, self._targets_before = samples, targets
            return None
        self._busy_s += busy_s
        self._updates += 1
        if self._busy_s < self._window_s:
            return None
        samples_per_s = (samples - self._samples_before) / self._busy_s
        speed = {
            "speed/samples_per_s": samples_per_s,
            "speed/step_ms": 1000 * self._busy_s / self._updates,
        }
        if self._count_tokens:
            speed["speed/tokens_per_s"] = (targets - self._targets_before) / self._busy_s
        if self._share_of_peak is not None:
            speed["speed/mfu"] = 100 * samples_per_s * self._share_of_peak
        if self._memory is not None:
            speed |= self._memory()
        self._busy_s, self._updates = 0.0, 0
        self._samples_before, self._targets_before = samples, targets
        return speed


def speedometer_for(
    device: torch.device, config: TrainingConfig, task: TaskSpec, flops_per_sample: float | None
) -> Speedometer:
    """What can be said of the pace of a run; its utilisation where the model's work is known."""
    best = None
    if flops_per_sample is not None:
        best = peak_flops(device, FORMATS[config.precision.dtype])
    return Speedometer(
        count_tokens=task.kind in COUNTS_TOKENS,
        flops_per_sample=flops_per_sample,
        peak_flops=best,
        memory=memory_reader(device),
    )
