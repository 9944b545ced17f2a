"""A diff of two configurations: every setting that is not the same, and no other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.data.specs import InMemoryData
from engine.documents.differences import Difference, compare, differing, settings
from engine.examples import EXAMPLES
from engine.frozen import with_changes
from engine.models.specs import InMemoryModel
from engine.run_spec import RunSpec
from engine.task_spec import TaskSpec
from engine.training_config import SGDConfig, TrainingConfig

SPECS = [example.spec for example in EXAMPLES.values()]
GPT = EXAMPLES["gpt-python-docs"].spec


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_equal_specs_have_no_difference(spec):
    assert compare(spec, RunSpec.parse_json(spec.to_json())) == ()


def test_differences_are_told_by_path_and_label_in_the_order_of_the_form():
    after = with_changes(
        GPT,
        {
            "training.scheduler": {"name": "constant", "warmup_steps": 2},
            "model.layers": 7,
            "training.gradients.clip_norm": None,
        },
    )
    expected = [
        Difference("model.layers", "Layers", 4, 7, "changed"),
        Difference(
            "training.scheduler.name", "Learning-rate schedule", "cosine", "constant", "changed"
        ),
        Difference("training.scheduler.warmup_steps", "Warmup", 50, 2, "changed"),
        Difference("training.scheduler.floor", "Floor", 0.1, None, "only left"),
        Difference("training.scheduler.restarts", "Restarts", 0, None, "only left"),
        Difference("training.gradients.clip_norm", "Clip gradient norm", 1.0, None, "changed"),
    ]
    found = compare(GPT, after)
    assert [item for item in found if item in expected] == expected
    others = [item.path for item in found if item not in expected]
    assert [path for path in others if not path.startswith("training.scheduler.")] == []


def test_a_setting_that_only_the_right_side_has_is_told_as_that():
    sgd = with_changes(TrainingConfig(), {"optimizer": SGDConfig().model_dump()})
    kinds = {item.path: item.kind for item in compare(TrainingConfig(), sgd)}
    assert kinds["optimizer.momentum"] == "only right"
    assert kinds["optimizer.beta1"] == "only left"
    assert kinds["optimizer.name"] == "changed"
    assert "optimizer.decay_vectors" not in kinds


def test_what_a_program_said_about_its_model_is_compared_too():
    def spec(**config):
        return RunSpec(
            task=TaskSpec(), model=InMemoryModel(class_name="N", config=config), data=InMemoryData()
        )

    (found,) = compare(spec(width=3, deep={"a": 1}), spec(width=3, deep={"a": 2}))
    assert found.path == "model.config.deep.a"
    assert (found.left, found.right) == (1, 2)
    (found,) = compare(spec(), spec(width=3))[1:]
    assert (found.path, found.kind) == ("model.config.width", "only right")


@given(st.lists(st.sampled_from(SPECS), min_size=2, max_size=4))
def test_a_setting_differs_among_several_when_it_differs_between_any_two(specs):
    sides = [settings(spec) for spec in specs]
    pairs = {item.path for left in specs for right in specs for item in compare(left, right)}
    assert set(differing(sides)) == pairs


@given(st.sampled_from(SPECS), st.sampled_from(SPECS))
def test_the_other_way_round_left_and_right_change_places(left, right):
    turned = {"only left": "only right", "only right": "only left", "changed": "changed"}
    there = {(i.path, repr(i.left), repr(i.right), i.kind) for i in compare(left, right)}
    back = {(i.path, repr(i.right), repr(i.left), turned[i.kind]) for i in compare(right, left)}
    assert there == back
