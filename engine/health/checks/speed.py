"""How long an answer takes, and how many there are a second, on this machine's CPU."""

from __future__ import annotations

import time

import numpy as np
import torch

from engine.health.outcome import Clock, Complaint, Outcome, concluded
from engine.health.report import Curve, Lines
from engine.health.subject import Subject, longest

SIZES = (1, 4, 16, 64)
BUDGET_S = 0.6
"""For one batch size."""
MOST_PASSES, FEWEST_PASSES = 60, 3
TOO_SLOW_S = 1.0
"""People notice an answer that takes longer (Nielsen, "Usability Engineering", 1993)."""


@torch.no_grad()
def speed(subject: Subject) -> Outcome:
    """Time passes in evaluation mode for some batch sizes, after one that warms up."""
    model = subject.model().eval()
    times: dict[int, list[float]] = {}
    for size in SIZES:
        batch = subject.batch(size)
        subject.outputs(model, batch)
        clock = Clock(BUDGET_S)
        taken: list[float] = []
        while len(taken) < FEWEST_PASSES or (len(taken) < MOST_PASSES and not clock.is_over):
            began = time.perf_counter()
            subject.outputs(model, batch)
            taken.append(time.perf_counter() - began)
            if taken[-1] > BUDGET_S:  # one pass is all that there is time for
                break
        times[size] = taken
        if taken[-1] > BUDGET_S:
            break
    p50 = {size: float(np.percentile(taken, 50)) for size, taken in times.items()}
    p95 = {size: float(np.percentile(taken, 95)) for size, taken in times.items()}
    best = max(p50, key=lambda size: size / p50[size])
    throughput, tokens = best / p50[best], longest(subject, subject.batch(1))
    numbers: dict[str, tuple[float | None, str]] = {}
    for size in times:
        numbers[f"p50 of {size}"] = 1e3 * p50[size], "ms"
        numbers[f"p95 of {size}"] = 1e3 * p95[size], "ms"
    numbers["throughput"] = throughput, "samples/s"
    if tokens:
        numbers["tokens"] = throughput * tokens, "tokens/s"
    numbers["threads"] = torch.get_num_threads(), ""
    complaints = []
    if p50[1] > TOO_SLOW_S:
        text = f"One sample takes {p50[1]:.1f} s on this CPU."
        remedy = "Use a smaller model, shorter inputs, or a GPU where answers are waited for."
        complaints.append(Complaint("warn", text, remedy))
    return concluded(
        f"One sample takes {1e3 * p50[1]:.1f} ms (p95 {1e3 * p95[1]:.1f}); batches of {best} give "
        f"{throughput:,.0f} samples a second.",
        complaints,
        numbers,
        [_lines("Time of a pass", "ms", {"p50": p50, "p95": p95}, 1e3)],
    )


def _lines(title: str, unit: str, by_name: dict[str, dict[int, float]], times: float) -> Lines:
    return Lines(
        title=title,
        x_title="batch size",
        y_title=unit,
        curves=tuple(
            Curve(
                name=name,
                x=tuple(map(float, values)),
                y=tuple(round(times * value, 6) for value in values.values()),
            )
            for name, values in by_name.items()
        ),
        log_x=True,
        log_y=True,
    )
