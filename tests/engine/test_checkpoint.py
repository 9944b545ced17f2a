"""Checkpoints are whole and verified, or they do not exist."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from engine import checkpoint
from engine.checkpoint import (
    AVERAGE,
    MANIFEST,
    STATE,
    WEIGHTS,
    Checkpoint,
    CheckpointKeeper,
    Snapshot,
)
from engine.errors import BadCheckpoint
from engine.training_config import CheckpointingConfig


class Tied(nn.Module):
    """A model with one tensor under two names, as language models have."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(5, 3)
        self.head = nn.Linear(3, 5, bias=False)
        self.head.weight = self.embedding.weight


def _saved(root: Path, step: int = 7) -> Path:
    state = {"progress": {"step": step}, "x": torch.ones(2)}
    average = {"embedding.weight": torch.full((5, 3), float(step))}
    return checkpoint.save(root, Snapshot.of(step, Tied(), state, average))


@pytest.mark.parametrize("take", [Snapshot.of, Snapshot.borrowed])
def test_what_was_saved_is_restored(tmp_path: Path, take: Callable[..., Snapshot]) -> None:
    model, other = Tied(), Tied()
    average = {"embedding.weight": torch.rand(3, 5).T}
    checkpoint.save(tmp_path, take(7, model, {"progress": {"step": 7}}, average))
    found, refused = checkpoint.latest(tmp_path)
    assert found is not None
    assert refused == []
    found.restore_model(other)
    assert torch.equal(other.embedding.weight, model.embedding.weight)
    assert other.head.weight is other.embedding.weight
    assert found.trainer_state() == {"progress": {"step": 7}}
    restored = found.average()
    assert restored is not None
    assert list(restored) == ["embedding.weight"]
    assert torch.equal(restored["embedding.weight"], average["embedding.weight"])


def test_without_an_average_there_is_none(tmp_path: Path) -> None:
    folder = checkpoint.save(tmp_path, Snapshot.of(7, Tied(), {}))
    assert sorted(path.name for path in folder.iterdir()) == [MANIFEST, WEIGHTS, STATE]
    assert checkpoint.verified(folder).average() is None


def test_tied_weights_are_written_once(tmp_path: Path) -> None:
    folder = checkpoint.save(tmp_path, Snapshot.of(7, Tied(), {}))
    assert list(load_file(folder / WEIGHTS)) == ["embedding.weight"]


@pytest.mark.parametrize("kept", ["embedding.weight", "head.weight"])
def test_whichever_name_of_tied_weights_was_kept_they_are_restored(
    tmp_path: Path, kept: str
) -> None:
    model = Tied()
    folder = checkpoint.save(tmp_path, Snapshot.of(7, Tied(), {}))
    save_file({kept: torch.ones(5, 3)}, folder / WEIGHTS)
    Checkpoint(folder, 7).restore_model(model)
    assert torch.equal(model.head.weight, torch.ones(5, 3))


@pytest.mark.parametrize("name", [WEIGHTS, STATE, AVERAGE, MANIFEST])
@pytest.mark.parametrize("damage", ["truncated", "missing", "one bit"])
def test_a_damaged_file_is_refused_by_name_and_the_one_before_is_offered(
    tmp_path: Path, name: str, damage: str
) -> None:
    _saved(tmp_path, 6)
    file = _saved(tmp_path, 7) / name
    content = file.read_bytes()
    if damage == "missing":
        file.unlink()
    elif damage == "truncated":
        file.write_bytes(content[: len(content) // 2])
    else:
        middle = len(content) // 2
        file.write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])
    found, refused = checkpoint.latest(tmp_path)
    assert found is not None
    assert found.step == 6
    assert "step-000000007" in str(refused[0])


@pytest.mark.parametrize(
    "manifest", ["", "[]", "{}", '{"format": 99, "step": 1, "files": {}}', '{"format": 1}', "null"]
)
def test_a_foreign_manifest_is_refused(tmp_path: Path, manifest: str) -> None:
    (_saved(tmp_path) / MANIFEST).write_text(manifest)
    found, refused = checkpoint.latest(tmp_path)
    assert found is None
    assert len(refused) == 1


def test_weights_of_another_architecture_are_refused(tmp_path: Path) -> None:
    _saved(tmp_path)
    found, _ = checkpoint.latest(tmp_path)
    assert found is not None
    with pytest.raises(BadCheckpoint, match="do not fit the model"):
        found.restore_model(nn.Linear(2, 2))


@pytest.mark.parametrize("call", ["fsync", "write"])
def test_a_failed_save_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    _saved(tmp_path, 6)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, call, full)
    with pytest.raises(OSError, match="No space left"):
        _saved(tmp_path, 7)
    assert [path.name for path in tmp_path.iterdir()] == ["step-000000006"]


@pytest.mark.parametrize(
    ("keep_last", "best", "left"),
    [
        (2, [], [4, 5]),
        (2, [1], [1, 4, 5]),
        (2, [1, 3], [1, 3, 4, 5]),
        (1, [5], [5]),
        (9, [2], [1, 2, 3, 4, 5]),
        (1, [2, 77], [2, 5]),
    ],
)
def test_the_newest_and_the_best_are_kept(
    tmp_path: Path, keep_last: int, best: list[int], left: list[int]
) -> None:
    keeper = CheckpointKeeper(tmp_path, CheckpointingConfig(keep_last=keep_last))
    for step in range(1, 6):
        keeper.save(Snapshot.of(step, Tied(), {}))
        keeper.prune(best)
    assert [int(path.name[5:]) for path in checkpoint.folders(tmp_path)] == left
