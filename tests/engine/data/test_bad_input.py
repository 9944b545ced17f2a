"""What cannot be read is refused in plain words, and what was there before stays as it was."""

import errno
import gzip
import json
import re

import pytest

from engine.data.intake import streams
from engine.data.intake.places import ROOTS, hosted_access
from engine.data.intake.recognising import source_of
from engine.data.intake.source import Access, Options
from engine.data.library import writing
from engine.data.library.errors import DataRefused, WrongEncoding
from engine.data.library.library import DataLibrary
from engine.data.progress import Cancelled
from engine.errors import EngineError
from tests.engine.data import files
from tests.engine.data.files import file, taken_in

CASES = {
    "wrong encoding": (
        "a.csv",
        "name,x\nJosé,1\nMüller,2\nÅsa façade déjà vu,3\n".encode("cp1252"),
        r"a\.csv: is not utf-8 text \(line 2\)\. It looks like cp1252; read it with encoding",
    ),
    "too few values": (
        "a.csv",
        "a,b,c\n1,2,3\n4,5\n",
        r"row 3 has 2 values where there are 3 columns: the column 'c' and those after it have "
        r"none \('4,5'\).*ragged = skip",
    ),
    "too many values": (
        "a.csv",
        "a,b\n1,2\n3,4,5\n",
        r"row 3 has 3 values where there are 2 columns: there is no column for what follows 'b'",
    ),
    "texts among numbers": (
        "a.csv",
        "age\n" + "7\n" * 30 + "unknown\n",
        r"column 'age': has 30 numbers and 1 other values, the first in row 31: 'unknown'.*"
        "missing value, or take the column as texts",
    ),
    "mixed types": (
        "a.jsonl",
        '{"label": 1}\n{"label": "one"}\n',
        r"column 'label': has values of several types: 1 × integer \(the first in line 1\), "
        r"1 × text \(the first in line 2\)",
    ),
    "an empty file": ("a.csv", "", r"a\.csv: is empty"),
    "a header alone": ("a.csv", "a,b\n", r"a\.csv: has no rows"),
    "nothing but empty lines": ("a.txt", "\n\n", r"a\.txt: has no rows"),
    "a NUL byte": ("a.csv", "a,b\n1,2\n3,\0\n", "line 3 has a NUL byte"),
    "a NUL byte in a text": ("a.txt", "x\n\0", "line 2 has a NUL byte.*UTF-16"),
    "a broken line": (
        "a.jsonl",
        '{"a": 1}\n{"a": \n{"a": 3}\n',
        r"line 2 is no JSON record .*'\{\"a\": '\. .*broken = skip",
    ),
    "a line that is no record": ("a.jsonl", '{"a": 1}\n[1]\n', "line 2 is no JSON record"),
    "broken JSON": ("a.json", '[{"a": 1},', "is not valid JSON: .* in line 1, column 11"),
    "JSON of something else": ("a.json", "[1, 2]", "record 1 is 1 where an object"),
    "a quote that never ends": (
        "a.csv",
        'a,b\n1,"5"" disk"\n2,"x\n' + "2,y\n" * 100,
        "a quote is opened in the row of line 3 and never closed. .*name its quote character",
    ),
    "no Parquet": ("a.parquet", "nope", r"a\.parquet: is no Parquet file"),
    "no Arrow": ("a.arrow", "nope", r"a\.arrow: is no Arrow file"),
    "no NumPy": ("a.npy", "nope", r"a\.npy: is no NumPy file"),
    "a damaged archive": ("a.zip", b"PK\x03\x04nope", r"a\.zip: the archive cannot be read"),
    "a cut gz file": ("a.csv.gz", b"\x1f\x8b\x08\x00nope", r"a\.csv\.gz: the gz file is damaged"),
    "nothing to read in it": ("a.zip", files.zipped({"x.exe": b"1"}), "has no data in it"),
    "no known kind": ("a.exe", "1", "its name does not say what is in it"),
    "images that are none": (
        "a.zip",
        files.zipped(files.pictures() | {"red/x.png": b"\x89PNG no"}),
        r"a\.zip, 'red/x\.png': is no image that can be decoded .*broken = skip",
    ),
    "labels of images that are not there": (
        "a.zip",
        files.zipped({"1.png": files.picture((1, 2, 3)), "l.csv": b"f,l\n1.png,a\n2.png,b\n"}),
        r"row 2 names '2\.png', and there is no such image",
    ),
    "files with other columns": (
        "a.zip",
        files.zipped({"train.csv": b"a,b\n1,2\n", "test.csv": b"a\n1\n"}),
        r"has other columns \(a, b\) than",
    ),
}


@pytest.fixture
def library(tmp_path):
    """A library with something in it, to see that it stays."""
    taken_in(tmp_path, file(tmp_path, "there.csv", files.CSV))
    return DataLibrary(tmp_path)


def state_of(library):
    return sorted(
        (str(path.relative_to(library.root)), path.read_bytes())
        for path in library.root.rglob("*")
        if path.is_file()
    )


def refused(library, place, **options):
    """The words of the refusal, after which nothing has changed."""
    before = state_of(library)
    with pytest.raises(EngineError) as refusal:
        library.take_in(source_of(str(place)), Options.parse(options))
    assert state_of(library) == before
    assert list(library.root.glob(".part-*")) == []
    return str(refusal.value)


@pytest.mark.parametrize("case", CASES)
def test_what_cannot_be_read_is_refused_in_plain_words(library, tmp_path, case):
    name, content, words = CASES[case]
    said = refused(library, file(tmp_path, name, content))
    assert re.search(words, said, re.S), said


def test_a_line_of_100_mb_is_refused_before_it_is_in_memory(library, tmp_path, monkeypatch):
    monkeypatch.setattr(streams, "MOST_LINE", 100_000)
    monkeypatch.setattr(streams, "CHUNK", 10_000)
    for name, line in (("a.txt", "x"), ("a.csv", "x,y"), ("a.jsonl", '{"x": 1}')):
        path = file(tmp_path, name, f"{line}\n" * 10 + "z" * 500_000 + "\nx,y\n")
        assert "line 11 is longer than" in refused(library, path)


@pytest.mark.parametrize(
    ("name", "content", "options", "rows"),
    [
        ("a.csv", "a,b\n1,2\n3\n4,5,6\n7,8\n", {"ragged": "skip"}, 2),
        ("a.jsonl", '{"a": 1}\n{"a": \n{"a": 3}\n', {"broken": "skip"}, 2),
        ("a.zip", files.zipped(files.pictures() | {"red/x.png": b"no"}), {"broken": "skip"}, 20),
    ],
)
def test_what_is_broken_can_be_left_out_and_is_counted(tmp_path, name, content, options, rows):
    dataset = taken_in(tmp_path, file(tmp_path, name, content), **options)
    assert len(dataset) == rows
    assert "left out, the first is" in dataset.record.notes[0]
    assert dataset.record.origin.options == options


def test_what_is_mixed_can_be_taken_as_texts_or_its_marks_as_missing(tmp_path):
    path = file(tmp_path, "a.csv", "age\n" + "7\n" * 30 + "unknown\n")
    assert taken_in(tmp_path, path, mixed="text").column_types == {"age": "text"}
    marked = taken_in(tmp_path, path, missing=["", "unknown"])
    assert (marked.column_types, marked.columns[0].missing) == ({"age": "integer"}, 1)
    lines = file(tmp_path, "a.jsonl", '{"label": 1}\n{"label": "one"}\n')
    assert [row["label"] for row in taken_in(tmp_path, lines, mixed="text").rows()] == ["1", "one"]


def test_the_guessed_encoding_is_given_to_be_asked_about(tmp_path):
    text = "Größe: schön, ärgerlich, Fußgängerübergänge. " * 20
    path = file(tmp_path, "a.txt", text.encode("cp1252"))
    with pytest.raises(WrongEncoding) as refusal:
        taken_in(tmp_path, path)
    read = taken_in(tmp_path, path, encoding=refusal.value.guess)
    assert read.rows()[0]["text"] == text


def test_a_server_that_others_reach_reads_only_below_its_roots(tmp_path, monkeypatch):
    inside = file(tmp_path / "open", "a.csv", files.CSV)
    outside = file(tmp_path / "closed", "a.csv", files.CSV)
    (tmp_path / "open" / "link.csv").symlink_to(outside)
    monkeypatch.setenv(ROOTS, str(tmp_path / "open"))
    access = hosted_access()
    assert source_of(str(inside), access).name == "a"
    for place in (
        str(outside),
        str(tmp_path / "open" / "link.csv"),
        str(tmp_path / "open" / ".." / "closed" / "a.csv"),
        str(tmp_path / "closed" / "nothing.csv"),
    ):
        with pytest.raises(DataRefused, match="data is only read from") as refusal:
            source_of(place, access)
        assert "no such file" not in str(refusal.value)
    for place, query in ((f"sqlite:///{outside}", "select 1"), ("postgresql://h/d", "select 1")):
        with pytest.raises(DataRefused, match=r"data is only read from|not ask databases"):
            source_of(place, access, query=query)


def test_more_than_the_limit_is_refused_also_when_it_is_packed(tmp_path):
    packed = file(tmp_path, "a.txt.gz", gzip.compress(b"word\n" * 100_000))
    access = Access(most_bytes=100_000)
    with pytest.raises(DataRefused, match="holds more than 97.7 kB when it is unpacked"):
        DataLibrary(tmp_path).take_in(source_of(str(packed), access))
    large = file(tmp_path, "a.parquet", b"PAR1" * 50_000)
    with pytest.raises(DataRefused, match=r"a\.parquet: is larger than 97\.7 kB"):
        DataLibrary(tmp_path).take_in(source_of(str(large), access))
    many = file(
        tmp_path, "m.zip", files.zipped({"a/1.txt": b"w" * 60_000, "b/2.txt": b"w" * 60_000})
    )
    with pytest.raises(DataRefused, match="has more than"):
        source_of(str(many), access).read(Options(), lambda *told: None)


def test_a_full_disk_is_said_and_leaves_nothing_half_written(library, tmp_path, monkeypatch):
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(writing.pa, "OSFile", full)
    assert "The disk is full, so bringing in a was given up" in refused(
        library, file(tmp_path, "a.csv", "x,y\n1,2\n")
    )


def test_who_cancels_leaves_nothing_behind(library, tmp_path):
    def cancelling(doing: str, done: int, total: int | None) -> None:
        raise Cancelled(doing)

    before = state_of(library)
    path = file(tmp_path, "a.jsonl", json.dumps({"a": 1}) + "\n")
    with pytest.raises(Cancelled, match="was cancelled"):
        library.take_in(source_of(str(path)), progress=cancelling)
    assert state_of(library) == before


def test_the_password_of_a_database_is_in_no_message(library):
    url = "postgresql+nodriver://me:hunter2@db/x"
    with pytest.raises(DataRefused) as refusal:
        library.take_in(source_of(url, query="select 1"))
    assert "hunter2" not in str(refusal.value)


def test_links_and_odd_names_in_archives_lead_nowhere(library, tmp_path):
    odd = {"../../evil.csv": b"a,b\n1,2\n", "x/../../b.csv": b"a,b\n3,4\n"}
    path = file(tmp_path / "in", "a.zip", files.zipped(odd))
    assert "has no data in it" in refused(library, path)
    plain = file(tmp_path / "in", "b.zip", files.zipped(odd | {"./x//c.csv": b"a,b\n5,6\n"}))
    assert library.take_in(source_of(str(plain))).rows() == [{"a": 5, "b": 6}]
    assert {found.name for found in tmp_path.rglob("*.csv")} == {"there.csv"}
