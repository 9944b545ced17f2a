"""Form, JSON, command line and Python are one and the same document."""

import json
import shlex
from pathlib import Path

import pytest

from components import spec_text
from engine.errors import BadInput
from engine.examples import EXAMPLES
from engine.frozen import with_changes

SPECS = [example.spec for example in EXAMPLES.values()]
AWKWARD = "\"'\\ {x} \n</script> ${HOME} ünï"


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_json_reads_back_as_the_same_spec(spec):
    assert spec_text.from_json(spec_text.as_json(spec)) == spec


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_python_builds_the_same_spec_whatever_the_name(spec, monkeypatch):
    named = with_changes(spec, {"name": AWKWARD})
    started = []
    monkeypatch.setattr(
        "engine.launch.worker.train_spec", lambda *given: started.append(given) or _State()
    )
    code = spec_text.as_python(named, Path("/runs/it's here"))
    exec(compile(code, "pasted", "exec"), {})
    assert started == [(named, "/runs/it's here")]


class _State:
    status = "completed"
    best = None


def test_the_command_names_the_runs_folder_as_one_argument():
    arguments = shlex.split(spec_text.as_command(Path("/runs/it's here; rm -rf")))
    assert arguments == ["python", "-m", "engine", "train", "spec.json", "--runs"] + [
        "/runs/it's here; rm -rf"
    ]


def test_all_that_is_wrong_with_pasted_json_is_said_at_once():
    with pytest.raises(BadInput) as caught:
        spec_text.from_json('{"task": {}, "model": {"kind": "gpt", "layers": 0}, "x": 1}')
    assert {problem.path for problem in caught.value.problems} == {"model.layers", "data", "x"}


@pytest.mark.parametrize("text", ["", "{", "[1]", '"text"', "[" * 100_000, "\ud800"])
def test_what_is_no_spec_is_refused(text):
    with pytest.raises(BadInput):
        spec_text.from_json(text)


def test_models_that_only_a_program_has_are_refused():
    spec = SPECS[0].model_dump(mode="json")
    spec["model"] = {"kind": "in-memory", "class_name": "Net"}
    spec["data"] = {"source": "in-memory"}
    with pytest.raises(BadInput) as caught:
        spec_text.from_json(json.dumps(spec))
    assert [problem.path for problem in caught.value.problems] == ["model.kind", "data.source"]
