"""Which dataset the Data page is about: the one that its address names, or none."""

from __future__ import annotations

import streamlit as st

from components.plain_text import as_markdown
from engine.data.library.dataset import Dataset
from engine.data.library.library import DataLibrary

PARAMETER = "dataset"
"""Name of the fingerprint in the URL: all of it, or how it begins."""
_LEAST = 6


def from_url(library: DataLibrary) -> Dataset | None:
    """The dataset of `?dataset=`; None for the list of all. An unknown one is said on the page.

    Raises:
        DamagedDataset: when its files cannot be read.
    """
    wanted = st.query_params.get(PARAMETER, "")
    if not wanted:
        return None
    if library.has(wanted):
        return library.dataset(wanted)
    found = [one for one in library.datasets() if one.fingerprint.startswith(wanted)]
    if len(found) != 1 or len(wanted) < _LEAST:
        leave()
        st.warning(
            as_markdown(f"There is no dataset {wanted[:12]!r} here. These are known:"),
            icon=":material/search_off:",
        )
        return None
    look_at(found[0].fingerprint)
    return found[0]


def look_at(fingerprint: str) -> None:
    """Show this dataset on the page that is open."""
    if st.query_params.get(PARAMETER) != fingerprint:
        st.query_params[PARAMETER] = fingerprint


def leave() -> None:
    """Show the list of all datasets."""
    st.query_params.pop(PARAMETER, None)


def open_page(fingerprint: str) -> None:
    """Leave another page for that of a dataset."""
    st.switch_page("data.py", query_params={PARAMETER: fingerprint})
