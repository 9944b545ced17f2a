"""Everything about one version of a model: who it is, and its tabs."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from components import trouble
from components.models import (
    choice,
    code_tab,
    health_tab,
    overview_tab,
    page_state,
    parameter_tab,
    runs_tab,
    stages,
    structure_tab,
    wording,
)
from components.models.looked_at import Looked, looked_at
from components.plain_text import as_markdown
from engine.health.summaries import newest_by_version, summaries
from engine.models.collection import KnownModel
from engine.runs.store import RunStore

_TABS: Mapping[str, Callable[[Looked], None]] = {
    "Overview": overview_tab.show,
    "Structure": structure_tab.show,
    "Parameters": parameter_tab.show,
    "Code": code_tab.show,
    "Health": health_tab.show,
    "Runs": runs_tab.show,
}
NAMES = tuple(_TABS)


def show(store: RunStore, models: Sequence[KnownModel], model: KnownModel) -> None:
    """Draw the header and the tabs; which one is open is in the address of the page."""
    st.button("All models", icon=":material/arrow_back:", type="tertiary", on_click=choice.leave)
    _header(store, model)
    stages.show(store, models, model)
    looked = looked_at(store, model)
    tabs = st.tabs(NAMES, key=page_state.TAB, bind="query-params")
    for tab, draw in zip(tabs, _TABS.values(), strict=True):
        if tab.open:
            with tab, trouble.shown():
                draw(looked)


def _header(store: RunStore, model: KnownModel) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.html(
            '<h1 style="margin: 0; padding: 0; font-size: 1.9rem; overflow-wrap: anywhere">'
            f"{html.escape(model.name)}</h1>",
            width="content",
        )
        wording.stage_badge(model.stage)
        wording.health_badge(newest_by_version(summaries(store.root)).get(model.digest))
        for tag in model.tags:
            st.badge(as_markdown(tag), icon=":material/sell:", color="violet")
    named = [model.words] if model.words != model.name else []
    st.caption(as_markdown(" · ".join([*named, f"version {model.digest[:12]}"])))
