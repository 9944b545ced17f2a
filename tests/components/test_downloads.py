"""Files of a run are given away by name, streamed, and nothing else is."""

from __future__ import annotations

import io
import json
import zipfile

import pytest
from starlette.applications import Starlette

from components import downloads
from engine.runs.checkpoint_files import STATE, WEIGHTS, folder_of
from engine.runs.store import RunStore
from tests import fabricate
from tests.asgi import get


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "runs")


@pytest.fixture
def run(store):
    run = fabricate.run_of(store)
    fabricate.checkpoint_of(run, 100)
    (run.folder / "worker.log").write_text("printed\n")
    return run


@pytest.fixture
def app(store):
    return Starlette(routes=downloads.routes(store, allowed_hosts=("localhost",)))


def test_a_log_is_downloaded_as_it_is(app, run):
    answer = get(app, downloads.log_url(run.id, "worker.log"))
    assert (answer.status, answer.content) == (200, b"printed\n")
    assert f'filename="{run.id}-worker.log"' in answer.headers["content-disposition"]
    assert answer.headers["content-disposition"].startswith("attachment")


def test_the_weights_are_a_file(app, run):
    answer = get(app, downloads.checkpoint_url(run.id, 100, WEIGHTS))
    assert answer.content == b"model.safetensors of step 100"
    assert f"{run.id}-step-000000100-model.safetensors" in answer.headers["content-disposition"]


def test_all_of_a_checkpoint_is_a_zip_with_its_folder(app, run):
    answer = get(app, downloads.checkpoint_url(run.id, 100))
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert archive.testzip() is None
    names = {f"step-000000100/{name}" for name in (WEIGHTS, STATE, "manifest.json")}
    assert set(archive.namelist()) == names
    assert archive.read(f"step-000000100/{STATE}") == b"trainer.pt of step 100"


def test_a_zip_is_made_piece_by_piece(tmp_path):
    paths = [tmp_path / name for name in ("a", "b")]
    for path in paths:
        path.write_bytes(bytes(5 * 1024 * 1024))
    pieces = list(downloads.zipped(paths, "x"))
    assert max(map(len, pieces)) < 2 * 1024 * 1024
    assert zipfile.ZipFile(io.BytesIO(b"".join(pieces))).testzip() is None


@pytest.mark.parametrize(
    "rest",
    [
        "{run}/logs/run.json",
        "{run}/logs/..%2frun.json",
        "{run}/logs/owner.lock",
        "{run}/checkpoints/100/secret",
        "{run}/checkpoints/100/..%2f..%2frun.json",
        "{run}/checkpoints/200/all.zip",
        "{run}/checkpoints/-1/all.zip",
        "{run}/checkpoints/x/all.zip",
        "{run}/checkpoints/99999999999999999999/all.zip",
        "20200101-000000-aaaaaa/logs/worker.log",
        "..%2f..%2fetc/logs/worker.log",
        "%00/logs/worker.log",
    ],
)
def test_nothing_else_is_given_away(app, run, rest):
    assert get(app, f"{downloads.PREFIX}/{rest.format(run=run.id)}").status == 404


def test_links_lead_nowhere(app, run, tmp_path):
    (tmp_path / "secret").write_text("secret")
    (run.folder / "worker.log").unlink()
    (run.folder / "worker.log").symlink_to(tmp_path / "secret")
    assert get(app, downloads.log_url(run.id, "worker.log")).status == 404
    weights = folder_of(run.folder / "checkpoints", 100) / WEIGHTS
    weights.unlink()
    weights.symlink_to(tmp_path / "secret")
    assert get(app, downloads.checkpoint_url(run.id, 100, WEIGHTS)).status == 404
    assert b"secret" not in get(app, downloads.checkpoint_url(run.id, 100)).content


def test_a_checkpoint_whose_folder_is_a_link_is_refused(app, run, tmp_path):
    folder = folder_of(run.folder / "checkpoints", 100)
    folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")
    assert get(app, downloads.checkpoint_url(run.id, 100, WEIGHTS)).status == 409


def test_a_damaged_manifest_is_said(app, run):
    (folder_of(run.folder / "checkpoints", 100) / "manifest.json").write_text("{")
    answer = get(app, downloads.checkpoint_url(run.id, 100))
    assert answer.status == 409
    assert "manifest.json is damaged" in json.loads(answer.content)["error"]


def test_another_host_name_is_refused(app, run):
    address = downloads.log_url(run.id, "worker.log")
    assert get(app, address, host="evil.example").status == 403
