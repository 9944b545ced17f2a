"""The Live page changes a run while it goes."""

import pytest

from components import live_state
from engine.frozen import with_changes
from engine.steering import Act, append
from tests import fabricate


@pytest.fixture
def live(open_page):
    def live(run):
        app = open_page("live.py", run=run.id)
        app.session_state[live_state.STEERING] = True
        assert not app.run().exception
        return app

    return live


def running(store, **changes):
    return fabricate.run_of(
        store, with_changes(fabricate.TEXT, changes), status="running", steps=120
    )


def fill(app, run, act, value):
    app.number_input(key=f"live.wish.{act}.{run.id}").set_value(value).run()
    assert not app.exception


def press(app, key):
    app.button(key=key).click().run()
    assert not app.exception
    return app


def words(app):
    """What is said on the page, without the marks of markdown."""
    return "\n".join(text.value for text in (*app.markdown, *app.caption)).replace("\\", "")


@pytest.mark.parametrize(
    ("act", "value", "request_", "doing"),
    [
        ("lr-factor", 0.5, "lr-factor=0.5", "learning rate × 0.5 asked for…"),
        ("more-steps", 300.0, "more-steps=300.0", "300 more steps asked for…"),
        ("patience", 4.0, "patience=4.0", "patience 4 asked for…"),
    ],
)
@pytest.mark.parametrize("status", ["running", "paused"])
def test_an_act_is_left_for_the_worker_and_seen_until_it_answers(
    store, live, status, act, value, request_, doing
):
    run = running(store)
    run.write_state(run.state().model_copy(update={"status": status}))
    app = live(run)
    fill(app, run, act, value)
    press(app, f"live.steer.{act}.apply")
    assert run.take_requests() == [request_]
    assert doing in words(app)
    assert app.number_input(key=f"live.wish.{act}.{run.id}").value is None
    run.add_event("alert", "Something else.", step=121)
    assert doing in words(app.run())
    run.add_event("steered", "It was done.", step=121)
    assert doing not in words(app.run())


@pytest.mark.parametrize(
    ("act", "value", "complaint"),
    [
        ("lr-factor", 0.0, "Must be a number above 0 (got 0)."),
        ("lr-factor", 1e9, "Must be at most 1,000,000 (got 1e+09)."),
        ("lr-factor", None, "A value is needed."),
        ("more-steps", 2.5, "Must be a whole number, at most 100,000,000 (got 2.5)."),
        ("patience", -1.0, "Must be a number above 0 (got -1)."),
        ("patience", None, "A value is needed."),
    ],
)
def test_a_wrong_value_is_said_at_its_field_and_stays_there(store, live, act, value, complaint):
    run = running(store)
    app = live(run)
    fill(app, run, act, value)
    press(app, f"live.steer.{act}.apply")
    assert f":small[:red[{complaint}]]" in words(app)
    assert app.number_input(key=f"live.wish.{act}.{run.id}").value == value
    assert run.waiting_requests() == []
    fill(app, run, act, 2.0)
    assert ":red[" not in words(app)


def test_what_is_filled_in_stays_while_the_button_is_closed(store, live):
    run = running(store)
    app = live(run)
    fill(app, run, "lr-factor", 0.5)
    app.session_state[live_state.STEERING] = False
    app.run()
    assert not app.number_input
    assert "Multiply" not in words(app)
    app.session_state[live_state.STEERING] = True
    app.run()
    assert app.number_input(key=f"live.wish.lr-factor.{run.id}").value == 0.5


def test_the_learning_rate_that_a_factor_makes_is_shown_before_it_is_asked_for(store, live):
    run = running(store)
    app = live(run)
    assert "Now 0.000888." in words(app)
    fill(app, run, "lr-factor", 0.5)
    assert "then 0.000444." in words(app)


def test_the_length_and_what_becomes_of_the_schedule_are_shown(store, live):
    run = running(store)
    app = live(run)
    stretched = "What is left of the schedule is stretched over them."
    assert f"Now 200 in all. {stretched}" in words(app)
    fill(app, run, "more-steps", 300.0)
    assert f"Now 200 in all, then 500. {stretched}" in words(app)
    constant = running(store, **{"training.scheduler": {"name": "constant"}})
    assert "stretched" not in words(live(constant))


def test_the_patience_that_holds_is_shown_and_can_be_switched_off(store, live):
    run = running(store, **{"training.early_stopping.patience": 7})
    assert "Now 7: validations" in words(live(run))
    append(run.folder, Act(step=100, act="patience", value=3))
    app = live(run)
    assert "Now 3: validations" in words(app)
    press(app, "live.steer.patience.off")
    assert run.take_requests() == ["patience=none"]
    append(run.folder, Act(step=120, act="patience"))
    app = live(run)
    assert "Now off: validations" in words(app)
    assert app.button(key="live.steer.patience.off").disabled


@pytest.mark.parametrize("status", ["queued", "completed", "stopped", "failed", "interrupted"])
def test_a_run_that_does_not_go_cannot_be_steered(store, live, status):
    app = live(fabricate.run_of(store, status=status, steps=120))
    assert "Steer" not in [block.proto.popover.label for block in app.get("popover")]
    assert not [field for field in app.number_input if "lr-factor" in field.key]


def test_a_range_test_cannot_be_steered(store, live):
    run = running(store, **{"training.scheduler": {"name": "range-test"}})
    (popover,) = [
        block for block in live(run).get("popover") if block.proto.popover.label == "Steer"
    ]
    assert popover.proto.popover.disabled
    assert popover.proto.popover.help == "A range test has its own learning rates and length."


def test_a_damaged_list_of_acts_does_not_take_the_page_away(store, live):
    run = running(store)
    (run.folder / "steering.jsonl").write_text('{"act": "fly"}\n')
    app = live(run)
    assert any("act" in error.value for error in app.error)
    assert app.metric
