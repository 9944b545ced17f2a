"""All models as a table: found again by name, tag or stage; a click opens one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from components import readable
from components.models import choice, intake, page_state, wording
from components.numbers import shown_number
from components.plain_text import as_markdown
from engine.health.summaries import HealthSummary, newest_by_version, summaries, unreadable
from engine.models.collection import KnownModel, best_of
from engine.models.registry import STAGES, Registry
from engine.models.structure.kept import newest_sizes
from engine.runs.store import RunStore

_SHOWN = ("candidate", "production")
_ROW_PX, _TALLEST_PX = 35, 560


def show(store: RunStore, models: Sequence[KnownModel]) -> None:
    """Draw the table and what brings more models into it."""
    st.caption(
        "Every model that was brought in, saved or trained here, by the content of its "
        "configuration. A click on a row opens it."
    )
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        intake.bring_in(store)
    for problem in (*Registry(store.root).damaged(), *unreadable(store.root)):
        st.error(as_markdown(str(problem)), icon=":material/broken_image:")
    if not models:
        st.info(
            "No models yet. Bring one in, save the one on the Launch page, or start a run: its "
            "model appears here.",
            icon=":material/deployed_code:",
        )
        return
    found = _asked(models)
    archived = sum(model.stage == "archived" for model in models)
    _caption(len(found), len(models), archived)
    _table(store, found)


def matches(model: KnownModel, words: str) -> bool:
    """Whether all words are in what the model is called."""
    told = [model.name, model.words, model.digest, model.stage, *model.tags]
    text = " ".join(told).casefold()
    return all(word in text for word in words.casefold().split())


def _asked(models: Sequence[KnownModel]) -> list[KnownModel]:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        words = st.text_input(
            "Search",
            key=page_state.SEARCH,
            placeholder="Name, kind, tag or version",
            icon=":material/search:",
            label_visibility="collapsed",
            width=320,
            bind="query-params",
        )
        stages = st.pills(
            "Stages",
            STAGES,
            selection_mode="multi",
            default=list(_SHOWN),
            key=page_state.STAGES,
            label_visibility="collapsed",
            bind="query-params",
        )
    wanted = stages or STAGES
    return [model for model in models if model.stage in wanted and matches(model, words or "")]


def _caption(found: int, of: int, archived: int) -> None:
    models = "model" if of == 1 else "models"
    words = f"{of:,} {models}" if found == of else f"{found:,} of {of:,} {models}"
    st.caption(words + (f" · {archived:,} archived" if archived else ""))


def _table(store: RunStore, models: Sequence[KnownModel]) -> None:
    health = newest_by_version(summaries(store.root))
    sizes = newest_sizes(store.root)
    event = st.dataframe(
        frame(models, health, sizes),
        key=page_state.TABLE,
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        column_config=_columns(),
        height=min(_TALLEST_PX, 38 + _ROW_PX * max(1, len(models))),
        placeholder="–",
        alt="All models",
    )
    rows = [row for row in event["selection"]["rows"] if row < len(models)]
    if rows:
        choice.look_at(models[rows[0]].digest)
        st.rerun()


def frame(
    models: Sequence[KnownModel],
    health: Mapping[str, HealthSummary],
    sizes: Mapping[str, int],
) -> pd.DataFrame:
    """One line a model; what is not known is missing."""
    best = [next(iter(best_of(model.runs)), None) for model in models]
    reports = [health.get(model.digest) for model in models]
    size = [sizes.get(model.digest) for model in models]
    return pd.DataFrame(
        {
            "Name": [model.name for model in models],
            "Model": [model.words for model in models],
            "Stage": [model.stage for model in models],
            "Health": [None if one is None else wording.counts(one) for one in reports],
            "Runs": [len(model.runs) for model in models],
            "Best": [
                None if one is None else f"{one.metric} {shown_number(one.value)}" for one in best
            ],
            "Parameters": [None if one is None else readable.count(one) for one in size],
            "Tags": [list(model.tags) for model in models],
            "Last used": pd.to_datetime(
                pd.Series([model.used_at for model in models], dtype=float), unit="s", utc=True
            ),
            "Version": [wording.short(model.digest) for model in models],
        }
    )


def _columns() -> Mapping[str, Any]:
    config = st.column_config
    return {
        "Name": config.TextColumn(width=220, pinned=True),
        "Model": config.TextColumn(width=140),
        "Stage": config.TextColumn(width=90),
        "Health": config.TextColumn(
            width=130, help="Checks of the newest health check by their verdict."
        ),
        "Runs": config.NumberColumn(width=60, help="Runs that were made with it."),
        "Best": config.TextColumn(
            width=170, help="Best value that a run reached, by that run's own monitored metric."
        ),
        "Parameters": config.TextColumn(width=90, help="Known once its structure was measured."),
        "Tags": config.ListColumn(width=130),
        "Last used": config.DatetimeColumn(
            format="YYYY-MM-DD HH:mm", timezone=st.context.timezone, width=130
        ),
        "Version": config.TextColumn(width=90, help="How the SHA-256 of its content begins."),
    }
