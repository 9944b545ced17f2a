"""What a model is made of: the user's files, or our source and what PyTorch prints of it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from components.models import code_view, consent, structure_tab
from components.models.looked_at import Looked
from components.plain_text import as_markdown
from engine.models.imported.library import CodeLibrary
from engine.models.imported.proposal import brought
from engine.models.imported.spec import ImportedModel
from engine.models.specs import InMemoryModel, ModelSpec

_MODELS = Path(__file__).parents[2] / "engine" / "models"
_SOURCES: Mapping[str, tuple[str, ...]] = {
    "gpt": ("gpt.py", "gpt_block.py", "blocks.py"),
    "encoder": ("encoder.py", "blocks.py"),
    "seq2seq": ("seq2seq.py", "blocks.py"),
    "vit": ("vit.py", "blocks.py"),
    "cnn": ("cnn.py",),
    "resnet": ("resnet.py",),
    "mlp": ("mlp.py",),
    "tabular-transformer": ("tabular_transformer.py", "blocks.py"),
}
"""The files of `engine/models` that make each preset."""


def show(looked: Looked) -> None:
    """Draw the code, its hash, and what downloads it."""
    document = looked.document
    if isinstance(document, ImportedModel):
        _imported(looked, document)
        _printed(looked)
    elif isinstance(document, InMemoryModel):
        st.caption("Its code is in the program that made it, and was not kept.")
    else:
        _own(looked, document)
    _document(looked, document)


def _imported(looked: Looked, document: ImportedModel) -> None:
    library = CodeLibrary(looked.store.root)
    seen = brought(library, document.code)
    st.download_button(
        "Download all files",
        _zip(seen.files),
        f"{document.code[:12]}.zip",
        "application/zip",
        key=looked.key("code_zip"),
        on_click="ignore",
        icon=":material/download:",
    )
    code_view.show(seen, library.source(document.code))
    consent.show(library, document.code)


def _own(looked: Looked, document: ModelSpec) -> None:
    _printed(looked)
    names = _SOURCES.get(document.kind, ())
    if not names:
        return
    st.subheader("Source")
    name = st.segmented_control(
        "File",
        names,
        key=looked.key("file"),
        default=names[0],
        required=True,
        label_visibility="collapsed",
    )
    st.caption(as_markdown(f"engine/models/{name or names[0]}, part of Traindeck"))
    text = (_MODELS / (name or names[0])).read_text(encoding="utf-8")
    st.code(text, "python", line_numbers=True, height=420)


def _printed(looked: Looked) -> None:
    structure = structure_tab.kept_structure(looked)
    st.subheader("As PyTorch prints it")
    if structure is None:
        st.caption("It is known once the structure was measured.")
        structure_tab.measure_button(looked)
    else:
        st.code(structure.printed, None, height=320)


def _document(looked: Looked, document: ModelSpec) -> None:
    st.subheader("Configuration")
    st.caption(f"Version `{looked.digest}`: SHA-256 of what is not the default.")
    text = document.model_dump_json(indent=2)
    st.code(text, "json", height=min(420, 60 + 22 * text.count("\n")))
    st.download_button(
        "Download model.json",
        text,
        "model.json",
        "application/json",
        key=looked.key("json"),
        on_click="ignore",
        icon=":material/download:",
    )


def _zip(files: Mapping[str, bytes]) -> bytes:
    """All files in one archive; they are at most 20 MB."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return written.getvalue()
