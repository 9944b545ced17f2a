"""The stage of a model: moved with a click; what it takes the place of is offered to move back."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from components import popover, trouble
from components.models import labelling, page_state
from components.plain_text import as_markdown
from engine.models.collection import KnownModel, rivals, spec_of
from engine.models.registry import STAGES, Registry, Stage
from engine.runs.store import RunStore

_HELP = (
    "Candidate: being tried. Production: in use. Archived: put away, and left out of the list "
    "unless it is asked for."
)
_ICON = ":material/edit:"


def show(store: RunStore, models: Sequence[KnownModel], model: KnownModel) -> None:
    """Draw the choice of the stage, the labels, and who else is in production."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        _choice(store, model)
        popover.show(
            popover.Button("Name, tags, notes", page_state.key("edit", model.digest), _ICON),
            lambda: labelling.show(store, model),
        )
    if model.stage == "production":
        for other in rivals(models, model):
            _offer(store, model, other)


def _choice(store: RunStore, model: KnownModel) -> None:
    key = page_state.key("stage", model.digest)
    st.session_state[key] = model.stage  # another tab may have moved it
    st.segmented_control(
        "Stage",
        STAGES,
        key=key,
        required=True,
        format_func=str.capitalize,
        help=_HELP,
        on_change=_move_to_chosen,
        args=(store, model, key),
    )


def _offer(store: RunStore, model: KnownModel, other: KnownModel) -> None:
    """A model that was in production before, for the same task."""
    with st.container(border=True, horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(
            f"**{as_markdown(other.name)}** ({other.digest[:8]}) is in production for the same "
            "task, too.",
            width="stretch",
        )
        for stage, label in (
            ("candidate", "Move it back to candidate"),
            ("archived", "Archive it"),
        ):
            st.button(
                label,
                key=page_state.key(f"retire.{stage}.{other.digest}", model.digest),
                on_click=_move,
                args=(store, other, stage),
            )


def _move_to_chosen(store: RunStore, model: KnownModel, key: str) -> None:
    _move(store, model, st.session_state[key])


def _move(store: RunStore, model: KnownModel, stage: Stage) -> None:
    with trouble.shown():
        registry = Registry(store.root)
        registry.add(spec_of(store, model))
        registry.move(model.digest, stage)
