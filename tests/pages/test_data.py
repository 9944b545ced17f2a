"""The Data page: what is brought in is shown from all sides, what is refused is said in words."""

from __future__ import annotations

import io
import threading
import time
import tomllib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from components.data import intake, rows_tab, sources, token_tab, wanted
from components.data.setup import Setup, SetupFile
from engine.data.intake.recognising import source_of
from engine.data.intake.source import Access, Options
from engine.data.library.library import DataLibrary
from engine.data.library.proposal import proposed

REVIEWS = "text,label\n" + "".join(f"review number {n},{'ab'[n % 2]}\n" for n in range(40))
BAD = {
    "ragged.csv": (b"a,b\n1,2\n1,2,3\n", "row 3", "Leave such rows out"),
    "latin.csv": (("name\n" + "Müller größer\n" * 30).encode("cp1252"), "cp125", "Read it as"),
    "empty.txt": (b"", "empty", None),
    "broken.jsonl": (b'{"a": 1}\n{"a": \n{"a": 3}\n', "line 2", "Leave broken ones out"),
}
"""File -> its content, what is said of it, and the button that is offered."""


@pytest.fixture
def dataset(store, tmp_path):
    """Texts of two classes."""
    (tmp_path / "reviews.csv").write_text(REVIEWS)
    source = source_of(str(tmp_path / "reviews.csv"), Access())
    return DataLibrary(store.root).take_in(source, Options())


def brought_in(app, path):
    """Name a path, press the button, and wait until the work is over."""
    app.session_state["data.in.way"] = "path"
    app.run()
    (field,) = [one for one in app.text_input if one.key == "data.in.path"]
    field.set_value(str(path)).run()
    (button,) = [one for one in app.button if one.key == "data.in.begin"]
    button.click().run()
    until = time.monotonic() + 20
    while not app.session_state["data.work"].is_over and time.monotonic() < until:
        app.session_state["data.work"].wait(0.1)
    return app.run()


@pytest.mark.parametrize("name", BAD)
def test_bad_data_is_refused_in_words_with_a_way_out(open_page, store, tmp_path, name):
    content, words, way_out = BAD[name]
    (tmp_path / name).write_bytes(content)
    app = brought_in(open_page("data.py"), tmp_path / name)
    assert not app.exception
    assert words in "".join(error.value for error in app.error)
    labels = [button.label for button in app.button]
    assert way_out is None or any(label.startswith(way_out) for label in labels)
    assert list(DataLibrary(store.root).datasets()) == []


@pytest.mark.parametrize("tab", ["Rows", "Columns", "Statistics", "Tokens", "Training", "About"])
def test_each_side_of_a_dataset_is_drawn(open_page, dataset, tab):
    app = open_page("data.py", dataset=dataset.fingerprint, look=tab)
    assert not app.exception
    assert not app.error
    assert any("40 rows" in caption.value for caption in app.caption)


def test_train_on_this_data_fills_the_form_and_keeps_the_rest(open_page, click, dataset, store):
    app = click(open_page("data.py", dataset=dataset.fingerprint), "Train on this data")
    said = "".join(one.value for one in [*app.success, *app.info, *app.markdown])
    assert "The form now trains on" in said
    (task,) = [one for one in app.selectbox if one.key.endswith("task.kind")]
    assert task.value == "sequence-classification"


def test_the_server_takes_what_the_page_says_that_it_takes():
    settings = tomllib.loads(Path(".streamlit/config.toml").read_text())
    assert settings["server"]["maxUploadSize"] == sources.MOST_UPLOAD_MB


def test_a_dataset_that_is_not_there_is_told(open_page):
    app = open_page("data.py", dataset="0" * 64)
    assert not app.exception
    told = [*app.error, *app.warning, *app.info]
    assert any("dataset" in one.value for one in told)


def test_choices_that_cannot_be_read_are_kept_aside_and_told(open_page, dataset, store):
    file = SetupFile(store.root, dataset.fingerprint)
    file.write(Setup(task="causal-lm"))
    (path,) = (store.root / ".workspace" / "data").iterdir()
    path.write_text("{")
    app = open_page("data.py", dataset=dataset.fingerprint)
    assert not app.exception
    assert any("cannot be read" in one.value for one in app.warning)
    assert [one.read_text() for one in path.parent.iterdir()] == ["{"]
    assert not any("cannot be read" in one.value for one in app.run().warning)


def test_an_image_beyond_all_measure_has_no_thumbnail(monkeypatch):
    written = io.BytesIO()
    Image.new("L", (40, 40)).save(written, "PNG")
    assert rows_tab.thumbnail(written.getvalue())
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    rows_tab.thumbnail.cache_clear()
    assert rows_tab.thumbnail(written.getvalue()) is None


def test_a_sample_of_tokens_is_taken_of_so_many_letters(monkeypatch, dataset):
    monkeypatch.setattr(token_tab, "_MOST_LETTERS", 100)
    seen = token_tab._of_some(dataset.folder, proposed(dataset).model_dump_json())
    assert seen.of.startswith("Of the first 6 texts:")
    assert np.ptp(np.diff(seen.lengths[0])) == 0  # no stretch holds more whole numbers than another
    assert np.diff(seen.lengths[0])[0] % 1 == 0
    monkeypatch.setattr(token_tab, "_MOST_LETTERS", 10)
    token_tab._of_some.cache_clear()
    seen = token_tab._of_some(dataset.folder, proposed(dataset).model_dump_json())
    assert seen.of.startswith("Of the first text, at its first 10 characters:")
    token_tab._of_some.cache_clear()


def test_work_that_goes_on_is_drawn_once(open_page, store, tmp_path, monkeypatch):
    go_on = threading.Event()
    monkeypatch.setattr(intake, "_LOOK_S", 0.01)
    begun = wanted.Wanted("slow.csv", lambda *_: go_on.wait(20))
    monkeypatch.setattr(sources, "show", lambda way: begun)
    app = open_page("data.py")
    (button,) = [one for one in app.button if one.key == "data.in.begin"]
    button.click().run()
    assert not app.exception
    assert [one.label for one in app.button].count("Cancel") == 1
    app.session_state["data.work"].cancel()
    go_on.set()
