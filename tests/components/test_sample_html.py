"""Samples as HTML: what is shown of each kind, and that texts stay texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.charts.palette import COLORS
from components.sample_html import STYLE, samples_html
from engine.runs.samples import (
    Blank,
    ClassifiedRow,
    ClassifiedText,
    EstimatedRow,
    FilledText,
    LabelledText,
    MarkedText,
    WrittenText,
)

EVIL = "<img src=x onerror=alert(1)>\"'&"
HARMLESS = "&lt;img src=x onerror=alert(1)&gt;&quot;&#x27;&amp;"


def drawn(*samples):
    return samples_html([sample.model_dump(mode="json") for sample in samples])


def test_a_classified_text_comes_with_its_verdict():
    sample = ClassifiedText(index=1, text="x == 1:", true="if", predicted="while", confidence=0.934)
    shown = drawn(sample)
    assert "<pre>x == 1:</pre>" in shown
    assert "if → <strong>while</strong> 93%" in shown
    assert "%" not in drawn(sample.model_copy(update={"confidence": None}))


def test_labels_are_found_missed_or_wrong():
    sample = LabelledText(index=1, text="f(x)", true=("call", "name"), predicted=("loop", "call"))
    assert (
        "found: <strong>call</strong> · missed: <strong>name</strong> · "
        "given wrongly: <strong>loop</strong>"
    ) in drawn(sample)


def test_marked_texts_have_a_span_for_each_stretch_and_wrong_ones_are_underlined():
    sample = MarkedText(
        index=0,
        tokens=("a", "b", "c", "d"),
        true=(1, 1, None, 0),
        predicted=(1, 1, 0, 1),
        classes=("name", "string"),
    )
    shown = drawn(sample)
    assert '<span class="td-c1" title="string">ab</span>c' in shown
    assert '<span class="td-c1 td-wrong" title="string, is name">d</span>' in shown
    assert shown.count("<pre>") == 2
    assert '<span class="td-c0">name</span><span class="td-c1">string</span>' in shown


def test_more_classes_than_colours_are_drawn_all_the_same():
    names = tuple(map(str, range(25)))
    sample = MarkedText(index=0, tokens=("a",), true=(23,), predicted=(23,), classes=names)
    assert '<span class="td-c3" title="23">a</span>' in drawn(sample)
    assert all(f".td-c{n} " in STYLE for n in range(len(COLORS)))


def test_blanks_show_the_likeliest_token_and_what_was_right():
    blanks = (
        Blank(place=1, true="b", guesses=(("b", 0.9), ("c", 0.1))),
        Blank(place=2, true=" ", guesses=(("e", 0.456), ("\n", 0.2))),
        Blank(place=3, true="x", guesses=()),
    )
    shown = drawn(FilledText(index=0, tokens=("a", "", "e", "", "z", ""), blanks=blanks))
    assert '<pre>a<span class="td-right" title="b: b 90%, c 10%">b</span>' in shown
    assert '<span class="td-wrong" title="␣: e 46%, ↵ 20%">e</span>' in shown
    assert '<span class="td-wrong" title="x: –">∅</span>z∅</pre>' in shown
    assert "1 of 3 right · <strong>␣</strong>: e 46%, ↵ 20% · <strong>x</strong>: –" in shown


@pytest.mark.parametrize(("text", "look"), [("The cat.", "td-right"), ("The car.", "td-wrong")])
def test_a_written_text_stands_below_the_expected_one(text, look):
    shown = drawn(WrittenText(index=0, input="thecat", expected="The cat.", text=text))
    assert f'<span class="{look}">{text}</span></pre>' in shown
    assert shown.index("thecat") < shown.index("The cat.") <= shown.rindex(text)


def test_rows_share_one_table():
    rows = [
        ClassifiedRow(
            index=n, features=(("age", 0.51234),), true="no", predicted="yes", confidence=0.8
        )
        for n in range(2)
    ]
    shown = drawn(*rows)
    assert shown.count("<table>") == 1
    head = "<tr><th>true</th><th>predicted</th><th>confidence</th><th>age</th></tr>"
    row = "<tr><td>no</td><td>yes</td><td>80%</td><td>0.512</td></tr>"
    assert f"{head}{row}{row}" in shown


@pytest.mark.parametrize(
    ("predicted", "cells"), [(120.5, "<td>120.5</td><td>20.5</td>"), (None, "<td>–</td><td>–</td>")]
)
def test_an_estimated_row_shows_its_error(predicted, cells):
    row = EstimatedRow(index=1, features=(), target="price", true=100.0, predicted=predicted)
    shown = drawn(row)
    assert "<th>price: true</th>" in shown
    assert f"<td>100</td>{cells}" in shown


def test_no_text_is_ever_html():
    names = {"true": EVIL, "predicted": EVIL, "confidence": 0.5}
    shown = drawn(
        ClassifiedText(index=0, text=EVIL, **names),
        LabelledText(index=0, text=EVIL, true=(EVIL,), predicted=(EVIL + "x",)),
        MarkedText(index=0, tokens=(EVIL,) * 2, true=(0, 1), predicted=(0, 0), classes=(EVIL,) * 2),
        FilledText(
            index=0,
            tokens=(EVIL, EVIL),
            blanks=(Blank(place=0, true=EVIL, guesses=((EVIL + "x", 1.0),)),),
        ),
        WrittenText(index=0, input=EVIL, expected=EVIL, text=EVIL),
        ClassifiedRow(index=0, features=((EVIL, 1.0),), **names),
        EstimatedRow(index=0, features=((EVIL, 1.0),), target=EVIL, true=1, predicted=1),
    )
    assert "<img" not in shown
    assert EVIL not in shown
    assert shown.count(HARMLESS) > 15
    assert "<img" not in samples_html([{"prompt": EVIL, "text": EVIL}, {"kind": EVIL}, EVIL])


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5) | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@given(JSON | st.lists(st.fixed_dictionaries({"kind": st.just("marked-text"), "tokens": JSON})))
def test_samples_of_any_form_are_drawn(samples):
    samples_html(samples).encode()


def test_half_a_character_is_no_text():
    assert "?" in samples_html([{"text": "\ud800"}])
