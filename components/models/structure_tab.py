"""The structure of a model: a tree, a picture of what flows where, and where its weight is."""

from __future__ import annotations

import time

import streamlit as st

from components import readable, trouble
from components.charts.module_layout import Direction, picture_of
from components.charts.module_map import MEASURES, Shape, map_figure
from components.charts.module_svg import svg_of
from components.durations import shown_age
from components.models import examinations, legend, looked_at, page_state
from components.models.examinations import Examination
from components.models.looked_at import Looked
from components.models.module_graph import module_graph
from components.models.module_tree import module_tree
from components.models.tree_rows import tree_rows
from components.plain_text import as_markdown
from engine.models.structure import kept
from engine.models.structure.child import Measurement
from engine.models.structure.document import Structure

_REFRESH_S = 0.5
_VIEWS = ("Tree", "Graph", "Map")


def show(looked: Looked) -> None:
    """Draw the measured structure in the way that was chosen."""
    structure = head(looked)
    if structure is None:
        return
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        view = st.segmented_control(
            "Show as",
            _VIEWS,
            key=page_state.VIEW,
            default=_VIEWS[0],
            required=True,
            bind="query-params",
        )
    {"Tree": _tree, "Graph": _graph, "Map": _map}[view or _VIEWS[0]](looked, structure)


def kept_structure(looked: Looked) -> Structure | None:
    """What was measured of this model on this data; None when it was not.

    Raises:
        UnreadableStructure: when it is damaged.
    """
    digest = looked.examined()
    return kept.read(looked.store.root, digest) if digest else None


def head(looked: Looked) -> Structure | None:
    """Draw what was measured when, or how to measure it; what is kept, None when nothing is."""
    if looked.spec is None:
        st.caption("It cannot be built here, so there is nothing to measure.")
        return None
    structure = kept_structure(looked)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        looked_at.choose(looked)
        measure_button(looked, again=structure is not None)
    if structure is None:
        st.caption(
            "Its structure was not measured on this data yet: the model is built, and one real "
            "batch goes through it, in a process of its own."
        )
        return None
    age = shown_age(max(0.0, time.time() - structure.measured_at))
    st.caption(
        f"{readable.count(structure.whole.parameters)} parameters in "
        f"{len(structure.modules):,} modules, measured with a batch of {structure.batch_size:,}, "
        f"{age}."
    )
    if structure.found:
        st.caption(as_markdown(" ".join(structure.found)))
    return structure


def measure_button(looked: Looked, *, again: bool = False) -> None:
    """Draw the button that measures, and how it goes."""
    running = examinations.of_runs(looked.store.root).of("structure", looked.digest)
    busy = running is not None and not running.process.done
    if st.button(
        "Measure again" if again else "Measure structure",
        key=looked.key("measure"),
        icon=":material/straighten:",
        disabled=busy or looked.spec is None,
        help="Builds the model and sends one real batch through it, in a process of its own.",
    ):
        with trouble.shown():
            _begin(looked)
            st.rerun()
    if running is not None and busy:
        _progress(looked, running)
    elif running is not None and running.process.problem:
        st.error(as_markdown(running.process.problem), icon=":material/error:")


def _begin(looked: Looked) -> None:
    spec = looked.spec
    assert spec is not None
    examinations.of_runs(looked.store.root).begin(
        "structure", looked.digest, looked.model.name, lambda: Measurement(looked.store, spec)
    )


@st.fragment(run_every=_REFRESH_S)
def _progress(looked: Looked, running: Examination) -> None:
    """What is going on, looked at again and again until it is over."""
    examinations.of_runs(looked.store.root).of("structure", looked.digest)
    if running.process.done:
        st.rerun()
    st.caption("Measuring…", width="content")
    st.button(
        "Cancel",
        key=looked.key("cancel_measuring"),
        type="tertiary",
        on_click=running.process.cancel,
    )


def _tree(looked: Looked, structure: Structure) -> None:
    st.caption(
        "Each module with the shape of what it gives, its own and its parts' parameters, FLOPs "
        "and what the backward pass keeps of it for this batch. Identical neighbours are folded."
    )
    legend.show(structure)
    module_tree(tree_rows(structure), key=looked.key("tree"))


def _graph(looked: Looked, structure: Structure) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        depth = st.segmented_control(
            "Detail",
            (1, 2, 3, 4),
            key=looked.key("depth"),
            default=2,
            required=True,
            help="How many levels of modules within modules are drawn.",
        )
        turned = st.segmented_control(
            "From",
            ("Top to bottom", "Left to right"),
            key=looked.key("turned"),
            default="Top to bottom",
            required=True,
        )
    direction: Direction = "right" if turned == "Left to right" else "down"
    svg = svg_of(picture_of(structure, depth or 2, direction))
    st.caption(
        "An arrow: the input of one was computed from the output of the other, also through sums "
        "and other functions between them. Identical blocks one after another are drawn once."
    )
    legend.show(structure)
    module_graph(svg, key=looked.key("graph"))
    st.download_button(
        "Download SVG",
        svg,
        "model.svg",
        "image/svg+xml",
        key=looked.key("svg"),
        on_click="ignore",
        icon=":material/download:",
    )


def _map(looked: Looked, structure: Structure) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        measure = st.segmented_control(
            "Where are the",
            tuple(MEASURES),
            key=looked.key("measure_of_map"),
            default=next(iter(MEASURES)),
            required=True,
        ) or next(iter(MEASURES))
        form = st.segmented_control(
            "As", ("Treemap", "Sunburst"), key=looked.key("form"), default="Treemap", required=True
        )
    st.caption(MEASURES[measure].sentence.format(batch=structure.batch_size))
    dark = st.context.theme.type == "dark"
    shape: Shape = "sunburst" if form == "Sunburst" else "treemap"
    figure = map_figure(structure, measure, shape, dark=dark)
    if figure is None:
        st.caption("There are none.")
        return
    legend.show(structure)
    st.plotly_chart(
        figure, key=looked.key(f"map.{measure}.{form}"), config={"displayModeBar": False}
    )
