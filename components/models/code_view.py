"""Imported code before anything of it runs: its files, its imports, what keeps it from running."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

import streamlit as st

from components import model_state, readable
from components.plain_text import as_markdown
from engine.errors import Problem
from engine.models.imported.library import Source
from engine.models.imported.proposal import Brought
from engine.models.imported.requirements import Requirement

_MOST_LETTERS = 200_000
_LANGUAGES = {".py": "python", ".json": "json", ".md": "markdown", ".toml": "toml", ".txt": "text"}


def show(seen: Brought, source: Source) -> None:
    """Draw where the code is from, what it imports, and each of its files."""
    _origin(seen, source)
    if not any(file.problem for file in seen.found.files):
        _imports(seen.found.requirements)
    others = [name for name in seen.files if name.endswith(".json")]
    if others and "config.json" not in seen.files:
        st.caption(f"Settings are read from config.json alone, not from {_listed(others)}.")
    _problems(seen.found.problems)
    _file(seen.code, seen.files)


def _origin(seen: Brought, source: Source) -> None:
    count, size = len(seen.files), sum(map(len, seen.files.values()))
    files = "1 file" if count == 1 else f"{count:,} files"
    st.html(
        f'<div style="overflow-wrap: anywhere; font-size: 0.875rem; opacity: 0.8">'
        f"From {html.escape(source.place)} · {files}, {readable.size(size)} · "
        f"SHA-256 <code>{seen.code}</code></div>"
    )


def _imports(found: Sequence[Requirement]) -> None:
    if not found:
        st.caption("It imports nothing but Python's own modules.")
        return
    badges = [
        f":{'green' if one.installed else 'red' if one.needed else 'orange'}-badge["
        f"{as_markdown(one.module)}{'' if one.installed else ' missing'}]"
        for one in found
    ]
    st.markdown("Imports " + " ".join(badges))
    missing = [one for one in found if not one.installed]
    if missing:
        optional = [one for one in missing if not one.needed]
        if optional:
            named = _listed([one.module for one in optional])
            st.caption(f"It can be loaded without {named}.")
        st.caption("Install what is missing yourself, then look again:")
        st.code("\n".join(one.install for one in missing), "bash", wrap_lines=True)


def _problems(problems: Sequence[Problem]) -> None:
    if problems:
        lines = [f"- {as_markdown(str(problem))}" for problem in problems]
        st.error("\n".join(lines), title="This code cannot be loaded", icon=":material/error:")


def _file(code: str, files: Mapping[str, bytes]) -> None:
    names = sorted(files, key=lambda name: (not name.endswith(".py"), name.count("/"), name))
    name = names[0]
    with st.expander(_title(names), expanded=True, key=f"models.code.{code[:12]}"):
        if len(names) > 1:
            field = f"{model_state.FILE_SHOWN}.{code[:12]}"
            name = st.selectbox(
                "File",
                names,
                key=model_state.seed(field, name),
                label_visibility="collapsed",
            )
        _content(name, files[name])


def _title(names: Sequence[str]) -> str:
    return as_markdown(names[0]) if len(names) == 1 else f"{len(names):,} files"


def _content(name: str, data: bytes) -> None:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        st.caption(f"{readable.size(len(data))}, not UTF-8 text")
        return
    if len(text) > _MOST_LETTERS:
        left = len(text) - _MOST_LETTERS
        st.caption(f"The first {_MOST_LETTERS:,} characters; {left:,} more are not shown here.")
        text = text[:_MOST_LETTERS]
    suffix = name[name.rfind(".") :].lower() if "." in name else ""
    lines = text.count("\n") + 1
    st.code(text, _LANGUAGES.get(suffix), line_numbers=True, height=min(420, 45 + 21 * lines))


def _listed(names: Sequence[str], most: int = 5) -> str:
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return as_markdown(", ".join(names[:most])) + more
