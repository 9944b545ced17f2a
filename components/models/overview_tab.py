"""A model at a glance: what it is, what it takes, how well it did, and what can be done with it."""

from __future__ import annotations

import streamlit as st

from components import readable
from components.models import looked_at, page_state, structure_tab, to_launch, wording
from components.models.looked_at import Looked
from components.numbers import DASH, shown_number
from components.plain_text import as_markdown
from components.safe_markdown import as_safe_markdown
from engine.health.summaries import newest_by_version, summaries
from engine.models.collection import best_of
from engine.models.hugging_face.spec import FromFiles
from engine.models.imported.library import in_the_way
from engine.models.imported.spec import ImportedModel
from engine.models.size import size_of
from engine.models.specs import MODEL_TASKS, HuggingFaceModel, InMemoryModel, ModelSpec
from engine.models.structure.document import Structure
from engine.preflight import estimate


def show(looked: Looked) -> None:
    """Draw what is known, and the buttons."""
    document = looked.document
    st.markdown(what_it_is(document))
    if looked.model.kept is not None and looked.model.kept.notes:
        with st.container(border=True):
            st.markdown(as_safe_markdown(looked.model.kept.notes))
    if looked.spec is None:
        st.info(
            "It was handed to a program as an object, so it cannot be built here: there are only "
            "the runs that were made with it.",
            icon=":material/info:",
        )
        return
    looked_at.choose(looked)
    for problem in in_the_way(document, looked.store.root):
        st.warning(as_markdown(problem.message), icon=":material/gpp_maybe:")
    _numbers(looked)
    _buttons(looked)
    _tasks(document)


def what_it_is(model: ModelSpec) -> str:
    """The model in a sentence: what its kind is, else where its code is from."""
    if isinstance(model, ImportedModel):
        return as_markdown(
            f"Code of your own: {model.entry} from {model.file}, called with "
            f"{len(model.arguments):,} arguments."
        )
    if isinstance(model, HuggingFaceModel):
        origin = model.origin
        stored = isinstance(origin, FromFiles) and origin.weights == "stored"
        made = "its own weights" if stored else "random weights"
        return as_markdown(f"{model.shown_name} of Hugging Face transformers, with {made}.")
    if isinstance(model, InMemoryModel):
        return as_markdown(f"An object of the class {model.class_name}.")
    return as_markdown(" ".join((type(model).__doc__ or "").split()))


def numbers(looked: Looked, structure: Structure | None) -> dict[str, str]:
    """What it amounts to with the chosen data, by label; a dash for what is not known yet."""
    spec, facts = looked.spec, looked.facts()
    assert spec is not None
    closed = None if facts is None else size_of(spec.model, facts)
    parameters: float | None = None if closed is None else closed.parameters
    flops = None if closed is None else closed.forward_flops
    if structure is not None and closed is None:
        parameters = structure.whole.parameters
        flops = structure.whole.flops / structure.batch_size
    ahead = None if facts is None else estimate(spec, facts)
    memory = None if ahead is None else ahead.memory_bytes
    return {
        "Parameters": DASH if parameters is None else readable.count(parameters),
        "FLOPs a sample": DASH if flops is None else readable.flops(flops),
        "Memory to train": DASH if memory is None else readable.size(memory),
    }


def _numbers(looked: Looked) -> None:
    assert looked.spec is not None
    structure = structure_tab.kept_structure(looked)
    found = newest_by_version(summaries(looked.store.root)).get(looked.digest)
    batch = looked.spec.training.batching.batch_size
    with st.container(horizontal=True, gap="small"):
        for label, value in numbers(looked, structure).items():
            help_ = f"With batches of {batch:,}." if label == "Memory to train" else None
            st.metric(label, value, width=150, help=help_)
        best = next(iter(best_of(looked.model.runs)), None)
        if best is not None:
            label = f"Best {best.metric}"
            st.metric(label, shown_number(best.value), width=150, help=f"On {best.data}.")
        st.metric("Runs", f"{len(looked.model.runs):,}", width=90)
        if found is not None:
            st.metric("Health", wording.counts(found), width=190)
    if looked.spec.model.kind not in MODEL_TASKS:
        return
    if structure is None and isinstance(looked.spec.model, ImportedModel):
        st.caption("How large it is and what it takes is known once its structure was measured.")


def _buttons(looked: Looked) -> None:
    assert looked.spec is not None
    with st.container(horizontal=True, gap="small"):
        if st.button(
            "Train this model",
            key=looked.key("train"),
            type="primary",
            icon=":material/rocket_launch:",
            help="Opens the Launch form with this model and data; all else in it stays.",
        ):
            name = looked.model.name if looked.model.kept else ""
            to_launch.train(looked.spec.model, looked.spec.data, name)
        measured = structure_tab.kept_structure(looked) is not None
        structure_tab.measure_button(looked, again=measured)
        st.button(
            "Check health",
            key=looked.key("to_health"),
            icon=":material/stethoscope:",
            on_click=page_state.open_tab,
            args=("Health",),
        )


def _tasks(model: ModelSpec) -> None:
    if isinstance(model, ImportedModel):
        return  # what code can do is not known before it is tried on data
    tasks = [readable.choice(task) for task in MODEL_TASKS.get(model.kind, ())]
    if tasks:
        st.caption(f"Does: {', '.join(tasks).lower()}.")
