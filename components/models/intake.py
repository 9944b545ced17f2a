"""Bringing a model in: code from anywhere, looked at, matched with data, allowed, tried, kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st
from pydantic import JsonValue

from components import model_state, readable, session, trouble, workspace
from components.models import (
    arguments,
    call,
    candidate_choice,
    code_view,
    consent,
    data_choice,
    source_choice,
    to_launch,
    trial,
)
from components.models.intake_draft import Setup
from components.models.plan import Plan, chosen_candidate, planned
from components.plain_text import as_markdown
from engine.errors import EngineError
from engine.models.imported.arguments import Row
from engine.models.imported.inspection import Candidate
from engine.models.imported.library import CodeLibrary, is_off
from engine.models.imported.matching import known_of
from engine.models.imported.proposal import Brought, brought
from engine.models.imported.spec import CallSpec
from engine.models.registry import Registry
from engine.models.version import version_of
from engine.runs.spec_words import data_words
from engine.runs.store import RunStore


@dataclass(frozen=True)
class _Desk:
    """The code that is looked at, and where what is set for it is kept."""

    root: Path
    code: str

    @property
    def setup(self) -> Setup:
        return model_state.draft(self.root).setup(self.code)

    def seed(self, field: str, value: object) -> str:
        return model_state.seed(self._field(field), value)

    def read(self, field: str) -> Any:
        return model_state.field_value(self._field(field))

    def anew(self, begin: str) -> None:
        model_state.clear_fields(self._field(begin))

    def keep(self, **changes: object) -> None:
        draft = model_state.draft(self.root)
        setup = Setup.parse({**draft.setup(self.code).model_dump(), **changes})
        with trouble.shown():
            model_state.keep(self.root, draft.with_setup(self.code, setup))

    def keep_field(self, field: str) -> None:
        self.keep(**{field: self.read(field)})

    def _field(self, field: str) -> str:
        return f"{self.code[:12]}.{field}"


def bring_in(store: RunStore) -> None:
    """Draw everything from the choice of a file to the buttons that keep and train the model."""
    library, code = CodeLibrary(store.root), model_state.current_code()
    if code is None:
        first = model_state.is_new_wanted() or not library.codes()
        with st.expander(
            "Bring in a model", expanded=first, icon=":material/add:", key="models.in"
        ):
            if is_off():
                st.info(as_markdown(consent.OFF), icon=":material/block:")
            source_choice.show(library, store.root)
        return
    with trouble.shown():
        st.button(
            "Bring in other code",
            key="models.in.other",
            icon=":material/arrow_back:",
            type="tertiary",
            on_click=_look_elsewhere,
        )
        seen = brought(library, code)
        code_view.show(seen, library.source(code))
        if not seen.found.problems:
            _set_up(store, library, seen, _Desk(store.root, code))


def _look_elsewhere() -> None:
    model_state.look_at(None)
    session.choose_model(None)


def _set_up(store: RunStore, library: CodeLibrary, seen: Brought, desk: _Desk) -> None:
    setup = desk.setup
    candidate = chosen_candidate(seen.found, setup)
    st.markdown("##### The model")
    candidate_choice.show(seen.found, candidate, desk.seed, lambda: _choose_entry(desk))
    if candidate is None:
        return
    plan = _data_and_plan(seen, candidate, desk)
    if plan is None:
        return
    st.markdown("##### What it is built with")
    _arguments(plan, setup, desk)
    changed = call.differences(setup.call)
    title = "How it is called" + (f" ({changed} chosen)" if changed else "")
    with st.expander(title, icon=":material/function:", key="models.call"):
        call.show(candidate, setup.call, desk.seed, desk.read, lambda c: _keep_call(desk, c))
    allowed = consent.show(library, seen.code)
    _ending(store, plan, allowed)


def _choose_entry(desk: _Desk) -> None:
    entry = desk.read("entry") or ""
    desk.anew("argument.")
    desk.keep(entry=entry, arguments={}, emptied=(), name="", call=CallSpec().model_dump())
    desk.anew("")


def _keep_call(desk: _Desk, changed: CallSpec) -> None:
    desk.keep(call=changed.model_dump())


# -- data and name ---------------------------------------------------------------------------------


def _data_and_plan(seen: Brought, candidate: Candidate, desk: _Desk) -> Plan | None:
    """Draw what it is tried and trained on; what comes of it, None where the data is in trouble."""
    setup, draft = desk.setup, workspace.current().draft
    source = data_choice.choice(seen.found, candidate, setup, draft)
    titles = data_choice.offered(desk.root, source)
    left, middle, right = st.columns(3)
    with left:
        st.selectbox(
            "Data",
            list(titles),
            key=desk.seed("data", source),
            format_func=lambda chosen: titles.get(chosen, chosen),
            help="What it is matched with, tried and trained on. The Launch form can change it.",
            on_change=_choose_data,
            args=(desk,),
        )
    with right:
        st.text_input(
            "Name",
            key=desk.seed("name", setup.name),
            placeholder=candidate.name,
            max_chars=300,
            on_change=desk.keep_field,
            args=("name",),
        )
    try:
        plan = planned(seen, candidate, setup, draft)
    except EngineError as error:
        left.error(as_markdown(str(error)), icon=":material/error:")
        return None
    task = readable.choice(plan.task.kind)
    left.caption(as_markdown(f"{data_words(plan.data)}: {task}"))
    if plan.data.source == "python-docs":
        with middle:
            _context(plan, desk)
    return plan


def _choose_data(desk: _Desk) -> None:
    desk.keep_field("data")
    desk.anew("argument.")  # those that follow the data


def _context(plan: Plan, desk: _Desk) -> None:
    st.number_input(
        "Context length (tokens)",
        value=None,
        min_value=1,
        max_value=1_000_000,
        key=desk.seed("block_size", plan.model.block_size),
        help="The length of the pieces that the text is cut into.",
        on_change=_keep_context,
        args=(desk,),
    )


def _keep_context(desk: _Desk) -> None:
    desk.keep_field("block_size")
    desk.anew("")


# -- arguments -------------------------------------------------------------------------------------


def _arguments(plan: Plan, setup: Setup, desk: _Desk) -> None:
    if plan.matched.config_class:
        holder = as_markdown(plan.matched.config_class)
        st.caption(f"Handed over in one object of the code's own class {holder}.")
    editing = arguments.Editing(
        seed=desk.seed,
        read=desk.read,
        keep=lambda name, value: _type(desk, name, value),
        empty=lambda name: _empty(desk, name),
        anew=desk.anew,
    )
    rows: list[Row] = list(plan.rows)
    arguments.show(
        rows, editing, lambda name: known_of(name, plan.facts), more=plan.matched.takes_all
    )
    if plan.matched.unused:
        named = ", ".join(plan.matched.unused[:20])
        st.caption(as_markdown(f"Nothing is made from these names of config.json: {named}."))
    if setup.arguments or setup.emptied:
        st.button(
            "As they were found",
            key="models.arguments.reset",
            icon=":material/undo:",
            type="tertiary",
            on_click=_reset,
            args=(desk,),
        )


def _type(desk: _Desk, name: str, value: JsonValue) -> None:
    setup = desk.setup
    emptied = [one for one in setup.emptied if one != name]
    desk.keep(arguments={**setup.arguments, name: value}, emptied=emptied)
    desk.anew("block_size")


def _empty(desk: _Desk, name: str) -> None:
    setup = desk.setup
    typed = {one: value for one, value in setup.arguments.items() if one != name}
    desk.keep(arguments=typed, emptied=list(dict.fromkeys([*setup.emptied, name])))
    desk.anew("block_size")


def _reset(desk: _Desk) -> None:
    desk.keep(arguments={}, emptied=())
    desk.anew("argument.")


# -- trial, keeping, training ----------------------------------------------------------------------


def _ending(store: RunStore, plan: Plan, allowed: bool) -> None:
    why_not = ""
    if not allowed:
        why_not = "It has to be allowed first." if not is_off() else "Imported code is turned off."
    elif plan.problems:
        why_not = "Correct the marked arguments first."
    works = allowed and trial.show(plan.spec, why_not)
    with st.container(horizontal=True):
        if st.button(
            "Train this model",
            key="models.train",
            icon=":material/rocket_launch:",
            type="primary" if works else "secondary",
            disabled=bool(why_not),
            help=why_not or "Opens the Launch form with it; nothing else in the form changes.",
        ):
            _keep_version(store, plan)
            model_state.look_at(None)
            to_launch.train(plan.model, plan.data, plan.model.shown_name)
        st.button(
            "Keep it in the library",
            key="models.keep",
            icon=":material/bookmark_add:",
            disabled=bool(plan.problems),
            on_click=_told,
            args=(lambda: _keep_version(store, plan),),
        )


def _keep_version(store: RunStore, plan: Plan) -> None:
    """Keep it among the models, and choose it there."""
    Registry(store.root).add(plan.model, plan.model.name, task=plan.task, data=plan.data)
    session.choose_model(version_of(plan.model))


def _told(do: Callable[[], None]) -> None:
    with trouble.shown():
        do()
        model_state.look_at(None)
        st.toast("Kept in the library.", icon=":material/bookmark_added:")
