"""The builder: what is asked for call by call is in the document, or is refused."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.checks.fit import MODEL_TASKS
from engine.data.specs import DigitsSpec
from engine.documents.schema import group
from engine.errors import BadInput
from engine.examples import EXAMPLES
from engine.frozen import with_changes
from engine.models.specs import GPTSpec, MLPSpec
from engine.presets import PRESETS
from engine.run_spec import RunSpec
from engine.training_config import BatchingConfig, EMAConfig, SGDConfig, SkipConfig, TrainingConfig
from engine.training_config_builder import GROUPS, TrainingConfigBuilder


def refused(builder):
    with pytest.raises(BadInput) as caught:
        builder.build()
    return {problem.path: str(problem) for problem in caught.value.problems}


def test_nothing_asked_for_is_the_default():
    assert TrainingConfigBuilder().build() == TrainingConfig()


def test_every_call_sets_what_it_says():
    built = (
        TrainingConfigBuilder()
        .with_training(epochs=3, batch_size=8, clip_norm=None, patience=4)
        .with_optimizer("sgd", lr=0.3, nesterov=True)
        .with_scheduler("linear", warmup_steps=5, floor=0.2)
        .with_evaluation(every_steps=7, batch_size=16)
        .with_hardware(device="cpu", threads=1, dtype="bf16")
        .with_logging(every_steps=2)
        .with_checkpointing(keep_last=5)
        .with_reproducibility(seed=11)
        .with_export("safetensors")
        .build()
    )
    assert built == with_changes(
        TrainingConfig(),
        {
            "length": {"amount": 3, "unit": "epochs"},
            "batching.batch_size": 8,
            "gradients.clip_norm": None,
            "early_stopping.patience": 4,
            "optimizer": {"name": "sgd", "lr": 0.3, "nesterov": True},
            "scheduler": {"name": "linear", "warmup_steps": 5, "floor": 0.2},
            "evaluation.every_steps": 7,
            "evaluation.batch_size": 16,
            "hardware": {"device": "cpu", "threads": 1},
            "precision.dtype": "bf16",
            "logging.every_steps": 2,
            "checkpointing.keep_last": 5,
            "reproducibility.seed": 11,
        },
    )


def test_every_group_of_the_configuration_has_one_method():
    groups = [name for names in GROUPS.values() for name in names] + ["optimizer", "scheduler"]
    assert sorted(groups) == sorted(TrainingConfig.model_fields)


@pytest.mark.parametrize("method", GROUPS)
def test_every_field_of_a_group_can_be_set_by_its_name(method):
    for name in GROUPS[method]:
        one_shape = group(TrainingConfig.model_fields[name].annotation)  # variants are given whole
        for field in one_shape.model_fields if one_shape else ():
            value = getattr(getattr(TrainingConfig(), name), field)
            builder = getattr(TrainingConfigBuilder(), method)(**{field: value})
            assert builder.build() == TrainingConfig()


def test_a_builder_is_never_changed():
    first = TrainingConfigBuilder().with_training(batch_size=8)
    second = first.with_training(batch_size=16, accumulate=2)
    third = first.with_optimizer(lr=0.5)
    assert first.build().batching == BatchingConfig(batch_size=8)
    assert second.build().batching == BatchingConfig(batch_size=16, accumulate=2)
    assert third.build().batching == first.build().batching
    with pytest.raises(AttributeError):
        first._preset = "baseline"


def test_a_group_or_a_variant_can_be_given_whole():
    built = (
        TrainingConfigBuilder()
        .with_training(batching=BatchingConfig(batch_size=5), length={"amount": 80})
        .with_training(averaging={"name": "ema", "decay": 0.9}, divergence=SkipConfig(limit=2))
        .with_optimizer(SGDConfig(lr=0.4))
        .build()
    )
    assert built.averaging == EMAConfig(decay=0.9)
    assert built.divergence == SkipConfig(limit=2)
    assert (built.batching.batch_size, built.length.amount) == (5, 80)
    assert built.optimizer == SGDConfig(lr=0.4)


def test_another_optimizer_starts_from_its_own_defaults():
    builder = TrainingConfigBuilder().with_optimizer("adamw", lr=3e-4, beta2=0.95)
    assert builder.with_optimizer("sgd").build().optimizer == SGDConfig()
    assert builder.with_optimizer(beta1=0.8).build().optimizer.beta2 == 0.95


# -- a whole run -------------------------------------------------------------------------------


def test_with_model_and_data_a_whole_run_is_built():
    spec = (
        TrainingConfigBuilder()
        .with_model("mlp", width=64)
        .with_training(epochs=2)
        .with_dataset("digits", val_fraction=0.3)
        .with_name("mine")
        .build()
    )
    assert isinstance(spec, RunSpec)
    assert spec.name == "mine"
    assert spec.model == MLPSpec(width=64)
    assert spec.data == DigitsSpec(val_fraction=0.3)
    assert spec.task.kind == "image-classification"
    assert spec.training.length.unit == "epochs"


def test_a_task_can_have_settings():
    builder = TrainingConfigBuilder().with_model(MLPSpec()).with_dataset(DigitsSpec())
    loss = {"name": "cross-entropy", "label_smoothing": 0.1}
    spec = builder.with_task("image-classification", loss=loss).build()
    assert spec.task.loss.label_smoothing == 0.1


def test_the_task_is_that_of_the_data_for_a_model_of_several():
    builder = TrainingConfigBuilder.quick_prototype().with_model("mlp")
    kinds = [
        builder.with_dataset(source).build().task.kind for source in ("digits", "wine", "diabetes")
    ]
    assert kinds == ["image-classification", "tabular-classification", "tabular-regression"]
    pairs = TrainingConfigBuilder().with_model("seq2seq").with_dataset("restore-docs").build()
    assert pairs.task.inputs == ("inputs", "decoder_inputs")


@pytest.mark.parametrize(
    ("builder", "paths"),
    [
        (TrainingConfigBuilder().with_model("gpt"), {"data"}),
        (TrainingConfigBuilder().with_dataset("digits"), {"model"}),
        (TrainingConfigBuilder().with_model("bert").with_dataset("digits"), {"model.kind"}),
    ],
)
def test_a_run_without_model_or_data_is_refused(builder, paths):
    assert set(refused(builder)) == paths


# -- presets -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("example", EXAMPLES)
def test_a_preset_is_that_of_the_form(name, example):
    spec = PRESETS[name].apply(EXAMPLES[example].spec)
    builder = TrainingConfigBuilder.preset(name).with_model(spec.model.kind)
    built = builder.with_dataset(spec.data.source).build()
    assert built.model == spec.model
    assert built.training.optimizer == spec.training.optimizer
    assert built.training.length == spec.training.length
    assert built.training.batching == spec.training.batching
    if MODEL_TASKS[spec.model.kind][0] == spec.task.kind:
        alone = TrainingConfigBuilder.preset(name, model=spec.model.kind).build()
        assert alone == built.training


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_has_a_method_and_settings_win_over_it_whichever_comes_first(name):
    builder = getattr(TrainingConfigBuilder, name)()
    assert builder.build() == TrainingConfigBuilder.preset(name).build()
    built = builder.with_training(steps=77).with_optimizer(lr=0.5).build()
    assert built.length.amount == 77
    assert built.optimizer == builder.build().optimizer.model_copy(update={"lr": 0.5})


def test_a_models_own_settings_win_over_the_presets():
    quick = TrainingConfigBuilder.quick_prototype()
    assert quick.with_model("gpt", layers=3).with_dataset("python-docs").build().model == GPTSpec(
        layers=3, heads=2, width=96
    )
    assert quick.with_model(GPTSpec()).with_dataset("python-docs").build().model == GPTSpec()


def test_what_cannot_be_done_is_refused():
    assert "built yet" in refused(TrainingConfigBuilder.distributed())["preset"]
    assert refused(TrainingConfigBuilder.preset("distributed")) == refused(
        TrainingConfigBuilder.distributed()
    )
    assert "baseline" in refused(TrainingConfigBuilder.preset("fast"))["preset"]
    assert (
        "'onnx'"
        in refused(TrainingConfigBuilder().with_export("safetensors", "onnx"))["with_export"]
    )


# -- mistakes ----------------------------------------------------------------------------------


def test_all_mistakes_are_said_at_once_with_their_paths():
    builder = (
        TrainingConfigBuilder()
        .with_training(batch_size=0, learning_rate=3)
        .with_hardware(gpus=4, device="tpu")
        .with_optimizer("adamw", momentum=0.9)
        .with_scheduler("sine")
        .with_export("onnx")
    )
    assert set(refused(builder)) == {
        "with_training.learning_rate",
        "with_hardware.gpus",
        "with_export",
        "batching.batch_size",
        "hardware.device",
        "optimizer.momentum",
        "scheduler.name",
    }
    assert "threads" in refused(builder)["with_hardware.gpus"]


@pytest.mark.parametrize(
    ("settings", "path"),
    [
        ({"steps": 3, "epochs": 2}, "with_training.epochs"),
        ({"steps": 0}, "length.amount"),
        ({"steps": "many"}, "length.amount"),
        ({"batching": 3}, "batching"),
        ({"batching": {"batch": 3}}, "batching.batch"),
        ({"every_steps": 3}, "with_training.every_steps"),
    ],
)
def test_a_wrong_setting_is_refused(settings, path):
    assert list(refused(TrainingConfigBuilder().with_training(**settings))) == [path]


@given(st.dictionaries(st.text(max_size=8), st.integers() | st.text(max_size=3), max_size=4))
def test_no_keyword_breaks_the_builder(settings):
    with suppress(BadInput):
        TrainingConfigBuilder().with_training(**settings).build()
