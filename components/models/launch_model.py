"""The part of the Launch form for models of the library: which version, and its arguments."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
from pydantic import JsonValue

from components import session, workspace
from components.draft import Draft
from components.field_words import complaint
from components.form_schema import value_at
from components.models import arguments, versions
from components.plain_text import as_markdown
from engine.data.specs import DataFacts
from engine.errors import Problem
from engine.models.imported.library import CodeLibrary, CodeRefused
from engine.models.imported.matching import Known, known_of
from engine.models.imported.proposal import Brought, brought
from engine.models.imported.readiness import argument_rows, candidate_of
from engine.models.imported.spec import ImportedModel
from engine.models.registry import Version

_VERSION = "model-version"
_ARGUMENTS = "model.arguments"
_OF_THE_CODE = ("model.code", "model.entry", "model.file")


def show(draft: Draft, facts: DataFacts | None, problems: Sequence[Problem]) -> None:
    """Draw it below the choice of models; for presets only the way to the library."""
    model = versions.held(draft)
    if model is None:
        return
    store = session.store()
    _version(model, versions.kept(store, "imported"))
    for problem in problems:
        if problem.path in _OF_THE_CODE:
            st.error(as_markdown(complaint(problem)), icon=":material/error:")
    try:
        seen = brought(CodeLibrary(store.root), model.code)
    except CodeRefused:
        return  # which one of the problems says
    _arguments(seen, model, facts)


def _version(model: ImportedModel, known: Sequence[Version]) -> None:
    names = {version.digest: version for version in known}
    now = versions.digest_of(model, known)
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    with left:
        st.selectbox(
            "Version",
            list(names),
            index=None,
            key=session.seed(_VERSION, now),
            format_func=lambda digest: _title(names[digest]),
            placeholder=f"{model.shown_name}, changed here",
            help="The models that are kept in the library. Changes here make another version.",
            on_change=_choose,
        )
    with right:
        st.caption(
            f"{as_markdown(model.entry)} in {as_markdown(model.file)}, code {model.code[:8]}"
        )


def _title(version: Version) -> str:
    stage = "" if version.stage == "candidate" else f" · {version.stage}"
    return f"{version.name or version.digest[:8]}{stage} · {version.digest[:6]}"


def _choose() -> None:
    digest = session.form_value(_VERSION)
    found = next(
        (one for one in versions.kept(session.store(), "imported") if one.digest == digest), None
    )
    if found is not None:
        draft = versions.holding(workspace.current().draft, found.model)
        workspace.replace(draft, f"The form now holds **{as_markdown(found.name)}**.")


def _arguments(seen: Brought, model: ImportedModel, facts: DataFacts | None) -> None:
    rows = argument_rows(seen, model, facts)
    candidate = candidate_of(seen.found, model)
    if candidate is None:
        return
    st.caption("What it is built with")

    def known(name: str) -> Known | None:
        return known_of(name, facts)

    takes_all = any(p.starred for p in candidate.parameters) and not model.config_class
    arguments.show(rows, _EDITING, known, more=takes_all)


def _keep(name: str, value: JsonValue) -> None:
    draft = workspace.current().draft
    given = {**_given(draft), name: value}
    workspace.change(draft.edited(_ARGUMENTS, given))
    _version_anew()


def _empty(name: str) -> None:
    draft = workspace.current().draft
    given = {one: value for one, value in _given(draft).items() if one != name}
    workspace.change(draft.edited(_ARGUMENTS, given))
    _version_anew()


def _given(draft: Draft) -> dict[str, JsonValue]:
    held = value_at(draft.document, _ARGUMENTS)
    return dict(held) if isinstance(held, dict) else {}


def _version_anew() -> None:
    session.clear_form_field(_VERSION)


_EDITING = arguments.Editing(
    seed=session.seed,
    read=session.form_value,
    keep=_keep,
    empty=_empty,
    anew=session.clear_form_field,
)
