"""Preflight: what would fail is said before anything starts, with path and remedy."""

import pytest
import torch
from torch import nn

from engine.checks.resources import TIGHT
from engine.data.specs import DATA_TASKS
from engine.errors import BadInput
from engine.estimate import estimate
from engine.examples import EXAMPLES
from engine.frozen import with_changes
from engine.machine import GPU, MachineFacts
from engine.models.specs import MODEL_TASKS
from engine.preflight import preflight, refuse_errors
from engine.run_spec import RunSpec
from engine.runs.store import RunStore
from engine.task_spec import METRICS, TaskSpec
from engine.trainer import Trainer
from tests.engine.facts import IMAGES, MASKED, NUMBERS, PAIRS, TABLE, TEXT
from tests.engine.training import config

MACHINE = MachineFacts(
    cores=2, memory_bytes=10**12, memory_available_bytes=10**12, disk_free_bytes=10**11
)
GPT, CNN = EXAMPLES["gpt-python-docs"].spec, EXAMPLES["digits-vision"].spec
TOKENS = dict.fromkeys(("inputs", "decoder_inputs", "targets"), torch.zeros(64, 4).long())
REGRESSION = EXAMPLES["diabetes-table"].spec

NO_WARMUP = {"training.scheduler.warmup_steps": 0}


def changed(value, **changes):
    """A copy of facts or of a machine, without checks."""
    return type(value)(**{**dict(value), **changes})


def found(spec, facts, machine=MACHINE):
    """(severity, path) of every finding; each must say something."""
    findings = preflight(spec, facts, machine)
    assert all(finding.problem.message for finding in findings)
    return [(finding.severity, finding.problem.path) for finding in findings]


def test_what_fits_is_let_through():
    assert found(GPT, TEXT) == found(CNN, IMAGES) == []


@pytest.mark.parametrize(
    ("base", "changes", "severity", "path", "words"),
    [
        (GPT, {"model.block_size": 32_051}, "error", "model.block_size", "At most 6,400 fits"),
        (GPT, {"model.block_size": 6401}, "error", "model.block_size", "validation text"),
        (GPT, {"model": {"kind": "mlp"}}, "error", "model.kind", "'gpt'"),
        (CNN, {"model": {"kind": "gpt"}}, "error", "model.kind", "'vit', 'cnn', 'resnet', 'mlp'"),
        (CNN, {"model": {"kind": "encoder"}}, "error", "model.kind", "does not do task"),
        (
            CNN,
            {"model": {"kind": "in-memory", "class_name": "Net"}},
            "error",
            "model.kind",
            "program that made it",
        ),
        (
            CNN,
            {"model": {"kind": "vit", "patch_size": 3}},
            "error",
            "model.patch_size",
            "1, 2, 4, 8",
        ),
        (CNN, {"model.stages": 5}, "error", "model.stages", "at most 4"),
        (CNN, {"task.inputs": ["pixels"]}, "error", "task.inputs", "'inputs'"),
        (CNN, {"task.target": "label"}, "error", "task.target", "'targets'"),
        (
            CNN,
            {"training.batching.batch_size": 1001, **NO_WARMUP},
            "error",
            "training.batching.batch_size",
            "1,000",
        ),
        (
            CNN,
            {"training.batching.accumulate": 32, **NO_WARMUP},
            "error",
            "training.batching.accumulate",
            "31",
        ),
        (
            CNN,
            {"training.scheduler.warmup_steps": 800},
            "error",
            "training.scheduler.warmup_steps",
            "799",
        ),
        (
            GPT,
            {
                "training.scheduler": {
                    "name": "warmup-stable-decay",
                    "warmup_steps": 300,
                    "decay_share": 0.8,
                }
            },
            "error",
            "training.scheduler.decay_share",
            "at most 0.7",
        ),
        (
            GPT,
            {"training.scheduler": {"name": "step", "drop_every": 950}},
            "warning",
            "training.scheduler.drop_every",
            "before the first drop",
        ),
        (
            GPT,
            {"training.scheduler": {"name": "plateau", "drop_patience": 10}},
            "warning",
            "training.scheduler.drop_patience",
            "so many validations",
        ),
        (
            CNN,
            {"training.scheduler": {"name": "range-test"}, "training.logging.every_steps": 2},
            "error",
            "training.logging.every_steps",
            "every step",
        ),
        (
            GPT,
            {"training.parameters.frozen": ["nose.*"]},
            "error",
            "training.parameters.frozen",
            "tokens.weight, head.weight",
        ),
        (
            GPT,
            {"training.parameters.lr_factors": ["nose.*=2"]},
            "error",
            "training.parameters.lr_factors",
            "positions.weight",
        ),
        (
            CNN,
            {"training.optimizer": {"name": "muon"}},
            "error",
            "training.optimizer.name",
            "'adamw'",
        ),
        (CNN, {"training.hardware.device": "cuda"}, "error", "training.hardware.device", "'cpu'"),
        (
            CNN,
            {"training.evaluation.every_steps": 801},
            "warning",
            "training.evaluation.every_steps",
            "at the end",
        ),
        (
            CNN,
            {"training.checkpointing.every_steps": 801},
            "warning",
            "training.checkpointing.every_steps",
            "begin anew",
        ),
        (
            CNN,
            {
                "training.checkpointing.every_steps": None,
                "training.checkpointing.every_epochs": 30,
            },
            "warning",
            "training.checkpointing.every_epochs",
            "begin anew",
        ),
        (
            CNN,
            {"training.logging.every_steps": 801},
            "warning",
            "training.logging.every_steps",
            "one point",
        ),
        (
            CNN,
            {"training.early_stopping.patience": 18},
            "warning",
            "training.early_stopping.patience",
            "over before",
        ),
        (CNN, {"training.precision.dtype": "bf16"}, "warning", "training.precision.dtype", "fp32"),
        (
            GPT,
            {"training.optimizer": {"name": "muon"}},
            "warning",
            "training.optimizer.name",
            "orthogonal",
        ),
        (CNN, {"training.hardware.threads": 3}, "warning", "training.hardware.threads", "2 cores"),
        (GPT, {"task.loss.label_smoothing": 0.1}, "warning", "task.loss.label_smoothing", "Use 0"),
    ],
)
def test_one_mistake_gives_one_finding_at_its_field(base, changes, severity, path, words):
    facts = TEXT if base is GPT else IMAGES
    findings = preflight(with_changes(base, changes), facts, MACHINE)
    same = [finding.problem for finding in findings if finding.severity == severity]
    assert [problem.path for problem in same] == [path]
    assert words in str(same[0])
    assert severity == "error" or len(same) == len(findings)


@pytest.mark.parametrize(
    ("changes", "good"),
    [
        ({"model.block_size": 6400}, True),
        ({"training.batching.batch_size": 1000, "training.batching.accumulate": 1}, True),
        ({"training.batching.batch_size": 500, "training.batching.accumulate": 2}, True),
        ({"training.batching.batch_size": 500, "training.batching.accumulate": 3}, False),
    ],
)
def test_what_just_fits_is_let_through(changes, good):
    small = {"model.layers": 1, "model.width": 4, "training.evaluation.batch_size": 1}
    if "model.block_size" in changes:
        small["training.batching.batch_size"] = 1
    assert (found(with_changes(GPT, small | changes), TEXT) == []) is good


def test_data_for_another_task_is_refused():
    for spec, facts in ((GPT, IMAGES), (CNN, TEXT), (GPT, MASKED), (CNN, TABLE)):
        (finding,) = [
            found
            for found in preflight(spec, facts, MACHINE)
            if "data.source" in str(found.problem)
        ]
        assert finding.severity == "error"
        assert f"task {facts.task!r}, not for {spec.task.kind!r}" in str(finding.problem)
    assert "'breast-cancer', 'wine', 'iris'" in str(
        preflight(with_changes(CNN, {"task": {"kind": "tabular-classification"}}), IMAGES, MACHINE)
    )


def pairs(**changes):
    document = {
        "task": {"kind": "seq2seq"},
        "model": {"kind": "seq2seq"},
        "data": {"source": "restore-docs"},
    }
    return with_changes(RunSpec.parse(document), changes)


def test_a_task_of_two_inputs_needs_both_in_their_order():
    assert pairs().task.inputs == ("inputs", "decoder_inputs")
    assert found(pairs(), PAIRS) == []
    swapped = pairs(**{"task.inputs": ["decoder_inputs", "inputs"]})
    (finding,) = preflight(swapped, PAIRS, MACHINE)
    assert finding.problem.path == "task.inputs"
    assert "Use ['inputs', 'decoder_inputs']" in str(finding.problem)


@pytest.mark.parametrize(
    ("length", "facts", "words"),
    [
        (3000, {}, None),
        (3200, {"train_tokens": 6000}, "half of the training text"),
        (3000, {"val_tokens": 3000}, "At most 2,999 fits"),
    ],
)
def test_blocks_of_the_masked_text_must_fit_into_both_splits(length, facts, words):
    document = {
        "task": {"kind": "masked-lm"},
        "model": {"kind": "encoder", "layers": 1, "heads": 1, "width": 4},
        "data": {"source": "masked-docs", "length": length},
        "training": {"batching": {"batch_size": 1}, "evaluation": {"batch_size": 1}},
    }
    found = preflight(RunSpec.parse(document), changed(MASKED, **facts), MACHINE)
    errors = [finding.problem for finding in found if finding.severity == "error"]
    assert [problem.path for problem in errors] == ([] if words is None else ["data.length"])
    assert words is None or words in str(errors[0])


def test_data_of_unknown_kind_is_taken_on_trust():
    spec = with_changes(
        CNN,
        {
            "model": {"kind": "in-memory", "class_name": "Net"},
            "data": {"source": "in-memory"},
            "task.inputs": ["pixels"],
        },
    )
    facts = changed(IMAGES, modality="unknown", task=None, image_shape=None, classes=None)
    assert found(spec, facts) == []


@pytest.mark.parametrize(
    ("changes", "finding"),
    [
        ({"train_samples": 0}, ("error", "data")),
        ({"val_samples": 0}, ("warning", "data")),
        ({"classes": ("one",)}, ("error", "data")),
    ],
)
def test_data_that_teaches_nothing_is_named(changes, finding):
    assert finding in found(CNN, changed(IMAGES, **changes))


@pytest.mark.parametrize(
    ("base", "monitor", "facts", "changes", "words"),
    [
        (CNN, "top3_accuracy", {"classes": ("a", "b", "c")}, {}, "with 3 classes"),
        (CNN, "top3_accuracy", {"classes": tuple("abcd")}, {}, None),
        (CNN, "accuracy", {"classes": ("a", "b", "c")}, {}, None),
        (REGRESSION, "r2", {"val_samples": 1}, {}, "'val/rmse'"),
        (REGRESSION, "r2", {}, {"training.evaluation.max_samples": 1}, "has no spread"),
        (REGRESSION, "r2", {}, {"training.evaluation.max_samples": 2}, None),
    ],
)
def test_a_monitor_that_can_never_be_known_is_refused(base, monitor, facts, changes, words):
    spec = with_changes(base, {"training.evaluation.monitor": f"val/{monitor}", **changes})
    data = changed(IMAGES if base is CNN else NUMBERS, **facts)
    problems = [finding.problem for finding in preflight(spec, data, MACHINE)]
    said = [problem for problem in problems if problem.path == "training.evaluation.monitor"]
    assert [problem.got for problem in said] == ([] if words is None else [f"'val/{monitor}'"])
    assert words is None or words in str(said[0])
    assert all(f"'val/{monitor}'" not in problem.remedy for problem in said)


@pytest.mark.parametrize(
    ("kind", "monitor"), [("causal-lm", "bits_per_char"), ("seq2seq", "exact_match")]
)
def test_the_trainer_refuses_a_monitor_that_needs_the_text_behind_tokens(kind, monitor, tmp_path):
    training = config(evaluation={"every_steps": 10, "monitor": f"val/{monitor}"})
    trainer = Trainer(
        model=nn.Linear(2, 2),
        training_config=training,
        task_spec=TaskSpec(kind=kind),
        run=tmp_path,
    )
    with pytest.raises(BadInput, match=f"evaluation.monitor.*'val/{monitor}'.*'val/perplexity'"):
        trainer.train(train_data=TOKENS, val_data=TOKENS)
    assert not RunStore(tmp_path).list()


def test_a_plateau_without_validation_data_is_refused():
    spec = with_changes(CNN, {"training.scheduler": {"name": "plateau"}})
    facts = changed(IMAGES, val_samples=0)
    assert ("error", "training.scheduler.name") in found(spec, facts)


def test_a_range_test_of_a_few_steps_is_refused():
    changes = {
        "training.scheduler": {"name": "range-test"},
        "training.length": {"amount": 19, "unit": "steps"},
    }
    assert ("error", "training.length.amount") in found(with_changes(GPT, changes), TEXT)


@pytest.mark.parametrize(
    ("available", "severity"), [(4 * 10**8, []), (3.7 * 10**8, ["warning"]), (10**8, ["error"])]
)
def test_memory_is_compared_with_the_estimate(available, severity):
    machine = MachineFacts(2, 16 * 10**9, int(available), 10**11)
    findings = preflight(CNN, IMAGES, machine)
    assert [finding.severity for finding in findings] == severity
    assert all("smaller batch" in str(finding.problem) for finding in findings)


@pytest.mark.parametrize(("background", "severity"), [(True, ["warning"]), (False, [])])
def test_on_a_cpu_the_copy_that_is_written_counts(background, severity):
    known = estimate(CNN, IMAGES)
    there = int((known.memory_bytes + known.checkpoint_bytes / 2) / TIGHT)
    spec = with_changes(CNN, {"training.checkpointing.background": background})
    findings = preflight(spec, IMAGES, MachineFacts(2, 16 * 10**9, there, 10**11))
    assert [finding.severity for finding in findings] == severity


def test_memory_of_the_gpu_counts_where_there_is_one():
    starved = MachineFacts(2, 10**8, 10**8, 10**11, gpus=(GPU("H100", 80 * 10**9),))
    assert found(CNN, IMAGES, starved) == []
    on_cpu = with_changes(CNN, {"training.hardware.device": "cpu"})
    assert found(on_cpu, IMAGES, starved) == [("error", "training.batching.batch_size")]


@pytest.mark.parametrize("other", ["every_epochs", "every_minutes"])
def test_long_steps_between_checkpoints_are_fine_beside_another_interval(other):
    checkpointing = {"every_steps": 10**6, other: 1}
    assert found(with_changes(CNN, {"training.checkpointing": checkpointing}), IMAGES) == []


def test_muon_is_fine_on_a_gpu():
    machine = MachineFacts(2, 10**10, 10**10, 10**11, gpus=(GPU("H100", 80 * 10**9),))
    assert found(with_changes(GPT, {"training.optimizer": {"name": "muon"}}), TEXT, machine) == []


def test_bf16_is_fine_on_a_gpu():
    machine = MachineFacts(2, 10**10, 10**10, 10**11, gpus=(GPU("H100", 80 * 10**9),))
    assert found(with_changes(CNN, {"training.precision.dtype": "bf16"}), IMAGES, machine) == []


@pytest.mark.parametrize(("free", "fits"), [(0, False), (52 * 10**6, False), (60 * 10**6, True)])
def test_checkpoints_need_room_on_the_disk(free, fits):
    findings = found(CNN, IMAGES, MachineFacts(2, 10**10, 10**10, free))
    assert findings == ([] if fits else [("error", "training.checkpointing.keep_last")])


def test_everything_wrong_is_said_at_once_errors_first():
    spec = with_changes(
        CNN,
        {
            "model.stages": 9,
            "training.precision.dtype": "bf16",
            "training.hardware.device": "mps",
            "training.batching.batch_size": 5000,
            **NO_WARMUP,
        },
    )
    findings = preflight(spec, IMAGES, MACHINE)
    severities = [finding.severity for finding in findings]
    assert severities == sorted(severities)
    assert severities.count("error") == 3
    with pytest.raises(BadInput) as refused:
        refuse_errors(findings)
    assert len(refused.value.problems) == 3


def test_warnings_alone_refuse_nothing():
    spec = with_changes(CNN, {"training.precision.dtype": "bf16"})
    refuse_errors(preflight(spec, IMAGES, MACHINE))


def test_every_task_has_data_and_a_model():
    assert set(DATA_TASKS.values()) == set(METRICS)
    assert {task for tasks in MODEL_TASKS.values() for task in tasks} == set(METRICS)
