"""Files with a RunSpec or a TrainingConfig."""

import json

import pytest

from engine.documents.spec_files import load_spec, load_training, save
from engine.documents.versions import VERSION
from engine.errors import BadInput
from engine.examples import EXAMPLES
from engine.training_config import SGDConfig, TrainingConfig

SPECS = [example.spec for example in EXAMPLES.values()]


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_a_spec_and_its_training_are_read_back_equal(spec, tmp_path):
    save(spec, tmp_path / "spec.json")
    save(spec.training, str(tmp_path / "training.json"))
    assert load_spec(str(tmp_path / "spec.json")) == spec
    assert load_training(tmp_path / "training.json") == spec.training


def test_a_file_of_training_says_its_version_and_every_setting(tmp_path):
    save(TrainingConfig(optimizer=SGDConfig()), tmp_path / "training.json")
    document = json.loads((tmp_path / "training.json").read_bytes())
    assert document["version"] == VERSION
    assert document["training"]["optimizer"]["momentum"] == 0.9


def test_all_that_is_wrong_is_said_with_the_paths_of_the_file(tmp_path):
    path = tmp_path / "training.json"
    path.write_text('{"training": {"batching": {"batch_size": 0}, "colour": 1}}')
    with pytest.raises(BadInput) as caught:
        load_training(path)
    assert {problem.path for problem in caught.value.problems} == {
        "training.batching.batch_size",
        "training.colour",
    }


def test_a_file_of_a_newer_version_is_refused(tmp_path):
    path = tmp_path / "training.json"
    path.write_text(json.dumps({"version": VERSION + 1, "training": {}}))
    with pytest.raises(BadInput, match="update Traindeck"):
        load_training(path)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[1]", b"x" * 10_000_001])
def test_what_holds_no_spec_is_refused(content, tmp_path):
    path = tmp_path / "spec.json"
    path.write_bytes(content)
    with pytest.raises(BadInput):
        load_spec(path)


def test_a_file_that_is_not_there_is_refused_by_name(tmp_path):
    with pytest.raises(BadInput, match=r"none\.json: the file cannot be read: No such file"):
        load_spec(tmp_path / "none.json")


def test_a_file_that_cannot_be_written_is_refused_by_name(tmp_path):
    with pytest.raises(BadInput, match=r"spec\.json: the file cannot be written"):
        save(SPECS[0], tmp_path / "nowhere" / "spec.json")
