"""What screens say about runs, in words and numbers."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.durations import clock_duration, shown_age, shown_duration
from components.log_lines import of_event
from components.log_table import events_table
from components.numbers import shown_number
from components.plain_text import as_markdown
from components.run_header import progress_words, quality_of
from components.run_labels import tags_of
from components.run_requests import Action, Asked, doing, is_offered, refusal
from components.status_badge import LOOKS
from engine.runs.requests import Plain
from engine.runs.state import RunState, Status
from engine.task_spec import METRICS


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "–"),
        (float("nan"), "NaN"),
        (float("inf"), "∞"),
        (float("-inf"), "-∞"),
        (0.0, "0"),
        (1.23456, "1.235"),
        (0.00087912, "0.0008791"),
        (0.000012345, "1.234e-5"),
        (22895.4, "22,895"),
        (7248.2, "7,248"),
        (1.5e15, "1.500e15"),
        (-3.0, "-3"),
    ],
)
def test_numbers_have_four_significant_digits(value, shown):
    assert shown_number(value) == shown


@pytest.mark.parametrize(
    ("seconds", "clock", "words"),
    [
        (None, "–", "–"),
        (0.0, "0:00:00", "under 1 s"),
        (133.2, "0:02:13", "2 min 13 s"),
        (90_061, "25:01:01", "1 d 1 h"),
        (-5, "0:00:00", "under 1 s"),
    ],
)
def test_durations(seconds, clock, words):
    assert clock_duration(seconds) == clock
    assert shown_duration(seconds) == words


@pytest.mark.parametrize(
    ("seconds", "age"), [(None, "–"), (3, "just now"), (125, "2 min ago"), (90_000, "1 d ago")]
)
def test_ages(seconds, age):
    assert shown_age(seconds) == age


@given(text=st.text(st.characters(codec="ascii", min_codepoint=33)))
def test_escaped_text_can_be_read_back(text):
    characters = iter(as_markdown(text).replace("\u2060", ""))
    shown = [next(characters) if character == "\\" else character for character in characters]
    assert "".join(shown) == text


@pytest.mark.parametrize("text", ["http://x.y", "www.x.yz", "a@b.cd", ":material/home:", ":tada:"])
def test_what_markdown_would_make_of_bare_words_is_broken_up(text):
    assert text not in as_markdown(text).replace("\\", "")


def test_indented_text_is_no_code_block():
    assert not as_markdown("    a\n    b").startswith(" ")


@pytest.mark.parametrize("status", get_args(Status))
def test_every_status_has_a_look_and_every_action_an_answer(status):
    assert status in LOOKS
    for action in (*get_args(Plain), "steer", "unqueue"):
        assert isinstance(is_offered(action, status), bool)
        assert action == "steer" or doing(action)


POSSIBLE: dict[str, set[Action]] = {
    "queued": {"unqueue"},
    "running": {"pause", "stop", "stop-and-save", "checkpoint", "validate", "steer"},
    "paused": {"resume", "stop", "stop-and-save", "checkpoint", "validate", "steer"},
    "completed": set(),
    "stopped": {"resume"},
    "failed": {"resume"},
    "interrupted": {"resume"},
}


@pytest.mark.parametrize("status", POSSIBLE)
def test_what_can_be_asked_in_each_status(status):
    actions = {action for possible in POSSIBLE.values() for action in possible}
    assert {action for action in actions if is_offered(action, status)} == POSSIBLE[status]


def test_a_model_that_was_handed_over_cannot_be_resumed_here():
    assert "object" in refusal("resume", "stopped", in_memory=True)
    assert refusal("resume", "paused", in_memory=True) == ""


@pytest.mark.parametrize(
    ("request_", "state", "news", "now", "done"),
    [
        ("pause", RunState(status="running"), {"note"}, 100.0, False),
        ("pause", RunState(status="paused"), set(), 100.0, True),
        ("pause", RunState(status="running"), set(), 300.0, True),
        ("checkpoint", RunState(status="running"), set(), 101.0, False),
        ("checkpoint", RunState(status="running"), {"checkpoint"}, 101.0, True),
        ("validate", RunState(status="running", phase="validating"), set(), 100.5, True),
        ("validate", RunState(status="running"), set(), 100.5, False),
        ("lr-factor=0.5", RunState(status="running"), {"alert", "checkpoint"}, 101.0, False),
        ("lr-factor=0.5", RunState(status="running"), {"alert", "steered"}, 101.0, True),
        ("patience=none", RunState(status="running"), {"refused"}, 101.0, True),
    ],
)
def test_what_was_asked_is_shown_until_the_run_answers(request_, state, news, now, done):
    asked = Asked("run", request_, "running", events=3, at=100.0)
    assert asked.is_done(state, news, now) is done


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ("lr-factor=0.5", "learning rate × 0.5 asked for…"),
        ("more-steps=1500.0", "1,500 more steps asked for…"),
        ("patience=3.0", "patience 3 asked for…"),
        ("patience=none", "patience off asked for…"),
    ],
)
def test_an_act_that_waits_says_what_was_asked(request_, words):
    assert doing(request_) == words


def test_progress_words_leave_out_what_is_not_known():
    state = RunState(status="queued", step=0, total_steps=1200)
    assert progress_words(state) == "Step 0 of 1,200 · 0%"
    state = RunState(
        status="running", step=300, total_steps=1200, steps_per_epoch=400, trained_s=10
    )
    assert (
        progress_words(state) == "Step 300 of 1,200 · 25% · epoch 0.75 · trained 10 s · 30 s left"
    )


@pytest.mark.parametrize(
    ("text", "tags"), [("", ()), ("a, b,,a ,", ("a", "b")), ("<b>, é", ("<b>", "é"))]
)
def test_tags_are_separated_by_commas_and_unique(text, tags):
    assert tags_of(text) == tags


@pytest.mark.parametrize("time", [None, "x", 1e300, float("nan"), -1e18, True])
def test_an_event_with_a_broken_time_is_still_shown(time):
    assert "said" in events_table([of_event({"time": time, "kind": "note", "text": "said"})], None)


def test_an_event_of_any_form_is_escaped():
    event = {"kind": "<i>", "text": {"a": "<script>"}, "step": "x"}
    table = events_table([of_event(event)], None)
    assert "&lt;script&gt;" in table
    assert "<script" not in table
    assert "<i>" not in table


@pytest.mark.parametrize("kind", METRICS)
def test_the_header_shows_a_metric_that_the_task_measures(kind):
    label, metric = quality_of(kind)
    assert metric.removeprefix("val/") in METRICS[kind]
    assert label
