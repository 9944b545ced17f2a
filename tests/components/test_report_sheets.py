"""The report on paper: pages with all that was said, that look the same whenever they are made."""

import io

import numpy as np
import pypdf
import pytest
from PIL import Image

from components.charts.marks import Drawn as Mark
from components.charts.sampling import Window
from components.dashboard import Dashboard
from components.report import glyphs, sheet
from components.report.contents import Card, Chart, Contents, Row, Section, Table
from components.report.lines import Drawn, Line
from components.report.sheet import Block
from components.report.sheet_charts import rows_of
from components.report.sheet_ticks import Scale, measured
from components.report.sheets import blocks_of, pdf_of, png_of
from engine.runs.store import RunStore
from tests import fabricate


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    run = fabricate.run_of(RunStore(tmp_path_factory.mktemp("runs")), fabricate.IMAGES)
    return Dashboard().plot(run)


@pytest.fixture(scope="module")
def pdf(report):
    return report.to_pdf()


def words_of(pdf):
    pages = pypdf.PdfReader(io.BytesIO(pdf)).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


def line(y):
    raw = Drawn(np.arange(len(y), dtype=np.int64), np.array(y, np.float64))
    return Line("Train", "#123456", raw, points=len(y))


def contents(**more):
    card = Card("a run", "completed", "", (("Steps", "10"),))
    return Contents(**{"title": "t", "cards": (card,), "sections": (), "tables": (), **more})


def of_chart(y, *, log=False):
    chart = Chart("loss", "Loss", "", "", log, Window(0, len(y) - 1), (line(y),))
    return contents(sections=(Section("Loss", (chart,)),))


def test_a_pdf_holds_what_the_report_says_as_text(pdf):
    words = words_of(pdf)
    for said in (
        "digits vit",
        "200 of 200",
        "1.55 at step 200",
        "ViT 4×64",
        "Learning rate",
        "Gradient norm (L2)",
        "training.optimizer.lr",
        "Completed after step 200.",
        "python -m engine train spec.json",
        "1 / 4",
    ):
        assert said in words


def test_pages_are_a4_and_the_same_whenever_they_are_made(report, pdf):
    reader = pypdf.PdfReader(io.BytesIO(pdf))
    assert {(round(page.mediabox.width), round(page.mediabox.height)) for page in reader.pages} == {
        (595, 842)
    }
    assert "/CreationDate" not in reader.metadata
    assert report.to_pdf() == pdf


def test_a_picture_shows_the_curves_in_their_colours(report):
    picture = Image.open(io.BytesIO(report.to_png())).convert("RGB")
    assert picture.width == 1240
    pixels = np.asarray(picture).reshape(-1, 3).astype(int)
    for color in ((0x0C, 0x7B, 0xDC), (0xEE, 0x77, 0x33)):
        assert (np.abs(pixels - color).sum(axis=1) < 12).sum() > 300
    assert 0.8 < (pixels.min(axis=1) > 240).mean() < 0.99
    assert (pixels.max(axis=1) < 90).sum() > 2_000  # words


@pytest.mark.parametrize(
    "y",
    [
        [],
        [1.0],
        [0.0, 0.0],
        [np.nan, np.nan],
        [np.inf, 1.0, -np.inf],
        [1e308, -1e308],
        [5e-324, 1e-300],
    ],
    ids=str,
)
@pytest.mark.parametrize("log", [False, True])
def test_any_numbers_can_be_drawn(y, log):
    if y:
        assert pdf_of(of_chart(y, log=log)).startswith(b"%PDF-")
        assert png_of(of_chart(y, log=log)).startswith(b"\x89PNG")


def test_what_is_drawn_of_a_chart_does_not_grow_with_its_marks_and_gaps():
    def drawn(count):
        y = [1.0, *([np.nan] * count), 2.0]
        marks = tuple(Mark(float(at), "warning", "x", 1) for at in range(count))
        chart = Chart("loss", "Loss", "", "", False, Window(0, len(y) - 1), (line(y),), marks)
        page = sheet.Sheet()
        sheet.draw(page, list(rows_of([chart], wide_first=False)))
        (axes,) = page.figure.axes
        return len(axes.lines) + len(axes.collections)

    assert drawn(300) == drawn(3) < 10


def test_powers_of_ten_are_marked_on_a_logarithmic_axis_and_round_numbers_between_two():
    assert measured(Scale(0.002, 3000.0, log=True)).words == [
        "0.01",
        "0.1",
        "1",
        "10",
        "100",
        "1000",
    ]
    assert measured(Scale(4.0, 43.0, log=True)).words == ["5", "10", "20"]
    assert Scale(1.0, 100.0, log=True).share(10.0) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("plain é ∞ ↵", "plain é ∞ ↵"),
        ("go 🚀!", "go :rocket:!"),
        ("日本", "□□"),
        ("a\u200d\ufe0f\x00b", "ab"),
        ("\ud83d", ""),
        ("a\tb", "a    b"),
    ],
)
def test_what_the_font_cannot_draw_is_replaced_visibly(text, drawn):
    assert glyphs.drawable(text) == drawn


def test_widths_are_those_of_the_font():
    assert glyphs.width("a", 72) == pytest.approx(0.6128, abs=1e-3)  # of DejaVu Sans, in ems
    assert glyphs.width("aa aa", 10, "mono") == pytest.approx(5 * glyphs.width("i", 10, "mono"))


def test_text_is_wrapped_at_spaces_and_long_words_are_broken():
    for size, text in ((8, "one two three four five six"), (8, "x" * 90), (12, "a\nb")):
        lines = glyphs.wrapped(text, size, 0.8)
        assert "".join(lines).replace(" ", "") == text.replace(" ", "").replace("\n", "")
        assert max(glyphs.width(one, size) for one in lines) <= 0.8
    assert glyphs.wrapped("one two three four", 8, 0.5, most=2)[-1].endswith("…")


def test_text_with_mathematics_and_markup_stays_text():
    words = words_of(
        pdf_of(contents(title="$x_1$ <b> \\frac", tables=(Table("E", (Row(("$", "%s")),)),)))
    )
    assert "$x_1$ <b> \\frac" in words
    assert "$ %s" in words


def test_a_heading_goes_to_the_page_of_what_it_leads():
    small, heading = Block(0.4, lambda *_: None), Block(0.2, lambda *_: None, leads=True)
    first, second = sheet.pages([small, heading, small], 0.9)
    assert (first, second) == ([small], [heading, small])
    assert sheet.pages([small, heading, small], 1.01) == [[small, heading, small]]


def test_every_block_fits_on_a_page(report):
    assert max(block.height for block in blocks_of(report.contents)) < 8


def test_many_runs_have_room(tmp_path):
    store = RunStore(tmp_path)
    runs = [fabricate.run_of(store, steps=50, total=50) for _ in range(9)]
    words = words_of(Dashboard().plot(runs).to_pdf())
    assert "9 runs" in words
    assert "These runs have the same configuration." in words
