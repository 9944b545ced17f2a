"""The Launch page: an example, a form or pasted JSON becomes a run; nothing typed is lost."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from components import readable
from components.draft import Draft, DraftFile
from components.form_schema import Leaf, Variants, value_at
from engine.examples import EXAMPLES
from engine.frozen import with_changes
from engine.presets import PRESETS
from engine.runs import RUNS_VARIABLE
from engine.runs.store import RunStore

ROOT = Path(__file__).parents[2]
LR = "training.optimizer.lr"
LAYERS = "model.layers"
CLIP = "training.gradients.clip_norm"


@pytest.fixture
def runs(tmp_path, monkeypatch):
    monkeypatch.setenv(RUNS_VARIABLE, str(tmp_path))
    return tmp_path


@pytest.fixture
def page(runs):
    return opened()


def opened():
    app = AppTest.from_file(str(ROOT / "pages" / "navigation.py"), default_timeout=60)
    return healthy(app.switch_page("launch.py").run())


def healthy(app):
    assert not app.exception, [item.message for item in app.exception]
    return app


def widget(app, path):
    """The widget of a field, whatever its kind."""
    kinds = (app.number_input, app.text_input, app.selectbox, app.toggle, app.button_group)
    return next(item for kind in kinds for item in kind if item.key == f"form.{path}")


def edit(app, path, value):
    return healthy(widget(app, path).set_value(value).run())


def document(runs):
    return DraftFile(runs).read(EXAMPLES["gpt-python-docs"].spec).document


def draft_value(runs, path):
    return value_at(document(runs), path)


def click(app, key):
    return healthy(app.button(key=key).click().run())


def complaints(app):
    return [text.value for text in app.markdown if text.value.startswith(":small[:red[")]


def panel_errors(app):
    return "\n".join(error.value for error in app.error)


# -- every field -------------------------------------------------------------------------------


def forms():
    """Each field of each variant once, by the example and the choice that show it."""
    seen, found = set(), {}

    def add(item, name, choice=None):
        if item.path not in seen:
            seen.add(item.path)
            found.setdefault((name, choice), []).append(item)

    for name, example in EXAMPLES.items():
        start = Draft.of(example.spec)
        for item in start.items():
            add(item, name)
            for variant in item.names if isinstance(item, Variants) else ():
                for inner in start.chosen(item, variant).items():
                    add(inner, name, (item.path, variant))
    return [
        pytest.param(name, choice, items, id="-".join((name, *(choice or ()))))
        for (name, choice), items in found.items()
    ]


def other_than(before, item):
    """Another value of a field, as its widget holds it."""
    if isinstance(item, Variants):
        return next(name for name in item.names if name != before[item.tag])
    if item.path == "training.evaluation.monitor":
        return "val/perplexity"
    match item.kind:
        case "choice":
            return next(choice for choice in item.choices if choice != before)
        case "switch":
            return not before
        case "integer" | "number" if not item.log:
            return float(before) + (1 if item.kind == "integer" else 0.01)
        case _:
            return "0.00123"


@pytest.mark.parametrize(("example", "choice", "items"), forms())
def test_every_field_has_a_widget_and_editing_it_changes_the_draft(runs, example, choice, items):
    DraftFile(runs).write(Draft.of(EXAMPLES[example].spec))
    app = opened()
    if choice is not None:
        edit(app, *choice)
    for item in sorted(items, key=lambda item: isinstance(item, Variants)):  # they change others
        before = draft_value(runs, item.path)
        if isinstance(item, Leaf) and item.optional:
            edit(app, f"{item.path}:on", before is None)
        else:
            edit(app, item.path, other_than(before, item))
        assert draft_value(runs, item.path) != before, item.path


# -- keeping what is typed ---------------------------------------------------------------------


def test_two_edits_in_a_row_and_a_page_change_survive(page, runs):
    edit(page, LR, "3e-4")
    edit(page, LR, "2.5e-4")
    edit(page, LAYERS, 3.0)
    edit(page, LAYERS, 2.0)
    edit(page, "name", "mine")
    healthy(page.switch_page("runs.py").run())
    healthy(page.switch_page("launch.py").run())
    assert widget(page, LR).value == "2.5e-4"
    assert widget(page, LAYERS).value == 2.0
    assert widget(page, "name").value == "mine"
    edit(page, LAYERS, 5.0)
    assert draft_value(runs, LR) == 2.5e-4
    assert draft_value(runs, LAYERS) == 5


def test_another_session_shows_the_same_draft(page, runs):
    edit(page, LR, "nonsense")
    edit(page, "model", "cnn")
    other = opened()
    assert widget(other, LR).value == "nonsense"
    assert widget(other, "model").value == "cnn"
    assert widget(other, "data").value == "digits"


def test_two_tabs_do_not_undo_each_other(page, runs):
    other = opened()
    edit(page, LAYERS, 2.0)
    edit(other, "model.heads", 2.0)
    healthy(page.run())
    assert (draft_value(runs, LAYERS), draft_value(runs, "model.heads")) == (2, 2)
    assert widget(page, "model.heads").value == 2.0
    assert widget(other, LAYERS).value == 2.0


def test_a_damaged_draft_is_said_and_kept_aside(runs):
    file = DraftFile(runs)
    file.path.parent.mkdir()
    file.path.write_text('{"document": ')
    app = opened()
    assert "could not be read" in app.warning[0].value
    assert file.path.with_name("draft.damaged.json").read_text() == '{"document": '
    edit(app, LAYERS, 2.0)
    assert draft_value(runs, LAYERS) == 2


def test_a_folder_that_cannot_be_written_keeps_the_draft_in_the_tab(page, runs, monkeypatch):
    def full(*given):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(DraftFile, "write", full)
        edit(page, LAYERS, 2.0)
        edit(page, "model.heads", 2.0)
        assert "No space left on device" in page.warning[0].value
        assert (widget(page, LAYERS).value, widget(page, "model.heads").value) == (2.0, 2.0)
    edit(page, "model.width", 64.0)
    assert not page.warning
    assert draft_value(runs, LAYERS) == 2


# -- what is wrong -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "wrong", "words", "right"),
    [
        (LR, "fast", "Not a number", "1e-3"),
        (LR, "", "A value is needed", "1e-3"),
        (LR, "nan", "Not a finite number", "1e-3"),
        (LR, "20", "at most 10", "1e-3"),
        (LAYERS, 0.0, "above 0, at most 256", 2.0),
        (LAYERS, 2.5, "Not a whole number", 2.0),
        (LAYERS, None, "A value is needed", 2.0),
        (LAYERS, 1e300, "at most 256", 2.0),
        ("model.heads", 3.0, "multiple of 3", 4.0),
        ("training.length.amount", 10.0, "Warmup is 50", 100.0),
        ("model.block_size", 900_000.0, "fits", 64.0),
    ],
)
def test_a_wrong_value_is_said_at_its_field_and_can_be_corrected(page, path, wrong, words, right):
    edit(page, path, wrong)
    assert widget(page, path).value == wrong
    said = " ".join(complaints(page)).replace("\\", "")
    assert words in said
    assert page.button(key="launch.start").disabled
    edit(page, path, right)
    assert complaints(page) == []
    assert not page.button(key="launch.start").disabled


def test_a_wrong_value_under_advanced_opens_it(page):
    edit(page, "training.logging.every_steps", 0.0)
    assert [item.proto.expanded for item in page.expander] == [False, False, True]
    edit(page, "training.logging.every_steps", 1.0)
    assert [item.proto.expanded for item in page.expander] == [False, False, True]


def test_what_people_type_is_shown_as_it_is(page):
    edit(page, LR, "<b>:red[x]</b> **y**")
    (said,) = complaints(page)
    assert "<b>" not in said
    assert "**y**" not in said
    edit(page, "name", "<script>alert(1)</script>")
    assert not any("<script>" in text.value for text in page.markdown)


# -- numbers -----------------------------------------------------------------------------------


def test_a_learning_rate_is_shown_short_and_never_rounded(page, runs):
    edit(page, LR, "0.000312345678912")
    healthy(page.switch_page("runs.py").run())
    healthy(page.switch_page("launch.py").run())
    assert widget(page, LR).value == "3.12345678912e-4"
    click(page, f"form.{LR}.raise")
    assert (widget(page, LR).value, draft_value(runs, LR)) == ("1e-3", 1e-3)
    click(page, f"form.{LR}.lower")
    assert (widget(page, LR).value, draft_value(runs, LR)) == ("3e-4", 3e-4)


def test_a_value_can_be_switched_off_and_comes_back(page, runs):
    edit(page, CLIP, 0.5)
    edit(page, f"{CLIP}:on", False)
    assert draft_value(runs, CLIP) is None
    edit(page, f"{CLIP}:on", True)
    assert widget(page, CLIP).value == draft_value(runs, CLIP) == 0.5


# -- choices, presets, pasted JSON ----------------------------------------------------------------


def test_another_optimizer_keeps_the_learning_rate(page, runs):
    edit(page, LR, "5e-3")
    edit(page, "training.optimizer", "sgd")
    assert widget(page, LR).value == "5e-3"
    assert widget(page, "training.optimizer.momentum").value == 0.9
    edit(page, "training.optimizer", "adamw")
    assert draft_value(runs, "training.optimizer.name") == "adamw"
    assert complaints(page) == []


def test_a_model_for_images_takes_task_and_data_along_and_can_be_undone(page, runs):
    before = document(runs)
    edit(page, "model", "cnn")
    assert draft_value(runs, "task.kind") == "image-classification"
    assert draft_value(runs, "data.source") == "digits"
    assert complaints(page) == []
    click(page, "launch.undo")
    assert document(runs) == before
    assert widget(page, "model").value == "gpt"


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_changes_the_draft_and_can_be_undone(page, runs, name):
    edit(page, LAYERS, 3.0)
    before = document(runs)
    click(page, f"preset.{name}")
    expected = PRESETS[name].apply(EXAMPLES["gpt-python-docs"].spec.parse(before))
    assert document(runs) == expected.model_dump(mode="json")
    assert widget(page, LR).value == readable.shortest(expected.training.optimizer.lr)
    click(page, "launch.undo")
    assert document(runs) == before
    assert widget(page, LAYERS).value == 3.0


def test_customise_loads_an_example(page, runs):
    edit(page, LAYERS, 3.0)
    click(page, "launch.example.digits-mlp.customise")
    assert document(runs) == EXAMPLES["digits-mlp"].spec.model_dump(mode="json")
    assert widget(page, "model").value == "mlp"
    assert widget(page, LAYERS).value == 2.0


def paste(page, text):
    healthy(page.text_area[0].set_value(text).run())
    return click(page, "paste.load")


def test_pasted_json_fills_the_form(page, runs):
    spec = EXAMPLES["digits-vision"].spec
    paste(page, spec.to_json())
    assert document(runs) == spec.model_dump(mode="json")
    assert widget(page, "model.channels").value == 32.0
    edit(page, "model.channels", 16.0)
    assert draft_value(runs, "model.channels") == 16


def test_pasted_mistakes_are_all_listed_and_change_nothing(page, runs):
    before = document(runs)
    paste(page, '{"task": {}, "model": {"kind": "gpt", "layers": 0}, "colour": 1}')
    said = panel_errors(page).replace("\\", "")
    assert all(path in said for path in ("model.layers", "data", "colour"))
    assert document(runs) == before


# -- starting ----------------------------------------------------------------------------------


def started(runs):
    store = RunStore(runs)
    return [(summary.record, summary.state) for summary in store.list()], store


def test_start_queues_the_run_of_the_form_and_shows_it(page, runs):
    edit(page, LAYERS, 2.0)
    edit(page, "launcher", "thread")
    page.button(key="launch.start").click().run()
    ((record, state),), store = started(runs)
    assert record.spec.model.layers == 2
    assert record.data_fingerprint
    assert (state.status, state.launcher) == ("queued", "thread")
    assert [path.name for path in store.queue.iterdir()] == [record.run_id]
    assert page.query_params["run"] == record.run_id


def test_an_example_starts_with_one_click(page, runs):
    page.button(key="launch.example.digits-mlp.start").click().run()
    ((record, _),), _ = started(runs)
    assert record.spec == EXAMPLES["digits-mlp"].spec


def test_a_full_disk_is_said_and_the_draft_is_kept(page, runs, monkeypatch):
    def full(*given, **named):
        raise OSError(28, "No space left on device")

    edit(page, LAYERS, 2.0)
    monkeypatch.setattr(RunStore, "create", full)
    click(page, "launch.start")
    assert "No space left on device" in panel_errors(page).replace("\\", "")
    assert draft_value(runs, LAYERS) == 2


def test_the_page_loads_no_torch(tmp_path):
    script = (
        "import sys\n"
        "from streamlit.testing.v1 import AppTest\n"
        "app = AppTest.from_file(sys.argv[1], default_timeout=60)\n"
        "app.switch_page('launch.py').run()\n"
        "assert not app.exception and app.number_input\n"
        "print([name for name in ('torch', 'torchmetrics') if name in sys.modules])"
    )
    command = [sys.executable, "-W", "ignore", "-c", script, str(ROOT / "pages/navigation.py")]
    environment = {**os.environ, RUNS_VARIABLE: str(tmp_path), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert ast.literal_eval(done.stdout.strip().splitlines()[-1]) == []


def test_a_model_of_hugging_face_is_filled_in(runs, page):
    healthy(widget(page, "model").set_value("hugging-face").run())
    edit(page, "model.origin.config", "n_layer=2, n_embd=32, n_head=2")
    assert draft_value(runs, "model.origin.config") == {"n_layer": 2, "n_embd": 32, "n_head": 2}
    edit(page, "model.origin.config", "vocab_size=3")
    assert "is taken from the data" in panel_errors(page).replace("\\", "")
    edit(page, "model.tuning", "lora")
    assert widget(page, "model.tuning.rank").value == 8


def test_examples_of_augmentation_are_drawn_where_images_are_changed(runs):
    digits = EXAMPLES["digits-mlp"].spec
    DraftFile(runs).write(Draft.of(digits))
    assert not [toggle for toggle in opened().toggle if toggle.label == "Show examples"]
    DraftFile(runs).write(Draft.of(with_changes(digits, {"data.augmentation.rotation": 20.0})))
    app = opened()
    assert not app.get("image")
    [switch] = [toggle for toggle in app.toggle if toggle.label == "Show examples"]
    healthy(switch.set_value(True).run())
    [picture] = app.get("image")
    assert "first epochs" in picture.proto.imgs[0].caption
