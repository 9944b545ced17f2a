"""The learning rates that a run will apply, before it is started."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from components.charts.palette import COLORS
from engine.learning_rates.learning_rate import LearningRate
from engine.steering import Act
from engine.training_config import OptimizerConfig, SchedulerConfig

POINTS = 200


def schedule_curve(
    optimizer: OptimizerConfig,
    scheduler: SchedulerConfig,
    planned_steps: int,
    *,
    steps: range | None = None,
    acts: Sequence[Act] = (),
) -> tuple[np.ndarray, np.ndarray]:
    """Steps and learning rates: evenly spread over the run, and the corners of warmup and acts.

    A fork goes only over some ``steps``, and takes over the ``acts`` of its parent.
    """
    made = range(max(1, planned_steps)) if steps is None else steps
    warmup = scheduler.warmup(planned_steps)
    corners = [at - shift for at in (warmup, *(act.step for act in acts)) for shift in (1, 0)]
    spread = np.linspace(made[0], made[-1], POINTS).round()
    at = np.unique(np.concatenate([spread, [step for step in corners if step in made]]).astype(int))
    schedule = LearningRate(scheduler, planned_steps, acts).multiplier
    return at, optimizer.lr * np.array([schedule(int(step)) for step in at])


def schedule_figure(steps: np.ndarray, rates: np.ndarray) -> go.Figure:
    """A small still picture of the learning rate by step."""
    figure = go.Figure(
        go.Scatter(
            x=steps, y=rates, mode="lines", line={"width": 2, "color": COLORS[0], "simplify": False}
        )
    )
    return figure.update_layout(
        height=170,
        margin={"l": 0, "r": 8, "t": 8, "b": 0},
        hovermode="x",
        xaxis={"title": "step", "showgrid": False, "rangemode": "tozero"},
        yaxis={"rangemode": "tozero", "exponentformat": "e", "nticks": 4},
    )
