"""What is made of a run: a longer one, one that goes on from a checkpoint, one like it."""

import shutil

import pytest

from components import live_state, session
from components.draft import Draft, DraftFile
from engine.data.specs import InMemoryData
from engine.frozen import with_changes
from engine.models.specs import InMemoryModel
from engine.run_spec import RunSpec
from tests import fabricate

LR = "training.optimizer.lr"
SPEC = with_changes(fabricate.IMAGES, {"training.length.amount": 300, "name": "parent"})
OTHER = with_changes(fabricate.TEXT, {"name": "what was in the form"})


@pytest.fixture
def parent(store):
    run = fabricate.run_of(store, SPEC, status="completed", steps=200, total=200)
    for step in (100, 150, 200):
        fabricate.checkpoint_of(run, step)
    DraftFile(store.root).write(Draft.of(OTHER))
    return run


def healthy(app):
    assert not app.exception, [item.message for item in app.exception]
    return app


@pytest.fixture
def live(open_page):
    def live(run):
        app = open_page("live.py", run=run.id)
        for button in (live_state.EXTENDING, live_state.FORKING):
            app.session_state[button] = True
        return healthy(app.run())

    return live


@pytest.fixture
def forking(parent, live):
    """The Launch form after a fork of the parent was set up."""

    def forking(step=100):
        app = live(parent)
        app.selectbox(key=session.FORK_STEP).set_value(step).run()
        press(app, "live.fork.go")
        return healthy(app.switch_page("launch.py").run())  # AppTest forgets where it was sent

    return forking


def press(app, key):
    return healthy(app.button(key=key).click().run())


def edit(app, path, value):
    kinds = (app.number_input, app.text_input, app.selectbox)
    widget = next(item for kind in kinds for item in kind if item.key == f"form.{path}")
    return healthy(widget.set_value(value).run())


def words(app):
    parts = (*app.markdown, *app.caption, *app.error)
    return "\n".join(part.value for part in parts).replace("\\", "")


def draft(store):
    return RunSpec.parse(DraftFile(store.root).read(fabricate.TEXT).document)


def popover(app, label):
    (found,) = [part for part in app.get("popover") if part.proto.popover.label == label]
    return found.proto.popover


def newest(store, *known):
    (found,) = [entry for entry in store.list() if entry.id not in {run.id for run in known}]
    return store.open(found.id)


# -- running again ---------------------------------------------------------------------------------


def test_the_settings_of_any_run_can_be_taken_into_the_form(store, parent, live):
    app = press(live(parent), "live.again")
    assert draft(store) == SPEC
    assert "settings of **parent**" in words(app)
    press(app, "launch.undo")
    assert draft(store) == OTHER


def test_what_exists_only_in_a_program_cannot_be_run_again_or_forked(store, live):
    spec = with_changes(
        SPEC,
        {
            "model": InMemoryModel(class_name="Net").model_dump(),
            "data": InMemoryData().model_dump(),
        },
    )
    run = fabricate.run_of(store, spec, status="completed")
    fabricate.checkpoint_of(run, 200)
    app = live(run)
    assert app.button(key="live.again").disabled
    for label in ("Extend", "Fork"):
        assert popover(app, label).disabled
        assert "only the program" in popover(app, label).help


# -- extending -------------------------------------------------------------------------------------


def fill(app, run, wish, value):
    return healthy(app.number_input(key=f"live.wish.{wish}.{run.id}").set_value(value).run())


def test_a_completed_run_is_extended_and_goes_on_at_once(store, parent, live):
    app = live(parent)
    fill(app, parent, "extend-steps", 120.0)
    assert "From step 200 to step 320." in words(app)
    fill(app, parent, "extend-lr", 0.5)
    press(app, "live.extend.go")
    assert [(act.act, act.value) for act in parent.acts()] == [("extend", 120), ("lr-factor", 0.5)]
    assert parent.state().status == "queued"
    assert (store.queue / parent.id).exists()
    assert not app.number_input, "the question is answered"
    assert "Extended by 120 steps" in words(app) or "queued" in words(app)


def test_without_a_factor_the_learning_rate_stays(parent, live):
    app = live(parent)
    fill(app, parent, "extend-steps", 50.0)
    press(app, "live.extend.go")
    assert [act.act for act in parent.acts()] == ["extend"]


@pytest.mark.parametrize(
    ("steps", "factor", "complaint"),
    [
        (None, None, "A value is needed."),
        (2.5, None, "Must be a whole number (got 2.5)."),
        (-5.0, None, "Must be above 0 and at most 100,000,000 (got -5)."),
        (10.0, 0.0, "Must be above 0 and at most 1,000,000 (got 0)."),
    ],
)
def test_a_wrong_extension_is_said_at_its_field_and_nothing_is_lost(
    store, parent, live, steps, factor, complaint
):
    app = live(parent)
    fill(app, parent, "extend-steps", steps)
    fill(app, parent, "extend-lr", factor)
    press(app, "live.extend.go")
    assert f":small[:red[{complaint}]]" in words(app)
    assert app.number_input(key=f"live.wish.extend-steps.{parent.id}").value == steps
    assert parent.acts() == ()
    assert parent.state().status == "completed"


@pytest.mark.parametrize(
    ("status", "why"),
    [("running", "steer it"), ("interrupted", "resume it"), ("queued", "resume it")],
)
def test_a_run_that_has_not_ended_is_not_extended_and_says_why(store, live, status, why):
    app = live(fabricate.run_of(store, SPEC, status=status, steps=100))
    assert popover(app, "Extend").disabled
    assert why in popover(app, "Extend").help


# -- forking ---------------------------------------------------------------------------------------


def test_checkpoints_are_offered_newest_first_with_what_was_measured(parent, live):
    fabricate.checkpoint_of(parent, 130)
    app = live(parent)
    values = dict(zip(*parent.series("val/loss")[0::2][:2], strict=True))
    assert app.selectbox(key=session.FORK_STEP).options == [
        f"200 · val/loss {values[200]:.4g}",
        f"150 · val/loss {values[150]:.4g}",
        "130",
        f"100 · val/loss {values[100]:.4g}",
    ]
    assert "The best by val/loss is that of step 200." in words(app).replace("\u2060", "")


def test_the_newest_checkpoint_is_offered_until_one_is_picked(parent, live):
    app = live(parent)
    fabricate.checkpoint_of(parent, 250)
    assert app.run().selectbox(key=session.FORK_STEP).value == 250
    app.selectbox(key=session.FORK_STEP).set_value(150).run()
    fabricate.checkpoint_of(parent, 300)
    assert app.run().selectbox(key=session.FORK_STEP).value == 150


def test_a_range_test_is_neither_extended_nor_forked(store, live):
    test = with_changes(SPEC, {"training.scheduler": {"name": "range-test"}})
    run = fabricate.run_of(store, test)
    fabricate.checkpoint_of(run, 200)
    app = live(run)
    for label in ("Extend", "Fork"):
        assert popover(app, label).disabled
        assert "range test" in popover(app, label).help


def test_a_run_without_checkpoints_cannot_be_forked(store, live):
    app = live(fabricate.run_of(store, SPEC))
    assert popover(app, "Fork").disabled
    assert popover(app, "Fork").help == "There is no checkpoint yet."


def test_the_form_holds_the_parents_settings_and_says_what_it_is(store, forking):
    app = forking()
    assert "Fork of parent from step 100" in words(app)
    assert "Nothing is changed yet." in words(app)
    assert draft(store) == with_changes(SPEC, {"name": "parent, from step 100"})
    assert app.button(key="launch.start").label == "Start the fork"
    assert not [button for button in app.button if button.key == "launch.range-test"]


def test_a_fork_is_started_with_the_changes_and_the_form_comes_back(store, parent, forking):
    app = forking()
    edit(app, LR, "1e-4")
    edit(app, "training.length.amount", 500.0)
    assert "Learning rate 1e-3 → 1e-4" in words(app)
    assert "400" in next(text.value for text in app.markdown if "Steps to come" in text.value)
    app.button(key="launch.start").click().run()
    child = newest(store, parent)
    wanted = {"name": "parent, from step 100", LR: 1e-4, "training.length.amount": 500}
    assert child.record.spec == with_changes(SPEC, wanted)
    assert (child.record.origin.run_id, child.record.origin.step) == (parent.id, 100)
    assert (store.queue / child.id).exists()
    assert app.query_params["run"] in (child.id, [child.id])
    assert draft(store) == OTHER


def test_another_variant_is_one_change(store, parent, forking):
    app = forking()
    edit(app, "training.optimizer", "sgd")
    edit(app, "training.optimizer.momentum", 0.8)
    assert "begins without its memory" in words(app)
    app.button(key="launch.start").click().run()
    child = newest(store, parent)
    assert child.record.spec.training.optimizer.momentum == 0.8
    assert child.record.origin.fresh_optimizer


def test_a_fork_survives_another_tab_and_a_page_change(store, forking, open_page):
    app = forking()
    edit(app, LR, "1e-4")
    healthy(app.switch_page("runs.py").run())
    assert "Fork of parent from step 100" in words(healthy(app.switch_page("launch.py").run()))
    assert "Learning rate 1e-3 → 1e-4" in words(healthy(open_page("launch.py")))


def test_cancelling_brings_back_what_was_in_the_form(store, forking):
    app = forking()
    edit(app, LR, "1e-4")
    press(app, "launch.fork.cancel")
    assert draft(store) == OTHER
    assert "Fork of" not in words(app)
    assert app.button(key="launch.start").label == "Start"


def test_setting_up_another_fork_does_not_forget_what_was_in_the_form(store, parent, forking, live):
    forking()
    app = forking(150)
    assert "from step 150" in words(app)
    press(app, "launch.fork.cancel")
    assert draft(store) == OTHER


@pytest.mark.parametrize(
    ("path", "value", "complaint"),
    [
        ("model.layers", 7.0, "Cannot change in a fork: the checkpoint has the weights"),
        ("training.length.amount", 100.0, "The run would end at step 100"),
        (LR, "fast", "Not a number"),
    ],
)
def test_what_a_fork_cannot_do_is_said_at_its_field(forking, path, value, complaint):
    app = forking()
    edit(app, path, value)
    small = [text.value for text in app.markdown if text.value.startswith(":small[:red[")]
    assert len(small) == 1
    assert complaint in small[0].replace("\\", "")
    assert app.button(key="launch.start").disabled


def test_a_parent_that_is_gone_is_said(store, parent, forking):
    app = forking()
    shutil.rmtree(parent.folder)
    healthy(app.run())
    assert "No run" in words(app)
    assert app.button(key="launch.start").disabled
    press(app, "launch.fork.cancel")
    assert draft(store) == OTHER


def test_a_checkpoint_that_is_gone_is_said(store, parent, forking):
    app = forking()
    shutil.rmtree(parent.folder / "checkpoints" / "step-000000100")
    edit(app, LR, "1e-4")
    assert "There is no checkpoint of this step" in words(app)
    assert app.button(key="launch.start").disabled


def test_the_examples_make_room_for_what_was_brought(parent, live, open_page):
    def folded(app):
        return "Examples" in [block.label for block in app.expander]

    assert not folded(open_page("launch.py"))
    app = press(live(parent), "live.again")
    assert folded(healthy(app.switch_page("launch.py").run()))
    app = press(live(parent), "live.fork.go")
    assert folded(healthy(app.switch_page("launch.py").run()))
    assert folded(open_page("launch.py"))


def test_a_preset_changes_the_fork_and_an_example_ends_it(store, forking):
    app = forking()
    press(app, "preset.quick_prototype")
    assert "Fork of parent" in words(app)
    press(app, "launch.example.digits-mlp.customise")
    assert "Fork of parent" not in words(app)


# -- lineage ---------------------------------------------------------------------------------------


def forked(store, parent, forking):
    app = forking()
    app.button(key="launch.start").click().run()
    return newest(store, parent)


def test_a_fork_shows_where_it_comes_from(store, parent, forking, live):
    child = forked(store, parent, forking)
    app = live(child)
    links = [part.proto for part in app.get("page_link") if part.proto.label == "parent"]
    assert [f"run={parent.id}" in link.query_string for link in links] == [True]
    assert "at step 100" in words(app)
    store.trash(parent.id)
    assert f"{parent.id} (deleted)" in words(live(child))


def test_the_table_says_what_was_forked_from_what(store, parent, forking, open_page):
    forked(store, parent, forking)
    columns = ["origin.run_id", "origin.step"]
    table = healthy(open_page("runs.py", columns=columns)).dataframe[0].value
    assert table["Forked from"].dropna().tolist() == ["parent"]
    assert table["Forked at step"].dropna().tolist() == [100]
