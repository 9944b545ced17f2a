"""Examples and presets: every combination can be run as it stands."""

from itertools import product
from pathlib import Path

import pytest

from engine.data.sources import facts_of
from engine.examples import EXAMPLES
from engine.frozen import with_changes
from engine.machine import MachineFacts, machine_facts
from engine.models.specs import (
    MODEL_TASKS,
    CNNSpec,
    InMemoryModel,
    MLPSpec,
    ResNetSpec,
    TabularTransformerSpec,
    ViTSpec,
)
from engine.preflight import estimate, preflight
from engine.presets import PRESETS
from engine.recipes import BASELINE, LOW_MEMORY
from engine.run_spec import RunSpec

SMALL_MACHINE = MachineFacts(
    cores=2, memory_bytes=8 * 10**9, memory_available_bytes=4 * 10**9, disk_free_bytes=10**10
)
SPECS = {name: example.spec for name, example in EXAMPLES.items()} | {
    f"digits-{model.kind}": with_changes(
        EXAMPLES["digits-vision"].spec, {"model": model.model_dump()}
    )
    for model in (ViTSpec(), CNNSpec(), ResNetSpec(), MLPSpec())
}
SPECS |= {
    f"{name}-transformer": with_changes(
        SPECS[name], {"model": TabularTransformerSpec().model_dump()}
    )
    for name in ("cancer-table", "diabetes-table")
}


@pytest.mark.parametrize(("name", "preset"), [*product(SPECS, PRESETS)])
def test_every_preset_of_everything_passes_the_preflight_without_a_word(name, preset):
    spec = PRESETS[preset].apply(SPECS[name])
    assert preflight(spec, facts_of(spec.data, spec.model), SMALL_MACHINE) == []


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_pass_the_preflight_on_this_machine(name):
    spec = EXAMPLES[name].spec
    assert preflight(spec, facts_of(spec.data, spec.model), machine_facts(Path())) == []


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_baseline_is_the_example(name):
    assert PRESETS["baseline"].apply(EXAMPLES[name].spec) == EXAMPLES[name].spec


@pytest.mark.parametrize(("name", "first", "second"), [*product(SPECS, PRESETS, PRESETS)])
def test_a_preset_gives_the_same_whatever_was_chosen_before(name, first, second):
    apply = PRESETS[second].apply
    assert apply(PRESETS[first].apply(SPECS[name])) == apply(SPECS[name])


@pytest.mark.parametrize("name", SPECS)
def test_presets_do_what_their_names_say(name):
    of = {
        preset: estimate(spec, facts_of(spec.data, spec.model))
        for preset, spec in ((p, PRESETS[p].apply(SPECS[name])) for p in PRESETS)
    }
    assert of["quick_prototype"].flops < of["baseline"].flops / 3
    assert of["production"].flops > 3 * of["baseline"].flops
    assert of["production"].parameters > of["baseline"].parameters
    assert of["low_memory"].memory_bytes < of["baseline"].memory_bytes
    assert of["low_memory"].disk_bytes < of["baseline"].disk_bytes
    assert of["low_memory"].parameters == of["baseline"].parameters


def test_every_preset_has_a_recipe_for_every_kind_of_model():
    for preset in PRESETS.values():
        assert {"in-memory", *MODEL_TASKS} <= set(preset.recipes)
        assert set(preset.recipes) == set(BASELINE)


def test_a_recipe_of_its_own_is_for_a_task_that_the_model_does():
    own = [key.split("/") for key in BASELINE if "/" in key]
    assert own
    assert all(task in MODEL_TASKS[kind] for kind, task in own)
    gpt, table = (
        PRESETS["baseline"].recipe(*key.split("/")) for key in ("gpt/causal-lm", "mlp/wine")
    )
    assert (gpt, table) == (BASELINE["gpt"], BASELINE["mlp"])
    assert PRESETS["baseline"].recipe("bert", "causal-lm") is None


def test_low_memory_makes_the_updates_of_the_baseline():
    for kind, recipe in LOW_MEMORY.items():
        assert recipe.batch_size * recipe.accumulate == BASELINE[kind].batch_size


def test_a_preset_leaves_a_model_from_memory_alone():
    model = InMemoryModel(class_name="Net", config={"width": 3})
    spec = with_changes(EXAMPLES["digits-mlp"].spec, {"model": model.model_dump()})
    assert PRESETS["quick_prototype"].apply(spec).model == model


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_survive_their_json(name):
    spec = EXAMPLES[name].spec
    assert RunSpec.parse_json(spec.to_json()) == spec
    assert spec.name == name
    assert EXAMPLES[name].title
    assert EXAMPLES[name].sentence.endswith(".")
