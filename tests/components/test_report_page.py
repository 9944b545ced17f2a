"""The report as HTML: one file, closed to the network and to other people's scripts."""

import base64
import hashlib
import html
import json
import re

import numpy as np
import pytest

from components.charts.sampling import Window
from components.dashboard import Dashboard
from components.report import page
from components.report.contents import Card, Chart, Contents, Row, Section, Table
from components.report.figures import figure_of
from components.report.lines import Drawn, Line
from engine.runs.store import RunStore
from tests import fabricate

CLASSES = {
    "kind": "classes",
    "samples": 20,
    "matrix": [[9, 1], [0, 10]],
    "classes": {
        "name": ["cat", "<dog>"],
        "precision": [1.0, 0.909],
        "recall": [0.9, 1.0],
        "f1": [0.947, None],
        "support": [10, 10],
    },
    "reliability": {"confidence": [0.9], "accuracy": [0.95], "count": [20]},
}


@pytest.fixture
def run(tmp_path):
    return fabricate.run_of(RunStore(tmp_path), fabricate.IMAGES)


def figures_in(text):
    return json.loads(re.search(r'id="figures">(.*?)</script>', text, re.DOTALL)[1])


def numbers_of(packed):
    return np.frombuffer(base64.b64decode(packed["bdata"]), packed["dtype"]).tolist()


def line(y, label="Train", **more):
    raw = Drawn(np.arange(len(y), dtype=np.int64), np.array(y, np.float64))
    return Line(label, "#123456", raw, points=len(y), **more)


def chart(*lines, log=False):
    return Chart("loss", "Loss", "", "", log, Window(0, 9), lines)


def card(**more):
    facts = (("Steps", "10"),)
    return Card(**{"name": "a run", "status": "completed", "color": "", "facts": facts, **more})


def contents(**more):
    return Contents(**{"title": "t", "cards": (card(),), "sections": (), "tables": (), **more})


def test_only_the_scripts_of_the_page_are_allowed_and_nothing_is_fetched(run):
    text = Dashboard().plot(run).to_html()
    policy = html.unescape(re.search(r'Content-Security-Policy" content="([^"]*)"', text)[1])
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    scripts = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    digests = [hashlib.sha256(script.encode()).digest() for script in scripts]
    assert len(scripts) == 2
    assert rules["default-src"] == "'none'"
    assert rules["script-src"].split(" ") == [
        f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests
    ]
    assert "unsafe" not in rules["script-src"]


def test_a_page_is_the_same_whenever_it_is_made_and_under_six_megabytes(run):
    first, again = (Dashboard().plot(run).to_html() for _ in range(2))
    assert first == again
    assert len(first.encode()) < 6e6


def test_every_place_for_a_figure_has_its_figure(run):
    run.write_evaluation(200, CLASSES)
    text = Dashboard().plot(run).to_html()
    assert text.count('class="plot"') == len(figures_in(text)) == 7


def test_the_numbers_of_a_curve_are_in_the_page_as_they_were_measured():
    figure = figure_of(chart(line([1.5, 2.5, 0.25])))
    assert numbers_of(figure["data"][0]["x"]) == [0, 1, 2]
    assert numbers_of(figure["data"][0]["y"]) == [1.5, 2.5, 0.25]


def test_numbers_that_32_bits_cannot_hold_keep_64():
    for value in (1e300, 1e-300):
        figure = figure_of(chart(line([value, 1.0])))
        assert numbers_of(figure["data"][0]["y"]) == [value, 1.0]


def test_what_is_not_finite_is_a_gap_with_a_mark():
    figure = figure_of(chart(line([1.0, np.nan, np.inf, -np.inf, 2.0])))
    main, dots, edges = figure["data"]
    assert np.isfinite(numbers_of(main["y"])).tolist() == [True, False, False, False, True]
    assert numbers_of(dots["x"]) == [0, 4]
    assert (edges["x"], edges["text"]) == ([1, 2, 3], ["NaN", "∞", "-∞"])


def test_a_smoothed_curve_lies_over_the_raw_one():
    smooth = Drawn(np.arange(3), np.array([1.0, 1.1, 1.2]))
    raw, over, _ = figure_of(chart(line([1.0, 2.0, 1.0], smooth=smooth)))["data"]
    assert raw["opacity"] == 0.3
    assert numbers_of(over["y"]) == pytest.approx([1.0, 1.1, 1.2])


def test_a_logarithmic_axis_needs_something_above_zero():
    assert figure_of(chart(line([0.0, -1.0]), log=True))["layout"]["yaxis"]["type"] == "linear"
    assert figure_of(chart(line([0.0, 1.0]), log=True))["layout"]["yaxis"]["type"] == "log"


def test_texts_of_people_are_escaped_wherever_they_stand():
    bad = "</script><script>alert(1)</script>"
    text = page.html_of(
        contents(
            title=bad,
            cards=(Card(bad, "failed", "", ((bad, bad),), bad),),
            sections=(Section("Loss", (chart(line([1.0, 2.0], bad)),)),),
            tables=(Table("Events", (Row((bad, bad)),), (bad, bad), bad),),
            commands=((bad, bad),),
            document=bad,
            notes=(bad,),
        )
    )
    assert bad not in text
    assert text.count("alert(1)") >= 12
    assert text.count("<script>") == 2


def test_half_a_character_is_no_reason_to_fail():
    text = page.html_of(
        contents(title="\ud83d", sections=(Section("Loss", (chart(line([1.0], "\ud83d")),)),))
    )
    assert text.encode()


def test_an_evaluation_is_a_table_that_prints(run):
    run.write_evaluation(200, CLASSES)
    text = Dashboard().plot(run).to_html()
    assert "20 held-out samples after step 200." in text
    assert '<td style="--share:0.900;color:var(--page)">9</td>' in text
    assert "&lt;dog&gt;" in text
    assert "<td>–</td>" in text  # the F1 that is not known


@pytest.mark.parametrize(
    ("evaluation", "said"),
    [
        (
            {
                "kind": "numbers",
                "samples": 2,
                "in_own_unit": True,
                "true": [1.0, 2.0],
                "predicted": [1.5, None],
                "residuals": {"edges": [-1, 0, 1], "count": [1, 1]},
            },
            "Predicted and true",
        ),
        (
            {
                "kind": "labels",
                "samples": 1,
                "labels": CLASSES["classes"]
                | {f"{t}_{p}": [1, 2] for t in ("true", "false") for p in ("positive", "negative")},
            },
            "Given wrongly",
        ),
        ({**CLASSES, "matrix": None, "confused": []}, "Reliability"),
    ],
)
def test_evaluations_of_all_kinds_are_shown(run, evaluation, said):
    run.write_evaluation(200, evaluation)
    report = Dashboard().plot(run)
    assert report.contents.notes == ()
    assert said in report.to_html()
    assert report.to_pdf().startswith(b"%PDF-")


def test_samples_are_shown_and_those_that_are_too_large_are_not(run):
    run.write_samples(200, [{"prompt": "a < b", "text": " and so on"}])
    assert "a &lt; b" in Dashboard().plot(run).to_html()
    run.write_samples(200, [{"prompt": "", "text": "x" * 400_000}])
    text = Dashboard().plot(run).to_html()
    assert "The samples are too large for a report." in text
    assert len(text) < 6e6


def test_a_notebook_shows_the_page_in_a_closed_frame(run):
    frame = Dashboard().plot(run)._repr_html_()
    assert frame.startswith('<iframe srcdoc="&lt;!doctype html&gt;')
    assert 'sandbox="allow-scripts"' in frame


def test_what_all_runs_have_in_common_is_told_once():
    shared = ("Model", "GPT 4×128")
    cards = tuple(
        Card(name, "completed", "#123456", (("Steps", steps), shared, ("Run", name)))
        for name, steps in (("one", "10"), ("two", "20"))
    )
    text = page.html_of(contents(cards=cards))
    assert text.count("GPT 4×128") == 1
    assert "<th>Run</th><th>Status</th><th>Steps</th></tr>" in text


@pytest.mark.parametrize(("status", "alarming"), [("completed", False), ("failed", True)])
def test_only_a_reason_of_trouble_looks_like_trouble(status, alarming):
    text = page.html_of(contents(cards=(card(status=status, reason="It ended."),)))
    assert ('<p class="note reason">It ended.</p>' in text) == alarming
