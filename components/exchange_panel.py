"""Runs in from other tools, points out for them: upload or path, preview, import; export."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import streamlit as st

from components import seeding, session, trouble
from components.exchange_source import Source, chosen_source
from components.plain_text import as_markdown
from engine.exchange.csv_columns import Columns
from engine.exchange.export import FORMATS, ExportFormat, export, matching
from engine.exchange.importers import importer_for
from engine.exchange.intake import Outcome, Preview, bring_in, preview
from engine.runs.entry import Entry

_MOST_SHOWN = 500
_MOST_NAMED = 8
_MOST_SAID = 20
_TITLES: dict[ExportFormat, str] = {
    "parquet": "Parquet",
    "csv": "CSV",
    "tensorboard": "TensorBoard",
}


# -- in --------------------------------------------------------------------------------------------


def import_panel() -> None:
    """Ask for files or a path, show what is in them, and import it."""
    _say_outcomes()
    st.caption(
        "Runs of TensorBoard (event files), Weights & Biases (offline runs), MLflow (mlflow.db or "
        "mlruns) and tables of numbers (CSV); also zipped. Nothing of theirs is changed."
    )
    source = chosen_source()
    if source is None:
        return
    columns = _columns(source)
    key = f"{source.key}|{columns}"
    with st.container(horizontal=True, vertical_alignment="center"):
        look = st.button("Look inside", key="runs.import.look", icon=":material/search:")
        again = st.checkbox(
            "Import anew what is there already",
            key=session.IMPORT_AGAIN,
            help="The older runs are moved to the trash.",
        )
    if look:
        with trouble.shown():
            st.session_state[session.IMPORT_FOUND] = key, _found(source, columns)
    kept: tuple[str, list[Preview]] | None = st.session_state.get(session.IMPORT_FOUND)
    if kept is not None and kept[0] == key:
        _show_found(kept[1])
        _offer(source, columns, kept[1], again)


def _columns(source: Source) -> Columns:
    """Which columns of a CSV file are what, where somebody says so."""
    if not source.is_table:
        return Columns()
    with st.container(horizontal=True):
        step = st.text_input(
            "Column with the step", key=session.IMPORT_STEP, placeholder="as its name says"
        )
        time = st.text_input(
            "Column with the time", key=session.IMPORT_TIME, placeholder="as its name says"
        )
    return Columns(step=step or None, time=time or None)


def _found(source: Source, columns: Columns) -> list[Preview]:
    with st.spinner("Reading…"), source.opened() as path:
        runs = importer_for(path, None, columns).runs(path)
        return [preview(run) for run in runs]


def _show_found(found: Sequence[Preview]) -> None:
    rows = found[:_MOST_SHOWN]
    st.dataframe(
        {
            "Run": [row.title for row in rows],
            "Metrics": [len(row.metrics) for row in rows],
            "Points": [row.points for row in rows],
            "Named": [_named(row.metrics) for row in rows],
            "Problem": [row.problem for row in rows],
        },
        key="runs.import.found",
        hide_index=True,
        height=min(320, 38 + 35 * max(1, len(rows))),
        alt="What was found",
    )
    if len(found) > len(rows):
        st.caption(f"The first {len(rows):,} of {len(found):,} runs.")


def _named(metrics: Sequence[str]) -> str:
    more = f" and {len(metrics) - _MOST_NAMED:,} more" if len(metrics) > _MOST_NAMED else ""
    return ", ".join(name[:60] for name in metrics[:_MOST_NAMED]) + more


def _offer(source: Source, columns: Columns, found: Sequence[Preview], again: bool) -> None:
    whole = sum(row.points > 0 and not row.problem for row in found)
    runs = "1 run" if whole == 1 else f"{whole:,} runs"
    if st.button(
        f"Import {runs}",
        key="runs.import.go",
        type="primary",
        icon=":material/download:",
        disabled=not whole,
    ):
        outcomes: list[Outcome] = []
        with trouble.shown(), st.spinner("Importing…"), source.opened() as path:
            importer = importer_for(path, None, columns)
            outcomes.extend(bring_in(session.store(), importer, path, again=again))
        if outcomes:
            st.session_state[session.IMPORT_OUTCOMES] = outcomes
            del st.session_state[session.IMPORT_FOUND]
            st.rerun()


def _say_outcomes() -> None:
    """What became of the last import, until the next one."""
    outcomes: list[Outcome] = st.session_state.get(session.IMPORT_OUTCOMES, [])
    done = sum(outcome.kind == "imported" for outcome in outcomes)
    if done:
        said = "Imported 1 run." if done == 1 else f"Imported {done:,} runs."
        st.success(said, icon=":material/check:")
    for outcome in [one for one in outcomes if one.kind != "imported"][:_MOST_SAID]:
        text = as_markdown(f"{outcome.title}: {outcome.text}")
        say = st.error if outcome.kind == "refused" else st.info
        say(text, icon=":material/error:" if outcome.kind == "refused" else ":material/info:")
    for outcome in outcomes[:_MOST_SAID]:
        for remark in outcome.remarks:
            st.caption(as_markdown(remark))


# -- out -------------------------------------------------------------------------------------------


def export_panel(entries: Sequence[Entry]) -> None:
    """Offer the points of some runs as a file, which is made when the button is clicked."""
    ids = tuple(entry.id for entry in entries if not entry.damage)
    seeding.seed(session.EXPORT_FORMAT, FORMATS[0])
    format: ExportFormat = st.radio(
        "Format",
        FORMATS,
        key=session.EXPORT_FORMAT,
        format_func=_TITLES.__getitem__,
        horizontal=True,
    )
    text = st.text_input(
        "Metrics",
        key=session.EXPORT_METRICS,
        placeholder="all",
        help="Names or patterns such as val/*, separated by commas.",
    )
    patterns = tuple(part for piece in text.split(",") if (part := piece.strip()))
    why_not = _why_not(ids, patterns)
    st.download_button(
        "Download",
        lambda: packed(ids, format, patterns),
        file_name=f"{ids[0] if len(ids) == 1 else 'runs'}-{format}.zip",
        mime="application/zip",
        key="runs.export.go",
        icon=":material/download:",
        on_click="ignore",
        disabled=bool(why_not),
        help=why_not or None,
    )
    st.caption("A zip with the points and, in runs.json, how the runs were made.")


def _why_not(run_ids: Sequence[str], patterns: Sequence[str]) -> str:
    """Why there is nothing to download; what fails later the browser cannot explain."""
    if not run_ids:
        return "None of these runs can be read."
    if not patterns:
        return ""
    store = session.store()
    known = (store.open(run_id).metrics() for run_id in run_ids)
    found = any(matching(metrics, patterns) for metrics in known)
    return "" if found else "No metric of these runs has such a name."


def packed(run_ids: Sequence[str], format: ExportFormat, patterns: Sequence[str]) -> bytes:
    """The zip file of an export."""
    store = session.store()
    with TemporaryDirectory(prefix="traindeck-export-") as folder:
        target = Path(folder) / "runs.zip"
        export([store.open(run_id) for run_id in run_ids], format, target, patterns)
        return target.read_bytes()
