"""Which settings of a form are other than those of the run that it forks."""

import json

import pytest

from components.draft import Draft, DraftFile
from components.forking import changes_of
from engine.frozen import with_changes
from tests import fabricate

PARENT = fabricate.IMAGES


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"training.optimizer.lr": 1e-4, "training.batching.batch_size": 7},
        {"training.parameters.lr_factors": ("head.*=10", "blocks.0.*=0.1")},
        {"training.early_stopping.patience": 3},
        {"model.layers": 2},
    ],
)
def test_the_changes_are_those_that_were_made(changes):
    assert changes_of(PARENT, with_changes(PARENT, {**changes, "name": "mine"})) == changes


def test_another_variant_is_one_change_and_makes_the_same_spec():
    spec = with_changes(PARENT, {"training.optimizer": {"name": "sgd", "momentum": 0.5}})
    changes = changes_of(PARENT, spec)
    assert list(changes) == ["training.optimizer"]
    assert with_changes(PARENT, changes) == spec


def test_a_draft_file_keeps_a_fork_and_what_was_there_before(tmp_path):
    draft = Draft.of(fabricate.TEXT).forking("20260101-000000-aaaaaa", 50, PARENT)
    file = DraftFile(tmp_path)
    file.write(draft)
    assert file.read(fabricate.TEXT) == draft
    assert file.read(fabricate.TEXT).unforked() == Draft.of(fabricate.TEXT)


@pytest.mark.parametrize("fork", ["x", {}, {"run_id": 1, "step": 2, "before": {}}, None])
def test_a_fork_that_cannot_be_read_is_none(tmp_path, fork):
    file = DraftFile(tmp_path)
    file.write(Draft.of(PARENT))
    text = file.path.read_text()
    assert '"fork": null' in text
    file.path.write_text(text.replace('"fork": null', f'"fork": {json.dumps(fork)}'))
    assert file.read(fabricate.TEXT) == Draft.of(PARENT)
