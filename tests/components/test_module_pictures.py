"""Pictures of models: nothing overlaps, what repeats is drawn once, areas add up."""

from __future__ import annotations

from itertools import combinations
from xml.etree import ElementTree

import pytest

from components.charts.module_flow import IN, OUT, flow_of
from components.charts.module_layout import picture_of
from components.charts.module_likeness import FAMILIES, family_of, likeness
from components.charts.module_map import MEASURES, map_figure, totals
from components.charts.module_svg import svg_of
from components.models.tree_rows import tree_rows
from engine.models.structure.document import Weight
from tests.structures import module, residual, structure_of

SVG = "{http://www.w3.org/2000/svg}"


def branching():
    """Two layers side by side that both read the first, a sum of them, and a way around."""
    names = ["first", "left", "right", "last"]
    modules = [module("", "Net", parameters=8)]
    modules += [module(name, described=name, own_parameters=2, parameters=2) for name in names]
    edges = [("", "", "first"), ("", "first", "left"), ("", "first", "right"), ("", "left", "last"),
             ("", "right", "last"), ("", "first", "last"), ("", "last", "")]  # fmt: skip
    return structure_of(modules, edges)


def apart(one, other):
    return (
        one.x + one.width <= other.x + 1e-6
        or other.x + other.width <= one.x + 1e-6
        or one.y + one.height <= other.y + 1e-6
        or other.y + other.height <= one.y + 1e-6
    )


def within(inner, outer):
    return (
        outer.x <= inner.x
        and outer.y <= inner.y
        and inner.x + inner.width <= outer.x + outer.width
        and inner.y + inner.height <= outer.y + outer.height
    )


# -- what is drawn ---------------------------------------------------------------------------------


def test_blocks_in_a_row_are_drawn_once():
    root = flow_of(residual(12), 2)
    stem, blocks = root.parts
    assert (stem.paths, len(blocks.paths), blocks.in_row) == (("stem",), 12, True)
    assert root.flow == [(IN, "stem"), ("stem", "blocks.0"), ("blocks.0", OUT)]
    assert [part.path for part in blocks.parts] == ["blocks.0.norm", "blocks.0.layer"]
    assert blocks.flow == [
        (IN, "blocks.0.norm"), ("blocks.0.norm", "blocks.0.layer"), ("blocks.0.layer", OUT),
        (IN, OUT),
    ]  # fmt: skip


def test_what_is_not_quite_alike_is_drawn_by_itself():
    modules = list(residual(3).modules)
    places = {one.path: place for place, one in enumerate(modules)}
    layer = modules[places["blocks.1.layer"]]
    modules[places["blocks.1.layer"]] = layer.model_copy(update={"own_parameters": 17})
    other = residual(3).model_copy(update={"modules": tuple(modules)})
    assert [part.paths for part in flow_of(other, 1).parts] == [
        ("stem",), ("blocks.0",), ("blocks.1",), ("blocks.2",),
    ]  # fmt: skip
    alike = likeness(other)
    assert alike["blocks.0"] == alike["blocks.2"] != alike["blocks.1"]


def test_branches_that_are_alike_are_side_by_side():
    modules = [module("", "Net")] + [module(f"heads.{n}", "Head") for n in range(4)]
    modules.insert(1, module("heads", "ModuleList", calls=0))
    edges = [("", "", f"heads.{n}") for n in range(4)] + [("", f"heads.{n}", "") for n in range(4)]
    (heads,) = flow_of(structure_of(modules, edges), 1).parts
    assert (len(heads.paths), heads.in_row) == (4, False)
    assert "4 side by side" in svg_of(picture_of(structure_of(modules, edges), 1))


# -- where it is -----------------------------------------------------------------------------------


@pytest.mark.parametrize("direction", ["down", "right"])
@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("made", [residual, branching])
def test_boxes_are_apart_or_within_and_all_in_the_picture(made, depth, direction):
    picture = picture_of(made(), depth, direction)
    for one, other in combinations(picture.boxes, 2):
        nested = (one.is_open and within(other, one)) or (other.is_open and within(one, other))
        assert apart(one, other) or nested, (one.words.title, other.words.title)
    for box in picture.boxes:
        assert box.x >= -1e-6
        assert box.y >= -1e-6
        assert box.x + box.width <= picture.width + 1e-6
        assert box.y + box.height <= picture.height + 1e-6


@pytest.mark.parametrize(("direction", "axis"), [("down", 1), ("right", 0)])
def test_lines_lead_in_the_direction_of_the_flow(direction, axis):
    picture = picture_of(residual(), 2, direction)
    assert len(picture.lines) == 3 + 4
    for line in picture.lines:
        assert all(a[axis] <= b[axis] for a, b in zip(line, line[1:], strict=False))


def test_a_line_over_several_layers_passes_straight_beside_the_boxes():
    picture = picture_of(branching(), 1)
    (around,) = [line for line in picture.lines if len(line) == 4]
    (x, begin), (also, end) = around[1:3]
    beside = [box for box in picture.boxes if box.y < end and box.y + box.height > begin]
    assert [box.words.title for box in beside] == ["left", "right"]
    assert x == also
    assert all(not box.x < x < box.x + box.width for box in beside)


def test_the_svg_is_whole_and_its_words_are_escaped():
    modules = [module("", "Net"), module("a", "<script>", described='"x" & y')]
    svg = svg_of(picture_of(structure_of(modules, [("", "", "a"), ("", "a", "")]), 1))
    root = ElementTree.fromstring(svg)
    words = [node.text for node in root.iter(f"{SVG}text")]
    assert "<script>" in words
    assert [node.text for node in root.iter(f"{SVG}title")] == ['a: <script>("x" & y)']
    assert not list(root.iter(f"{SVG}script"))


def test_a_model_that_calls_nothing_is_a_picture_too():
    picture = picture_of(structure_of([module("", "Net")]), 2)
    assert [box.words.told for box in picture.boxes] == ["model: Net()"]


# -- areas -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("measure", MEASURES)
def test_areas_add_up(measure):
    weight = Weight(
        name="stem.weight", shape=(10, 10), dtype="float32", role="matrix", decayed=True,
        trained=True, mean=0.0, std=1.0, training_bytes=1600,
    )  # fmt: skip
    structure = residual().model_copy(update={"weights": (weight,), "loss_kept_bytes": 7})
    total, own = totals(structure, measure), MEASURES[measure].own(structure)
    assert total[""] == pytest.approx(sum(own.values()))
    expected = {"Parameters": 160, "Memory": 1637, "Activations": 37, "FLOPs": 120}
    assert total[""] == expected[measure]
    for shape in ("treemap", "sunburst"):
        (chart,) = map_figure(structure, measure, shape, dark=False).data
        values = dict(zip(chart.ids, chart.values, strict=True))
        for name, parent in zip(chart.ids, chart.parents, strict=True):
            assert (parent in values) == bool(parent)
            held = sum(v for one, v, p in zip(chart.ids, chart.values, chart.parents, strict=True)
                       if p == name)  # fmt: skip
            assert held <= values[name] + 1e-9


def test_where_there_is_nothing_there_is_no_picture():
    assert map_figure(structure_of([module("", "Net")]), "Parameters", "treemap", dark=True) is None


# -- rows ------------------------------------------------------------------------------------------


def test_rows_name_their_parents_and_what_is_to_be_known():
    modules = [
        module("", "Net", parameters=6, trained=2),
        module("head", shares=("tokens.weight",)),
        module("idle", calls=0, parameters=4),
        module("twice", calls=2),
    ]
    rows = tree_rows(structure_of(modules))
    assert [row["parent"] for row in rows] == [-1, 0, 0, 0]
    assert [row["note"] for row in rows] == [
        "4 of its numbers are frozen",
        "shares tokens.weight",
        "never called; at most its weights are used; frozen",
        "called 2 times",
    ]
    assert rows[1]["outputs"] == "2 × 4"
    blocks = [row for row in tree_rows(residual()) if row["type"] == "Block"]
    assert len({row["alike"] for row in blocks}) == 1


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("CausalSelfAttention", "attention"), ("Linear", "linear"), ("Conv2d", "convolution"),
        ("Conv1D", "linear"), ("Conv1d", "convolution"), ("LayerNorm", "norm"),
        ("GELU", "activation"),
        ("LSTM", "recurrent"), ("Embedding", "embedding"), ("Block", "other"),
        ("NonDynamicallyQuantizableLinear", "linear"),
    ],
)  # fmt: skip
def test_families_are_told_by_the_name_of_the_class(name, family):
    assert family_of(name) == family
    assert family in FAMILIES
