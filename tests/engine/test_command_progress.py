"""The progress that `train` shows, and numbers and texts on their way out."""

import io
import math

import pytest

from engine.commands.console import number, printable
from engine.commands.progress import ProgressLine, duration, progress_text
from engine.runs.state import RunState
from engine.runs.store import RunStore
from tests import fabricate


@pytest.mark.parametrize(
    ("state", "measured", "expected"),
    [
        (RunState(phase="loading"), (None, None, None), "step 0  loading"),
        (
            RunState(status="running", phase="training", step=50, total_steps=200, trained_s=10),
            (0.123456, 0.5, 4.97),
            "step 50/200  loss 0.1235  val loss 0.5  4.97 steps/s  ETA 0:30",
        ),
        (
            RunState(status="paused", step=50, total_steps=200, trained_s=10),
            (math.nan, None, 0.0),
            "step 50/200  loss nan",
        ),
    ],
)
def test_a_line_tells_what_is_known_and_leaves_out_the_rest(state, measured, expected):
    assert progress_text(state, *measured) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"), [(0, "0:00"), (59.6, "1:00"), (61, "1:01"), (36_000.2, "10:00:00")]
)
def test_durations_are_short(seconds, expected):
    assert duration(seconds) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (0.5, 0.5),
        (3, 3),
        (math.nan, "NaN"),
        (math.inf, "Infinity"),
        (-math.inf, "-Infinity"),
    ],
)
def test_numbers_that_json_has_no_word_for_are_strings(value, expected):
    assert number(value) == expected


def test_printable_text_is_left_alone_and_the_rest_is_spelled_out():
    assert printable("größer 数 x²") == "größer 数 x²"
    assert printable("a\tb\x07\ud800") == "a\\tb\\x07\\ud800"


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def run(tmp_path):
    return fabricate.run_of(RunStore(tmp_path), status="running", steps=100)


def test_without_a_terminal_progress_is_plain_lines_on_the_chosen_stream(run, capsys):
    ticks = iter([0.0, 2.0])
    line = ProgressLine(run, io.StringIO(), to_stderr=True, clock=lambda: next(ticks))
    line.show()
    run.write_state(run.state().model_copy(update={"step": 110}))
    line.show()
    out, err = capsys.readouterr()
    assert out == ""
    first, second = err.splitlines()
    assert first.startswith("step 100/200  loss ")
    assert " 5 steps/s  ETA " in second


def test_on_a_terminal_progress_is_one_bar_that_is_wiped_at_the_end(run):
    terminal = Terminal()
    line = ProgressLine(run, terminal, to_stderr=False)
    with line:
        line.show()
    assert "step 100/200" in terminal.getvalue()
    assert terminal.getvalue().endswith("\x1b[2K")
