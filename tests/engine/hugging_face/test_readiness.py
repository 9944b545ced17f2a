"""What does not go with the data is found beside the field, before anything is built."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from engine.__main__ import app
from engine.commands.hugging_face import is_meant
from engine.errors import BadInput, Problem
from engine.models.hugging_face.files import ModelRefused, read_settings
from engine.models.hugging_face.intake import from_folder
from engine.models.hugging_face.library import HuggingFaceLibrary
from engine.models.hugging_face.spec import HuggingFaceModel, LoRATuning
from engine.models.imported.readiness import refusals, remarks
from engine.run_spec import RunSpec
from tests.engine.hugging_face.made import FACTS, configured
from tests.engine.hugging_face.test_library import GPT2, safetensors, spec

TEXT = FACTS["causal-lm"]


@pytest.fixture
def library(tmp_path: Path) -> HuggingFaceLibrary:
    return HuggingFaceLibrary(tmp_path)


@pytest.fixture
def content(library: HuggingFaceLibrary, tmp_path: Path) -> str:
    folder = tmp_path / "tiny"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({**GPT2, "n_positions": 12}))
    (folder / "model.safetensors").write_bytes(safetensors())
    (folder / "tokenizer.json").write_text("{}")
    return from_folder(library, folder)


def found(model: HuggingFaceModel, library: HuggingFaceLibrary, **facts: object) -> list[Problem]:
    return [*remarks(model, library.runs, TEXT.model_copy(update=facts))]


def test_other_tokens_than_the_models_own_are_found(
    library: HuggingFaceLibrary, content: str
) -> None:
    own = library.held(content).files["tokenizer.json"].sha256
    (problem,) = found(spec(content), library, tokens_per_sample=8)
    assert problem.path == "model.origin.weights"
    assert "tiny was trained with the tokens of its own tokenizer" in problem.message
    assert str(library.folder(content)) in problem.remedy
    assert found(spec(content), library, tokens_per_sample=8, tokenizer=own) == []
    assert found(spec(content, weights="random"), library, tokens_per_sample=8) == []


def test_samples_longer_than_its_positions_are_found(
    library: HuggingFaceLibrary, content: str
) -> None:
    model = spec(content, weights="random")
    (problem,) = found(model, library)
    assert (problem.path, "16 tokens" in problem.message) == ("model.block_size", True)
    assert "12 positions" in problem.message


def test_lora_beside_random_weights_is_found(library: HuggingFaceLibrary) -> None:
    (problem,) = found(configured("gpt2", {}, tuning=LoRATuning()), library)
    assert problem.path == "model.tuning"


def test_a_head_for_another_task_is_refused(library: HuggingFaceLibrary) -> None:
    model = configured("bert", {}, head="SequenceClassification")
    (problem,) = refusals(model, library.runs, TEXT)
    assert str(problem).startswith("model.head: does not fit the task 'causal-lm'")
    assert [*refusals(configured("bert", {}), library.runs, TEXT)] == []


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"vocab_size": 5}, "'vocab_size' is taken from the data, its vocabulary"),
        ({"image_size": 5}, "'image_size' is taken from the data"),
        ({"auto_map": {"AutoModel": "/tmp/c.D"}}, "'auto_map' says what code or weights are"),
        ({"attn_implementation": "some/kernel"}, "says what code or weights are loaded"),
        ({"__class__": 5}, "no name of a setting"),
        ({"a" * 80: 5}, "no name of a setting"),
        ({"a": "x" * 30_000}, "more than 20,000 characters"),
        ("oops", "written as name=value, such as n_layer=2, or as a JSON object; 'oops' is"),
    ],
)
def test_settings_that_nobody_may_set_are_refused(config: dict[str, Any], said: str) -> None:
    document = {"kind": "hugging-face", "origin": {"source": "configuration", "config": config}}
    with pytest.raises(BadInput, match=said):
        HuggingFaceModel.parse(document)


@pytest.mark.parametrize("place", ["/tmp/code.Model", "../code.Model", "..\\code.Model"])
def test_code_outside_of_what_was_consented_to_is_refused(place: str) -> None:
    config = {"model_type": "gpt2", "auto_map": {"AutoModelForCausalLM": place}}
    with pytest.raises(ModelRefused, match="code in another folder"):
        read_settings(json.dumps(config).encode())


def test_a_folder_of_hugging_face_is_told_from_code(tmp_path: Path, content: str) -> None:
    tiny = tmp_path / "tiny"
    assert is_meant("hf:openai-community/gpt2")
    assert is_meant(f"hf:{tiny}")
    assert is_meant(str(tiny))
    assert not is_meant(str(tiny / "config.json"))
    assert not is_meant(str(tmp_path / "nowhere"))
    (tiny / "model.py").write_text("")
    assert not is_meant(str(tiny)), "code with a config.json beside it"


def test_the_command_line_brings_in_lists_and_shows(
    library: HuggingFaceLibrary, content: str
) -> None:
    folder, runs = str(library.runs / "tiny"), str(library.runs)

    def said(*arguments: str) -> str:
        done = CliRunner().invoke(app, ["models", *arguments, "--runs", runs])
        assert done.exit_code == 0, done.output
        return done.output

    assert content in said("import", folder)
    assert f"{content[:12]}" in said("list")
    shown = said("show", content[:8])
    assert "Architecture gpt2 (GPT2LMHeadModel)" in shown
    assert "Weights: safetensors, 2 numbers. Tokenizer: yes." in shown
    made = RunSpec.parse_json(said("spec", content[:8], "--data", "python-docs"))
    assert isinstance(made.model, HuggingFaceModel)
    assert made.model.content == content
    refused = CliRunner().invoke(
        app, ["models", "spec", content[:8], "--data", "iris", "--runs", runs]
    )
    assert refused.exit_code != 0
