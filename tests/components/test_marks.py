"""What happened to a run, at its place on the curves."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette

from components.charts.marks import KINDS, MOST, Mark, mark_of, merged, with_next
from components.charts.sampling import Window
from components.live_feed import routes
from components.live_feed.frame import decoded
from engine.runs.series import RECORD, MetricFiles
from engine.runs.state import Best
from engine.runs.store import RunStore
from tests.asgi import get
from tests.fabricate import run_of


def mark(step, tone="calm", label="steered", text="It was done.", kind="changes"):
    return Mark(step, 0.0, tone, label, text, "best" if tone == "best" else kind)


def at_steps(*marks):
    return [(float(mark.step), mark) for mark in marks]


@pytest.mark.parametrize(
    ("event", "tone", "label", "text"),
    [
        ({"kind": "steered", "text": "Rate × 0.5 after step 9."}, "calm", "steered", "Rate × 0.5"),
        ({"kind": "alert", "alert": "loss-spike", "text": "A. B."}, "warning", "loss spike", "A"),
        ({"kind": "alert", "text": ""}, "warning", "alert", ""),
        ({"kind": "out-of-memory", "text": "x" * 500}, "bad", "out of memory", "x" * 199 + "…"),
    ],
)
def test_an_event_becomes_a_mark_with_its_first_sentence(event, tone, label, text):
    made = mark_of({"step": 9, "time": 5.5, **event})
    assert (made.step, made.time, made.tone, made.label) == (9, 5.5, tone, label)
    assert made.text.startswith(text)


@pytest.mark.parametrize(
    "event",
    [
        {"kind": "note", "step": 1, "time": 1.0},
        {"kind": "alert", "time": 1.0},
        {"kind": "alert", "step": "x", "time": 1.0},
        {"kind": "alert", "step": 1, "time": None},
        {"kind": ["alert"], "step": 1, "time": 1.0},
        {"text": "damaged"},
    ],
)
def test_what_has_no_place_or_is_not_worth_a_line_is_no_mark(event):
    assert mark_of(event) is None


def test_marks_that_lie_together_are_one_with_a_count_and_the_worst_tone():
    spikes = [mark(step, "warning", "loss spike") for step in (500, 505, 510)]
    drawn = merged(at_steps(*spikes, mark(512, "bad", "skipped"), mark(900)), Window(0, 1000))
    assert [(found.x, found.tone, found.count) for found in drawn] == [
        (500, "bad", 4),
        (900, "calm", 1),
    ]
    assert drawn[0].text == "3 × loss spike, 1 × skipped, steps 500 to 512"
    assert drawn[1].text == "It was done."


def test_the_best_model_keeps_a_mark_of_its_own():
    drawn = merged(at_steps(mark(99), mark(100, "best"), mark(101)), Window(0, 10_000))
    assert [(found.tone, found.count) for found in drawn] == [("calm", 2), ("best", 1)]


@given(
    steps=st.lists(st.integers(-10, 10_000), max_size=300),
    low=st.integers(0, 5000),
    width=st.integers(1, 5000),
)
def test_never_more_marks_than_can_be_told_apart_and_none_is_lost(steps, low, width):
    window = Window(low, low + width)
    drawn = merged(at_steps(*map(mark, steps)), window)
    assert len(drawn) <= MOST + 1
    assert sum(found.count for found in drawn) == sum(low <= step <= low + width for step in steps)
    assert [found.x for found in drawn] == sorted(found.x for found in drawn)


# -- over HTTP -------------------------------------------------------------------------------------


@pytest.fixture
def run(tmp_path):
    run = run_of(RunStore(tmp_path), status="running", steps=0)
    records = np.zeros(100, RECORD)
    records["step"], records["time"] = np.arange(1, 101), 1000.0 + np.arange(1, 101)
    files = MetricFiles(run.metrics_folder)
    files.append("train/loss", records)
    files.close()
    run.write_state(
        run.state().model_copy(update={"started_at": 1000.0, "steps_per_epoch": 20.0, "attempt": 1})
    )
    return run


@pytest.fixture
def ask(run):
    app = Starlette(routes=routes(RunStore(run.folder.parent)))

    def ask(**options):
        given = {"run": run.id, "metric": "train/loss", "marks": KINDS, **options}
        answer = get(app, "/traindeck/series", given)
        return decoded(answer.content)[0] if answer.status == 200 else None

    return ask


def alert(run, step, text="Look."):
    run.add_event("alert", text, step=step, alert="loss-spike")


def test_marks_come_once_and_again_only_when_there_are_new_ones(run, ask):
    alert(run, 40)
    first = ask()
    assert [mark["x"] for mark in first["marks"]] == [40]
    assert ask(have=first["token"]) is None
    run.add_event("note", "Nothing to draw.", step=50)
    assert ask(have=first["token"]) is None
    alert(run, 60)
    second = ask(have=first["token"])
    assert [mark["x"] for mark in second["marks"]] == [40, 60]
    assert second["curves"] == []


def test_news_of_the_curves_bring_no_marks_that_the_viewer_has(run, ask):
    alert(run, 40)
    first = ask()
    run.write_state(run.state().model_copy(update={"status": "completed"}))
    assert "marks" not in ask(have=first["token"])


def test_marks_are_told_only_when_asked_for_and_only_of_one_run(run, ask):
    alert(run, 40)
    assert "marks" not in ask(marks=[])
    other = run_of(RunStore(run.folder.parent), status="running", steps=0)
    assert ask(run=[run.id, other.id])["marks"] == []


@pytest.mark.parametrize(("axis", "places"), [("step", [40, 90]), ("epoch", [2, 4.5])])
def test_marks_lie_where_the_curves_are_on_every_axis(run, ask, axis, places):
    alert(run, 40)
    run.write_state(
        run.state().model_copy(update={"best": Best(metric="val/loss", value=0.25, step=90)})
    )
    marks = ask(x=axis)["marks"]
    assert [mark["x"] for mark in marks] == places
    assert marks[1]["text"] == "Best val/loss: 0.25 at step 90"


def test_on_the_time_axis_a_mark_lies_where_it_happened(run, ask):
    (run.folder / "events.jsonl").write_text(
        '{"kind": "alert", "step": 40, "time": 1040.5, "text": "Look."}\n'
    )
    run.write_state(
        run.state().model_copy(update={"best": Best(metric="val/loss", value=0.25, step=90)})
    )
    assert [mark["x"] for mark in ask(x="time")["marks"]] == [40.5, 90]


def test_only_what_lies_in_the_window_is_told(run, ask):
    for step in (10, 40, 90):
        alert(run, step)
    assert [mark["x"] for mark in ask(low=30, high=50)["marks"]] == [40]


def test_acts_of_steering_hold_again_after_a_resume(run, ask):
    run.add_event("steered", "Learning rate multiplied by 0.5 after step 90.", step=90)
    run.add_event("resumed", "Attempt 2, from step 50.", step=50)
    assert [mark["x"] for mark in ask(marks=["changes"])["marks"]] == [90]


def test_a_roll_back_lies_where_the_curves_go_on(run, ask):
    run.add_event("rolled-back", "Training diverged at step 91. Went back.", step=90)
    run.add_event("resumed", "Attempt 2, from step 50.", step=50)
    (mark,) = ask()["marks"]
    assert (mark["x"], mark["tone"], mark["text"]) == (50, "bad", "Training diverged at step 91")


def test_what_a_resume_does_again_has_not_happened(run, ask):
    alert(run, 40)
    alert(run, 90)
    run.add_event("resumed", "Attempt 2, from step 50.", step=50)
    assert [mark["x"] for mark in ask()["marks"]] == [40, 50]


def test_a_mark_of_a_resume_says_from_which_step(run, ask):
    run.add_event("resumed", "Attempt 2, from step 50, on cpu with 2 CPU threads.", step=50)
    (mark,) = ask()["marks"]
    assert (mark["x"], mark["tone"], mark["text"]) == (50, "calm", "Resumed from step 50")


def test_checkpoints_lie_in_a_row_of_their_own_and_are_merged(run, ask):
    alert(run, 52)
    for step in (50, 51, 53, 90):
        run.add_event("checkpoint", f"Saved step-{step:09d}.", step=step)
    marks = [(mark["x"], mark["row"], mark["count"]) for mark in ask()["marks"]]
    assert marks == [
        (50, "checkpoints", 2),
        (52, "events", 1),
        (53, "checkpoints", 1),
        (90, "checkpoints", 1),
    ]


@pytest.mark.parametrize(
    ("kinds", "places"),
    [(["checkpoints"], [60]), (["drift", "alerts"], [40, 70]), (["trouble"], [])],
)
def test_only_the_chosen_kinds_of_marks_are_told(run, ask, kinds, places):
    alert(run, 40)
    run.add_event("checkpoint", "Saved step-000000060.", step=60)
    run.add_event("drift", "The inputs have drifted.", step=70)
    assert [mark["x"] for mark in ask(marks=kinds)["marks"]] == places


def test_a_run_that_is_put_back_loses_the_marks_behind_the_step():
    marks = []
    for kind, step in (("steered", 5), ("steered", 20), ("restored", 10)):
        marks = with_next(marks, {"kind": kind, "step": step, "time": 1.0, "text": "Done."})
    assert [(mark.label, mark.step) for mark in marks] == [("steered", 5), ("restored", 10)]
