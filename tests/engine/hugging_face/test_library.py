"""Models of Hugging Face are brought in whole, checked and bounded; whatever is odd is refused."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.errors import EngineError
from engine.models.holding import take_from_library, take_from_run
from engine.models.hugging_face import files, intake
from engine.models.hugging_face.files import ModelRefused
from engine.models.hugging_face.intake import from_folder, from_uploads, is_model
from engine.models.hugging_face.library import HuggingFaceLibrary
from engine.models.hugging_face.spec import FromFiles, HuggingFaceModel, LoRATuning
from engine.models.imported.library import CODE, CodeLibrary, in_the_way
from engine.models.version import version_of

GPT2 = {"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "n_embd": 4}


@pytest.fixture
def library(tmp_path: Path) -> HuggingFaceLibrary:
    (tmp_path / "runs").mkdir()
    return HuggingFaceLibrary(tmp_path / "runs", now=lambda: 7.0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model as small as they come: two numbers."""
    made = tmp_path / "tiny"
    made.mkdir()
    (made / "config.json").write_text(json.dumps(GPT2))
    (made / "model.safetensors").write_bytes(safetensors())
    return made


def safetensors(numbers: int = 2) -> bytes:
    tensor = {"dtype": "F32", "shape": [numbers], "data_offsets": [0, 4 * numbers]}
    header = json.dumps({"__metadata__": {"format": "pt"}, "w": tensor}).encode()
    return struct.pack("<Q", len(header)) + header + bytes(4 * numbers)


def spec(content: str, **more: object) -> HuggingFaceModel:
    origin = {"source": "files", "content": content, **more}
    return HuggingFaceModel.parse({"kind": "hugging-face", "origin": origin})


def test_only_what_makes_the_model_is_taken(library: HuggingFaceLibrary, folder: Path) -> None:
    for name in ("tokenizer.json", "merges.txt", "README.md", "model.py", "optimizer.pt", "x.bin"):
        (folder / name).write_text("{}")
    (folder / ".git").mkdir()
    told: list[tuple[int, int]] = []
    content = from_folder(library, folder, progress=lambda done, total: told.append((done, total)))
    held = library.held(content)
    taken = ["config.json", "merges.txt", "model.safetensors", "tokenizer.json"]
    assert sorted(held.files) == taken
    assert sorted(os.listdir(library.folder(content))) == sorted([*taken, "source.json"])
    assert (held.parameters, held.weights, held.tokenizer, held.code) == (
        2,
        "safetensors",
        True,
        False,
    )
    assert (held.model_type, held.architectures) == ("gpt2", ("GPT2LMHeadModel",))
    assert (held.place, held.name, held.brought_at) == ("folder", str(folder), 7.0)
    assert told[0] == (0, held.bytes)
    assert told[-1] == (held.bytes, held.bytes)
    assert library.hashes() == [content]


def test_the_same_files_have_the_same_hash_wherever_from(
    library: HuggingFaceLibrary, folder: Path
) -> None:
    content = from_folder(library, folder)
    assert from_folder(library, folder.rename(folder.with_name("moved"))) == content
    assert library.held(content).name.endswith("tiny"), "what is there stays"
    library.remove(content)
    assert library.hashes() == []
    assert os.listdir(library.root) == []


def test_parts_of_weights_come_along(library: HuggingFaceLibrary, folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    for number in (1, 2):
        (folder / f"model-{number}.safetensors").write_bytes(safetensors(number))
    index = {"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    assert library.held(from_folder(library, folder)).parameters == 3


def _write(name: str, data: bytes | str) -> Callable[[Path], None]:
    raw = data.encode() if isinstance(data, str) else data
    return lambda folder: (folder / name).write_bytes(raw) and None


def _config(**changes: object) -> Callable[[Path], None]:
    return _write("config.json", json.dumps({**GPT2, **changes}))


def _link(target: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (folder / "tokenizer.json").symlink_to(target)

    return change


def _without(name: str, *others: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (folder / name).unlink()
        for other in others:
            (folder / other).write_text("{}")

    return change


def _index(weight_map: object) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (folder / "model.safetensors").unlink()
        index = json.dumps({"weight_map": weight_map})
        (folder / "model.safetensors.index.json").write_text(index)

    return change


HOSTILE: dict[str, tuple[Callable[[Path], None], str]] = {
    "no config": (_without("config.json"), "there is no config.json in it, which every model"),
    "an adapter": (_without("config.json", "adapter_config.json"), "it holds an adapter"),
    "broken json": (_write("config.json", "{"), "not valid JSON"),
    "a list": (_write("config.json", "[]"), "must hold one object"),
    "nested without end": (_write("config.json", "[" * 10_000), "nested more than 20 deep"),
    "a huge config": (_write("config.json", " " * 1_000_001), "larger than 1 MB"),
    "no text": (_write("config.json", b"\xff\xfe\x00"), "UTF-16"),
    "no architecture": (_config(model_type=None), "does not say its model_type"),
    "quantised": (_config(quantization_config={"bits": 4}), "has a quantization_config"),
    "kernels": (_config(kernel_config={"a": "b"}), "has a kernel_config"),
    "a kernel's name": (_config(attn_implementation="some/kernel"), "names code on the hub"),
    "others' code": (_config(auto_map={"AutoModel": "a/b--c.D"}), "another repository"),
    "pickled": (_without("model.safetensors", "pytorch_model.bin"), "these weights are pickled"),
    "half a file": (_write("model.safetensors", safetensors()[:-1]), "not as long as its header"),
    "no header": (_write("model.safetensors", b"abc"), "no whole file of safetensors"),
    "a bomb of a header": (_write("model.safetensors", b"\xff" * 16), "longer than the file"),
    "a link that leads out": (_link("/etc/hostname"), "a link that leads out of the folder"),
    "a link to nothing": (_link("nothing.json"), "a link to nothing"),
    "a missing part": (_index({"a": "gone.safetensors"}), "names 'gone.safetensors', which is not"),
    "a part elsewhere": (_index({"a": "../x.safetensors"}), "which is not there"),
    "parts that are none": (_index([1]), "does not name the parts"),
    "a part that is code": (_index({"a": "config.json"}), "'config.json' as weights"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_what_is_odd_is_refused_and_leaves_nothing(
    library: HuggingFaceLibrary, folder: Path, case: str
) -> None:
    change, said = HOSTILE[case]
    change(folder)
    with pytest.raises(ModelRefused, match=said):
        from_folder(library, folder)
    assert library.hashes() == []
    assert not library.root.exists() or os.listdir(library.root) == []


@pytest.mark.parametrize("path", ["nowhere", "tiny/config.json", "a\0b", "~nobody-here/x"])
def test_a_path_that_is_no_folder_is_refused(
    library: HuggingFaceLibrary, folder: Path, path: str
) -> None:
    with pytest.raises(ModelRefused, match="no such folder|a folder is needed|is no path"):
        from_folder(library, folder.parent / path if path[0] != "~" else Path(path))


def test_a_server_reads_models_only_from_its_roots(
    library: HuggingFaceLibrary, folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(ModelRefused, match="models are only read from .*elsewhere"):
        from_folder(library, folder, roots=[tmp_path / "elsewhere"])
    assert from_folder(library, folder, roots=[tmp_path])


def test_links_of_the_hubs_cache_are_followed(library: HuggingFaceLibrary, folder: Path) -> None:
    cache = folder.with_name("cache")
    (cache / "snapshots").mkdir(parents=True)
    (cache / "blobs").mkdir()
    (folder / "config.json").rename(cache / "blobs" / "abc")
    snapshot = folder.rename(cache / "snapshots" / "1234")
    (snapshot / "config.json").symlink_to("../../blobs/abc")
    assert library.held(from_folder(library, snapshot)).model_type == "gpt2"


def test_masses_are_refused(
    library: HuggingFaceLibrary, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(files, "MOST_BYTES", 50)
        with pytest.raises(ModelRefused, match="its files have .* GB; at most"):
            from_folder(library, folder)
    with monkeypatch.context() as patch:
        patch.setattr(files, "MOST_SMALL_BYTES", 50)
        with pytest.raises(ModelRefused, match=r"config\.json: it is larger than"):
            from_folder(library, folder)
    with monkeypatch.context() as patch:
        patch.setattr(intake, "SPARE_BYTES", 1 << 62)
        with pytest.raises(ModelRefused, match="GB free, of which 1 is left alone. Make room"):
            from_folder(library, folder)


def test_copying_can_be_ended_and_leaves_nothing(library: HuggingFaceLibrary, folder: Path) -> None:
    def stop(done: int, total: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        from_folder(library, folder, progress=stop)
    assert os.listdir(library.root) == []


def test_a_run_holds_the_files_and_a_fork_takes_them_from_it(
    library: HuggingFaceLibrary, folder: Path, tmp_path: Path
) -> None:
    model = spec(from_folder(library, folder))
    run, child = tmp_path / "a", tmp_path / "b"
    run.mkdir()
    child.mkdir()
    take_from_library(model, library.runs, run)
    library.remove(model.content or "")
    take_from_run(model, run, child)
    for place in (run, child):
        assert (place / CODE / "model.safetensors").read_bytes() == safetensors()
    with pytest.raises(ModelRefused, match=r"Bring it in again .* engine models import"):
        take_from_library(model, library.runs, tmp_path / "c")


def said(model: HuggingFaceModel, library: HuggingFaceLibrary, launcher: str = "auto") -> str:
    return "; ".join(str(problem) for problem in in_the_way(model, library.runs, launcher))


def test_what_is_in_the_way_is_known_before_a_run(
    library: HuggingFaceLibrary, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = from_folder(library, folder)
    assert said(spec(content), library) == ""
    assert "process of their own, never in the server" in said(spec(content), library, "thread")
    assert "its files are not in" in said(spec("0" * 64), library)
    assert "no Python code came" in said(spec(content, trust_remote_code=True), library)
    (folder / "model.safetensors").unlink()
    bare = from_folder(library, folder)
    assert "its files hold no weights" in said(spec(bare), library)
    assert said(spec(bare, weights="random"), library) == ""
    monkeypatch.setattr("engine.models.hugging_face.extras.installed", lambda name: name != "peft")
    tuned = spec(content).model_copy(update={"tuning": LoRATuning()})
    assert "needs peft" in said(tuned, library)
    assert "pip install -r requirements-extras.txt" in said(tuned, library)


def test_code_that_comes_along_needs_consent(library: HuggingFaceLibrary, folder: Path) -> None:
    _config(auto_map={"AutoModelForCausalLM": "model.Model"})(folder)
    (folder / "model.py").write_text("raise SystemExit")
    assert library.held(from_folder(library, folder)).needs_code
    content = from_folder(library, folder, code=True)
    model = spec(content, trust_remote_code=True)
    assert "nobody has consented" in said(model, library)
    CodeLibrary(library.runs).allow(content)
    assert said(model, library) == ""
    assert said(spec(content), library) == "", "its code is not run"


def test_a_name_is_no_part_of_a_version() -> None:
    one, same = (FromFiles(content="0" * 64, name=name, revision=name) for name in "ab")
    other = FromFiles(content="0" * 64, weights="random")
    versions = [version_of(HuggingFaceModel(origin=origin)) for origin in (one, same, other)]
    assert versions[0] == versions[1] != versions[2]


def test_damaged_notes_are_told(library: HuggingFaceLibrary, folder: Path) -> None:
    content = from_folder(library, folder)
    (library.folder(content) / "source.json").write_text("{}")
    with pytest.raises(EngineError, match="Bring it in again"):
        library.held(content)


def test_an_upload_is_the_same_model_as_its_folder(
    library: HuggingFaceLibrary, folder: Path
) -> None:
    files = {f"tiny/{path.name}": path.read_bytes() for path in folder.iterdir()}
    uploaded = from_uploads(library, {**files, "tiny/deep/config.json.bak": b""})
    assert library.held(uploaded).name == "tiny"
    assert uploaded == from_folder(library, folder)


def test_an_uploaded_configuration_alone_begins_with_random_weights(
    library: HuggingFaceLibrary,
) -> None:
    content = from_uploads(library, {"config.json": json.dumps(GPT2).encode()})
    version = library.version(content)
    assert isinstance(version.origin, FromFiles)
    assert (version.shown_name, version.origin.weights) == ("gpt2", "random")
    assert is_model(["config.json"], json.dumps(GPT2).encode())
    assert not is_model(["config.json", "model.py"], json.dumps(GPT2).encode())
    assert not is_model(["config.json"], b'{"n_layer": 2}')
    with pytest.raises(ModelRefused, match=r"config\.json"):
        from_uploads(library, {"notes.json": b"{}"})
