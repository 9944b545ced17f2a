"""Datasets beside the runs: known by their content, there whole or not at all."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.data.library.columns import field_of
from engine.data.library.dataset import ROWS, Dataset
from engine.data.library.errors import DamagedDataset, DatasetChanged, MissingDataset
from engine.data.library.fingerprints import Fingerprint
from engine.data.library.library import DataLibrary
from engine.errors import BadInput
from tests.engine.data import files
from tests.engine.data.files import file, taken_in

TYPES = {
    "text": st.text(max_size=5),
    "integer": st.integers(-(2**63), 2**63 - 1),
    "number": st.floats(allow_nan=False),
    "boolean": st.booleans(),
    "list of texts": st.lists(st.text(max_size=3), max_size=3),
    "list of integers": st.lists(st.integers(-9, 9), max_size=3),
    "image": st.binary(max_size=4),
}


@st.composite
def columns(draw):
    kind = draw(st.sampled_from(list(TYPES)))
    return kind, draw(st.lists(st.none() | TYPES[kind], min_size=1, max_size=12))


def fingerprint(kind, values, cuts=(), name="x"):
    schema = pa.schema([field_of(name, kind)])
    found = Fingerprint(schema)
    whole = pa.record_batch([pa.array(values, schema.field(0).type)], schema=schema)
    edges = [0, *sorted(cuts), len(values)]
    for start, stop in zip(edges, edges[1:], strict=False):
        found.feed(whole.slice(start, stop - start))
    return found.hexdigest()


@given(columns(), st.data())
def test_a_fingerprint_does_not_depend_on_how_rows_are_cut_into_batches(column, data):
    kind, values = column
    cuts = data.draw(st.lists(st.integers(0, len(values)), max_size=3))
    assert fingerprint(kind, values, cuts) == fingerprint(kind, values)


@given(columns(), columns())
def test_other_rows_have_another_fingerprint(one, other):
    assert (fingerprint(*one) == fingerprint(*other)) == (repr(one) == repr(other))


def test_names_types_and_missing_values_are_part_of_the_fingerprint():
    found = {
        fingerprint("text", ["a", "b"]),
        fingerprint("text", ["a", "b"], name="y"),
        fingerprint("text", ["ab", ""]),
        fingerprint("text", ["ab", None]),
        fingerprint("image", [b"a", b"b"]),
        fingerprint("bytes", [b"a", b"b"]),
        fingerprint("list of texts", [["a"], ["b"]]),
        fingerprint("list of texts", [["a", "b"], []]),
    }
    assert len(found) == 8


@pytest.fixture
def library(tmp_path):
    return DataLibrary(tmp_path / "runs")


@pytest.fixture
def dataset(library, tmp_path):
    return taken_in(tmp_path / "runs", file(tmp_path, "films.csv", files.CSV))


def test_what_is_known_of_a_dataset_is_told(dataset):
    text, label = dataset.columns
    assert (len(dataset), dataset.name, dataset.record.origin.kind) == (40, "films", "csv")
    assert (text.type, text.role, text.missing, text.distinct) == ("text", "text", 0, 40)
    assert (text.longest, label.mean_length) == (25, 1.0)
    assert (label.role, label.distinct) == ("label", 2)
    assert dataset.rows(38, 99, ["label"]) == [{"label": "p"}, {"label": "n"}]
    assert sum(len(batch) for batch in dataset.batches(["text"], most_rows=7)) == 40


def test_the_same_rows_again_change_nothing(library, dataset, tmp_path):
    library.rename(dataset.fingerprint, "mine")
    again = taken_in(tmp_path / "runs", file(tmp_path, "copy.jsonl", files.JSONL))
    assert (again.name, len(library.datasets())) == ("mine", 1)


def test_a_dataset_is_found_by_its_name_or_how_its_fingerprint_begins(library, dataset, tmp_path):
    taken_in(tmp_path / "runs", "synthetic:blobs")
    assert library.find("films").fingerprint == dataset.fingerprint
    assert library.find(dataset.fingerprint[:8]).name == "films"
    with pytest.raises(BadInput, match=r"no such dataset \(got 'nope'\).*films"):
        library.find("nope")


def test_names_and_roles_can_be_changed_and_rows_cannot(library, dataset):
    named = library.rename(dataset.fingerprint, "  Films  ")
    changed = library.assign(dataset.fingerprint, {"label": "ignore"})
    assert (named.name, changed.name, changed.columns[1].role) == ("Films", "Films", "ignore")
    assert changed.fingerprint == dataset.fingerprint
    with pytest.raises(BadInput, match="no such column"):
        library.assign(dataset.fingerprint, {"stars": "label"})
    with pytest.raises(BadInput, match="is no name"):
        library.rename(dataset.fingerprint, " ")


def test_a_removed_dataset_is_gone_with_what_was_prepared_of_it(library, dataset):
    prepared = library.prepared(dataset.fingerprint)
    prepared.mkdir(parents=True)
    library.remove(dataset.fingerprint)
    assert library.datasets() == []
    assert not prepared.exists()
    with pytest.raises(MissingDataset, match="is not in this runs folder"):
        library.dataset(dataset.fingerprint)
    for odd in (dataset.fingerprint, "../../etc", ""):
        with pytest.raises(MissingDataset):
            library.remove(odd)


def test_rows_that_were_changed_are_refused_by_name(dataset):
    dataset.verify()
    path = dataset.folder / ROWS
    content = bytearray(path.read_bytes())
    content[content.index(b"film 7")] = ord("F")
    path.write_bytes(bytes(content))
    with pytest.raises(DatasetChanged, match=r"the dataset 'films' were changed"):
        Dataset(dataset.folder).verify()


def test_a_damaged_dataset_harms_no_other(library, dataset, tmp_path):
    other = taken_in(tmp_path / "runs", "synthetic:sine:rows=5")
    (dataset.folder / "dataset.json").write_text("{")
    assert [found.name for found in library.datasets()] == ["sine"]
    assert list(library.damaged()) == [dataset.fingerprint]
    (other.folder / ROWS).write_bytes(b"nope")
    with pytest.raises(DamagedDataset, match="cannot be read"):
        Dataset(other.folder).rows()


def test_what_was_given_up_long_ago_is_cleared_away(tmp_path):
    library = DataLibrary(tmp_path, now=lambda: 9e9)
    left = library.root / ".part-old"
    left.mkdir(parents=True)
    with library.making() as part:
        assert part.exists()
        assert not left.exists()
    assert not part.exists()
