"""Lines of a log: their levels, which of them are found, and what of a file is kept."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components import output_tail
from components.log_lines import Line, Wanted, found, of_event, of_output
from components.log_table import output_table
from components.output_tail import OutputTail


@pytest.mark.parametrize(
    ("event", "level"),
    [
        ({"kind": "checkpoint"}, "info"),
        ({"kind": "alert"}, "warning"),
        ({"kind": "failed"}, "error"),
        ({"kind": "damaged"}, "error"),
        ({"kind": "alert", "level": "error"}, "error"),
        ({"kind": "checkpoint", "level": "debug"}, "debug"),
        ({"kind": "failed", "level": "loud"}, "error"),
        ({"kind": "note", "level": ["debug"]}, "info"),
        ({}, "info"),
    ],
)
def test_an_event_has_its_own_level_or_that_of_its_kind(event, level):
    assert of_event(event).level == level


@pytest.mark.parametrize(
    ("raw", "level", "text"),
    [
        ("plain", "info", "plain"),
        ("2026-01-01 WARNING engine: low", "warning", "2026-01-01 WARNING engine: low"),
        ("DEBUG x", "debug", "DEBUG x"),
        ("CRITICAL x", "error", "CRITICAL x"),
        ("x.py:3: UserWarning: slow", "warning", "x.py:3: UserWarning: slow"),
        ("Traceback (most recent call last):", "error", "Traceback (most recent call last):"),
        ("ValueError: no", "error", "ValueError: no"),
        ("\x1b[31mred\x1b[0m and \x1b]0;title\x07bold", "info", "red and bold"),
        (" 10%\r 50%\r100%\r", "info", "100%"),
        ("a\x00b\x08c", "info", "abc"),
        ("ERRORS were none", "info", "ERRORS were none"),
    ],
)
def test_a_printed_line_is_plain_text_with_the_level_that_it_says(raw, level, text):
    assert of_output(raw) == Line(level, text)


def test_what_is_indented_belongs_to_the_line_before():
    assert of_output("    raise ValueError", "error").level == "error"
    assert of_output("not indented", "error").level == "info"


@given(st.text())
def test_any_text_becomes_a_line_without_control_characters_or_html(raw):
    line = of_output(raw)
    assert not any(ord(char) < 32 and char not in "\t\n" for char in line.text)
    assert "<script" not in output_table([line])


LINES = [
    Line("info", "Saved step-000000100.", "checkpoint"),
    Line("warning", "The loss spiked", "alert"),
    Line("error", "The disk is FULL", "failed"),
]


@pytest.mark.parametrize(
    ("levels", "words", "texts"),
    [
        ({"debug", "info", "warning", "error"}, "", [0, 1, 2]),
        ({"warning", "error"}, "", [1, 2]),
        (set(), "", []),
        ({"debug", "info", "warning", "error"}, "full", [2]),
        ({"debug", "info", "warning", "error"}, "the LOSS", [1]),
        ({"debug", "info", "warning", "error"}, "loss full", []),
        ({"debug", "info", "warning", "error"}, "checkpoint", [0]),
        ({"info"}, "the", []),
        ({"debug", "info", "warning", "error"}, "  ", [0, 1, 2]),
        ({"debug", "info", "warning", "error"}, "(.*[", []),
    ],
)
def test_lines_are_found_by_level_and_by_all_words(levels, words, texts):
    result = found(LINES, Wanted(frozenset(levels), words), 10)
    assert list(result.lines) == [LINES[place] for place in texts]
    assert result.total == len(texts)


def test_of_many_the_newest_are_shown_and_all_are_counted():
    lines = [Line("info", str(number)) for number in range(1000)]
    result = found(lines, Wanted(words="9"), 3)
    assert [line.text for line in result.lines] == ["997", "998", "999"]
    assert result.total == 271


# -- the end of a file -----------------------------------------------------------------------------


def texts(tail):
    return [line.text for line in tail.read_on()]


def test_a_file_is_read_on_from_where_it_was_left(tmp_path):
    path = tmp_path / "worker.log"
    tail = OutputTail(path)
    assert texts(tail) == []
    path.write_bytes(b"one\ntw")
    assert texts(tail) == ["one", "tw"]
    with path.open("ab") as file:
        file.write("o é\n".encode())
    assert texts(tail) == ["one", "two é"]
    assert not tail.is_cut


def test_a_file_that_became_shorter_is_read_anew(tmp_path):
    path = tmp_path / "worker.log"
    path.write_text("one\ntwo\n")
    tail = OutputTail(path)
    assert texts(tail) == ["one", "two"]
    path.write_text("new\n")
    assert texts(tail) == ["new"]


def test_of_a_long_file_only_the_end_is_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(output_tail, "MOST_BYTES", 25)
    path = tmp_path / "worker.log"
    path.write_text("".join(f"line {number:03d}\n" for number in range(100)))
    tail = OutputTail(path)
    assert texts(tail) == ["line 098", "line 099"]
    assert tail.is_cut


def test_so_many_lines_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(output_tail, "MOST_LINES", 10)
    monkeypatch.setattr(output_tail, "_SLACK", 5)
    path = tmp_path / "worker.log"
    tail = OutputTail(path)
    for number in range(100):
        with path.open("a") as file:
            file.write(f"{number}\n")
        assert len(tail.read_on()) <= 10
    assert texts(tail) == [str(number) for number in range(90, 100)]
    assert tail.is_cut


def test_bytes_that_are_no_text_are_survived(tmp_path):
    path = tmp_path / "worker.log"
    path.write_bytes(b"\xff\xfe bad\nnext\n")
    assert texts(OutputTail(path))[1] == "next"
