"""Imported code is examined by itself: behind consent, in a process with limits."""

from __future__ import annotations

import time

import pytest
from typer.testing import CliRunner

from engine.__main__ import app
from engine.frozen import with_changes
from engine.health import child
from engine.models.imported.library import CodeLibrary, CodeRefused
from engine.runs.store import RunStore
from tests.engine.imported.table import spec_of


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "runs")


def examined(store, name, *names):
    found = child.start(store, spec_of(store, name), names)
    while not found.poll():
        time.sleep(0.02)
    return found


@pytest.mark.parametrize(
    ("name", "check", "verdict", "words"),
    [
        ("torch_tutorial", "causality", "pass", "No output moves"),
        ("peeking", "causality", "fail", "It sees the future"),
        ("dead_layer", "gradient-flow", "fail", "no gradient at all: model.forgotten."),
        ("chatty", "saving", "pass", "to the bit"),
        ("raising", "instantiation", "fail", "width 10 is not divisible by 3"),
    ],
)
def test_imported_models_are_examined(store, name, check, verdict, words):
    found = examined(store, name, check)
    assert found.problem == ""
    (finding,) = found.findings
    assert (finding.verdict, words in finding.text) == (verdict, True), finding.text


def test_code_that_never_comes_back_is_ended(store, monkeypatch):
    monkeypatch.setattr(child, "LIMIT_S", 6.0)
    found = examined(store, "endless", "forward")
    assert found.problem == "It was ended after 6 s while the model was built and tried."


def test_what_code_writes_past_python_is_left_out(store):
    noisy = store.root / "noisy.py"
    noisy.write_text(
        "import os\nfrom torch import nn\n\n\nclass Model(nn.Linear):\n"
        "    def __init__(self):\n"
        '        os.write(1, b\'5\\n{\\n[1]\\n{"kind": "greeting"}\\n\')\n'
        "        super().__init__(13, 3)\n"
    )
    library = CodeLibrary(store.root)
    code = library.add({"model.py": noisy.read_bytes()}, kind="files", place="noisy.py")
    library.allow(code)
    model = {"kind": "imported", "code": code, "entry": "Model"}
    spec = with_changes(spec_of(store, "chatty"), {"model": model})
    found = child.start(store, spec, ["saving"])
    while not found.poll():
        time.sleep(0.02)
    assert [one.verdict for one in found.findings] == ["pass"]


def test_code_that_leaves_is_told(store):
    assert "exit code 3" in examined(store, "leaves", "forward").problem


def test_without_consent_nothing_runs(store):
    with pytest.raises(CodeRefused, match="nobody has consented"):
        child.start(store, spec_of(store, "chatty", consent=False))


def test_the_command_says_who_must_consent(store):
    spec = spec_of(store, "chatty", consent=False)
    done = CliRunner().invoke(app, ["health", "-", "--runs", str(store.root)], input=spec.to_json())
    assert done.exit_code == 2
    assert "nobody has consented" in done.stderr
