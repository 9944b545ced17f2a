"""The only place that names session-state keys, and the door from screens to the engine."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import streamlit as st

from components import seeding
from components.event_tail import EventTail
from components.run_requests import Asked
from engine.batch_size.search import BatchSizes
from engine.comparison.summaries import Summaries
from engine.errors import Problem, RunsFolderUnusable
from engine.runs import RUNS_VARIABLE
from engine.runs.index.last_values import LastValues
from engine.runs.run import Run
from engine.runs.store import RunStore

_LOCAL = ("127.0.0.1", "localhost", "::1")
WORKSPACE = "launch.workspace"
_FORM = "form."

RUNS_TABLE = "runs.table"
RUNS_FILTER = "query"
"""This and the six below are also their names in the address of the page."""
RUNS_COLUMNS = "columns"
RUNS_SORT = "sort"
RUNS_DESCENDING = "descending"
RUNS_GROUP_BY = "group_by"
RUNS_GROUP = "group"
RUNS_ARCHIVED = "archived"
RUNS_VIEW_NAME = "runs.view_name"
RUNS_OPENED = "runs.opened"
SAMPLE_STEP = "live.sample_step"
EVALUATION_STEP = "live.evaluation_step"
FORK_STEP = "live.fork_step"
HISTOGRAM_KIND = "live.histogram_kind"
HISTOGRAM_TENSOR = "live.histogram_tensor"
PICKED = "live.picked"
IMPORT_WAY = "runs.import.way"
IMPORT_FILES = "runs.import.files"
MOST_UPLOAD_MB = 50
"""The largest file that is uploaded, but for data."""
IMPORT_PATH = "runs.import.path"
IMPORT_STEP = "runs.import.step"
IMPORT_TIME = "runs.import.time"
IMPORT_AGAIN = "runs.import.again"
IMPORT_FOUND = "runs.import.previews"
IMPORT_OUTCOMES = "runs.import.outcomes"
EXPORT_FORMAT = "runs.export.format"
EXPORT_METRICS = "runs.export.metrics"
CHOSEN_MODEL = "chosen_model"
COMPARE_TAB = "compare.tab"
"""This and the choices below are also their names in the address of the page."""
COMPARE_BY = "compare.by"
COMPARE_BAND = "compare.band"
COMPARE_RELATIVE = "compare.relative"
COMPARE_METRICS = "compare.metrics"
COMPARE_WHICH = "compare.which"
COMPARE_TESTED = "compare.tested"
COMPARE_EVERYTHING = "compare.everything"
COMPARE_X = "compare.x"
COMPARE_Y = "compare.y"
COMPARE_COLOR = "compare.color"
COMPARE_X_SCALE = "compare.xscale"
COMPARE_Y_SCALE = "compare.yscale"
COMPARE_AXES = "compare.axes"
COMPARE_LINE_COLOR = "compare.linecolor"
COMPARE_PICKER = "compare.picker"
COMPARE_QUERY = "compare.query"
COMPARE_UNFOLDED = "compare.unfolded"
COMPARE_BASELINE = "compare.baseline_picker"
COMPARE_SIDES = "compare.sides"
COMPARE_MEASURE = "compare.measure"
COMPARE_SAMPLE_STEP = "compare.sample_step"
COMPARE_EVALUATION_STEP = "compare.evaluation_step"
_COMPARED = "compare.runs"
_CHOSEN = "runs.chosen"
_TABLE_ROWS = "runs.table_rows"
_GOOD_QUERY = "runs.good_query"
_RUNS_PAGE = "runs.page"
_CLICKED = "runs.clicked"
_TABLE_HEADS = "runs.table_heads"
_TRASHED = "runs.trashed"
_ASKED = "live.asked"
_EVENTS = "live.events"
_FOLLOWS = "live.follows."
_READ = "live.events_read."
_WISH = "live.wish."
_WRONG = "live.wrong."
_BATCH_SIZES = "launch.batch_sizes"
AUGMENTATION_EXAMPLES = "launch.augmentation"


@lru_cache(maxsize=8)
def _store_at(root: str) -> RunStore:
    return RunStore(root)


def store() -> RunStore:
    """The runs folder of this server, shared by all its sessions.

    Raises:
        RunsFolderUnusable: when it cannot be created or written.
    """
    return _store_at(os.environ.get(RUNS_VARIABLE, "runs"))


def is_local() -> bool:
    """Whether only people at the server's own machine can reach it."""
    return st.get_option("server.address") in _LOCAL


def begin() -> None:
    """What every page needs before it draws; stops with a banner when there is no runs folder."""
    if not is_local():
        st.warning("Open to the network without a login: everyone who can reach it can use it.")
    try:
        store()
    except RunsFolderUnusable as error:
        st.error(str(error), icon=":material/folder_off:")
        st.stop()


# -- the form of the Launch page -------------------------------------------------------------------


def form_key(path: str) -> str:
    """The key of the widget of a field."""
    return f"{_FORM}{path}"


def seed(path: str, value: object) -> str:
    """The key of the widget of a field, which shows `value` unless it has its own already."""
    return seeding.seed(form_key(path), value)


def form_value(path: str) -> Any:
    """What the widget of a field holds."""
    return st.session_state[form_key(path)]


def set_form_value(path: str, value: object) -> None:
    """Put a value into the widget of a field; only before it is drawn."""
    st.session_state[form_key(path)] = value


def clear_form_field(path: str) -> None:
    """Let the widget of a field take its value from the draft again; only before it is drawn."""
    st.session_state.pop(form_key(path), None)


def clear_form() -> None:
    """Let every widget of the form take its value from the draft again."""
    for key in [str(key) for key in st.session_state if str(key).startswith(_FORM)]:
        del st.session_state[key]


# -- what is looked at on the Live and Runs pages --------------------------------------------------


@lru_cache(maxsize=1)
def last_values() -> LastValues:
    """The newest metrics of all runs, shared by all sessions."""
    return LastValues()


def chosen_runs() -> list[str]:
    """The runs chosen on the Runs page, newest first; they stay chosen when the page is left."""
    chosen: list[str] = st.session_state.get(_CHOSEN, [])
    return chosen


def choose_runs(run_ids: list[str]) -> None:
    """Keep which runs are chosen."""
    st.session_state[_CHOSEN] = run_ids


def compared_runs() -> list[str]:
    """The runs that this tab compared last; they are compared again when it comes back."""
    compared: list[str] = st.session_state.get(_COMPARED, [])
    return compared


def compare(run_ids: Sequence[str]) -> None:
    """Keep which runs are compared."""
    st.session_state[_COMPARED] = list(run_ids)


def drop_foreign(key: str, options: Sequence[str]) -> None:
    """Take what is no longer offered out of what a widget holds; only before it is drawn."""
    held = st.session_state.get(key)
    if isinstance(held, list):
        st.session_state[key] = [value for value in held if value in options]
    elif held is not None and held not in options:
        del st.session_state[key]


@lru_cache(maxsize=1)
def summaries() -> Summaries:
    """The newest and best values of the metrics of runs, shared by all sessions."""
    return Summaries()


def table_rows() -> tuple[list[str], dict[str, str]] | None:
    """The run of each row of the table of runs as it was last drawn, and its columns.

    Columns are told by their title, with what they show.
    """
    rows: tuple[list[str], dict[str, str]] | None = st.session_state.get(_TABLE_ROWS)
    return rows


def remember_table_rows(run_ids: list[str], columns: dict[str, str]) -> None:
    """Keep the run of each row of the table, and its columns."""
    st.session_state[_TABLE_ROWS] = run_ids, columns


def table_heads() -> list[str]:
    """The column of the table of runs that the browser shows as chosen, by its title, if any."""
    heads: list[str] = st.session_state.get(_TABLE_HEADS, [])
    return heads


def remember_table_heads(heads: list[str]) -> None:
    """Keep which column of the table of runs the browser shows as chosen."""
    st.session_state[_TABLE_HEADS] = heads


def runs_page(asked: object) -> int:
    """The page of the table that is looked at; the first one when something else is asked for."""
    kept: tuple[object, int] = st.session_state.get(_RUNS_PAGE, (asked, 0))
    number = kept[1] if kept[0] == asked else 0
    st.session_state[_RUNS_PAGE] = asked, number
    return number


def turn_to_runs_page(number: int) -> None:
    """Look at another page of the table."""
    asked, _ = st.session_state[_RUNS_PAGE]
    st.session_state[_RUNS_PAGE] = asked, number


def take_clicked() -> tuple[str | None, bool]:
    """The run whose name was clicked in the table, and whether all of the page is to be drawn."""
    clicked: tuple[str | None, bool] = st.session_state.pop(_CLICKED, (None, False))
    return clicked


def remember_clicked(run_id: str | None = None, *, redraw: bool = False) -> None:
    """Keep what a click in the table asked for until the script has begun anew."""
    st.session_state[_CLICKED] = run_id, redraw


def good_query() -> str:
    """The last query for runs that could be understood."""
    query: str = st.session_state.get(_GOOD_QUERY, "")
    return query


def remember_good_query(query: str) -> None:
    """Keep a query that could be understood."""
    st.session_state[_GOOD_QUERY] = query


def trashed_lately() -> list[str]:
    """The runs that this tab moved to the trash last, and may want back."""
    run_ids: list[str] = st.session_state.get(_TRASHED, [])
    return run_ids


def remember_trashed(run_ids: list[str]) -> None:
    """Keep which runs were moved to the trash."""
    st.session_state[_TRASHED] = run_ids


def forget_table() -> None:
    """Let the table of runs take its selection from the chosen runs again."""
    st.session_state.pop(_TABLE_ROWS, None)


def seed_label(run_id: str, field: str, value: str) -> str:
    """The key of the widget for a label of a run, which shows `value` unless it has its own."""
    return seeding.seed(f"runs.label.{field}.{run_id}", value)


def forget_labels(run_ids: Sequence[str]) -> None:
    """Let the widgets for labels of runs take their values from the runs again."""
    wanted = {f".{run_id}" for run_id in run_ids}
    for key in [str(key) for key in st.session_state if str(key).startswith("runs.label.")]:
        if key[key.rindex(".") :] in wanted:
            del st.session_state[key]


def asked(run_id: str) -> Asked | None:
    """What this tab last asked of a run."""
    asked: Asked | None = st.session_state.get(_ASKED)
    return asked if asked is not None and asked.run_id == run_id else None


def remember_asked(asked: Asked | None) -> None:
    """Keep what was asked of a run until it has been done."""
    st.session_state[_ASKED] = asked


def wish_key(run_id: str, wish: str) -> str:
    """The key of the widget in which somebody fills in what to ask of a run."""
    return f"{_WISH}{wish}.{run_id}"


def wish_value(run_id: str, wish: str) -> Any:
    """What the widget of a wish holds."""
    return st.session_state.get(wish_key(run_id, wish))


def clear_wish(run_id: str, wish: str) -> None:
    """Empty the widget of a wish; only before it is drawn."""
    st.session_state[wish_key(run_id, wish)] = None


def wrong(run_id: str, wish: str) -> Sequence[Problem]:
    """What is wrong with a wish, as it was found when it was asked for."""
    problems: Sequence[Problem] = st.session_state.get(f"{_WRONG}{wish}.{run_id}", ())
    return problems


def remember_wrong(run_id: str, wish: str, problems: Sequence[Problem] = ()) -> None:
    """Keep what is wrong with a wish until it is changed."""
    st.session_state[f"{_WRONG}{wish}.{run_id}"] = problems


def batch_sizes(asked: str) -> BatchSizes | None:
    """What was measured for this question in this session; None when it was not."""
    kept = st.session_state.get(_BATCH_SIZES)
    return kept[1] if kept is not None and kept[0] == asked else None


def remember_batch_sizes(asked: str, found: BatchSizes) -> None:
    """Keep what was measured, and for what."""
    st.session_state[_BATCH_SIZES] = asked, found


def event_tail(run: Run) -> EventTail:
    """The events of the run that this tab looks at, with the offset to read on from."""
    tail: EventTail | None = st.session_state.get(_EVENTS)
    if tail is None or tail.run_id != run.id:
        st.session_state[_EVENTS] = tail = EventTail(run.id)
    return tail


def events_read(run_id: str) -> int:
    """How many events of a run there were when this tab last dismissed its alerts."""
    count: int = st.session_state.get(f"{_READ}{run_id}", 0)
    return count


def remember_events_read(run_id: str, count: int) -> None:
    """Keep that the alerts among so many events were read."""
    st.session_state[f"{_READ}{run_id}"] = count


def follows(step_key: str) -> bool:
    """Whether the newest step is to be shown as it comes; `step_key` is that of its slider."""
    follows: bool = st.session_state.get(f"{_FOLLOWS}{step_key}", True)
    return follows


def follow(step_key: str, follow: bool) -> None:
    """Keep whether to show the newest step."""
    st.session_state[f"{_FOLLOWS}{step_key}"] = follow


# -- the Models page -------------------------------------------------------------------------------


def chosen_model() -> str | None:
    """The version of the model that this tab looked at last; None for the list of all."""
    chosen: str | None = st.session_state.get(CHOSEN_MODEL)
    return chosen


def choose_model(digest: str | None) -> None:
    """Keep which model is looked at."""
    st.session_state[CHOSEN_MODEL] = digest
