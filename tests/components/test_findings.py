"""What a health check measured, in pictures and words, and what has changed since."""

from __future__ import annotations

import math

import numpy as np
import pytest

from components.charts.findings import finding_figure, left_out
from components.models.finding_view import measured_words, shortened
from components.models.report_changes import changes, offered
from engine.health import kept
from engine.health.report import Bars, Curve, Finding, HealthReport, Heat, Lines, Measured
from engine.health.summaries import newest_by_version, summaries, unreadable
from engine.models.version import version_of
from tests.fabricate import IMAGES

LINES = Lines(
    title="t <b>", x_title="x", y_title="y", log_x=True, log_y=True,
    bounds={"most": 100.0, "no": 0.0},
    curves=(Curve(name="a", x=(1, 2, 3), y=(1.0, None, "NaN")), Curve(name="b", x=(1,), y=(-1.0,))),
)  # fmt: skip
BARS = Bars(title="t", names=("a", "b"), values=(1.0, "Infinity"), y_title="y", bounds={"low": 2.0})
HEAT = Heat(title="t", x_title="x", y_title="y", x=(1, 2), y=(1,), rows=((0.5, None),))


def finding(check, verdict, text="Text.", **measured):
    numbers = tuple(Measured(name=name, value=value) for name, value in measured.items())
    return Finding(check=check, verdict=verdict, text=text, measured=numbers)


def report(*findings, digest="0" * 64, spec=IMAGES, at=5.0):
    documents = {
        part: getattr(spec, part).model_dump(mode="json") for part in ("task", "model", "data")
    }
    return HealthReport(digest=digest, checked_at=at, batch_size=2, findings=findings, **documents)


def test_what_is_no_finite_number_is_a_gap_and_counted():
    assert [left_out(figure) for figure in (LINES, BARS, HEAT)] == [3, 1, 1]
    first, second = finding_figure(LINES, dark=False).data
    assert np.array_equal(first.y, [1.0, math.nan, math.nan], equal_nan=True)
    assert np.isnan(second.y).all()  # a logarithmic axis has no place for it
    assert np.isnan(finding_figure(BARS, dark=True).data[0].y[1])
    assert np.isnan(finding_figure(HEAT, dark=True).data[0].z[0, 1])


def test_bounds_are_lines_with_their_words_at_the_same_place():
    drawn = finding_figure(LINES, dark=False)
    assert [shape.y0 for shape in drawn.layout.shapes] == [100.0]
    assert [(note.text, note.y) for note in drawn.layout.annotations] == [("most", 2.0)]  # log10
    assert drawn.layout.title.text == "t &lt;b&gt;"
    straight = finding_figure(BARS, dark=False)
    assert (straight.layout.shapes[0].y0, straight.layout.annotations[0].y) == (2.0, 2.0)


def test_long_names_of_layers_lie():
    long = BARS.model_copy(update={"names": ("blocks.0.attention", "blocks.1.attention")})
    drawn = finding_figure(long, dark=False)
    assert drawn.data[0].orientation == "h"
    assert (drawn.layout.shapes[0].x0, drawn.layout.yaxis.autorange) == (2.0, "reversed")


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        (1.5, "MB", "1.5 MB"), (None, "MB", "–"), ("NaN", "", "NaN"),
        ("-Infinity", "nats", "-∞ nats"),
        (0.04, "at most", "at most 0.04"),
    ],
)  # fmt: skip
def test_numbers_are_told_with_their_units(value, unit, words):
    assert measured_words(Measured(name="x", value=value, unit=unit)) == words


def test_long_sentences_are_cut_on_a_line():
    assert shortened("One. Two.") == "One"
    assert len(shortened("x" * 500)) == 110


def test_what_has_changed_is_told_verdicts_first():
    before = report(finding("noise", "pass", share=0.1, gone=1), finding("memory", "pass", mb=5))
    now = report(finding("noise", "fail", share=0.2), finding("memory", "pass", mb=5),
                 finding("speed", "pass", ms=3))  # fmt: skip
    assert changes(before, now).to_numpy().tolist() == [
        ["Noise", "verdict", "pass", "fail"],
        ["Speed", "verdict", "not made", "pass"],
        ["Noise", "share", "0.1", "0.2"],
        ["Noise", "gone", "1", "–"],
        ["Speed", "ms", "–", "3"],
    ]
    assert changes(now, now).empty


def test_earlier_reports_are_put_aside_and_the_oldest_deleted(tmp_path):
    for number in range(kept.MOST_EARLIER + 3):
        kept.write(tmp_path, report(finding("noise", "pass"), at=float(number)))
    files = kept.earlier(tmp_path, "0" * 64)
    assert len(files) == kept.MOST_EARLIER
    assert [kept.read_file(file).checked_at for file in files][:2] == [11.0, 10.0]
    assert kept.read(tmp_path, "0" * 64).checked_at == 12.0
    assert len(list(kept.read_all(tmp_path))) == 1


def test_reports_on_other_data_are_offered_too(tmp_path):
    kept.write(tmp_path, report(finding("noise", "warn")))
    kept.write(tmp_path, report(finding("noise", "pass"), digest="1" * 64, at=9.0))
    labels = [other.label for other in offered(tmp_path, kept.read(tmp_path, "0" * 64))]
    assert labels == [labels[0]]
    assert labels[0].startswith("On Digits, ")
    newest = newest_by_version(summaries(tmp_path))[version_of(IMAGES.model)]
    assert (newest.verdict, newest.counts["pass"], newest.data) == ("pass", 1, "Digits")


def test_a_damaged_report_is_named_and_the_others_are_read(tmp_path):
    kept.write(tmp_path, report(finding("noise", "pass")))
    (kept.folder_in(tmp_path) / f"{'2' * 64}.json").write_text("{")
    assert len(summaries(tmp_path)) == 1
    (problem,) = unreadable(tmp_path)
    assert "2222.json" in str(problem)
