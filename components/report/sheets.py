"""A report on paper: pages of A4 as a PDF, or one tall picture, laid out from the same contents."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

import matplotlib
from matplotlib.backends.backend_pdf import PdfPages

from components.report import glyphs, sheet_tables
from components.report.contents import Contents
from components.report.sections import LOSS
from components.report.sheet import FAINT, HEIGHT, MARGIN, ROOM, WIDTH, Block, Sheet, draw, pages
from components.report.sheet_charts import rows_of
from components.report.sheet_evaluation import evaluation_blocks

_FOOT = 0.3
_DPI = 150
_MOST_PIXELS = 60_000_000
_drawing = Lock()
"""Matplotlib's settings and fonts belong to the whole process."""


def pdf_of(contents: Contents) -> bytes:
    """The report on pages of A4; the same bytes from the same contents."""
    buffer = io.BytesIO()
    title = glyphs.drawable(contents.title)
    known = {"Title": title, "Creator": "Traindeck", "Producer": None, "CreationDate": None}
    with _defaults(), PdfPages(buffer, metadata=known) as pdf:
        laid = pages(blocks_of(contents), HEIGHT - 2 * MARGIN - _FOOT)
        for number, blocks in enumerate(laid, start=1):
            sheet = Sheet()
            draw(sheet, blocks)
            _foot(sheet, title, f"{number} / {len(laid)}")
            pdf.savefig(sheet.figure)
    return buffer.getvalue()


def png_of(contents: Contents) -> bytes:
    """The report as one tall picture; the same bytes from the same contents."""
    buffer = io.BytesIO()
    with _defaults():
        blocks = list(blocks_of(contents))
        sheet = Sheet(sum(block.height for block in blocks) + 2 * MARGIN)
        draw(sheet, blocks)
        dpi = min(_DPI, (_MOST_PIXELS / (WIDTH * sheet.height)) ** 0.5, 65_000 / sheet.height)
        sheet.figure.savefig(buffer, format="png", dpi=dpi, metadata={"Software": None})
    return buffer.getvalue()


def blocks_of(contents: Contents) -> Iterator[Block]:
    """The report from top to bottom, in pieces that are not broken."""
    yield from sheet_tables.head(contents)
    for section in contents.sections:
        yield sheet_tables.heading(section.title)
        yield from rows_of(section.charts, wide_first=section.title == LOSS)
    if contents.judged is not None:
        yield from sheet_tables.evaluation(
            contents.judged, list(evaluation_blocks(contents.judged))
        )
    for table in contents.tables:
        yield from sheet_tables.table(table)
    yield from sheet_tables.commands(contents.commands)
    yield from sheet_tables.paragraph(contents.points_words(), color=FAINT)


@contextmanager
def _defaults() -> Iterator[None]:
    """Matplotlib as it comes, whatever the program around has set."""
    with _drawing, matplotlib.rc_context():
        matplotlib.rcdefaults()
        yield


def _foot(sheet: Sheet, title: str, number: str) -> None:
    y = sheet.height - MARGIN
    sheet.text(MARGIN, y, glyphs.fitted(title, 7, ROOM - 1), 7, color=FAINT)
    sheet.text(MARGIN + ROOM, y, number, 7, color=FAINT, side="right")
