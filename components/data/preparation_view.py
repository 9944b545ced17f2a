"""What a model gets of a dataset: found out when it is prepared, which can be watched and ended."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import streamlit as st

from components.data import intake, page_state
from components.data.looked_at import Looked
from components.plain_text import as_markdown
from engine.data.library.spec import DatasetSpec
from engine.data.preparation.loading import (
    QUICK_BYTES,
    dataset_facts,
    is_prepared,
    load_dataset,
)
from engine.data.preparation.roles import misfits
from engine.data.progress import Progress
from engine.data.specs import DataFacts
from engine.data.works import Work
from engine.errors import EngineError

_QUICK_S = 1.5
_MOST_CLASSES = 12


def show(looked: Looked, spec: DatasetSpec) -> None:
    """Draw the facts of prepared data; else the button that prepares it, or how far that is."""
    if next(misfits(spec, looked.dataset), None) is not None:
        st.caption("Nothing yet: its columns do not fit the task.")
        return
    root = looked.store.root
    if is_prepared(spec, root):
        _facts(dataset_facts(spec, root), spec)
        return
    works, key = page_state.works(looked.store), _key(spec)
    work = works.of(key)
    if work is None and _is_quick(looked, spec):
        work = _begin(looked, spec)
        work.wait(_QUICK_S)
    if work is None:
        st.caption("Known once it is prepared, which a run does at its start if nobody did before.")
        st.button(
            "Prepare it now",
            key=page_state.key("prepare", looked.fingerprint),
            icon=":material/bolt:",
            on_click=_prepare,
            args=(looked, spec),
        )
    elif not work.is_over:
        intake.watch(work)
    elif work.error is not None:
        _failed(looked, spec, work, work.error)
    else:
        _facts(work.outcome, spec)


def _key(spec: DatasetSpec) -> str:
    return "prepare " + hashlib.sha256(spec.model_dump_json().encode()).hexdigest()


def _is_quick(looked: Looked, spec: DatasetSpec) -> bool:
    fetched = spec.modality == "text" and spec.text.tokenizer.kind == "hugging-face"
    return looked.dataset.record.bytes <= QUICK_BYTES and not fetched


def _begin(looked: Looked, spec: DatasetSpec) -> Work:
    root = looked.store.root

    def do(progress: Progress) -> DataFacts:
        return load_dataset(spec, root, progress).facts

    title = f"Preparing {looked.dataset.name[:100]}"
    return page_state.works(looked.store).begin(title, do, _key(spec))


def _prepare(looked: Looked, spec: DatasetSpec) -> None:
    _begin(looked, spec)


def _failed(looked: Looked, spec: DatasetSpec, work: Work, error: EngineError) -> None:
    if work.was_cancelled:
        st.info(as_markdown(str(error)), icon=":material/cancel:")
    else:
        st.error(as_markdown(str(error)), icon=":material/error:")
    st.button(
        "Try again",
        key=page_state.key("prepare.again", looked.fingerprint),
        icon=":material/refresh:",
        on_click=_prepare,
        args=(looked, spec),
    )


def _facts(facts: DataFacts, spec: DatasetSpec) -> None:
    lines = [f"| {name} | {as_markdown(value)} |" for name, value in told(facts, spec)]
    st.markdown("\n".join(["| | |", "|---|---|", *lines]))


def told(facts: DataFacts, spec: DatasetSpec) -> Iterator[tuple[str, str]]:
    """What is known, name and value, in the words of people."""
    yield "Training samples", f"{facts.train_samples:,}"
    yield "Validation samples", f"{facts.val_samples:,}"
    if facts.classes is not None:
        some = ", ".join(facts.classes[:_MOST_CLASSES])
        more = ", …" if len(facts.classes) > _MOST_CLASSES else ""
        yield "Classes", f"{len(facts.classes):,}: {some}{more}"
    yield from _of_texts(facts)
    if facts.image_shape is not None:
        channels, height, width = facts.image_shape
        colour = "1 channel (grey)" if channels == 1 else f"{channels} channels"
        yield "Images", f"{height} × {width} pixels, {colour}"
    if facts.features is not None:
        yield "Input columns", f"{len(facts.features):,}"
    if facts.target_name:
        yield "Target", facts.target_name


def _of_texts(facts: DataFacts) -> Iterator[tuple[str, str]]:
    if facts.vocabulary_size is not None:
        yield "Vocabulary", f"{facts.vocabulary_size:,} tokens"
    if facts.tokens_per_sample is not None:
        mean = "" if facts.mean_tokens is None else f", {facts.mean_tokens:,.1f} in the mean"
        yield "Length", f"at most {facts.tokens_per_sample:,} tokens{mean}"
    if facts.target_tokens is not None:
        yield "Target length", f"at most {facts.target_tokens:,} tokens"
    if facts.train_tokens is not None:
        yield "Training tokens", f"{facts.train_tokens:,}"
    if facts.cut_share:
        yield "Cut off", f"{facts.cut_share:.1%} of the training tokens"
    if facts.unknown_share:
        yield "Unknown", f"{facts.unknown_share:.2%} of the training tokens"
