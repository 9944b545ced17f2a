"""A runs folder with very many finished runs, made from a few in seconds."""

from __future__ import annotations

import os
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson

from engine.config.optimizers import AdamWConfig, SGDConfig
from engine.frozen import with_changes
from engine.runs.run import Run
from engine.runs.store import RunStore
from tests import fabricate

_PATTERNS = 20
_BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def fill(store: RunStore, count: int) -> None:
    """Put `count` runs into an empty store; they share the metric files of a few."""
    patterns = [_pattern(store, number) for number in range(_PATTERNS)]
    noise = random.Random(0)
    for number in range(count - _PATTERNS):
        moment = _BEGAN + timedelta(minutes=number)
        run_id = f"{moment:%Y%m%d-%H%M%S}-{noise.randrange(16**6):06x}"
        _copy(patterns[number % _PATTERNS], store.root / run_id, moment.timestamp(), noise)


def _pattern(store: RunStore, number: int) -> Run:
    base = fabricate.TEXT if number % 2 else fabricate.IMAGES
    lr = 1e-4 * (1 + number)
    optimizer = (AdamWConfig(lr=lr) if number % 3 else SGDConfig(lr=lr)).model_dump()
    spec = with_changes(base, {"name": f"run {number}", "training.optimizer": optimizer})
    return fabricate.run_of(store, spec, steps=200 - number, total=200)


def _copy(run: Run, folder: Path, created_at: float, noise: random.Random) -> None:
    folder.mkdir(mode=0o700)
    for part in ("metrics", "requests", "checkpoints"):
        (folder / part).mkdir()
    for path in run.metrics_folder.iterdir():
        os.link(path, folder / "metrics" / path.name)
    record = orjson.loads((run.folder / "run.json").read_bytes())
    record |= {"run_id": folder.name, "created_at": created_at}
    record["spec"]["training"]["reproducibility"]["seed"] = noise.randrange(10**6)
    (folder / "run.json").write_bytes(orjson.dumps(record))
    state = orjson.loads((run.folder / "state.json").read_bytes())
    state["best"]["value"] = noise.random()
    (folder / "state.json").write_bytes(orjson.dumps(state))
