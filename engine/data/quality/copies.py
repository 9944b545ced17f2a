"""Rows that repeat or contradict others, by what their content is."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from engine.data.library.splits import TRAIN, VAL, Keys
from engine.data.quality.outcome import Mask, Outcome, Words, of_rows, percent, skipped
from engine.data.quality.subject import ANSWERS, INPUTS, Subject

Rows = NDArray[np.int64]
_TOO_SHORT = "All texts are too short to be compared piece by piece."
_CHANCE = "In a table of few columns equal rows may be chance."


def duplicates(subject: Subject) -> Outcome:
    """Rows whose inputs and answers are those of an earlier one."""
    why = _nothing_to_compare(subject)
    if why:
        return skipped(why)
    keys = subject.keys(subject.of_role(*INPUTS, *ANSWERS))
    earlier = first_of(keys, subject.complete)
    found = earlier != np.arange(len(keys))
    none = "No row has the inputs and answers of another."
    some = "repeat an earlier one"
    remedy = "Leave the repeats out, unless they are to count more than once."
    outcome = of_rows(subject, found, Words(none, some, remedy), fails_from=0.5)
    return _paired(outcome, earlier)


def near_duplicates(subject: Subject) -> Outcome:
    """Texts that are not the same as an earlier one, but nearly."""
    why = _nothing_to_compare(subject) or _no_text(subject)
    if why:
        return skipped(why)
    groups, compared = subject.alike
    if not compared:
        return skipped(_TOO_SHORT)
    earliest = first_of(groups.astype(np.uint64))
    found = (earliest != np.arange(len(groups))) & (subject.inputs != subject.inputs[earliest])
    looked = _looked(subject, compared)
    none = f"No text is nearly another one{looked}."
    some = f"nearly repeat an earlier one (alike by {_similarity(subject)} or more{looked})"
    remedy = "Leave all but the first out, if they are copies with small changes."
    return _paired(of_rows(subject, found, Words(none, some, remedy)), earliest)


def conflicts(subject: Subject) -> Outcome:
    """Rows whose inputs come again with another label."""
    labels = subject.of_role("label")
    if not labels:
        return skipped("No column is a label.")
    if not subject.of_role(*INPUTS):
        return skipped("No column is an input.")
    answers = subject.keys(labels)
    earlier = first_of(subject.inputs, subject.complete & _labelled(subject, labels))
    other = answers != answers[earlier]
    torn = np.zeros(len(subject), bool)
    torn[earlier[other]] = True
    found = torn[earlier]
    none = "Equal inputs always have the same label."
    some = "come again with another label"
    remedy = "Only one label can be right: correct them, or leave all of them out."
    words = Words(none, some, remedy, _CHANCE if _by_chance(subject) else "")
    outcome = of_rows(subject, found, words, fails_from=None if _by_chance(subject) else 0.05)
    pairs: list[tuple[int, int | None]] = [
        (int(row), int(earlier[row])) for row in np.flatnonzero(other)[:64]
    ]
    return dataclasses.replace(outcome, shown=pairs)


def leakage(subject: Subject) -> Outcome:
    """Held-out rows whose inputs are trained on, too."""
    why = _nothing_to_compare(subject) or _no_sides(subject)
    if why:
        return skipped(why)
    same = first_of(subject.inputs, subject.complete)
    return _leaking(subject, same, ("the inputs of a training row", ""))


def near_leakage(subject: Subject) -> Outcome:
    """Held-out texts that nearly are training texts."""
    why = _nothing_to_compare(subject) or _no_text(subject) or _no_sides(subject)
    if why:
        return skipped(why)
    groups, compared = subject.alike
    if not compared:
        return skipped(_TOO_SHORT)
    near = f"nearly the text of a training row (alike by {_similarity(subject)} or more)"
    exact = first_of(subject.inputs, subject.complete)
    without = leaking_rows(subject, exact)
    looked = _looked(subject, compared)
    return _leaking(subject, first_of(groups.astype(np.uint64)), (near, looked), without)


def group_leakage(subject: Subject) -> Outcome:
    """Groups with rows on both sides."""
    names = subject.of_role("group")
    why = _no_sides(subject) if names else "No column is a group."
    if why:
        return skipped(why)
    groups = first_of(subject.keys(names))
    train, val, both = _both_sides(subject, groups)
    mask = None if _drawn(subject) else both & train  # a split that is drawn would be another one
    count, of = len(np.unique(groups[both])), len(np.unique(groups))
    if not count:
        return Outcome("pass", "Every group is on one side.", unit="groups", of=of, leaves_out=mask)
    return Outcome(
        "fail",
        f"Groups with rows on both sides: {count:,} of {of:,} ({percent(count, of)}). "
        "Validation does not tell how new groups would do.",
        "Choose the split `group`"
        + ("." if _drawn(subject) else ", or leave out the training rows of these groups."),
        unit="groups",
        count=count,
        of=of,
        leaves_out=mask,
        shown=_across(groups, both & val, train),
    )


def first_of(keys: Keys, among: Mask | None = None) -> Rows:
    """For each row the first with the same key; of a row that is not among them itself."""
    rows = np.arange(len(keys)) if among is None else np.flatnonzero(among)
    found = np.arange(len(keys))
    _, start, inverse = np.unique(keys[rows], return_index=True, return_inverse=True)
    found[rows] = rows[start[inverse]]
    return found


def leaking_rows(subject: Subject, same: Rows) -> Mask:
    """Held-out rows that have a training row in their group."""
    _, val, both = _both_sides(subject, same)
    return both & val


def _leaking(
    subject: Subject, same: Rows, words: tuple[str, str], without: Mask | None = None
) -> Outcome:
    """Of groups of rows on both sides; ``without``: held-out rows that another check names."""
    train, val, both = _both_sides(subject, same)
    leaks = both & val if without is None else both & val & ~without
    count, of = int(leaks.sum()), int(val.sum())
    what, looked = words
    gone = _all_but_one(same, leaks, train | val, val, drawn=_drawn(subject) and count > 0)
    if not count:
        text = f"No held-out row has {what}{looked}."
        return Outcome("pass", text, of=of, leaves_out=gone)
    return Outcome(
        "fail" if count / of >= 0.01 and not _by_chance(subject) else "warn",
        f"Held-out rows with {what}{looked}: {count:,} of {of:,} ({percent(count, of)}). "
        + (_CHANCE if _by_chance(subject) else "Validation looks better than it is."),
        "Leave out all but one of these rows. Where the split is drawn, it is drawn anew without "
        "them, so all but one of other copies are left out, too."
        if _drawn(subject)
        else "Leave out the training rows, and all but one held-out row of each.",
        count=count,
        of=of,
        leaves_out=gone,
        shown=_across(same, leaks, train),
    )


def _drawn(subject: Subject) -> bool:
    """Whether other rows may be held out when some are gone."""
    return subject.data is not None and subject.data.split.kind != "given"


def _all_but_one(same: Rows, leaks: Mask, used: Mask, val: Mask, *, drawn: bool) -> Mask:
    """The rows of the groups with leaks, or of all, but for one of each: held out if one is."""
    touched = np.zeros(len(same), bool)
    touched[same[leaks]] = True
    copies = used & (touched[same] | drawn)
    rows = np.flatnonzero(copies)
    rows = rows[np.argsort(~val[rows], kind="stable")]
    stays = rows[np.unique(same[rows], return_index=True)[1]]
    copies[stays] = False
    return copies


def _both_sides(subject: Subject, same: Rows) -> tuple[Mask, Mask, Mask]:
    """Training rows, held-out rows, and those whose group has both."""
    sides = subject.sides
    assert sides is not None, "asked for before"
    train, val = sides == TRAIN, sides == VAL
    has_train, has_val = np.zeros(len(same), bool), np.zeros(len(same), bool)
    has_train[same[train]] = True
    has_val[same[val]] = True
    return train, val, (has_train & has_val)[same]


def _across(same: Rows, leaks: Mask, train: Mask) -> list[tuple[int, int | None]]:
    """Held-out rows, each with the first training row of its group."""
    trained = np.flatnonzero(train)
    groups, start = np.unique(same[trained], return_index=True)
    rows = np.flatnonzero(leaks)[:64]
    places = np.searchsorted(groups, same[rows])
    return [(int(row), int(trained[start[place]])) for row, place in zip(rows, places, strict=True)]


def _paired(outcome: Outcome, earlier: Rows) -> Outcome:
    """With the earlier row beside each example."""
    pairs: list[tuple[int, int | None]] = [(row, int(earlier[row])) for row, _ in outcome.shown]
    return dataclasses.replace(outcome, shown=pairs)


def _labelled(subject: Subject, names: list[str]) -> Mask:
    """Rows with a label."""
    found = np.ones(len(subject), bool)
    for start, batch in subject.batches(names):
        for values in batch.columns:
            there = values.is_valid().to_numpy(zero_copy_only=False)
            found[start : start + len(batch)] &= there
    return found


def _by_chance(subject: Subject) -> bool:
    """Whether inputs are numbers and categories alone, which come again without being copies."""
    return not subject.of_role("text", "image")


def _nothing_to_compare(subject: Subject) -> str:
    if not subject.of_role(*INPUTS):
        return "No column is an input."
    return "The rows are lines of one text, which repeat as they should." if subject.runs_on else ""


def _no_text(subject: Subject) -> str:
    texts = subject.typed(subject.of_role("text"), "text", "list of texts")
    return "" if texts else "Near duplicates are looked for among texts only."


def _no_sides(subject: Subject) -> str:
    return "" if subject.data else "It is not known for which task, and so not how it is split."


def _similarity(subject: Subject) -> str:
    return f"{100 * subject.limits.similarity:.0f} %"


def _looked(subject: Subject, compared: int) -> str:
    whole = compared < subject.limits.most_compared
    return "" if whole else f", among {compared:,} texts that were drawn to be compared"
