"""Which model a page is about: named in the URL, else the one that was looked at last."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from components import session
from components.plain_text import as_markdown
from engine.models.collection import KnownModel

PARAMETER = "model"
"""Name of the version in the URL: its digest, or how that begins."""
_LEAST = 6


def from_url(models: Sequence[KnownModel]) -> KnownModel | None:
    """The model of `?model=`, else the one chosen in this tab; None for the list of all.

    An unknown one is said on the page.
    """
    wanted = st.query_params.get(PARAMETER) or session.chosen_model()
    if not wanted:
        return None
    found = [model for model in models if model.digest.startswith(wanted)]
    if len(found) != 1 or len(wanted) < _LEAST:
        leave()
        st.warning(
            as_markdown(f"There is no model of version {wanted[:12]!r} here. These are known:"),
            icon=":material/search_off:",
        )
        return None
    look_at(found[0].digest)
    return found[0]


def look_at(digest: str) -> None:
    """Show this model on the page that is open."""
    session.choose_model(digest)
    if st.query_params.get(PARAMETER) != digest:
        st.query_params[PARAMETER] = digest


def leave() -> None:
    """Show the list of all models."""
    session.choose_model(None)
    st.query_params.pop(PARAMETER, None)


def open_page(digest: str) -> None:
    """Leave another page for that of a model."""
    session.choose_model(digest)
    st.switch_page("models.py", query_params={PARAMETER: digest})
