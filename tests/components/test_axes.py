"""Where points lie on every x axis, and why a run may not have one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.live_feed.axes import NoSuchAxis, scale
from components.live_feed.batches import Batches
from engine.data.specs import MaskedDocsSpec
from engine.estimate import samples_seen
from engine.run_spec import RunSpec
from engine.runs.record import Origin
from engine.runs.store import RunStore
from engine.training_config import TrainingConfig
from tests.fabricate import IMAGES, TEXT, run_of


@given(
    samples=st.integers(1, 300),
    batch_size=st.integers(1, 60),
    accumulate=st.integers(1, 5),
    step=st.integers(0, 500),
)
def test_samples_are_counted_as_the_engine_counts_them(samples, batch_size, accumulate, step):
    batching = {"batch_size": batch_size, "accumulate": accumulate}
    config = TrainingConfig.parse({"batching": batching})
    batches = Batches(batch_size, accumulate, samples)
    assert batches.samples(step) == samples_seen(config, samples, step)
    assert batches.steps(batches.samples(step)) == pytest.approx(step, abs=1e-9)


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "runs")


def with_samples(run, count):
    run.write_state(run.state().model_copy(update={"train_samples": count}))
    return run


def x_of(run, axis, step):
    return scale(axis, run, run.state()).x_of(step)


def test_tokens_are_samples_times_the_length_of_each(store):
    run = with_samples(run_of(store, TEXT), 1000)
    batch = TEXT.training.batching.batch_size * TEXT.training.batching.accumulate
    assert x_of(run, "examples", 3) == 3 * batch
    assert x_of(run, "tokens", 3) == 3 * batch * TEXT.model.block_size


@pytest.mark.parametrize(
    ("spec", "count", "axis", "told"),
    [
        (TEXT, None, "examples", "has not told the size of its training data"),
        (TEXT, None, "tokens", "has not told the size of its training data"),
        (IMAGES, 1000, "tokens", "its samples are not text, or texts of different lengths"),
    ],
)
def test_an_axis_of_samples_that_are_not_known_is_explained(store, spec, count, axis, told):
    run = with_samples(run_of(store, spec), count)
    with pytest.raises(NoSuchAxis, match=told):
        scale(axis, run, run.state())


def forked(store, parent_id, spec=TEXT):
    run = with_samples(run_of(store, spec), 1000)
    origin = Origin(run_id=parent_id, step=10)
    run.__dict__["record"] = run.record.model_copy(update={"origin": origin})
    return run


def test_a_fork_counts_its_samples_if_it_began_with_the_same_batches(store):
    parent = with_samples(run_of(store), 1000)
    assert x_of(forked(store, parent.id), "examples", 50) == x_of(parent, "examples", 50)


def test_a_fork_that_began_otherwise_does_not_know_its_samples(store):
    parent = with_samples(run_of(store), 1000)
    other = RunSpec.parse(
        TEXT.model_dump() | {"training": {"batching": {"batch_size": 1, "accumulate": 7}}}
    )
    for parent_id, told in [(parent.id, "another size"), ("20260101-000000-abcdef", "cannot be")]:
        run = forked(store, parent_id, other)
        with pytest.raises(NoSuchAxis, match=told):
            scale("examples", run, run.state())


def test_masked_texts_have_the_length_of_their_data(store):
    spec = RunSpec.parse(
        TEXT.model_dump()
        | {
            "task": {"kind": "masked-lm"},
            "model": {"kind": "encoder"},
            "data": MaskedDocsSpec(length=32).model_dump(),
        }
    )
    run = with_samples(run_of(store, spec), 1000)
    assert x_of(run, "tokens", 1) == 32 * x_of(run, "examples", 1)


def test_wall_time_is_that_of_the_clock(store):
    run = run_of(store)
    placed = scale("wall", run, run.state())
    assert placed.x_of(1_700_000_000.25) == 1_700_000_000.25
    np.testing.assert_array_equal(placed.xs_of(np.array([5.5])), [5.5])
