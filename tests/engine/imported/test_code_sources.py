"""Code from anywhere is taken as it is or refused by name; nothing is run, nothing written."""

from __future__ import annotations

import io
import json
import os
import stat
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.models.imported import sources
from engine.models.imported.config_file import read_config
from engine.models.imported.library import CodeLibrary, CodeRefused, code_hash, copy_code
from engine.models.imported.sources import from_files, from_path, from_text, from_zip

NET = b"from torch import nn\n\n\nclass Net(nn.Module):\n    pass\n"


def zipped(members: dict[str, bytes], *, link: str = "") -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
        if link:
            info = zipfile.ZipInfo(link)
            info.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(info, "/etc/passwd")
    return data.getvalue()


def test_a_zip_is_read_without_the_folder_that_all_is_in() -> None:
    data = zipped({"repo-main/model.py": NET, "repo-main/net/x.py": b"", "__MACOSX/._m.py": b"x"})
    assert dict(from_zip(data).files) == {"model.py": NET, "net/x.py": b""}


def test_a_package_keeps_its_folder() -> None:
    kept = from_files({"net/__init__.py": b"", "net/model.py": NET}).files
    assert sorted(kept) == ["net/__init__.py", "net/model.py"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (zipped({"/etc/cron.py": NET}), "'/etc/cron.py': this is no name for a file inside"),
        (zipped({"../out.py": NET}), r"'\.\./out\.py': this is no name for a file inside"),
        (zipped({"a/../../out.py": NET}), "no name for a file inside"),
        (zipped({"C:\\out.py": NET}), "no name for a file inside"),
        (zipped({"model.py": NET}, link="link.py"), "'link.py': this member of the archive is a l"),
        (zipped({f"f{n}.py": b"" for n in range(2_000)}), "more than 500 files"),
        (zipped({"model.py": NET, "zeros.bin": bytes(15_000_000)}), "as bombs do"),
        (zipped({"model.py": NET, "zeros.bin": bytes(25_000_000)}), "more than 20 MB"),
        (zipped({"model.py": NET, "MODEL.py": NET}), "two files of this name"),
        (zipped({"model.py": NET, "source.json": b"{}"}), "this name is taken"),
        (zipped({"readme.md": b"x"}), "no Python file"),
        (b"PK\x03\x04 no archive", "cannot be unpacked"),
        (zipped({"model.py": NET})[:-40], "cannot be unpacked"),
    ],
)
def test_a_dangerous_zip_is_refused_by_name(data: bytes, words: str) -> None:
    with pytest.raises(CodeRefused, match=words):
        from_zip(data)


def test_a_header_that_lies_about_the_size_is_found_out() -> None:
    data = bytearray(zipped({"model.py": NET, "zeros.bin": bytes(3_000_000)}))
    true = (3_000_000).to_bytes(4, "little")
    for place in (data.find(true), data.rfind(true)):
        data[place : place + 4] = (300).to_bytes(4, "little")
    with pytest.raises(CodeRefused, match="archive"):
        from_zip(bytes(data))


@given(st.lists(st.sampled_from(["..", ".", "", "a", "b.py", "/", "C:", "\\"]), max_size=5))
def test_no_name_leads_out_of_the_folder(parts: list[str]) -> None:
    name = "/".join(parts)
    try:
        kept = from_files({"model.py": NET, name: b"x = 1"}).files
    except CodeRefused:
        return
    root = Path("/root/of/code")
    assert all(Path(os.path.normpath(root / n)).is_relative_to(root) for n in kept)


def test_a_file_brings_the_config_beside_it(tmp_path: Path) -> None:
    (tmp_path / "my-net.py").write_bytes(NET)
    (tmp_path / "config.json").write_text('{"width": 3}')
    (tmp_path / "other.py").write_text("1")
    assert sorted(from_path(tmp_path / "my-net.py").files) == ["config.json", "my-net.py"]


def test_a_folder_is_taken_without_what_tools_leave(tmp_path: Path) -> None:
    (tmp_path / "model.py").write_bytes(NET)
    for left in (".git/config", "__pycache__/model.pyc", "net/.hidden"):
        (tmp_path / left).parent.mkdir(exist_ok=True)
        (tmp_path / left).write_text("x")
    assert list(from_path(tmp_path).files) == ["model.py"]


@pytest.mark.parametrize("is_folder", [False, True])
def test_a_link_in_a_folder_is_refused(tmp_path: Path, is_folder: bool) -> None:
    (tmp_path / "model.py").write_bytes(NET)
    (tmp_path / "secret").symlink_to("/etc" if is_folder else "/etc/passwd")
    with pytest.raises(CodeRefused, match="secret: this is a link"):
        from_path(tmp_path)


def test_a_path_that_is_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CodeRefused, match="no Python file, folder or zip"):
        from_path(tmp_path / "gone")


def test_pasted_text_and_its_config() -> None:
    assert sorted(from_text("import torch", '{"a": 1}').files) == ["config.json", "model.py"]
    with pytest.raises(CodeRefused, match="no code in it"):
        from_text("  \n")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b'{"a": ' * 30 + b"1" + b"}" * 30, "nested more than 20 deep"),
        (b"[" * 1_000_000, "nested more than 20 deep"),
        (b'{"a": "' + b"x" * 1_000_001 + b'"}', "larger than 1 MB"),
        (b"[1]", "one object"),
        (b'{"a": NaN}', "NaN is no number of JSON"),
        (b'{"a": ' + b"1" * 4_400 + b"}", "30 digits"),
        (b'{"a": 1,}', "not valid JSON"),
        ('{"a": "é"}'.encode("latin-1"), r"not UTF-8 text \(line 1, byte 0xe9\)"),
        ('{"a": 1}'.encode("utf-16"), "UTF-16"),
    ],
)
def test_a_damaged_config_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(CodeRefused, match=words):
        read_config(data)


def test_a_config_may_begin_with_a_byte_order_mark() -> None:
    text = '{"brackets": "[[[[[[[[[[[[[[[[[[[[[[[[[[", "n": {"x": 1}}'
    assert read_config(b"\xef\xbb\xbf" + text.encode()) == json.loads(text)


# -- the library -----------------------------------------------------------------------------------


def test_the_same_code_has_one_hash_and_another_name_another() -> None:
    assert code_hash({"a.py": b"1", "b.py": b"2"}) == code_hash({"b.py": b"2", "a.py": b"1"})
    hashes = {
        code_hash(f) for f in ({"a.py": b"1"}, {"b.py": b"1"}, {"a.py": b"2"}, {"a.py1": b""})
    }
    assert len(hashes) == 4


def test_code_is_kept_for_its_owner_alone(tmp_path: Path) -> None:
    library = CodeLibrary(tmp_path, now=lambda: 1000.0)
    code = from_files({"net/model.py": NET, "config.json": b"{}"}, place="here").kept_in(library)
    assert library.files(code) == {"net/model.py": NET, "config.json": b"{}"}
    source = library.source(code)
    assert (source.place, source.brought_at) == ("here", 1000.0)
    assert source.files == {"config.json": 2, "net/model.py": len(NET)}
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / ".models").rglob("*")}
    assert modes == {0o700, 0o600}
    assert library.codes() == [code]


def test_changed_code_is_refused(tmp_path: Path) -> None:
    library = CodeLibrary(tmp_path)
    code = from_text("import torch").kept_in(library)
    (library.folder(code) / "notes.txt").write_text("what lies beside is no part of it")
    copy_code(library.folder(code), tmp_path / "copy", code)
    assert sorted(p.name for p in (tmp_path / "copy").iterdir()) == ["model.py", "source.json"]
    (library.folder(code) / "model.py").write_text("import os")
    with pytest.raises(CodeRefused, match="were changed"):
        library.files(code)


def test_consent_is_for_one_hash_and_can_be_taken_back(tmp_path: Path) -> None:
    library = CodeLibrary(tmp_path)
    code, other = (from_text(text).kept_in(library) for text in ("a = 1", "a = 2"))
    library.allow(code)
    assert (CodeLibrary(tmp_path).is_allowed(code), library.is_allowed(other)) == (True, False)
    library.refuse_unless_allowed(code)
    library.forbid(code)
    with pytest.raises(CodeRefused, match="nobody has consented"):
        library.refuse_unless_allowed(code)


def test_the_bounds_are_those_that_are_told() -> None:
    assert (sources.MOST_FILES, sources.MOST_BYTES) == (500, 20_000_000)
