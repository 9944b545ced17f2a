"""Checks of single values: empty, missing, of several types, always the same, misread."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from engine.data.quality.outcome import Mask, Outcome, Words, of_rows, skipped
from engine.data.quality.subject import ANSWERS, INPUTS, Subject, blank

_NUMBER = r"^\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*$"
_MOST_NAMED, _BESIDE = 5, 40


def empty(subject: Subject) -> Outcome:
    """Rows without any input, or without an answer that is written or shown."""
    names = subject.typed(
        subject.of_role("text", "image", "target"),
        *("text", "image", "list of texts"),
    )
    if not names:
        return skipped("There are no texts or images; of a table see missing values.")
    if subject.runs_on:
        return skipped("The rows are lines of one text, where empty ones belong to it.")
    found, of_column = _found(subject, names, blank)
    remedy = "They teach nothing. Leave them out, or fill them in at the source."
    words = Words(
        "No text or image is empty.", "have nothing in them", remedy, _by_column(of_column)
    )
    return of_rows(subject, found, words, fails_from=0.5)


def missing(subject: Subject) -> Outcome:
    """Rows with a value missing in a column that is used."""
    names = subject.of_role("number", "category", "label", "target", "group", "time", "split")
    written = subject.typed(subject.of_role("target"), "text")  # see `empty`
    names = [name for name in names if name not in written]
    if not names:
        return skipped("No column is a number, category, label or target.")
    found, of_column = _found(subject, names, _missing)
    remedy = (
        "Leave them out, fill them in at the source, or choose in data.table.missing what is "
        "made of them. Rows without a label or target are never used."
    )
    words = Words("No value is missing.", "miss a value", remedy, _by_column(of_column))
    return of_rows(subject, found, words, fails_from=0.5)


def mixed_types(subject: Subject) -> Outcome:
    """Rows with a word in a column of numbers that were taken as texts."""
    names = subject.typed(subject.of_role(*INPUTS, *ANSWERS), "text")
    if not names:
        return skipped("No column that is used holds texts.")
    numeric = {name: _numbers(subject, name) for name in names}
    odd = [name for name, (count, of) in numeric.items() if of / 2 <= count < of]
    if not odd:
        none = "No column of texts holds mostly numbers."
        return of_rows(subject, np.zeros(len(subject), bool), Words(none, "", ""))
    found, of_column = _found(subject, odd, _is_word)
    remedy = "Leave them out, or correct them at the source and bring the data in again."
    return of_rows(
        subject, found, Words("", "have a text among numbers", remedy, _by_column(of_column))
    )


def constant(subject: Subject) -> Outcome:
    """Columns with one value only."""
    names = subject.of_role(*INPUTS, *ANSWERS)
    columns = [column for column in subject if column.name in names]
    same = [
        column.name for column in columns if column.distinct is not None and column.distinct < 2
    ]
    if not same:
        return Outcome("pass", "Every column has several values.", unit="columns", of=len(columns))
    answer = [name for name in same if subject.roles[name] in ANSWERS]
    listed = ", ".join(repr(name) for name in same[:_MOST_NAMED])
    return Outcome(
        "fail" if answer else "warn",
        f"Columns with one value only: {len(same)} of {len(columns)}: {listed}.",
        "Give it the role `ignore`: nothing can be learned from it.",
        unit="columns",
        count=len(same),
        of=len(columns),
    )


def encoding(subject: Subject) -> Outcome:
    """Rows with letters that were read in another encoding than they were written in."""
    names = subject.typed(subject.of_role(*INPUTS, *ANSWERS), "text")
    if not names:
        return skipped("No column that is used holds texts.")
    found, of_column = _found(subject, names, _misread)
    remedy = "Bring the file in again with the right encoding, or leave these rows out."
    words = Words(
        "No letters look misread.",
        "have letters that were misread, such as 'fÃ¼r', or replaced by \ufffd",
        remedy,
        _by_column(of_column),
    )
    outcome = of_rows(subject, found, words, fails_from=0.05)
    return dataclasses.replace(outcome, excerpt=lambda row: _around(subject, names, row))


def _around(subject: Subject, names: list[str], row: int) -> str:
    """What stands around the first misread letters of a row; what cannot be seen is spelled out."""
    from ftfy.badness import BADNESS_RE

    [values] = subject.dataset.table(names).slice(row, 1).to_pylist()
    for name, text in values.items():
        place = None if text is None else BADNESS_RE.search(text)
        start = place.start() if place else (text or "").find("\ufffd")
        if start >= 0:
            part = text[max(0, start - _BESIDE) : start + _BESIDE]
            return f"{name}: …{''.join(c if c.isprintable() else ascii(c)[1:-1] for c in part)}…"
    return subject.excerpt(row)


def _found(subject: Subject, names: list[str], odd: Any) -> tuple[Mask, dict[str, int]]:
    """The rows where a value of one of the columns is odd, and how many of each."""
    found = np.zeros(len(subject), bool)
    of_column = dict.fromkeys(names, 0)
    for start, batch in subject.batches(names):
        for name, values in zip(names, batch.columns, strict=True):
            rows = np.asarray(odd(values).to_numpy(zero_copy_only=False), bool)
            found[start : start + len(batch)] |= rows
            of_column[name] += int(rows.sum())
    return found, of_column


def _numbers(subject: Subject, name: str) -> tuple[int, int]:
    """How many texts of a column are numbers, of how many that are there."""
    count = there = 0
    for _, batch in subject.batches([name]):
        texts = batch.column(0).filter(pc.invert(blank(batch.column(0))))
        count += pc.sum(pc.match_substring_regex(texts, _NUMBER)).as_py() or 0
        there += len(texts)
    return count, there


def _missing(values: Any) -> Any:
    """A list of no labels is one: none of them fits."""
    return pc.is_null(values) if pa.types.is_list(values.type) else blank(values)


def _is_word(values: Any) -> Any:
    number = pc.fill_null(pc.match_substring_regex(values, _NUMBER), True)
    return pc.and_(pc.invert(number), pc.invert(blank(values)))


def _misread(values: Any) -> Any:
    from ftfy.badness import is_bad  # late: it takes a moment to import

    suspects = pc.invert(pc.fill_null(pc.string_is_ascii(values), True))
    found = np.zeros(len(values), bool)
    for row in np.flatnonzero(suspects.to_numpy(zero_copy_only=False)).tolist():
        text = values[row].as_py()
        found[row] = "\ufffd" in text or is_bad(text)
    return pa.array(found)


def _by_column(of_column: dict[str, int]) -> str:
    there = sorted(of_column.items(), key=lambda item: -item[1])
    named = [f"{name!r} {count:,}" for name, count in there[:_MOST_NAMED] if count]
    return f"By column: {', '.join(named)}."
