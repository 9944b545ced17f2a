"""Documents of every version that was ever written are understood, or refused in clear words."""

import json
from pathlib import Path
from typing import get_args

import pytest

from engine.documents.versions import MIGRATIONS, VERSION, Versioned, migrated
from engine.errors import BadInput
from engine.examples import EXAMPLES
from engine.run_spec import RunSpec
from engine.runs.store import RunStore
from engine.training_config import ParametersConfig, TrainingConfig

OLD = {path.name: path for path in (Path(__file__).parent / "documents").glob("spec-*.json")}
"""Files as an earlier Traindeck wrote them; they are never changed."""
SPEC = EXAMPLES["gpt-python-docs"].spec


def written_by_another(version, **fields):
    return SPEC.model_dump(mode="json") | {"version": version, **fields}


def words(document):
    with pytest.raises(BadInput) as caught:
        RunSpec.parse(document)
    return str(caught.value)


@pytest.mark.parametrize("name", OLD)
def test_a_document_as_it_was_once_written_still_loads(name):
    spec = RunSpec.parse_json(OLD[name].read_bytes())
    assert spec.version == VERSION
    assert spec.training.batching.batch_size in (12, 32)


@pytest.mark.parametrize(
    ("name", "vectors"), [("spec-1-gpt.json", True), ("spec-1-vit.json", False)]
)
def test_the_decay_of_vectors_of_version_1_is_that_of_norms_and_biases(name, vectors):
    parameters = RunSpec.parse_json(OLD[name].read_bytes()).training.parameters
    assert parameters == ParametersConfig(decay_norms=vectors, decay_biases=vectors)


def test_every_earlier_version_has_a_document_and_a_migration():
    earlier = set(range(1, VERSION))
    assert set(MIGRATIONS) == earlier
    written = {json.loads(path.read_bytes())["version"] for path in OLD.values()}
    assert written >= earlier


def test_the_schema_says_the_version_that_is_written():
    assert get_args(Versioned.model_fields["version"].annotation) == (VERSION,)


def test_a_newer_document_is_refused_with_what_to_do():
    said = words(written_by_another(VERSION + 1, colour="unknown here"))
    assert f"version {VERSION + 1}" in said
    assert "update Traindeck" in said
    assert "colour" not in said


@pytest.mark.parametrize("version", [0, -1, "1", None, 1.5, [], 10**30])
def test_what_is_no_version_is_refused(version):
    assert "version" in words(written_by_another(version))


def test_a_document_without_a_version_is_one_of_today():
    document = SPEC.model_dump(mode="json")
    del document["version"]
    assert RunSpec.parse(document) == SPEC


def test_migrations_are_made_one_after_another_on_a_copy():
    document = {"version": 1, "old": {"lr": 3}}
    steps = {
        1: lambda d: {"middle": d.pop("old")},
        2: lambda d: {"new": d["middle"]["lr"]},
    }
    assert migrated(document, steps, 3) == {"version": 3, "new": 3}
    assert document == {"version": 1, "old": {"lr": 3}}
    assert migrated({"version": 2, "middle": {"lr": 5}}, steps, 3) == {"version": 3, "new": 5}


@pytest.mark.parametrize("version", range(1, VERSION + 1))
@pytest.mark.parametrize("training", [None, 3, "x", [], {"optimizer": None}, {"optimizer": []}])
def test_a_migration_leaves_nonsense_to_be_refused(version, training):
    assert "training" in words(written_by_another(version, training=training))


def test_a_run_of_an_earlier_version_can_be_read(tmp_path):
    run = RunStore(tmp_path).create(SPEC)
    record = json.loads((run.folder / "run.json").read_bytes())
    record["spec"] = json.loads(OLD["spec-1-gpt.json"].read_bytes())
    (run.folder / "run.json").write_text(json.dumps(record))
    (summary,) = RunStore(tmp_path).list()
    assert summary.record is not None
    assert summary.record.spec.training.scheduler.name == "linear"


def test_a_run_of_a_newer_version_is_said_to_be_one(tmp_path):
    run = RunStore(tmp_path).create(SPEC)
    record = json.loads((run.folder / "run.json").read_bytes())
    record["spec"]["version"] = VERSION + 1
    (run.folder / "run.json").write_text(json.dumps(record))
    (summary,) = RunStore(tmp_path).list()
    assert "update Traindeck" in summary.damage


def test_training_alone_is_no_versioned_document():
    assert "version" not in TrainingConfig.model_fields
