"""The ways to name data: a file, a path, a query, the catalogue, made-up rows, a hub."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import streamlit as st

from components import readable
from components.data import page_state
from components.data.wanted import Wanted, named, uploaded
from components.plain_text import as_markdown
from engine.data.intake.catalog import CATALOG, Offer
from engine.data.intake.places import ROOTS
from engine.data.intake.source import in_bytes
from engine.data.intake.synthetic import KINDS, Recipe

Way = Literal["upload", "path", "catalog", "query", "synthetic", "hub"]
WAYS: dict[Way, str] = {
    "upload": "Upload",
    "path": "Path",
    "catalog": "Catalogue",
    "query": "Database",
    "synthetic": "Made up",
    "hub": "Hugging Face",
}
HAS_OPTIONS: tuple[Way, ...] = ("upload", "path", "query")
"""Ways whose reading can be told how."""
MOST_UPLOAD_MB = 200
"""An upload is held in memory by the server."""
_ENDINGS = (
    "TXT, Markdown, CSV, TSV, JSON, JSONL, Parquet, Arrow, NumPy, a zip of images or of these"
)
_OF_KIND: dict[str, tuple[str, ...]] = {
    "blobs": ("rows", "seed", "classes", "features", "noise"),
    "regression": ("rows", "seed", "features", "noise"),
    "copy": ("rows", "seed", "length"),
    "reverse": ("rows", "seed", "length"),
    "sine": ("rows",),
}


def offered() -> list[Way]:
    """The ways that people who reach this server may use."""
    access = page_state.access()
    without: set[Way] = set()
    if access.roots == ():
        without.add("path")
    if not access.network:
        without.add("hub")
    return [way for way in WAYS if way not in without]


def show(way: Way) -> Wanted | None:
    """Draw the fields of a way; what they name, None while there is nothing."""
    return _WIDGETS[way]()


def _upload() -> Wanted | None:
    file = st.file_uploader(
        "File",
        key=page_state.UPLOAD,
        max_upload_size=MOST_UPLOAD_MB,
        help=f"{_ENDINGS}; also packed as .gz, .bz2, .xz or .zst.",
    )
    st.caption(
        f"{_ENDINGS}. At most {MOST_UPLOAD_MB} MB; larger files are brought in by their path."
    )
    return None if file is None else uploaded(file.name, file.getvalue(), page_state.access())


def _path() -> Wanted | None:
    text = _line("path", "File or folder on the server", "/home/me/data/reviews.csv")
    access = page_state.access()
    if access.roots is not None:
        folders = ", ".join(map(str, access.roots))
        st.caption(as_markdown(f"Below {folders} ({ROOTS}), up to {in_bytes(access.most_bytes)}."))
    return named(text, access) if text else None


def _query() -> Wanted | None:
    address = _line("address", "Address of the database", "sqlite:////home/me/data/shop.db")
    query = st.text_area(
        "Query",
        key=page_state.seed("query", ""),
        placeholder="SELECT text, label FROM reviews",
        max_chars=10_000,
        height=110,
        help="One plain SELECT. The database is only read; no user or password is kept.",
        on_change=page_state.take,
        args=("query",),
    )
    ready = bool(address and query.strip())
    return named(address, page_state.access(), query) if ready else None


def _hub() -> Wanted | None:
    name = _line("hub", "Name, with subset and split", "imdb:plain_text:train")
    st.caption("NAME, NAME:SUBSET or NAME:SUBSET:SPLIT. Needs `pip install datasets`.")
    return named(f"hf:{name.removeprefix('hf:')}", page_state.access()) if name else None


def _catalogue() -> Wanted | None:
    chosen = st.selectbox(
        "Dataset",
        list(CATALOG),
        key=page_state.seed("catalog", next(iter(CATALOG))),
        format_func=lambda name: CATALOG[name].title,
        on_change=page_state.take,
        args=("catalog",),
    )
    offer = CATALOG[chosen]
    st.markdown(as_markdown(offer.about))
    st.caption(as_markdown(f"{offer.source}. Licence: {offer.licence}."))
    if offer.path is None:
        _install(offer)
        return None
    return named(f"catalog:{chosen}", page_state.access())


def _install(offer: Offer) -> None:
    st.info(
        as_markdown(
            f"It comes with the package {offer.package} {offer.version}, which is not installed. "
            "Nothing is installed by itself: run this line where the server runs, then come back."
        ),
        icon=":material/download:",
    )
    st.code(offer.install, "bash", wrap_lines=True)


def _synthetic() -> Wanted | None:
    kinds: Sequence[str] = list(KINDS)
    kind = st.segmented_control(
        "Kind",
        kinds,
        key=page_state.seed("kind", kinds[0]),
        format_func=readable.choice,
        required=True,
        on_change=page_state.take,
        args=("kind",),
    )
    if kind is None:
        return None
    st.caption(as_markdown(KINDS[kind].about))
    said = []
    with st.grid(4, min_column_width=130):
        for name in _OF_KIND.get(kind, ("rows", "seed")):
            usual = Recipe.model_fields[name].default
            value = st.number_input(
                Recipe.model_fields[name].title or name.capitalize(),
                value=None,
                key=page_state.seed(f"recipe.{name}", usual),
                step=0.1 if isinstance(usual, float) else 1,
                on_change=page_state.take,
                args=(f"recipe.{name}",),
            )
            said.append(f"{name}={usual if value is None else value}")
    return named(":".join(["synthetic", kind, *said]), page_state.access())


def _line(field: str, label: str, example: str) -> str:
    text = st.text_input(
        label,
        key=page_state.seed(field, ""),
        placeholder=example,
        max_chars=2_000,
        on_change=page_state.take,
        args=(field,),
    )
    return (text or "").strip()


_WIDGETS: dict[Way, Callable[[], Wanted | None]] = {
    "upload": _upload,
    "path": _path,
    "query": _query,
    "catalog": _catalogue,
    "synthetic": _synthetic,
    "hub": _hub,
}
