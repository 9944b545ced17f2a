"""The fields of a dataset's split and of how texts, images and tables are prepared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, get_args

import streamlit as st
from pydantic.fields import FieldInfo

from components import readable, trouble
from components.data import page_state
from components.data.looked_at import Looked
from components.data.setup import changed, spec_of
from components.plain_text import as_markdown
from engine.data.library.spec import ImageOptions, Split, TableOptions
from engine.data.text.preparation import CUTS, TextPreparation, TokenizerSpec
from engine.errors import BadInput
from engine.frozen import Frozen

_SPLITS: dict[str, type[Frozen]] = {
    one.model_fields["kind"].default: one for one in get_args(get_args(Split)[0])
}
_TOKENIZERS: dict[str, type[Frozen]] = {
    one.model_fields["kind"].default: one for one in get_args(get_args(TokenizerSpec)[0])
}
_WORDS = {
    "ratio": "Random share",
    "stratified": "Share of each class",
    "group": "Whole groups",
    "time": "The latest rows",
    "last": "The last rows",
    "given": "As a column says",
    "char": "Characters",
    "byte": "Bytes",
    "word": "Words",
    "bpe": "Byte pairs (BPE)",
    "unigram": "Unigram",
    "hugging-face": "One that exists",
    "truncate": "Cut off",
    "windows": "Windows",
    "pack": "Packed blocks",
    "rgb": "Colour",
}


def split_fields(looked: Looked) -> None:
    """Draw which rows are held out."""
    assert looked.spec is not None
    now = looked.spec.split.model_dump(mode="json")
    _variant(looked, "split", "Held out", _SPLITS, now)
    numbers = [n for n in ("val_fraction", "split_seed") if n in now]
    _grid(looked, "split", _SPLITS[now["kind"]], numbers, now)


def text_fields(looked: Looked) -> None:
    """Draw the tokenizer, and how samples are cut."""
    assert looked.spec is not None
    text = looked.spec.text.model_dump(mode="json")
    now = text["tokenizer"]
    _variant(looked, "tokenizer", "Tokenizer", _TOKENIZERS, now)
    known = [n for n in ("vocabulary_size", "min_count", "name") if n in now]
    _grid(looked, "tokenizer", _TOKENIZERS[now["kind"]], known, now)
    _grid(looked, "text", TextPreparation, ["length", "cut", "lower"], text)
    st.caption("Everything else of it can be set on the Launch form, under Advanced.")


def image_fields(looked: Looked) -> None:
    """Draw the size and colour of images."""
    assert looked.spec is not None
    now = looked.spec.image.model_dump(mode="json")
    _grid(looked, "image", ImageOptions, ["height", "width", "color", "fit"], now)


def table_fields(looked: Looked) -> None:
    """Draw how columns become numbers."""
    assert looked.spec is not None
    now = looked.spec.table.model_dump(mode="json")
    _grid(looked, "table", TableOptions, ["categories", "missing"], now)


def _variant(
    looked: Looked, part: str, label: str, kinds: Mapping[str, type[Frozen]], now: dict[str, Any]
) -> None:
    key = page_state.key(part, looked.fingerprint)
    st.session_state[key] = now["kind"]
    st.selectbox(
        label,
        list(kinds),
        key=key,
        format_func=_word,
        required=True,
        help=_plain(kinds[now["kind"]].__doc__),
        on_change=_choose,
        args=(looked, part, key, kinds, now),
    )


def _choose(
    looked: Looked, part: str, key: str, kinds: Mapping[str, type[Frozen]], now: dict[str, Any]
) -> None:
    kind = st.session_state[key]
    fields = kinds[kind].model_fields
    kept = {name: value for name, value in now.items() if name in fields and name != "kind"}
    _keep(looked, part, {**kept, "kind": kind}, key)


def _grid(
    looked: Looked, part: str, model: type[Frozen], names: Sequence[str], now: dict[str, Any]
) -> None:
    if not names:
        return
    with st.grid(3, min_column_width=140):
        for name in names:
            with st.container(gap="xsmall"):
                _field(looked, part, name, model.model_fields[name], now[name])


def _field(looked: Looked, part: str, name: str, info: FieldInfo, value: Any) -> None:
    key = page_state.key(f"{part}.{name}", looked.fingerprint)
    problem = st.session_state.pop(f"{key}.wrong", "")
    if not problem:
        st.session_state[key] = value
    shared: dict[str, Any] = {
        "key": key,
        "help": _plain(info.description),
        "on_change": _edit,
        "args": (looked, part, name, key, now_of(looked, part)),
    }
    title, choices = info.title or name, get_args(info.annotation)
    if name == "cut":
        assert looked.spec is not None
        choices = CUTS[looked.spec.task]
    if isinstance(value, bool):
        st.toggle(title, **shared)
    elif isinstance(value, str) and choices:
        st.selectbox(title, choices, format_func=_word, required=True, **shared)
    elif isinstance(value, str):
        st.text_input(title, max_chars=1_000, **shared)
    else:
        step = 0.01 if isinstance(value, float) else 1
        st.number_input(title, value=None, step=step, **shared)
    if problem:
        st.markdown(f":small[:red[{as_markdown(problem)}]]")


def now_of(looked: Looked, part: str) -> dict[str, Any]:
    """The document of a part as it is now."""
    assert looked.spec is not None
    document: dict[str, Any] = looked.spec.model_dump(mode="json")
    found: dict[str, Any] = document["text"]["tokenizer"] if part == "tokenizer" else document[part]
    return found


def _edit(looked: Looked, part: str, name: str, key: str, now: dict[str, Any]) -> None:
    value = st.session_state[key]
    whole = part in ("split", "tokenizer")
    if whole:
        _keep(looked, part, {**now, name: value}, key)
    else:
        _keep(looked, f"{part}.{name}", value, key)


def _keep(looked: Looked, path: str, value: Any, key: str) -> None:
    """Keep a choice that makes sense; of another say beside its field what is wrong."""
    with trouble.shown():
        wanted = changed(looked.setup, path, value)
        try:
            spec_of(looked.dataset, wanted)
        except BadInput as error:
            st.session_state[f"{key}.wrong"] = "; ".join(
                f"{one.message.rstrip('.')}. {one.remedy}".strip() for one in error.problems
            )
            return
        looked.keeping.write(wanted)


def _word(value: str) -> str:
    return _WORDS.get(value) or readable.choice(value)


def _plain(text: str | None) -> str:
    return " ".join((text or "").split())
