"""Arguments of imported code as they are typed: what a text means, and what is wrong with it."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from engine.models.imported.arguments import fault_of, rows_of, taken, text_of, value_of
from engine.models.imported.inspection import inspect
from engine.models.imported.matching import matched
from tests.engine.facts import TABLE

CODE = b"""
from torch import nn

class Model(nn.Module):
    def __init__(self, in_features: int, num_classes: int, width: int, act="relu",
                 bias: bool = True):
        super().__init__()
        self.head = nn.Linear(in_features, num_classes)

    def forward(self, x):
        return self.head(x)
"""


@pytest.mark.parametrize(
    ("annotation", "kinds", "choices"),
    [
        ("int", {"int"}, ()),
        ("'int'", {"int"}, ()),
        ("int | None", {"int", "none"}, ()),
        ("Optional[float]", {"float", "none"}, ()),
        ("typing.Union[int, list[int]]", {"int", "list"}, ()),
        ("tuple[int, ...]", {"list"}, ()),
        ("Literal['relu', 'gelu']", set(), ("relu", "gelu")),
        ("torch.dtype", {"any"}, ()),
        ("", {"any"}, ()),
        ("int if", {"any"}, ()),
        ("(" * 3000, {"any"}, ()),
    ],
)
def test_what_an_annotation_takes(annotation, kinds, choices):
    assert (taken(annotation).kinds, taken(annotation).choices) == (kinds, choices)


@pytest.mark.parametrize(
    ("text", "annotation", "value"),
    [
        ("64", "int", 64),
        ("1e-3", "float", 0.001),
        ("True", "bool", True),
        ("true", "", True),
        ("None", "int | None", None),
        ("(2, 3)", "tuple[int, int]", [2, 3]),
        ("{'a': [1]}", "", {"a": [1]}),
        ("relu", "", "relu"),
        ("64", "str", "64"),
        ('"64"', "", "64"),
        ("NaN", "float", "NaN"),
        ("1e999", "float", "1e999"),
        ("1j", "", "1j"),
        ("__import__('os').getcwd()", "", "__import__('os').getcwd()"),
        ("[" * 5000, "", "[" * 5000),
        ("9" * 5000, "", "9" * 5000),
    ],
)
def test_what_a_text_means(text, annotation, value):
    assert value_of(text, annotation) == value


@pytest.mark.parametrize(
    ("value", "annotation", "words"),
    [
        ("wide", "int", "must be a whole number"),
        (2.5, "int", "must be a whole number"),
        (True, "int", "must be a whole number"),
        ([1], "int | None", "must be a whole number or None"),
        ("tanh", "Literal['relu', 'gelu']", "must be 'relu' or 'gelu'"),
        (1, "bool", "must be True or False"),
    ],
)
def test_a_value_of_another_kind_is_refused(value, annotation, words):
    found = fault_of("width", value, annotation)
    assert (found.path, found.message) == ("model.arguments.width", words)


@pytest.mark.parametrize(
    ("value", "annotation"),
    [(2, "float"), (None, "int | None"), ("x", "torch.dtype"), ([1], "list[str]"), (2, "")],
)
def test_a_value_that_may_fit_is_taken(value, annotation):
    assert fault_of("width", value, annotation) is None


def plain(children):
    return st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=5), children)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**12), 10**12)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=10),
    plain,
    max_leaves=5,
)


@given(VALUES, st.sampled_from(["", "int", "str", "str | None", "bool", "list[int]"]))
def test_what_is_shown_of_a_value_is_read_back_as_the_same(value, annotation):
    assume(not annotation.startswith("str") or value is None or isinstance(value, str))
    again = value_of(text_of(value, annotation), annotation)
    assert again == value
    assert isinstance(again, bool) == isinstance(value, bool)
    assert not isinstance(again, float) or not math.isnan(again)


def test_each_argument_says_where_its_value_is_from():
    found = inspect({"model.py": CODE})
    filled = matched(found.candidates[0], found, {"hidden_size": 16, "n_classes": 4}, TABLE)
    typed = {"in_features": 9, "num_classes": 4, "width": "wide", "bias": False, "depth": 2}
    rows = {row.name: row for row in rows_of(filled, TABLE, typed)}
    columns = len(TABLE.features)
    assert rows["in_features"].said == f"Typed here. The data says {columns}."
    assert f"in_features is 9, and the data has {columns} columns" in rows["in_features"].warning
    assert rows["num_classes"].said == "From config.json, where it is 'n_classes'."
    assert rows["width"].said == "Typed here. config.json says 16."
    assert rows["width"].problem.message == "must be a whole number"
    assert (rows["act"].said, rows["act"].given) == ("The code's own default: 'relu'.", False)
    assert (rows["bias"].said, rows["bias"].problem) == ("Typed here.", None)
    assert rows["depth"].problem.message == "the code has no such argument"


def test_an_argument_without_a_value_is_asked_for():
    found = inspect({"model.py": CODE})
    filled = matched(found.candidates[0], found, {}, TABLE)
    rows = {row.name: row for row in rows_of(filled, TABLE, filled.arguments)}
    assert rows["width"].problem.message == "a value is needed"
    assert [name for name, row in rows.items() if row.problem] == ["width"]
