"""The Launch page measures batch sizes and puts the one that is chosen into the form."""

from __future__ import annotations

import pytest

from components import batch_size_finder
from components.form_schema import value_at
from engine.batch_size.search import BatchSizes, Trial, TrialsFailed
from engine.examples import EXAMPLES
from tests.pages.test_launch import DraftFile, healthy, opened, runs  # noqa: F401 - a fixture

MEASURED = BatchSizes(
    (
        Trial(1, True, 300_000_000, 100.0),
        Trial(2, True, 300_000_000, 190.0),
        Trial(4, True, 310_000_000, 360.0),
        Trial(8, True, 320_000_000, 361.0),
        Trial(16, False),
    )
)


def button(app, key):
    return next(one for one in app.button if one.key == key)


@pytest.fixture
def measured(monkeypatch):
    """A search that gives known trials at once; the real one is that of the command's tests."""

    def search(spec, _, *, memory_bytes, on_trial):
        assert memory_bytes > 0
        for trial in MEASURED.trials:
            on_trial(trial)
        return MEASURED

    monkeypatch.setattr(batch_size_finder, "find_batch_size", search)


def test_what_was_measured_is_shown_and_can_be_used(runs, measured):  # noqa: F811
    app = opened()
    healthy(button(app, "launch.batch-size").click().run())
    said = " ".join(caption.value for caption in app.caption)
    assert "Largest that was tried and fits: 8. About as fast as any: 4." in said
    use = button(app, "launch.use-batch-size")
    assert use.label == "Use batches of 4, accumulated 3 times"
    healthy(use.click().run())
    kept = DraftFile(runs).read(EXAMPLES["gpt-python-docs"].spec).document
    assert value_at(kept, "training.batching.batch_size") == 4
    assert value_at(kept, "training.batching.accumulate") == 3
    assert not [one for one in app.button if one.key == "launch.use-batch-size"]


def test_a_failure_is_said_in_words_and_the_form_stays(runs, monkeypatch):  # noqa: F811
    def search(spec, _, *, memory_bytes, on_trial):
        raise TrialsFailed("its process ended with code 3")

    monkeypatch.setattr(batch_size_finder, "find_batch_size", search)
    app = opened()
    healthy(button(app, "launch.batch-size").click().run())
    assert any("its process ended with code 3" in error.value for error in app.error)
    assert button(app, "launch.start")


def test_a_trial_is_a_line():
    assert batch_size_finder.words(MEASURED.trials[0]) == "1: 100 samples/s, 300 MB"
    assert batch_size_finder.words(MEASURED.trials[-1]) == "16: does not fit"
