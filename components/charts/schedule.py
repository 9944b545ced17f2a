"""The learning rate over a whole run, before it is started."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from components.charts.palette import COLORS
from engine.scheduler_factory import SchedulerFactory
from engine.training_config import OptimizerConfig, SchedulerConfig

POINTS = 200


def schedule_curve(
    optimizer: OptimizerConfig, scheduler: SchedulerConfig, total_steps: int
) -> tuple[np.ndarray, np.ndarray]:
    """Steps and learning rates: evenly spread over the run, and the corners of the warmup."""
    last = max(0, total_steps - 1)
    corners = [min(last, max(0, scheduler.warmup(total_steps) + shift)) for shift in (-1, 0)]
    steps = np.unique(np.concatenate([np.linspace(0, last, POINTS).round(), corners]).astype(int))
    schedule = SchedulerFactory.build(scheduler, total_steps)
    return steps, optimizer.lr * np.array([schedule(int(step)) for step in steps])


def schedule_figure(
    optimizer: OptimizerConfig, scheduler: SchedulerConfig, total_steps: int
) -> go.Figure:
    """A small still picture of the learning rate by step."""
    steps, rates = schedule_curve(optimizer, scheduler, total_steps)
    figure = go.Figure(
        go.Scatter(
            x=steps, y=rates, mode="lines", line={"width": 2, "color": COLORS[0], "simplify": False}
        )
    )
    return figure.update_layout(
        height=170,
        margin={"l": 0, "r": 8, "t": 8, "b": 0},
        hovermode="x",
        xaxis={"title": "step", "showgrid": False},
        yaxis={"rangemode": "tozero", "exponentformat": "e", "nticks": 4},
    )
