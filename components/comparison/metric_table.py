"""What runs reached: their metrics, against a baseline, and groups of them with tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from components import session, trouble
from components.comparison import metric_frames, watch
from components.comparison.settings import Settings
from components.plain_text import as_markdown
from engine.comparison import (
    Compared,
    Group,
    Measured,
    chosen,
    grouped,
    groups,
    measured,
    usual_metrics,
)
from engine.comparison.fields import metrics_of
from engine.comparison.measured import GroupsMeasured, Which
from engine.comparison.statistics import MOST_GROUPS
from engine.runs.store import RunStore

_WHICH: dict[str, Which] = {"Best": "best", "Newest": "newest"}


def show(store: RunStore, runs: Sequence[Compared], settings: Settings) -> None:
    """Draw the tables for the metrics that were chosen; they follow runs that go on."""
    ids = [run.id for run in runs]

    def _now() -> None:
        with trouble.shown():
            _draw(chosen(store, ids).runs, settings)

    st.fragment(_now, run_every=watch.every_s(runs))()


def _draw(runs: Sequence[Compared], settings: Settings) -> None:
    names = metrics_of(runs)
    if not names:
        st.caption("No metrics yet.")
        return
    wanted, which = _choices(runs, names)
    metrics = [measured(runs, name, session.summaries()) for name in wanted]
    if not metrics:
        st.caption("Choose a metric to compare.")
        return
    _of_runs(runs, metrics, which)
    baseline = settings.baseline_place(runs)
    if baseline is not None:
        _against(runs, metrics, baseline, which)
    if settings.by:
        _of_groups(runs, metrics, settings, which)


def _choices(runs: Sequence[Compared], names: Sequence[str]) -> tuple[list[str], Which]:
    left, right = st.columns([4, 1], vertical_alignment="bottom")
    session.drop_foreign(session.COMPARE_METRICS, names)
    with left:
        wanted: list[str] = st.multiselect(
            "Metrics",
            names,
            default=list(usual_metrics(runs)),
            key=session.COMPARE_METRICS,
            bind="query-params",
            placeholder="Choose metrics",
        )
    with right:
        which = st.segmented_control(
            "Judged by",
            list(_WHICH),
            default="Best",
            required=True,
            key=session.COMPARE_WHICH,
            bind="query-params",
            help="The value of a run that is set against the baseline, averaged and tested.",
        )
    return wanted, _WHICH[which or "Best"]


def _of_runs(runs: Sequence[Compared], metrics: Sequence[Measured], which: Which) -> None:
    frame = metric_frames.metric_frame(runs, metrics)
    st.dataframe(
        metric_frames.marked(frame, metrics),
        key="compare.metric_table",
        hide_index=True,
        column_config=_numbers(list(frame.columns), pinned="Run"),
        height=min(460, 38 + 35 * len(runs)),
        placeholder="–",
        alt="Newest and best value of each metric for each run",
    )
    best = [words for one in metrics if (words := metric_frames.words_of_best(one, runs, which))]
    unknown = [one.metric for one in metrics if one.mode is None]
    if best:
        st.caption(as_markdown("\n".join(best)))
    if unknown:
        words = f"Nobody knows which way is better: {', '.join(unknown)}."
        st.caption(as_markdown(words))


def _against(
    runs: Sequence[Compared], metrics: Sequence[Measured], baseline: int, which: Which
) -> None:
    st.subheader("Against the baseline")
    st.caption(as_markdown(runs[baseline].heading))
    found = [one.against(baseline, which) for one in metrics]
    frame = metric_frames.relative_frame(runs, metrics, found)
    st.dataframe(
        metric_frames.judged(frame, metrics, found),
        key="compare.relative_table",
        hide_index=True,
        column_config=_numbers(list(frame.columns), pinned="Run", signed=True),
        height=min(460, 38 + 35 * len(runs)),
        placeholder="–",
        alt="How far each metric of each run is from the baseline's",
    )


def _of_groups(
    runs: Sequence[Compared], metrics: Sequence[Measured], settings: Settings, which: Which
) -> None:
    st.subheader("Groups", help="Mean ± standard deviation over the runs of a group.")
    members = groups(runs, settings.by)
    known = session.summaries()
    found = {one.metric: grouped(members, one.metric, which, known) for one in metrics}
    modes = {one.metric: one.mode for one in metrics}
    st.dataframe(
        metric_frames.best_groups(found, modes),
        key="compare.group_table",
        hide_index=True,
        column_config={"Group": st.column_config.TextColumn(pinned=True)},
        height=min(460, 38 + 35 * len(members)),
        alt="Mean and standard deviation of each metric in each group",
    )
    _remarks(members)
    if len(members) > 1:
        _tests(found, which)


def _remarks(members: Sequence[Group]) -> None:
    """Where a group holds more than repetitions with other seeds."""
    otherwise = dict.fromkeys(label for group in members for label in group.otherwise())
    if otherwise:
        words = ", ".join(list(otherwise)[:6]) + (" …" if len(otherwise) > 6 else "")
        st.caption(
            as_markdown(f"Within groups the runs differ in more than the seed: {words}."),
        )


def _tests(found: Mapping[str, GroupsMeasured], which: Which) -> None:
    st.subheader("Do the groups differ?")
    session.drop_foreign(session.COMPARE_TESTED, list(found))
    metric = st.selectbox(
        "Metric tested", list(found), key=session.COMPARE_TESTED, bind="query-params", width=320
    )
    pairs = found[metric].pairs
    if not pairs:
        st.caption(
            f"There are {len(found[metric].groups)} groups. With more than {MOST_GROUPS}, tests of "
            "each against each say little: choose fields with fewer values."
        )
        return
    st.dataframe(
        metric_frames.pair_frame(pairs),
        key="compare.pair_table",
        hide_index=True,
        column_config=_numbers(["Difference"], signed=True),
        placeholder="–",
        height=min(460, 38 + 35 * len(pairs)),
        alt="Tests of the differences between groups",
    )
    tested = sum(pair.test is not None for pair in pairs)
    st.caption(
        as_markdown(
            f"Welch's t-test, two-sided, of the {which} {metric} of each run; the difference is "
            f"the second group's mean less the first's. {_adjusted(tested)} Two runs of a group "
            "are the least that can be tested."
        )
    )


def _adjusted(tested: int) -> str:
    if not tested:
        return "No pair could be tested."
    if tested == 1:
        return "One pair was tested, so p needs no adjustment."
    return f"p is adjusted for {tested} pairs by Holm's method; the intervals are not."


def _numbers(
    columns: Sequence[str], *, pinned: str = "", signed: bool = False
) -> dict[str, ColumnConfig | str | None]:
    plain = "%+.4g" if signed else "%.5g"
    shown: dict[str, ColumnConfig | str | None] = {
        name: st.column_config.NumberColumn(format="%+.2f%%" if name.endswith(" %") else plain)
        for name in columns
        if name != pinned and not name.endswith((" at step", " is"))
    }
    if pinned:
        shown[pinned] = st.column_config.TextColumn(pinned=True, width=220)
    return shown
