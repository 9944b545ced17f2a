"""Bringing a model in: nothing is run before consent, what is wrong is said, and it is trained."""

import io
import zipfile

import pytest
from streamlit.testing.v1 import AppTest

from components import model_state
from components.draft import Draft, DraftFile
from components.models.intake_draft import IntakeFile
from engine.data.intake.recognising import source_of
from engine.data.library.library import DataLibrary
from engine.examples import EXAMPLES
from engine.frozen import with_changes
from engine.models.imported import sources
from engine.models.imported.dry_run import DryRun
from engine.models.imported.library import CodeLibrary
from engine.models.imported.sources import from_files
from engine.models.imported.spec import ImportedModel
from engine.models.imported.trials import Trials
from engine.models.registry import Registry
from tests.engine.imported.table import files_of

PANEL = """
from components import session
from components.models import intake
intake.bring_in(session.store())
"""
TWO = b"""
from torch import nn

class First(nn.Module):
    def __init__(self, in_features, num_classes):
        super().__init__()
        self.head = nn.Linear(in_features, num_classes)

    def forward(self, x):
        return self.head(x)

class Second(nn.Module):
    def __init__(self, in_features, num_classes):
        super().__init__()
        self.head = nn.Linear(in_features, num_classes)

    def forward(self, x):
        return self.head(x)
"""


_HIDDEN = str.maketrans("", "", "\\\u2060")
"""What keeps user text from being markdown."""


@pytest.fixture
def panel(store):
    def open_panel():
        app = AppTest.from_string(PANEL, default_timeout=30).run()
        assert not app.exception
        return app

    return open_panel


@pytest.fixture
def upload(panel, click):
    """Upload files by their names, and look at them."""

    def upload(files):
        app = panel()
        given = [(name, data, "application/octet-stream") for name, data in files.items()]
        app.file_uploader[0].set_value(given).run()
        return click(app, "Look at it")

    return upload


@pytest.fixture
def look_at(panel, store):
    """Look at a model of the zoo that was brought in before; as the address of the page says."""

    def look_at(name, *, allow=False):
        library = CodeLibrary(store.root)
        code = from_files(files_of(name)).kept_in(library)
        if allow:
            library.allow(code)
        app = AppTest.from_string(PANEL, default_timeout=30)
        app.query_params[model_state.CODE_ADDRESS] = code
        app.run()
        assert not app.exception
        return app, code

    return look_at


def texts(app):
    kinds = (app.markdown, app.caption, app.error, app.warning, app.info, app.success)
    return "\n".join(str(item.value) for kind in kinds for item in kind).translate(_HIDDEN)


def labels(app):
    return [button.label for button in app.button]


def field(app, label):
    kinds = (app.text_input, app.selectbox, app.number_input)
    found = [item for kind in kinds for item in kind if item.label.replace("\\", "") == label]
    assert len(found) == 1, [item.label for kind in kinds for item in kind]
    return found[0]


def zipped(members):
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return target.getvalue()


# -- bad inputs ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"model.py": b"class Net(nn.Module)\n"}, "is no valid Python: expected ':' (line 1)"),
        (files_of("missing_import"), "imports 'no_such_package_here', which is not installed"),
        ({"model.py": b"x = 1\n"}, "has no class that derives from torch.nn.Module"),
    ],
    ids=["syntax error", "missing import", "no module"],
)
def test_code_that_cannot_be_loaded_is_shown_with_the_reason(upload, files, words):
    app = upload(files)
    assert words in texts(app)
    assert app.code[-1].value == files["model.py"].decode().strip()
    assert not {"Train this model", "Try it on one real batch"} & set(labels(app))


def test_a_missing_package_is_named_with_the_line_that_installs_it(upload):
    app = upload(files_of("missing_import"))
    assert "python -m pip install no_such_package_here" in [code.value for code in app.code]


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"a.zip": zipped({"../x.py": "x = 1"})}, "this is no name for a file inside"),
        ({"a.zip": b"no zip"}, "the archive cannot be unpacked"),
        ({"a.zip": zipped({"m.py": "x"}), "m.py": b"x"}, "upload an archive alone"),
        ({"notes.txt": b"hello"}, "there is no Python file (.py) in it"),
        ({"m.py": b"x", "config.json": b"[" * 30}, "it is nested more than 20 deep"),
        ({"m.py": b"x", "config.json": b"1" * 1_000_001}, "it is larger than 1 MB"),
    ],
    ids=["zip slip", "no zip", "zip and more", "no python", "deep config", "huge config"],
)
def test_what_is_refused_is_not_kept(upload, store, files, words):
    app = upload(files)
    assert words in texts(app)
    assert CodeLibrary(store.root).codes() == []


def test_of_several_models_somebody_chooses(upload, click):
    app = upload({"model.py": TWO})
    assert "2 classes and functions may be the model. Which one is it?" in texts(app)
    assert "Train this model" not in labels(app)
    choice = field(app, "Class or function that is the model")
    choice.set_value("model.py:Second").run()
    assert "Train this model" in labels(app)


# -- nothing before consent ------------------------------------------------------------------------


def test_nothing_can_be_tried_or_trained_before_consent(look_at, click, store):
    app, code = look_at("tabular")
    library = CodeLibrary(store.root)
    train = next(button for button in app.button if button.label == "Train this model")
    assert "Try it on one real batch" not in labels(app)
    assert train.disabled
    click(app, "I know this code: allow it to run")
    assert library.is_allowed(code)
    assert "Try it on one real batch" in labels(app)
    click(app, "Take it back")
    assert not library.is_allowed(code)
    assert "Try it on one real batch" not in labels(app)


def test_the_link_to_bring_in_something_new_leads_away_from_what_was_looked_at(
    open_page, look_at, store
):
    _, code = look_at("tabular")
    app = open_page("models.py", code=code)
    assert "Look at it" not in labels(app)
    app.query_params[model_state.CODE_ADDRESS] = model_state.NEW
    assert "Look at it" in labels(app.run())
    assert "Look at it" in labels(app.run())
    assert model_state.CODE_ADDRESS not in app.query_params


@pytest.mark.parametrize("code", ["../../etc", "0" * 64])
def test_an_address_with_code_that_is_not_here_is_said(store, code):
    app = AppTest.from_string(PANEL, default_timeout=30)
    app.query_params[model_state.CODE_ADDRESS] = code
    app.run()
    assert len(app.error) == 1
    assert labels(app) == ["Bring in other code"]


def test_a_setting_turns_it_off_and_the_page_says_so(look_at, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setenv("TRAINDECK_IMPORTED_CODE", "off")
        app, _ = look_at("tabular", allow=True)
    assert "Imported code is turned off on this server" in texts(app)
    assert not {"Try it on one real batch", "I know this code: allow it to run"} & set(labels(app))


# -- where it is from ------------------------------------------------------------------------------


def test_pasted_code_is_kept_while_it_is_typed(panel, click, store):
    app = panel()
    app.radio[0].set_value("text").run()
    app.text_area[0].set_value(files_of("tabular")["model.py"].decode()).run()
    app.text_area[1].set_value('{"hidden": 8}').run()
    again = panel()
    assert [area.value for area in again.text_area][1] == '{"hidden": 8}'
    click(again, "Look at it")
    (code,) = CodeLibrary(store.root).codes()
    assert set(CodeLibrary(store.root).files(code)) == {"model.py", "config.json"}
    assert field(again, "hidden").value == "8"


def test_others_may_name_paths_only_where_a_setting_says(panel, click, tmp_path, monkeypatch):
    from components import session

    allowed, beside = tmp_path / "allowed", tmp_path / "beside"
    for folder in (allowed, beside):
        folder.mkdir()
        (folder / "model.py").write_bytes(files_of("tabular")["model.py"])
    (allowed / "link.py").symlink_to(beside / "model.py")
    monkeypatch.setattr(session, "is_local", lambda: False)
    assert "path" not in panel().radio[0].options
    with monkeypatch.context() as patch:
        patch.setenv(sources.CODE_ROOTS, str(allowed))
        app = panel()
        app.radio[0].set_value("path").run()
        for name in ("beside/model.py", "allowed/../beside/model.py", "allowed/link.py"):
            app.text_input[0].set_value(str(tmp_path / name)).run()
            assert "code is only read from" in texts(click(app, "Look at it"))
        app.text_input[0].set_value(str(allowed / "model.py")).run()
        assert "May this code be run?" in texts(click(app, "Look at it"))


def test_a_gist_elsewhere_is_refused(panel, click):
    app = panel()
    app.radio[0].set_value("gist").run()
    app.text_input[0].set_value("http://127.0.0.1/x").run()
    assert "it must begin with https://" in texts(click(app, "Look at it"))


# -- arguments -------------------------------------------------------------------------------------


def test_what_is_typed_is_checked_beside_its_field_and_kept(look_at, panel, store):
    app, code = look_at("nano_gpt", allow=True)
    assert field(app, "n_layer").value == "1"
    assert "From config.json" in texts(app)
    field(app, "n_layer").set_value("many").run()
    assert "Must be a whole number (got 'many')" in texts(app)
    assert all(b.disabled for b in app.button if b.label == "Train this model")
    field(app, "n_layer").set_value("2").run()
    field(app, "vocab_size").set_value("50").run()
    assert "vocab_size is 50, and the data has 103 different tokens" in texts(app)
    again, _ = look_at("nano_gpt")
    assert (field(again, "n_layer").value, field(again, "vocab_size").value) == ("2", "50")
    setup = IntakeFile(store.root).read().setup(code)
    assert setup.arguments == {"n_layer": 2, "vocab_size": 50}


def test_values_of_the_data_follow_the_data(look_at):
    app, _ = look_at("tabular")
    assert field(app, "in_features").value == "30"
    field(app, "Data").set_value("wine").run()
    assert field(app, "in_features").value == "13"
    assert "From the data: 13 columns." in texts(app)


def test_data_of_the_users_own_is_matched_and_trained_on(look_at, store, tmp_path):
    table = tmp_path / "plants.csv"
    lines = [f"{n / 7},{n % 5 + 0.5},{'oak' if n % 2 else 'elm'}" for n in range(60)]
    table.write_text("\n".join(["height,girth,label", *lines]))
    dataset = DataLibrary(store.root).take_in(source_of(str(table)))
    app, _ = look_at("tabular", allow=True)
    field(app, "Data").set_value(f"dataset:{dataset.fingerprint}").run()
    assert not app.exception
    assert (field(app, "in_features").value, field(app, "out_features").value) == ("2", "2")
    assert "From the data: 2 columns." in texts(app)


# -- tried, kept, trained --------------------------------------------------------------------------


@pytest.fixture
def verdicts(store, monkeypatch):
    """What trials will find, in their order; nothing is run."""
    answers = []
    trials = Trials(store, lambda spec, on_stage, cancelled: answers.pop(0))
    monkeypatch.setattr(model_state, "trials", lambda store: trials)
    return answers


GOOD = DryRun(ok=True, parameters=546, loss=0.7, took_s=1.5, found=("forward is given x.",))
BAD = DryRun(ok=False, stage="forward", message="forward failed for (3, 30)", lines=("line 9",))


def finished(app, store):
    """The page when the trial that it waits for is over."""
    for trial in model_state.trials(store)._known.values():
        assert trial.wait(60)
    app.run()
    assert not app.exception
    return app


def test_a_trial_tells_what_is_at_fault_and_what_was_found(look_at, click, store, verdicts):
    verdicts += [BAD, GOOD]
    app, _ = look_at("tabular", allow=True)
    app = finished(click(app, "Try it on one real batch"), store)
    (error,) = app.error
    assert error.value.replace("\\", "") == "forward failed for (3, 30)"
    assert app.code[-1].value == "line 9"
    app = finished(click(app, "Try it again"), store)
    assert "**It works.** 546 parameters; one update in 1.5 s, from a loss of 0.7." in texts(app)
    assert "forward is given x." in texts(app)


@pytest.fixture
def launched(open_page, click, store, verdicts):
    """The Launch page as "Train this model" opens it, for a model that nobody has tried."""
    edited = with_changes(EXAMPLES["gpt-python-docs"].spec, {"training.optimizer.lr": 0.5})
    DraftFile(store.root).write(Draft.of(edited))
    library = CodeLibrary(store.root)
    code = from_files(files_of("tabular")).kept_in(library)
    library.allow(code)
    app = open_page("models.py", code=code)
    assert "all other settings are as they were" in texts(click(app, "Train this model"))
    return open_page("launch.py")


def held(store):
    return DraftFile(store.root).read(EXAMPLES["gpt-python-docs"].spec).spec()


def start(app):
    app.button(key="launch.start").click().run()
    assert not app.exception
    return app


def form_field(app, name):
    return next(item for item in app.text_input if item.key == f"form.argument.{name}")


def test_train_puts_model_data_and_task_into_the_form_and_keeps_the_rest(launched, store):
    spec = held(store)
    assert (spec.model.kind, spec.data.source, spec.task.kind) == (
        "imported",
        "breast-cancer",
        "tabular-classification",
    )
    assert spec.model.arguments == {"in_features": 30, "out_features": 2, "hidden": 8}
    assert spec.training.optimizer.lr == 0.5
    (version,) = Registry(store.root).entries()
    assert version.model == spec.model
    assert form_field(launched, "in_features").value == "30"


def test_arguments_are_edited_in_the_form_with_their_faults_beside_them(launched, store):
    form_field(launched, "hidden").set_value("wide").run()
    assert "Must be a whole number (got 'wide')" in texts(launched)
    assert launched.button(key="launch.start").disabled
    form_field(launched, "hidden").set_value("24").run()
    assert held(store).model.arguments["hidden"] == 24
    assert not launched.button(key="launch.start").disabled
    form_field(launched, "in_features").set_value("31").run()
    assert "in_features is 31, and the data has 30 columns" in texts(launched)
    (version,) = [item for item in launched.selectbox if item.label == "Version"]
    assert version.value is None
    version.set_value(Registry(store.root).entries()[0].digest).run()
    assert form_field(launched, "in_features").value == "30"


def test_a_run_is_queued_only_when_its_model_works(launched, click, store, verdicts):
    verdicts += [BAD, GOOD]
    app = finished(start(launched), store)
    assert "Nothing was started." in texts(app)
    assert store.list() == []
    app = finished(start(app), store)
    (summary,) = store.list()
    assert (summary.name, summary.state.status) == ("Model on Breast cancer", "queued")
    assert app.query_params["run"] == summary.id


def test_a_run_whose_consent_was_taken_back_says_so(launched, open_page, click, store, verdicts):
    verdicts += [GOOD]
    finished(start(launched), store)
    run = store.open(store.list()[0].id)
    store.unqueue(run)
    CodeLibrary(store.root).forbid(run.spec.model.code)
    app = open_page("live.py", run=run.id)
    assert "This run cannot be resumed, extended or forked now." in texts(app)
    assert "nobody has consented" in texts(app)
    assert "Look at the code" in [link.proto.label for link in app.get("page_link")]
    click(app, "Resume")
    assert run.state().status == "stopped"


def test_the_form_offers_models_of_the_library_beside_presets(open_page, store):
    library = CodeLibrary(store.root)
    code = from_files(files_of("tabular")).kept_in(library)
    library.allow(code)
    model = ImportedModel(code=code, entry="Model", arguments={"in_features": 30})
    app = open_page("launch.py")
    kinds = app.selectbox(key="form.model")
    assert "Imported code" not in kinds.options
    Registry(store.root).add(model, "mine")
    app = open_page("launch.py")
    app.selectbox(key="form.model").set_value("imported").run()
    assert not app.exception
    assert "A value is needed." in texts(app)
    form_field(app, "out_features").set_value("103").run()
    assert held(store).model.arguments == {"in_features": 30, "out_features": 103}


def test_the_configuration_of_hugging_face_becomes_a_version(upload, store):
    upload({"config.json": b'{"model_type": "gpt2", "n_layer": 2}'})
    (kept,) = Registry(store.root).entries()
    assert (kept.model.kind, kept.model.shown_name) == ("hugging-face", "gpt2")
