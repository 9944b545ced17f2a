"""A name on the hub becomes a commit, and its files come once; tried against a stand-in for it."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from engine.models.hugging_face import hub as hubs
from engine.models.hugging_face.extras import ExtraMissing
from engine.models.hugging_face.files import ModelRefused
from engine.models.hugging_face.hub import Hub, from_hub
from engine.models.hugging_face.library import HuggingFaceLibrary
from tests.engine.hugging_face.test_library import GPT2, safetensors

COMMIT = "c" * 40
FILES = {
    "config.json": json.dumps(GPT2).encode(),
    "model.safetensors": safetensors(3),
    "tokenizer.json": b"{}",
    "README.md": b"read me",
    "model.py": b"raise SystemExit",
    "onnx/model.onnx": b"other",
    "..": b"",
}


class StandIn(BaseHTTPRequestHandler):
    """Answers the calls that are made of the hub, and notes them."""

    asked: list[str] = []
    files = FILES

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        path = self.path.partition("?")[0]
        self.asked.append(f"{self.command} {path}")
        if path == "/api/models/me/tiny/revision/main" or path.endswith(f"revision/{COMMIT}"):
            listed = [{"rfilename": n, "size": len(data)} for n, data in self.files.items()]
            about = {"id": "me/tiny", "modelId": "me/tiny", "sha": COMMIT, "siblings": listed}
            self._send(200, json.dumps(about).encode(), body=body)
        elif path.startswith("/me/tiny/resolve/"):
            commit, _, name = path.removeprefix("/me/tiny/resolve/").partition("/")
            assert commit == COMMIT
            self._send(200, self.files[name], body=body)
        elif path.startswith("/api/models/me/tiny/revision/"):
            self._send(404, b"", body=body, error="RevisionNotFound")
        elif "gated" in path:
            self._send(403, b"", body=body, error="GatedRepo")
        else:
            self._send(404, b"", body=body, error="RepoNotFound")

    def _send(self, status: int, data: bytes, *, body: bool, error: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("ETag", f'"{hashlib.sha256(data).hexdigest()}"')
        self.send_header("X-Repo-Commit", COMMIT)
        if error:
            self.send_header("X-Error-Code", error)
        self.end_headers()
        if body:
            self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), StandIn)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield Hub(f"http://127.0.0.1:{server.server_port}", token=False)
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def library(tmp_path: Path) -> HuggingFaceLibrary:
    StandIn.asked.clear()
    return HuggingFaceLibrary(tmp_path)


def test_a_model_is_downloaded_once_at_a_commit(library: HuggingFaceLibrary, hub: Hub) -> None:
    told: list[tuple[int, int]] = []
    content = from_hub(library, "me/tiny", hub=hub, progress=lambda *done: told.append(done))
    held = library.held(content)
    assert (held.place, held.name, held.revision) == ("hub", "me/tiny", COMMIT)
    assert sorted(held.files) == ["config.json", "model.safetensors", "tokenizer.json"]
    assert (library.folder(content) / "model.safetensors").read_bytes() == safetensors(3)
    assert told[-1] == (held.bytes, held.bytes)
    StandIn.asked.clear()
    assert from_hub(library, "me/tiny", revision=COMMIT, hub=hub) == content
    assert [asked for asked in StandIn.asked if "resolve" in asked] == []
    assert os.listdir(library.root) == [content]


def test_code_comes_only_where_it_is_asked_for(library: HuggingFaceLibrary, hub: Hub) -> None:
    bare = from_hub(library, "me/tiny", hub=hub)
    coded = from_hub(library, "me/tiny", code=True, hub=hub)
    assert bare != coded
    assert "model.py" in library.held(coded).files


@pytest.mark.parametrize(
    ("name", "revision", "said"),
    [
        ("me/other", "main", "there is no such model on the hub, or it is private"),
        ("me/gated", "main", "its owner gives access only to those who ask"),
        ("me/tiny", "v9", "has no branch, tag or commit 'v9'"),
        ("../../etc", "main", "is no name of a model on the hub"),
        ("me/tiny/x", "main", "is no name of a model on the hub"),
        ("me tiny", "main", "is no name of a model on the hub"),
        ("a" * 100, "main", "is no name of a model on the hub"),
        ("me/tiny", "../x", "is no branch, tag or commit"),
    ],
)
def test_names_that_are_none_are_refused(
    library: HuggingFaceLibrary, hub: Hub, name: str, revision: str, said: str
) -> None:
    with pytest.raises(ModelRefused, match=said):
        from_hub(library, name, revision=revision, hub=hub)
    assert library.hashes() == []


def test_a_hub_that_does_not_answer_is_told(library: HuggingFaceLibrary) -> None:
    with pytest.raises(ModelRefused, match="cannot be downloaded from the hub"):
        from_hub(library, "me/tiny", hub=Hub("http://127.0.0.1:9", token=False))


def test_what_is_odd_is_refused_and_leaves_nothing(
    library: HuggingFaceLibrary, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(StandIn, "files", {**FILES, "model.safetensors": b"short"})
    with pytest.raises(ModelRefused, match="no whole file of safetensors"):
        from_hub(library, "me/tiny", hub=hub)
    assert os.listdir(library.root) == []


def test_without_the_package_one_sentence_says_how_to_install_it(
    library: HuggingFaceLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hubs, "installed", lambda name: False)
    with pytest.raises(ExtraMissing, match="need huggingface_hub. Install with"):
        from_hub(library, "me/tiny")
