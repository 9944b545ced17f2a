"""How many rows each class has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from engine.data.preparation.answers import MOST_CLASSES, texts_of
from engine.data.quality.outcome import Mask, Outcome, counted, first, skipped
from engine.data.quality.subject import Subject
from engine.health.report import Verdict

_MOST_NAMED = 5


def balance(subject: Subject) -> Outcome:
    """Rows of classes that are rare, and how uneven classes are."""
    names = subject.of_role("label")
    if len(names) != 1:
        return skipped(
            "No column is a label." if not names else "Each label is a column of its own."
        )
    counts = class_counts(subject, names[0])
    if counts is None:
        return skipped(f"The label column {names[0]!r} has more than {MOST_CLASSES:,} values.")
    if not counts:
        return skipped(f"The label column {names[0]!r} is empty.")
    if len(counts) == 1:
        only = next(iter(counts))
        return Outcome(
            "fail",
            f"All rows have one label, {only!r}: there is nothing to tell apart.",
            "Choose another label column, or bring in rows of other classes.",
            count=len(subject),
            of=len(subject),
        )
    return _judged(subject, names[0], counts)


def class_counts(
    subject: Subject, name: str, among: Mask | None = None
) -> Mapping[str, int] | None:
    """Rows of each class, the largest first; of lists how often each is named; None: too many."""
    counts: Counter[str] = Counter()
    for start, batch in subject.batches([name]):
        if among is not None:
            batch = batch.filter(pa.array(among[start : start + len(batch)]))
        for count in pc.value_counts(_labels(subject, batch.column(0))).to_pylist():
            if count["values"] not in (None, ""):
                counts[count["values"]] += count["counts"]
        if len(counts) > MOST_CLASSES:
            return None
    return dict(counts.most_common())


def _judged(subject: Subject, name: str, counts: Mapping[str, int]) -> Outcome:
    (most, largest), (least, smallest) = list(counts.items())[0], list(counts.items())[-1]
    limits = subject.limits
    rare = [label for label, count in counts.items() if count < limits.rare]
    found = _rows_of(subject, name, rare) if _one_each(subject, name) else None
    text = (
        f"{len(counts):,} classes, from {most!r} with {counted(largest)} to {least!r} with "
        f"{counted(smallest)}."
    )
    if rare:
        named = ", ".join(map(repr, rare[:_MOST_NAMED]))
        classes = "1 class has" if len(rare) == 1 else f"{len(rare):,} classes have"
        text += f" {classes} fewer than {limits.rare} rows: {named}."
    uneven = largest / smallest >= limits.uneven
    verdict: Verdict = "warn" if rare or uneven else "pass"
    remedy = (
        "Look at the measures of each class and not at accuracy; weigh classes in the loss "
        "(task.loss.class_weights), bring in more rows of small classes, or leave out rare ones."
    )
    return Outcome(
        verdict,
        text,
        remedy if verdict == "warn" else "",
        count=sum(counts[label] for label in rare),
        of=len(subject),
        leaves_out=found,
        shown=[] if found is None else [(row, None) for row in first(found)],
    )


def _rows_of(subject: Subject, name: str, labels: list[str]) -> Mask:
    found = np.zeros(len(subject), bool)
    wanted = pa.array(labels, pa.string())
    for start, batch in subject.batches([name]):
        rows = pc.is_in(_labels(subject, batch.column(0)), value_set=wanted)
        found[start : start + len(batch)] = rows.to_numpy(zero_copy_only=False)
    return found


def _one_each(subject: Subject, name: str) -> bool:
    listed = subject.dataset.column_types[name].startswith("list")
    return not listed and not (subject.data and subject.data.separator)


def _labels(subject: Subject, values: Any) -> Any:
    if pa.types.is_list(values.type):
        return texts_of(values.flatten())
    texts = texts_of(values)
    if subject.data and subject.data.separator:
        return pc.utf8_trim_whitespace(pc.split_pattern(texts, subject.data.separator).flatten())
    return texts
