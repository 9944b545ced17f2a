"""Checkpoints that somebody made up, with right digests: refused by name, and no code runs."""

from __future__ import annotations

import hashlib
import io
import json
import os
import random
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from engine import checkpoint
from engine.checkpoint import MANIFEST, STATE, WEIGHTS, CheckpointKeeper, Snapshot
from engine.errors import BadCheckpoint
from engine.training_config import CheckpointingConfig


def saved(root: Path, step: int = 7) -> Path:
    state = {"progress": {"step": step}, "x": torch.ones(2)}
    return checkpoint.save(root, Snapshot.of(step, nn.Linear(3, 4), state))


def signed(folder: Path, **others: str) -> None:
    """Give a folder a manifest that fits whatever is in it."""
    digests = {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in (WEIGHTS, STATE)
    }
    step = int(folder.name.removeprefix("step-"))
    manifest = {"format": 1, "step": step, "files": digests | others}
    (folder / MANIFEST).write_text(json.dumps(manifest))


class Evil:
    """Runs a command when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch {self.trace}",)


def a_pickle_that_runs_code(folder: Path) -> None:
    torch.save({"progress": Evil(folder.parent / "was-run")}, folder / STATE)
    signed(folder)


def an_old_pickle_that_runs_code(folder: Path) -> None:
    evil = {"progress": Evil(folder.parent / "was-run")}
    torch.save(evil, folder / STATE, _use_new_zipfile_serialization=False)
    signed(folder)


def no_dictionary(folder: Path) -> None:
    torch.save([1, 2], folder / STATE)
    signed(folder)


def a_file_outside(folder: Path) -> None:
    outside = folder.parent / "outside"
    outside.write_bytes(b"x")
    signed(folder, **{"../outside": hashlib.sha256(b"x").hexdigest()})


def an_absolute_file(folder: Path) -> None:
    signed(folder, **{"/etc/passwd": hashlib.sha256(Path("/etc/passwd").read_bytes()).hexdigest()})


def a_header_larger_than_memory(folder: Path) -> None:
    (folder / WEIGHTS).write_bytes((2**60).to_bytes(8, "little") + b"{}")
    signed(folder)


def a_tensor_larger_than_the_file(folder: Path) -> None:
    entry = {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 2**42]}
    header = json.dumps({"weight": entry}).encode()
    (folder / WEIGHTS).write_bytes(len(header).to_bytes(8, "little") + header)
    signed(folder)


def a_link_to_a_file(folder: Path) -> None:
    outside = folder.parent / "outside"
    (folder / WEIGHTS).rename(outside)
    (folder / WEIGHTS).symlink_to(outside)


def a_link_to_a_manifest(folder: Path) -> None:
    outside = folder.parent / "outside"
    (folder / MANIFEST).rename(outside)
    (folder / MANIFEST).symlink_to(outside)


def a_link_to_a_folder(folder: Path) -> None:
    outside = folder.parent / "outside"
    folder.rename(outside)
    folder.symlink_to(outside)


def a_pipe_that_never_ends(folder: Path) -> None:
    (folder / STATE).unlink()
    os.mkfifo(folder / STATE)


def another_step(folder: Path) -> None:
    (folder.parent / "other").mkdir()
    for file in saved(folder.parent / "other", 3).iterdir():
        (folder / file.name).write_bytes(file.read_bytes())


def a_manifest_without_end(folder: Path) -> None:
    with (folder / MANIFEST).open("ab") as file:
        file.truncate(2**33)


def a_manifest_nested_too_deep(folder: Path) -> None:
    (folder / MANIFEST).write_text("[" * 90_000)


def a_negative_step(folder: Path) -> None:
    manifest = json.loads((folder / MANIFEST).read_text()) | {"step": -7}
    (folder / MANIFEST).write_text(json.dumps(manifest))


ATTACKS: list[tuple[Callable[[Path], None], str]] = [
    (a_pickle_that_runs_code, "trainer.pt cannot be read safely"),
    (an_old_pickle_that_runs_code, "trainer.pt cannot be read safely"),
    (no_dictionary, "trainer.pt does not hold a trainer's state"),
    (a_file_outside, "files of no checkpoint: '../outside'"),
    (an_absolute_file, "files of no checkpoint: '/etc/passwd'"),
    (a_header_larger_than_memory, "model.safetensors cannot be read safely"),
    (a_tensor_larger_than_the_file, "model.safetensors cannot be read safely"),
    (a_link_to_a_file, "model.safetensors is not a plain file"),
    (a_link_to_a_manifest, "manifest.json is not a plain file"),
    (a_link_to_a_folder, "it is a link to another folder"),
    (a_pipe_that_never_ends, "trainer.pt is not a plain file"),
    (another_step, "it was saved as step 3"),
    (a_manifest_without_end, "manifest.json is damaged"),
    (a_manifest_nested_too_deep, "manifest.json is damaged"),
    (a_negative_step, "it was saved as step -7"),
]


@pytest.mark.parametrize(
    ("attack", "reason"), ATTACKS, ids=lambda value: getattr(value, "__name__", "")
)
def test_it_is_refused_by_name_and_the_one_before_is_used(
    tmp_path: Path, attack: Callable[[Path], None], reason: str
) -> None:
    saved(tmp_path, 6)
    attack(saved(tmp_path, 7))
    found, refused = CheckpointKeeper(tmp_path, CheckpointingConfig()).open_latest()
    assert found is not None
    assert found.step == 6
    assert str(refused[0]).startswith("Checkpoint step-000000007 is refused: ")
    assert reason in str(refused[0])
    assert not (tmp_path / "was-run").exists()
    assert (tmp_path / "step-000000007.refused").is_dir()


def test_what_a_refused_link_leads_to_is_left_alone(tmp_path: Path) -> None:
    saved(tmp_path, 6)
    a_link_to_a_folder(saved(tmp_path, 7))
    CheckpointKeeper(tmp_path, CheckpointingConfig()).open_latest()
    checkpoint.save(tmp_path, Snapshot.of(7, nn.Linear(3, 4), {}))
    CheckpointKeeper(tmp_path, CheckpointingConfig(keep_last=1)).prune([])
    assert sorted(path.name for path in (tmp_path / "outside").iterdir()) == [
        MANIFEST,
        WEIGHTS,
        STATE,
    ]


def test_what_is_checked_is_refused_again_when_it_is_read(tmp_path: Path) -> None:
    folder = saved(tmp_path)
    found = checkpoint.verified(folder)
    a_pickle_that_runs_code(folder)
    with pytest.raises(BadCheckpoint, match="cannot be read safely"):
        found.trainer_state()
    a_header_larger_than_memory(folder)
    with pytest.raises(BadCheckpoint, match="cannot be read safely"):
        found.restore_model(nn.Linear(3, 4))
    assert not (tmp_path / "was-run").exists()


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
def test_a_state_with_bent_bits_is_read_or_refused(tmp_path: Path) -> None:
    """Whatever torch.load makes of it, nothing but our own refusal comes out."""
    folder = saved(tmp_path)
    good = (folder / STATE).read_bytes()
    chance = random.Random(0)
    found = checkpoint.Checkpoint(folder, 7)
    refused = 0
    for _ in range(300):
        (folder / STATE).write_bytes(_bent(good, chance))
        for read in (found.trainer_state, found.refuse_unreadable):
            try:
                read()
            except BadCheckpoint:
                refused += 1
    assert refused > 300


def _bent(content: bytes, chance: random.Random) -> bytes:
    """The archive with one to three other bytes in its pickle."""
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(changed, "w") as new:
        for name in old.namelist():
            data = bytearray(old.read(name))
            if name.endswith("data.pkl"):
                for _ in range(chance.randint(1, 3)):
                    data[chance.randrange(len(data))] = chance.randrange(256)
            new.writestr(name, bytes(data))
    return changed.getvalue()


def test_foreign_things_beside_checkpoints_are_no_obstacle(tmp_path: Path) -> None:
    saved(tmp_path, 6)
    (tmp_path / "step-000000009.part").symlink_to("/etc")
    (tmp_path / "step-000000008.part").write_text("a file")
    (tmp_path / "step-nine").mkdir()
    (tmp_path / "step-file").write_text("a file")
    (tmp_path / "notes.txt").write_text("mine")
    found, refused = CheckpointKeeper(tmp_path, CheckpointingConfig()).open_latest()
    assert found is not None
    assert found.step == 6
    assert len(refused) == 2
    assert Path("/etc").is_dir()
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_weights_of_a_wrong_shape_are_refused(tmp_path: Path) -> None:
    folder = saved(tmp_path)
    save_file({"weight": torch.ones(2, 2), "bias": torch.ones(4)}, folder / WEIGHTS)
    with pytest.raises(BadCheckpoint, match="do not fit the model"):
        checkpoint.Checkpoint(folder, 7).restore_model(nn.Linear(3, 4))
