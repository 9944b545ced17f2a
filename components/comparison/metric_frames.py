"""Tables of what runs and groups reached: data frames and how their cells look."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import pyarrow as pa
from pandas.io.formats.style import Styler

from components.numbers import DASH, shown_number
from engine.comparison import Compared, Measured, Pair, Relative
from engine.comparison.measured import GroupsMeasured, Which
from engine.comparison.statistics import Spread
from engine.task_spec import Mode

BEST = "background-color: rgba(85, 153, 63, 0.28); font-weight: 700"
WORSE = "background-color: rgba(238, 119, 51, 0.25)"
OTHERWISE = "background-color: rgba(12, 123, 220, 0.20)"
SIGNIFICANT = 0.05


def metric_frame(runs: Sequence[Compared], metrics: Sequence[Measured]) -> pd.DataFrame:
    """A row for each run: newest and best value of each metric, and the step of the best."""
    columns: dict[str, object] = {"Run": [run.heading for run in runs]}
    for one in metrics:
        columns[newest_column(one)] = measured_column(one.values("newest"))
        if one.mode is not None:
            columns[best_column(one)] = measured_column(one.values("best"))
            steps = [None if at is None else at.step for at in one.best]
            columns[f"{one.metric} at step"] = pd.Series(steps, dtype="Int64")
    return pd.DataFrame(columns)


def marked(frame: pd.DataFrame, metrics: Sequence[Measured]) -> Styler:
    """The table with the best values marked."""
    leaders: dict[str, frozenset[int]] = {}
    for one in metrics:
        leaders[newest_column(one)] = one.leaders("newest")
        leaders[best_column(one)] = one.leaders("best")
    return styled(frame, {name: dict.fromkeys(rows, BEST) for name, rows in leaders.items()})


def relative_frame(
    runs: Sequence[Compared], metrics: Sequence[Measured], found: Sequence[Sequence[Relative]]
) -> pd.DataFrame:
    """A row for each run: how far each metric is from the baseline's, and in percent."""
    columns: dict[str, object] = {"Run": [run.heading for run in runs]}
    for one, relatives in zip(metrics, found, strict=True):
        columns[f"{one.metric} difference"] = measured_column([r.difference for r in relatives])
        columns[f"{one.metric} %"] = measured_column([r.percent for r in relatives])
        if one.mode is not None:
            columns[f"{one.metric} is"] = [relative.verdict or DASH for relative in relatives]
    return pd.DataFrame(columns)


def judged(
    frame: pd.DataFrame, metrics: Sequence[Measured], found: Sequence[Sequence[Relative]]
) -> Styler:
    """The table with what is better and worse in colours."""
    looks = {"better": BEST, "worse": WORSE}
    cells = {
        f"{one.metric} {part}": {
            row: looks[relative.verdict]
            for row, relative in enumerate(relatives)
            if relative.verdict in looks
        }
        for one, relatives in zip(metrics, found, strict=True)
        for part in ("difference", "%", "is")
    }
    return styled(frame, cells)


def group_frame(found: Mapping[str, GroupsMeasured]) -> pd.DataFrame:
    """A row for each group: mean and standard deviation of each metric, and of how many runs."""
    first = next(iter(found.values()))
    columns: dict[str, list[str]] = {"Group": [group.label for group in first.groups]}
    for metric, groups in found.items():
        words = [spread_words(group.spread, group.left_out) for group in groups.groups]
        columns[f"{metric} mean"] = words
    return pd.DataFrame(columns)


def best_groups(found: Mapping[str, GroupsMeasured], modes: Mapping[str, Mode | None]) -> Styler:
    """The table of groups with the best means marked."""
    cells: dict[str, dict[int, str]] = {}
    for metric, groups in found.items():
        means = {n: g.spread.mean for n, g in enumerate(groups.groups) if g.spread is not None}
        mode = modes[metric]
        if mode is not None and len(means) > 1:
            top = (min if mode == "min" else max)(means.values())
            cells[f"{metric} mean"] = {row: BEST for row, mean in means.items() if mean == top}
    return styled(group_frame(found), cells)


def pair_frame(pairs: Sequence[Pair]) -> pd.DataFrame:
    """A row for each pair of groups: what the test of their difference says."""
    return pd.DataFrame(
        {
            "Group": [pair.left for pair in pairs],
            "Against": [pair.right for pair in pairs],
            "Runs": [f"{pair.n[0]}, {pair.n[1]}" for pair in pairs],
            "Difference": measured_column([pair.difference for pair in pairs]),
            "95 % interval": [_interval(pair) for pair in pairs],
            "p": [_p(None if pair.test is None else pair.test.p) for pair in pairs],
            "p, adjusted": [_p(pair.adjusted_p) for pair in pairs],
            "Says": [verdict(pair) for pair in pairs],
        }
    )


def verdict(pair: Pair) -> str:
    """What can be said of two groups, in words."""
    if pair.adjusted_p is None:
        return pair.why_not
    return "they differ" if pair.adjusted_p < SIGNIFICANT else "no difference shown"


def spread_words(found: Spread | None, left_out: int = 0) -> str:
    """`mean ± std (n)`; one value alone has no deviation."""
    without = f", {left_out} without" if left_out else ""
    if found is None:
        return DASH + (f" (0{without})" if without else "")
    deviation = "" if found.std is None else f" ± {shown_number(found.std, 2)}"
    return f"{shown_number(found.mean)}{deviation} (n={found.n}{without})"


def newest_column(one: Measured) -> str:
    """Heading of the newest values of a metric."""
    return f"{one.metric} newest"


def best_column(one: Measured) -> str:
    """Heading of the best values of a metric."""
    return f"{one.metric} best"


def measured_column(values: Sequence[float | None]) -> pd.Series[Any]:
    """Numbers among which NaN is a value; only None is a gap."""
    column = pa.array(values, pa.float64(), from_pandas=False)
    return pd.Series(pd.array(column, dtype=pd.ArrowDtype(pa.float64())))


def styled(frame: pd.DataFrame, cells: Mapping[str, Mapping[int, str]]) -> Styler:
    """A table with the look of some cells, by column and row."""

    def look(column: pd.Series[Any]) -> list[str]:
        of_column = cells.get(str(column.name), {})
        return [of_column.get(row, "") for row in range(len(column))]

    return frame.style.apply(look, axis=0)


def words_of_best(one: Measured, runs: Sequence[Compared], which: Which) -> str:
    """Which run is best in a metric, in a sentence; nothing where nobody knows."""
    places = sorted(one.leaders(which))
    if not places:
        return ""
    at = (one.best if which == "best" else one.newest)[places[0]]
    assert at is not None, "leaders have values"
    names = [runs[place].heading for place in places]
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    lower = "lowest" if one.mode == "min" else "highest"
    return f"{one.metric}: {lower} {shown_number(at.value)} at step {at.step:,}, {names[0]}{more}"


def _interval(pair: Pair) -> str:
    if pair.test is None:
        return DASH
    return f"{shown_number(pair.test.low, 3)} to {shown_number(pair.test.high, 3)}"


def _p(value: float | None) -> str:
    if value is None or math.isnan(value):
        return DASH
    return "< 0.0001" if value < 1e-4 else f"{value:.4f}"
