"""The Overview, on fabricated run folders."""

import subprocess
import sys

import pytest

from components import run_start
from engine.errors import BadInput
from engine.examples import EXAMPLES
from engine.frozen import with_changes
from tests import fabricate


def titles(app):
    return [element.value for element in app.subheader]


def buttons(app, label):
    return [button for button in app.button if button.label == label]


def test_an_empty_folder_shows_examples_and_the_machine(open_page):
    app = open_page("overview.py")
    assert not app.exception
    assert len(buttons(app, "Start")) == len(EXAMPLES) == 8
    assert titles(app) == ["Start with an example"]
    assert "CPU core" in app.caption[0].value


@pytest.mark.parametrize("position", range(3))
def test_one_click_starts_an_example_and_opens_it(store, open_page, position):
    app = open_page("overview.py")
    buttons(app, "Start")[position].click().run()
    assert not app.exception
    (summary,) = store.list()
    assert summary.record.spec == list(EXAMPLES.values())[position].spec
    assert (store.queue / summary.id).exists()
    assert app.query_params["run"] in (summary.id, [summary.id])


def test_a_run_that_would_fail_is_refused_before_it_is_made(store):
    example = EXAMPLES["digits-mlp"].spec
    spec = with_changes(example, {"training.batching.batch_size": 5000})
    with pytest.raises(BadInput, match="batch_size"):
        run_start.begin(spec)
    assert list(store.list()) == []


def test_runs_are_grouped_by_what_they_need(store, open_page):
    for status, steps in (("running", 20), ("interrupted", 20), ("completed", 200)):
        fabricate.run_of(store, status=status, steps=steps)
    app = open_page("overview.py")
    assert titles(app)[1:] == ["Now", "Waiting to be resumed", "Recent runs"]


def test_an_interrupted_run_is_resumed_from_here(store, open_page):
    run = fabricate.run_of(store, status="interrupted", steps=20)
    app = open_page("overview.py")
    buttons(app, "Resume")[0].click().run()
    assert not app.exception
    assert run.state().status == "queued"
    assert (store.queue / run.id).exists()


def test_a_damaged_run_does_not_break_the_page(store, open_page):
    run = fabricate.run_of(store)
    (run.folder / "run.json").write_text("{")
    assert not open_page("overview.py").exception


def test_the_screens_import_no_torch():
    modules = "components.run_digest, components.run_watch, components.run_list"
    code = f"import {modules}, components.run_selection, sys; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
