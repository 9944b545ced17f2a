"""What columns are for is guessed as a person would say; what cannot be guessed is left open."""

import pyarrow as pa
import pytest

from engine.data.library.columns import field_of
from engine.data.library.roles import guessed_columns, guessed_task
from engine.data.library.statistics import Seen

LONG = [f"A sentence of some length, which is number {n} of several." for n in range(60)]
KINDS = [f"{'ab'[n % 2]}" for n in range(60)]
COUNT = list(range(60))
FLOATS = [n / 7 for n in range(60)]
FEW = [n % 3 for n in range(60)]
WORDS = [["a", "b"] for _ in range(60)]
TYPES = {str: "text", int: "integer", float: "number", bytes: "image", list: "list of texts"}


def guessed(**columns):
    seen = {}
    for name, values in columns.items():
        kind = TYPES[type(values[0])]
        seen[name] = Seen(field_of(name, kind))
        seen[name].feed(pa.array(values, field_of(name, kind).type))
    found = guessed_columns(seen)
    return guessed_task(found), {column.name: column.role for column in found}


@pytest.mark.parametrize(
    ("columns", "task", "roles"),
    [
        ({"line": LONG}, "causal-lm", "text"),
        ({"text": ["short"] * 3}, "causal-lm", "text"),
        ({"review": LONG, "sentiment": KINDS}, "sequence-classification", "text label"),
        ({"id": COUNT, "text": LONG, "label": FEW}, "sequence-classification", "ignore text label"),
        ({"name": LONG, "sex": KINDS}, "sequence-classification", "text label"),
        ({"text": LONG, "tags": WORDS}, "multi-label-classification", "text label"),
        ({"tokens": WORDS, "ner_tags": WORDS}, "token-classification", "text label"),
        ({"en": LONG, "de": LONG}, "seq2seq", "text target"),
        ({"question": LONG, "answer": LONG, "n": COUNT}, "seq2seq", "text target ignore"),
        ({"image": [b"1"] * 60, "file": LONG, "label": KINDS}, "image-classification",
         "image ignore label"),
        ({"image": [b"1"] * 60}, None, "image"),
        ({"x": FLOATS, "kind": KINDS, "species": KINDS}, "tabular-classification",
         "number category label"),
        ({"x": FLOATS, "n": COUNT, "class": FEW}, "tabular-classification", "number number label"),
        ({"x": FLOATS, "n": COUNT, "last": FEW}, "tabular-classification", "number number label"),
        ({"x": FLOATS, "n": COUNT, "price": FLOATS}, "tabular-regression", "number number target"),
        ({"x": FLOATS, "n": COUNT, "z": FLOATS, "car": [f"car {n}" for n in COUNT], "mpg": FLOATS},
         "tabular-regression", "number number number ignore target"),
        ({"x": FLOATS, "patient_id": FEW, "outcome": FEW}, "tabular-classification",
         "number group label"),
        ({"text": LONG, "label": KINDS, "split": ["train", "test"] * 30},
         "sequence-classification", "text label split"),
        ({"x": FLOATS}, None, "number"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, dict) else "",
)  # fmt: skip
def test_a_role_for_each_column_and_a_task(columns, task, roles):
    assert guessed(**columns) == (task, dict(zip(columns, roles.split(), strict=True)))
