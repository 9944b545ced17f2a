"""Whether two runs made the same bits."""

from __future__ import annotations

import numpy as np
from safetensors.numpy import load_file

from engine.runs.run import Run

BESIDE = ("speed/", "memory/", "system/", "gpu/")
"""What is measured of the machine, and so is never the same twice."""


def curves(run: Run) -> dict[str, tuple[list[int], bytes]]:
    """Steps and exact values of every metric that is a function of the training alone."""
    measured = [name for name in run.metrics() if not name.startswith(BESIDE)]
    found = {name: run.series(name) for name in measured}
    return {name: (series.step.tolist(), series.value.tobytes()) for name, series in found.items()}


def final_weights(run: Run) -> dict[str, bytes]:
    """Exact weights of the newest checkpoint."""
    folder = run.folder / "checkpoints" / f"step-{run.checkpoint_steps()[-1]:09d}"
    weights = load_file(folder / "model.safetensors")
    return {name: np.ascontiguousarray(array).tobytes() for name, array in weights.items()}


def assert_same_bits(run: Run, reference: Run) -> None:
    assert curves(run) == curves(reference)
    assert run.checkpoint_steps()[-1] == reference.checkpoint_steps()[-1]
    assert final_weights(run) == final_weights(reference)
    assert run.state().best == reference.state().best
    assert run.state().step == reference.state().step
