"""Where a model's code is taken from: uploads, pasted text, a path, a gist, or what is here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from components import model_state, session, trouble
from components.models import model_files
from components.models.intake_draft import WAYS, IntakeDraft, Way
from components.models.model_files import ModelFiles
from components.plain_text import as_markdown
from engine.models.imported.config_file import MOST_BYTES as MOST_CONFIG
from engine.models.imported.gist import from_gist
from engine.models.imported.library import CodeLibrary, CodeRefused
from engine.models.imported.sources import (
    CODE_ROOTS,
    Collected,
    allowed_roots,
    from_files,
    from_path,
    from_text,
    from_zip,
)

_MOST_LETTERS = 500_000
_WAY, _EARLIER = "way", "earlier"
_PLACEHOLDER = "from torch import nn\n\n\nclass Model(nn.Module):\n    ..."

Collect = Callable[[], Collected | ModelFiles]


def show(library: CodeLibrary, root: Path) -> None:
    """Draw the choice; what is taken is kept in the library, and looked at from then on."""
    draft = model_state.draft(root)
    known = library.codes()
    ways = [way for way in WAYS if _is_offered(way, known)]
    now = draft.way if draft.way in ways else ways[0]
    st.radio(
        "From",
        ways,
        key=model_state.seed(_WAY, now),
        format_func=WAYS.__getitem__,
        horizontal=True,
        on_change=_keep,
        args=(root, _WAY),
        label_visibility="collapsed",
    )
    way: Way = model_state.field_value(_WAY)
    if way == "earlier":
        _earlier(library, known)
        return
    collect = _WIDGETS[way](root, draft)
    clicked = st.button(
        "Look at it",
        key="models.in.look",
        type="primary",
        icon=":material/search:",
        disabled=collect is None,
        help="Nothing of it is run." if collect else "There is nothing to look at yet.",
    )
    if clicked and collect is not None:
        with trouble.shown(), st.spinner("Reading…"):
            _take_in(collect(), library)
            st.rerun()


def _take_in(found: Collected | ModelFiles, library: CodeLibrary) -> None:
    """Keep what was found; code is looked at from then on, a model of Hugging Face shown."""
    if isinstance(found, Collected):
        model_state.look_at(found.kept_in(library))
        return
    version = found.kept_in(library.runs)
    model_state.look_at(None)
    session.choose_model(version)
    st.toast("Kept in the library.", icon=":material/bookmark_added:")


def _is_offered(way: Way, known: Sequence[str]) -> bool:
    """Paths are for people at this machine, unless a setting names the folders for others."""
    if way == "path":
        return session.is_local() or allowed_roots() is not None
    return way != "earlier" or bool(known)


def _keep(root: Path, field: str) -> None:
    draft = model_state.draft(root)
    changed = IntakeDraft.parse({**draft.model_dump(), field: model_state.field_value(field) or ""})
    with trouble.shown():
        model_state.keep(root, changed)


# -- one of each -----------------------------------------------------------------------------------


def _files(root: Path, draft: IntakeDraft) -> Collect | None:
    files = st.file_uploader(
        "model.py with its config.json, several files, one zip, or files of a Hugging Face model",
        accept_multiple_files=True,
        key=f"{model_state.UPLOADED}.files",
        max_upload_size=session.MOST_UPLOAD_MB,
    )
    return (lambda: uploaded(files)) if files else None


def _folder(root: Path, draft: IntakeDraft) -> Collect | None:
    files = st.file_uploader(
        "The folder of the code, or of a Hugging Face model",
        accept_multiple_files="directory",
        key=f"{model_state.UPLOADED}.folder",
        max_upload_size=session.MOST_UPLOAD_MB,
    )
    return (lambda: uploaded(files)) if files else None


def uploaded(files: Sequence[UploadedFile]) -> Collected | ModelFiles:
    """The code of uploaded files, of a zip what is in it; or the model of Hugging Face.

    Raises:
        CodeRefused: when it is refused, or two files have one name.
    """
    archives = [file for file in files if file.name.lower().endswith(".zip")]
    if archives and len(files) > 1:
        raise CodeRefused(archives[0].name, "upload an archive alone, without other files")
    if archives:
        return from_zip(archives[0].getvalue(), archives[0].name)
    named: dict[str, bytes] = {}
    for file in files:
        if file.name in named:
            reason = "two of the files have this name; upload a zip of their folder"
            raise CodeRefused(file.name, reason)
        named[file.name] = file.getvalue()
    return model_files.in_upload(named) or from_files(named)


def _text(root: Path, draft: IntakeDraft) -> Collect | None:
    code, config = st.columns([3, 2], gap="small")
    with code:
        text = st.text_area(
            "model.py",
            key=model_state.seed("text", draft.text),
            height=300,
            max_chars=_MOST_LETTERS,
            placeholder=_PLACEHOLDER,
            on_change=_keep,
            args=(root, "text"),
        )
    with config:
        settings = st.text_area(
            "config.json (optional)",
            key=model_state.seed("config", draft.config),
            height=300,
            max_chars=MOST_CONFIG,
            placeholder='{"n_layer": 4, "n_head": 4}',
            on_change=_keep,
            args=(root, "config"),
        )
    return (lambda: from_text(text, settings)) if text.strip() else None


def _path(root: Path, draft: IntakeDraft) -> Collect | None:
    text = _line(
        "path",
        "A Python file, a zip, a folder of code or of a Hugging Face model",
        "/home/me/models/model.py",
        draft.path,
    )
    roots = allowed_roots()
    if roots is None and not session.is_local():
        roots = ()
    if roots is not None:
        named = ", ".join(map(str, roots))
        st.caption(f"{CODE_ROOTS} allows what lies below {as_markdown(named)}.")
    path = Path(text.strip())
    if not text.strip():
        return None
    return lambda: model_files.in_folder(path, roots) or from_path(path, roots)


def _gist(root: Path, draft: IntakeDraft) -> Collect | None:
    text = _line("gist", "Id or address", "https://gist.github.com/…", draft.gist)
    return (lambda: from_gist(text.strip())) if text.strip() else None


def _line(field: str, label: str, example: str, kept: str) -> str:
    return st.text_input(
        label,
        key=model_state.seed(field, kept),
        placeholder=example,
        max_chars=1000,
        on_change=_keep,
        args=(session.store().root, field),
    )


_WIDGETS: dict[Way, Callable[[Path, IntakeDraft], Collect | None]] = {
    "files": _files,
    "folder": _folder,
    "text": _text,
    "path": _path,
    "gist": _gist,
}


def _earlier(library: CodeLibrary, known: Sequence[str]) -> None:
    titles = {code: _title(library, code) for code in known}
    code = st.selectbox(
        "Code",
        known,
        index=None,
        key=model_state.seed(_EARLIER, None),
        format_func=lambda code: titles.get(code, code),
        placeholder="Choose by where it is from",
    )
    if code is not None:
        st.button(
            "Look at it",
            key="models.in.look",
            type="primary",
            icon=":material/search:",
            on_click=model_state.look_at,
            args=(code,),
        )


def _title(library: CodeLibrary, code: str) -> str:
    try:
        source = library.source(code)
    except CodeRefused:
        return f"{code[:12]} (damaged)"
    day = datetime.fromtimestamp(source.brought_at).strftime("%Y-%m-%d %H:%M")
    return f"{source.place[:80]} · {day} · {code[:8]}"
