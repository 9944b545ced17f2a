"""What was damaged on the disk is whole again once it is brought in again, as its message says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.models.hugging_face.intake import from_folder
from engine.models.hugging_face.library import HuggingFaceLibrary, checked
from engine.models.imported.library import CodeLibrary

FILES = {"model.py": b"x = 1", "deep/part.py": b""}


@pytest.mark.parametrize("name", ["model.py", "source.json"])
def test_code(tmp_path: Path, name: str) -> None:
    library = CodeLibrary(tmp_path)
    code = library.add(FILES, kind="files", place="here")
    (library.folder(code) / name).write_text("damaged")
    assert library.add(FILES, kind="files", place="here") == code
    assert library.files(code) == FILES


@pytest.mark.parametrize("name", ["config.json", "source.json"])
def test_a_model_of_hugging_face(tmp_path: Path, name: str) -> None:
    folder, library = tmp_path / "tiny", HuggingFaceLibrary(tmp_path)
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"model_type": "gpt2"}))
    content = from_folder(library, folder)
    (library.folder(content) / name).write_text("damaged")
    assert library.find("some/model", "0" * 40) is None
    assert from_folder(library, folder) == content
    assert checked(library.folder(content), content).model_type == "gpt2"
    assert [path.name for path in library.root.iterdir()] == [content]
