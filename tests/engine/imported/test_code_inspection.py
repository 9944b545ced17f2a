"""What code holds is read from its syntax tree; what it is built with is matched by name."""

from __future__ import annotations

import sys

import pytest

from engine.errors import BadInput
from engine.models.imported.inspection import inspect
from engine.models.imported.library import CodeLibrary
from engine.models.imported.likely import likely_data
from engine.models.imported.matching import Matched, as_spec, context_of, matched
from engine.models.imported.proposal import chosen, proposed
from engine.models.imported.sources import from_files
from tests.engine.facts import IMAGES, PAIRS, TABLE, TEXT
from tests.engine.imported.table import BROKEN, GOOD, files_of

HEAD = "import torch\nimport torch.nn as nn\nfrom torch.nn import Module as M, Sequential\n"


def entries(text: str, **others: str) -> list[str]:
    files = {
        "model.py": (HEAD + text).encode(),
        **{f"{n}.py": t.encode() for n, t in others.items()},
    }
    return [candidate.name for candidate in inspect(files).candidates]


def found_in(text: str, config: dict[str, object], facts: object = None) -> Matched:
    found = inspect({"model.py": (HEAD + text).encode()})
    assert found.proposed is not None
    return matched(found.proposed, found, config, facts)


@pytest.mark.parametrize("name", {**GOOD, **BROKEN})
def test_looking_runs_nothing_and_finds_what_is_meant(name: str) -> None:
    before = set(sys.modules)
    found = inspect(files_of(name))
    assert {**GOOD, **BROKEN}[name].entry in [candidate.name for candidate in found.candidates]
    if name in GOOD:
        assert found.sure
        assert found.candidates[0].name == GOOD[name].entry
    assert not {"model", "no_such_package_here"} & (set(sys.modules) - before)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("class A(nn.Module): pass", ["A"]),
        ("class A(torch.nn.Module): pass", ["A"]),
        ("class A(M): pass", ["A"]),
        ("class A(Sequential): pass", ["A"]),
        ("class A(nn.Module): pass\nclass B(A): pass", ["B", "A"]),
        ("class A(nn.Parameter): pass\nclass B: pass", []),
        (
            "class A(nn.Module):\n    def __init__(self):\n        self.b = B()\nclass B(M): pass",
            ["A", "B"],
        ),
        ("class A(M): pass\nclass Model(M): pass\nclass Z(M): pass", ["Model", "Z", "A"]),
        ("class Model(M): pass\ndef build_model(width): return Model()", ["build_model", "Model"]),
        ("def other(width) -> nn.Module: ...", ["other"]),
        ("def other(width): ...", []),
        ("def create_model(): ...", ["create_model"]),
        ("if torch.cuda.is_available():\n    class A(M): pass", ["A"]),
        ("if __name__ == '__main__':\n    class A(M): pass", []),
        ("def f():\n    class A(M): pass", []),
    ],
)
def test_what_may_be_the_model(text: str, expected: list[str]) -> None:
    assert entries(text) == expected


def test_a_base_in_another_file_of_the_code() -> None:
    text = "from parts import Base\nclass Net(Base): pass"
    assert entries(text, parts="from torch import nn\nclass Base(nn.Module): pass") == [
        "Net",
        "Base",
    ]


def test_several_that_may_be_meant_are_asked_about() -> None:
    found = inspect({"model.py": (HEAD + "class A(M): pass\nclass B(M): pass").encode()})
    assert not found.sure
    with pytest.raises(BadInput, match="several may be the model"):
        chosen(found)
    assert chosen(found, "A").name == "A"
    with pytest.raises(BadInput, match="There are: 'B', 'A'"):
        chosen(found, "C")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"x = (", "is no valid Python: '(' was never closed (line 1)"),
        (b"\xff = 1", "is no valid Python"),
        ("# é\n\nx = 'ü'".encode("latin-1"), "is no valid Python: invalid or missing encoding"),
        (b"x = 1\n\0", "null bytes"),
        (b"x = " + b"(" * 5_000 + b"1" + b")" * 5_000, "too many nested parentheses"),
        (b"x = " + b"-" * 200_000 + b"1", "cannot be read as Python"),
    ],
)
def test_what_is_no_python_is_told(data: bytes, words: str) -> None:
    (problem,) = inspect({"model.py": data}).problems
    assert words in str(problem)


def test_source_with_a_byte_order_mark_or_a_named_encoding_is_read() -> None:
    text = "# -*- coding: latin-1 -*-\nfrom torch import nn\nclass Né(nn.Module): pass\n"
    for data in (text.encode("latin-1"), text.replace("latin-1", "utf-8").encode("utf-8-sig")):
        found = inspect({"model.py": data})
        assert [c.name for c in found.candidates] == ["Né"], found.problems


def test_imports_are_installed_missing_or_of_the_code_itself() -> None:
    text = (
        "import os, torch, cv2\nfrom PIL import Image\nimport yaml as y\nfrom . import parts\n"
        "from .gone import x\nimport parts\ntry:\n    import no_such_thing\n"
        "except ImportError: pass\n"
        "def f():\n    import no_such_either\nfrom torch import nn\nclass A(nn.Module): pass\n"
    )
    found = inspect({"model.py": text.encode(), "parts.py": b""})
    names = {r.module: (r.package, r.needed) for r in found.requirements}
    assert names["cv2"] == ("opencv-python", True)
    assert names["PIL"] == ("pillow", True)
    assert names["yaml"][0] == "pyyaml"
    assert names["no_such_thing"] == ("no_such_thing", False)
    assert names["no_such_either"] == ("no_such_either", False)
    assert not {"os", "parts", "gone"} & set(names)
    said = "\n".join(map(str, found.problems))
    assert "model.py, line 5: imports 'gone', which is not in the code" in said
    assert "no_such" not in said


def test_a_file_with_a_name_of_ours_is_refused() -> None:
    found = inspect({"model.py": HEAD.encode() + b"class A(M): pass", "engine.py": b""})
    assert "'engine', which is Traindeck's own" in str(found.problems[0])


# -- arguments -------------------------------------------------------------------------------------

INIT = "class A(M):\n    def __init__(self, {}):\n        pass\n"


@pytest.mark.parametrize(
    ("argument", "config", "facts", "expected"),
    [
        ("d_model", {"d_model": 8, "n_embd": 9}, None, (8, "config")),
        ("d_model", {"n_embd": 9}, None, (9, "config")),
        ("width", {"hidden_size": 9}, None, (9, "config")),
        ("num_layers", {"n_layer": 3}, None, (3, "config")),
        ("nhead", {"num_attention_heads": 2}, None, (2, "config")),
        ("n_vocab", {"vocab_size": 50}, TEXT, (50, "config")),
        ("n_vocab", {}, TEXT, (103, "data")),
        ("max_seq_len", {"block_size": 16}, None, (16, "config")),
        ("block_size", {}, TEXT, (64, "data")),
        ("num_classes", {}, IMAGES, (10, "data")),
        ("in_channels", {}, IMAGES, (1, "data")),
        ("img_size", {}, IMAGES, (8, "data")),
        ("input_dim", {}, TABLE, (7, "data")),
        ("output_dim", {}, TABLE, (2, "data")),
        ("src_vocab", {}, PAIRS, (90, "data")),
        ("width=32", {}, None, (32, "default")),
        ("width=2 ** 5", {}, None, (None, "default")),
        ("num_classes=1000", {}, IMAGES, (10, "data")),
        ("width", {"model": {"width": 5}}, None, (5, "config")),
        ("strangeness", {}, TEXT, (None, "missing")),
    ],
)
def test_where_an_argument_is_from(argument, config, facts, expected) -> None:
    (match,) = found_in(INIT.format(argument), config, facts).matches
    assert (match.value, match.source) == expected


def test_what_is_missing_says_what_is_needed() -> None:
    (match,) = found_in(INIT.format("rank: int"), {}).missing
    assert match.said == "Neither config.json nor the data says what rank (int) is. Fill it in."


def test_a_config_that_contradicts_the_data_is_told_with_both_numbers() -> None:
    small, large, classes = (
        found_in(INIT.format(name), config, facts).matches[0].warning
        for name, config, facts in (
            ("vocab_size", {"vocab_size": 50}, TEXT),
            ("vocab_size", {"vocab_size": 500}, TEXT),
            ("num_classes", {"num_labels": 5}, IMAGES),
        )
    )
    assert small == "config.json says vocab_size = 50, and the data has 103 different tokens."
    assert large == ""
    assert classes == "config.json says num_classes = 5, and the data has 10 classes."


def test_a_class_of_settings_is_filled_and_the_length_of_text_is_theirs() -> None:
    found = inspect(files_of("nano_gpt"))
    config = {"n_layer": 1, "block_size": 32, "learning_rate": 0.1}
    filled = matched(found.candidates[0], found, config, TEXT)
    assert filled.config_class == "GPTConfig"
    assert filled.arguments == {"block_size": 32, "vocab_size": 103, "n_layer": 1}
    assert filled.unused == ("learning_rate",)
    assert context_of(filled) == 32
    spec = as_spec("0" * 64, found.candidates[0], filled)
    assert (spec.entry, spec.file, spec.config_class) == ("GPT", "model.py", "GPTConfig")
    assert spec.block_size == 32


def test_what_is_left_goes_to_a_model_that_takes_all() -> None:
    config = {"width": 3, "depth": 4, "_name": "x", "architectures": ["A"]}
    filled = found_in(INIT.format("width, **more"), config)
    assert filled.arguments == {"width": 3, "depth": 4}


def test_a_run_is_proposed_or_everything_that_is_missing_is_named(tmp_path) -> None:
    library = CodeLibrary(tmp_path)
    good = from_files(files_of("tabular")).kept_in(library)
    spec = proposed(library, good, "wine").spec
    assert (spec.task.kind, spec.model.arguments["in_features"]) == ("tabular-classification", 13)
    text = HEAD + INIT.format("rank, rate")
    bad = from_files({"model.py": text.encode()}).kept_in(library)
    with pytest.raises(BadInput) as caught:
        proposed(library, bad, "wine")
    assert [p.path for p in caught.value.problems] == [
        "model.arguments.rank",
        "model.arguments.rate",
    ]


FAMILIES = {
    "text": {
        "python-docs",
        "masked-docs",
        "restore-docs",
        "python-tokens",
        "python-keywords",
        "python-constructs",
    },
    "image": {"digits"},
    "table": {"breast-cancer", "wine", "iris", "diabetes"},
}


@pytest.mark.parametrize("name", GOOD)
def test_the_first_guess_of_the_data_is_of_the_right_kind(name: str) -> None:
    found = inspect(files_of(name))
    guess = likely_data(found, found.candidates[0])
    family = next(known for known in FAMILIES.values() if GOOD[name].data in known)
    assert guess in family or (guess is None and name == "flat_mlp")
