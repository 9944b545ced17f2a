"""How texts become tokens: samples in colours, what is unknown, cut off, and frequent."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import streamlit as st

from components import seeding
from components.charts.distribution import numbered_figure
from components.data import page_state
from components.data.looked_at import Looked
from components.data.token_html import drawn
from components.plain_text import as_markdown
from engine.data.library.dataset import Dataset
from engine.data.library.distributions import histogram
from engine.data.library.spec import DatasetSpec
from engine.data.preparation.loading import is_prepared, load_dataset
from engine.data.text.making import made
from engine.data.text.tokenizer import Tokenizer

_MOST_TEXTS, _MOST_LETTERS = 2_000, 2_000_000
_MOST_SHOWN, _MOST_FREQUENT = 1_500, 60


class _Seen(NamedTuple):
    """What is known of the tokens of some texts."""

    tokenizer: Tokenizer
    of: str
    """Of which texts, in words."""
    tokens: int
    unknown: int
    lengths: tuple[list[float], list[int]]
    frequent: list[tuple[str, int]]
    over: float
    """Share of the texts that have more tokens than a sample has room for."""


def show(looked: Looked) -> None:
    """Draw numbers, a sample, and how long texts are in tokens."""
    spec, dataset = looked.spec, looked.dataset
    assert spec is not None
    if spec.text.tokenizer.kind == "hugging-face" and not is_prepared(spec, looked.store.root):
        st.info("Prepare the data under Training to see the tokens of this tokenizer.")
        return
    with st.spinner("Making tokens…", show_time=True):
        seen = _seen(looked, spec)
    cut = spec.text.cut == "truncate"
    with st.container(horizontal=True, gap="large"):
        st.metric("Vocabulary", f"{len(seen.tokenizer):,}", width="content")
        st.metric("Unknown", f"{seen.unknown / max(1, seen.tokens):.2%}", width="content")
        if cut:
            st.metric(
                f"Longer than {spec.text.length}",
                f"{seen.over:.1%}",
                width="content",
                help="Texts of which the rest is cut off, as the length is now.",
            )
    st.caption(seen.of)
    _sample(looked, spec, seen.tokenizer)
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown("##### Tokens of a text")
        st.plotly_chart(
            numbered_figure(*seen.lengths, "tokens", "texts"),
            key=page_state.key("tokens.lengths", dataset.fingerprint),
            config={"displayModeBar": False},
            alt="Texts by their number of tokens",
        )
    with right:
        st.markdown("##### Most frequent")
        frame = pd.DataFrame(seen.frequent, columns=["Token", "Times"])
        frame["Token"] = [repr(piece)[1:-1] for piece in frame["Token"]]
        st.dataframe(frame, hide_index=True, height=260, alt="The most frequent tokens")


def _sample(looked: Looked, spec: DatasetSpec, tokenizer: Tokenizer) -> None:
    key = page_state.key("tokens.row", looked.fingerprint)
    seeding.seed(key, 1)
    number = st.number_input(
        "Row", 1, len(looked.dataset), key=key, width=160, help="The row whose text is shown."
    )
    (row,) = looked.dataset.rows(int(number) - 1, int(number), spec.of_role("text"))
    text = _joined(row)
    if not text:
        st.caption("This row has no text.")
        return
    tokens = tokenizer.encode(text[: _MOST_SHOWN * 8]).tolist()
    names = {number: name for name, number in tokenizer.special_tokens.items()}
    most = spec.text.length if spec.text.cut == "truncate" else len(tokens)
    pieces = [
        (token, tokenizer.piece(token), _kind(names.get(token, "")))
        for token in tokens[:_MOST_SHOWN]
    ]
    with st.container(border=True):
        st.html(drawn(pieces, most))
    room = " Those struck through do not fit into a sample." if len(tokens) > most else ""
    st.caption(f"{len(tokens):,} tokens of {len(text):,} characters.{room}")


def _kind(special: str) -> str:
    return "" if not special else "unknown" if special == "unknown" else "special"


def _joined(row: dict[str, object]) -> str:
    """The text of a row; words of a list are parted by spaces."""
    parts = [
        " ".join(map(str, value)) if isinstance(value, list) else str(value)
        for value in row.values()
        if value is not None
    ]
    return "\n".join(parts)


def _seen(looked: Looked, spec: DatasetSpec) -> _Seen:
    root, folder = looked.store.root, looked.dataset.folder
    if is_prepared(spec, root):
        return _of_prepared(root, spec.model_dump_json())
    return _of_some(folder, spec.model_dump_json())


@lru_cache(maxsize=8)
def _of_prepared(root: Path, spec_json: str) -> _Seen:
    """What was counted when all of it was prepared."""
    spec = DatasetSpec.parse_json(spec_json)
    prepared = load_dataset(spec, root).prepared
    assert prepared is not None
    texts = prepared.summary.train.texts
    edges, counts = prepared.lengths("train")
    frequent = [(use.piece, use.times) for use in prepared.frequent(_MOST_FREQUENT)]
    over = prepared.cut_off("train", spec.text.length)[1]
    words = f"Of all {texts.texts:,} training texts, as they were prepared."
    if texts.unknown_examples:
        some = ", ".join(map(repr, texts.unknown_examples[:8]))
        words = as_markdown(f"{words} Unknown, for example: {some}.")
    share = over / max(1, texts.texts)
    return _Seen(
        prepared.tokenizer,
        words,
        texts.tokens,
        texts.unknown,
        ([float(edge) for edge in edges], counts),
        frequent,
        share,
    )


@lru_cache(maxsize=8)
def _of_some(folder: Path, spec_json: str) -> _Seen:
    """A tokenizer that is learned from the first texts only, to see what it is like."""
    spec, dataset = DatasetSpec.parse_json(spec_json), Dataset(folder)
    texts, letters = list[str](), 0
    for row in dataset.rows(0, _MOST_TEXTS, spec.of_role("text", "target")):
        text = _joined(row)
        if letters and letters + len(text) > _MOST_LETTERS:
            break
        texts.append(text[:_MOST_LETTERS])  # one alone may be longer than all may be
        letters += len(text)
    counted = "text" if len(texts) == 1 else f"{len(texts):,} texts"
    cut = f", at its first {_MOST_LETTERS:,} characters" if letters > _MOST_LETTERS else ""
    tokenizer = made(spec.text, spec.task, lambda: iter(texts)).tokenizer
    every, lengths = tokenizer.encode_all(texts)
    unknown = tokenizer.special_tokens.get("unknown", -1)
    counts = Counter(every.tolist())
    frequent = [(tokenizer.piece(t), n) for t, n in counts.most_common(_MOST_FREQUENT)]
    lengths_of = histogram(lengths, whole=True)
    return _Seen(
        tokenizer,
        f"Of the first {counted}{cut}: all will be counted when the data is prepared.",
        len(every),
        counts.get(unknown, 0),
        (lengths_of.edges, lengths_of.counts),
        frequent,
        float((lengths > spec.text.length).mean()) if len(lengths) else 0.0,
    )
