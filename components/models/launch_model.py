"""The part of the Launch form for models of the library: which version, and its arguments."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
from pydantic import JsonValue

from components import model_state, session, workspace
from components.draft import Draft
from components.field_words import complaint
from components.form_schema import value_at
from components.models import arguments, consent, versions
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
    """Draw it below the choice of models; of other models only which of them are kept."""
    store, model = session.store(), versions.held(draft)
    _version(draft, versions.kept(store, str(draft.document[versions.PATH]["kind"])))
    if model is None:
        st.page_link(
            "models.py",
            label="Bring in a model of your own",
            icon=":material/add:",
            query_params={model_state.CODE_ADDRESS: model_state.NEW},
        )
        return
    st.caption(f"{as_markdown(model.entry)} in {as_markdown(model.file)}, code {model.code[:8]}")
    for problem in problems:
        if problem.path in _OF_THE_CODE:
            st.error(as_markdown(complaint(problem)), icon=":material/error:")
            consent.link(model.code)
    try:
        seen = brought(CodeLibrary(store.root), model.code)
    except CodeRefused:
        return  # which one of the problems says
    _arguments(seen, model, facts)


def _version(draft: Draft, known: Sequence[Version]) -> None:
    """The choice among the kept models of the kind; nothing where none is kept."""
    if not known:
        return
    names = {version.digest: version for version in known}
    session.set_form_value(_VERSION, versions.digest_in(draft, known))
    st.selectbox(
        "Version",
        list(names),
        index=None,
        key=session.form_key(_VERSION),
        format_func=lambda digest: _title(names[digest]),
        placeholder="None of those in the library",
        help="The models that are kept in the library. Changes here make another version.",
        on_change=_choose,
        width=420,
    )


def _title(version: Version) -> str:
    stage = "" if version.stage == "candidate" else f" · {version.stage}"
    return f"{version.name or version.digest[:8]}{stage} · {version.digest[:6]}"


def _choose() -> None:
    digest, draft = session.form_value(_VERSION), workspace.current().draft
    kind = str(draft.document[versions.PATH]["kind"])
    found = (one for one in versions.kept(session.store(), kind) if one.digest == digest)
    for version in found:
        held = versions.holding(draft, version.model)
        workspace.replace(held, f"The form now holds **{as_markdown(_title(version))}**.")


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


def _empty(name: str) -> None:
    draft = workspace.current().draft
    given = {one: value for one, value in _given(draft).items() if one != name}
    workspace.change(draft.edited(_ARGUMENTS, given))


def _given(draft: Draft) -> dict[str, JsonValue]:
    held = value_at(draft.document, _ARGUMENTS)
    return dict(held) if isinstance(held, dict) else {}


_EDITING = arguments.Editing(
    seed=session.seed,
    read=session.form_value,
    keep=_keep,
    empty=_empty,
    anew=session.clear_form_field,
)
