"""The words of a report on paper: title, facts, notes, tables and commands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from components.numbers import DASH
from components.report import glyphs
from components.report.contents import Card, Contents, Judged, Row, Table
from components.report.glyphs import Face
from components.report.judged import heading as judged_words
from components.report.judged import tables_of
from components.report.sheet import FAINT, MARGIN, ROOM, TEXT, TONES, Block, Sheet

_LINE = 1.35
"""Height of a line in parts of its size."""
_COLUMNS = 4
"""Of the facts of a run."""
_PAD = 0.14
_SIZE = 7.5
_TWO_COLUMNS = 16
_MOST_COLUMNS = 7
_STATUS = {
    "completed": "#1b7f3b",
    "running": "#1f5fbf",
    "failed": "#b3261e",
    "paused": "#9a5b00",
    "interrupted": "#9a5b00",
}
_FACTS = ("Best", "Steps", "Trained", "Model", "Data")
"""Of each of several runs."""


def head(contents: Contents) -> Iterator[Block]:
    """Title, facts and notes."""
    several = len(contents.cards) > 1
    yield from paragraph(contents.title, size=17, face="bold", most=3)
    if several:
        yield from table(_runs(contents.cards), colors=[card.color for card in contents.cards])
    else:
        (card,) = contents.cards
        color = _STATUS.get(card.status, FAINT)
        yield from paragraph(card.status, size=10, face="bold", color=color)
        yield _facts(card)
        tone = TONES["bad"] if card.went_wrong else FAINT
        yield from paragraph(card.reason, color=tone, most=8)
    for note in contents.notes:
        yield from paragraph(note, color=TONES["warning"], most=4)
    yield from paragraph(contents.marks_words(), size=7, color=FAINT)


def heading(title: str, size: float = 12) -> Block:
    """A heading with a line below; it stays with what follows."""

    def draw(sheet: Sheet, top: float) -> None:
        sheet.text(MARGIN, top + 0.16, glyphs.drawable(title), size, face="bold")
        sheet.rule(top + 0.16 + size * 1.3 / 72)

    return Block(0.26 + size * 1.3 / 72, draw, leads=True)


def paragraph(
    text: str,
    *,
    size: float = 8,
    face: Face = "plain",
    color: str = TEXT,
    most: int = 99,
    leads: bool = False,
) -> Iterator[Block]:
    """Text over the whole width; nothing for no text."""
    if not text:
        return
    lines = glyphs.wrapped(glyphs.drawable(text), size, ROOM, face, most)
    step = size * _LINE / 72

    def draw(sheet: Sheet, top: float) -> None:
        for number, line in enumerate(lines):
            sheet.text(MARGIN, top + number * step, line, size, face=face, color=color)

    yield Block(len(lines) * step + 0.06, draw, leads)


def _facts(card: Card) -> Block:
    """Labels and values in columns, on a tinted panel."""
    room = (ROOM - 2 * _PAD) / _COLUMNS
    cells = [
        (glyphs.drawable(label), glyphs.wrapped(glyphs.drawable(value), 8, room - 0.06, "bold", 4))
        for label, value in card.facts
    ]
    rows = [cells[at : at + _COLUMNS] for at in range(0, len(cells), _COLUMNS)]
    heights = [0.24 + max(len(lines) for _, lines in row) * 8 * _LINE / 72 for row in rows]
    height = sum(heights) + 2 * _PAD - 0.06

    def draw(sheet: Sheet, top: float) -> None:
        sheet.card(top, height)
        y = top + _PAD
        for row, step in zip(rows, heights, strict=True):
            for place, (label, lines) in enumerate(row):
                x = MARGIN + _PAD + place * room
                sheet.text(x, y, glyphs.fitted(label, 7, room - 0.1), 7, color=FAINT)
                for number, line in enumerate(lines):
                    at = y + 0.13 + number * 8 * _LINE / 72
                    sheet.text(x, at, line, 8, face="bold")
            y += step

    return Block(height + 0.1, draw)


def _runs(cards: Sequence[Card]) -> Table:
    known = [dict(card.facts) for card in cards]
    best = [next((v for k, v in facts.items() if k.startswith("Best ")), DASH) for facts in known]
    rows = tuple(
        Row((card.name, card.status, top, *(facts.get(label, DASH) for label in _FACTS[1:])))
        for card, facts, top in zip(cards, known, best, strict=True)
    )
    return Table("Runs", rows, ("Run", "Status", *_FACTS))


def evaluation(judged: Judged, figures: Sequence[Block]) -> Iterator[Block]:
    """The last evaluation: what was judged, its figures, its tables."""
    yield heading("Last evaluation")
    yield from paragraph(judged_words(judged), color=FAINT, leads=True)
    yield from figures
    for one in tables_of(judged):
        yield from table(one)


def table(table: Table, colors: Sequence[str] = ()) -> Iterator[Block]:
    """A table, a block a row; labels and values of which there are many in two columns."""
    yield heading(table.title, 12 if table.title != "Runs" else 10)
    note, shown = table.note, table
    if len(table.head) > _MOST_COLUMNS:
        note = f"{note} The first {_MOST_COLUMNS - 1} of {len(table.head) - 1} runs.".strip()
        rows = tuple(row._replace(cells=row.cells[:_MOST_COLUMNS]) for row in table.rows)
        shown = Table(table.title, rows, table.head[:_MOST_COLUMNS])
    yield from paragraph(note, color=FAINT, leads=bool(table.rows))
    if not table.head and len(table.rows) >= _TWO_COLUMNS:
        yield from _in_two_columns(table.rows)
        return
    widths = _widths(shown)
    if shown.head:
        yield _row(Row(shown.head), widths, faint=True)
    for number, row in enumerate(shown.rows):
        yield _row(row, widths, color=colors[number] if colors else "")


def commands(commands: Sequence[tuple[str, str]]) -> Iterator[Block]:
    """What to do, and what to type."""
    if commands:
        yield heading("How to reproduce")
    for what, command in commands:
        yield from paragraph(what, color=FAINT, leads=True)
        yield from paragraph(command, face="mono")


def _row(row: Row, widths: Sequence[float], *, faint: bool = False, color: str = "") -> Block:
    mono = len(widths) == len(row.cells) and not faint and "." in row.cells[0][:40]
    face: Face = "mono" if mono and " " not in row.cells[0] else "plain"
    size = _SIZE - 1 if face == "mono" else _SIZE
    cells = [
        glyphs.wrapped(glyphs.drawable(text), size, room - 0.1, face if n == 0 else "plain", 6)
        for n, (text, room) in enumerate(zip(row.cells, widths, strict=False))
    ]
    step = _SIZE * _LINE / 72
    height = max(map(len, cells)) * step + 0.07
    ink = FAINT if faint else TONES[row.tone]

    def draw(sheet: Sheet, top: float) -> None:
        x = MARGIN
        for n, (lines, room) in enumerate(zip(cells, widths, strict=False)):
            indent = 0.22 if color and n == 0 else 0.0
            if indent:
                sheet.swatch(x, top + 0.05, color)
            for number, line in enumerate(lines):
                own = face if n == 0 else "plain"
                at = top + number * step
                sheet.text(x + indent, at, line, size, face=own, color=ink)
            x += room
        sheet.rule(top + height - 0.03)

    return Block(height, draw, leads=faint)


def _widths(table: Table) -> list[float]:
    """The widths of columns: as their texts ask for, shrunk where that is too much."""
    columns = max(len(row.cells) for row in (*table.rows, Row(table.head)))
    asked = []
    for at in range(columns):
        texts = [row.cells[at] for row in (*table.rows, Row(table.head)) if at < len(row.cells)]
        widest = max(glyphs.width(glyphs.drawable(text[:80]), _SIZE) for text in texts)
        asked.append(min(widest + 0.35, 4.0))
    spare = ROOM - sum(asked)
    if spare >= 0:
        return [*asked[:-1], asked[-1] + spare]
    small = min(ROOM / columns, 1.0)
    over = sum(max(0.0, width - small) for width in asked)
    return [width + spare * max(0.0, width - small) / over for width in asked]


def _in_two_columns(rows: Sequence[Row]) -> Iterator[Block]:
    """Labels and values in the order of reading: down the left, then down the right."""
    room = (ROOM - 0.3) / 2
    label, value = room * 0.62, room * 0.38
    half = -(-len(rows) // 2)
    for left, right in zip(rows[:half], [*rows[half:], None], strict=False):
        yield _pair_row([row for row in (left, right) if row is not None], (room, label, value))


def _pair_row(rows: Sequence[Row], widths: tuple[float, float, float]) -> Block:
    room, label, value = widths
    cells = [
        (
            glyphs.fitted(glyphs.drawable(row.cells[0]), 6.5, label - 0.08, "mono"),
            glyphs.wrapped(glyphs.drawable(row.cells[1]), _SIZE, value - 0.05, most=3),
        )
        for row in rows
    ]
    step = _SIZE * _LINE / 72
    height = max(len(lines) for _, lines in cells) * step + 0.05

    def draw(sheet: Sheet, top: float) -> None:
        for place, (name, lines) in enumerate(cells):
            x = MARGIN + place * (room + 0.3)
            sheet.text(x, top + 0.01, name, 6.5, face="mono", color=FAINT)
            for number, line in enumerate(lines):
                sheet.text(x + label, top + number * step, line, _SIZE)
            sheet.rule(top + height - 0.02, x, room)

    return Block(height, draw)
