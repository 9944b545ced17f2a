"""The draft behind the form: whatever is typed is kept, whatever is wrong stands at its field."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components import field_words, fitting, form_fields, readable
from components.draft import Draft, DraftFile, at_field
from components.form_schema import (
    BROUGHT_IN,
    NOT_OFFERED,
    Leaf,
    Variants,
    completed,
    leaves,
    value_at,
)
from engine.data.specs import DATA_TASKS
from engine.errors import BadInput, Problem
from engine.examples import EXAMPLES
from engine.frozen import with_changes
from engine.models.specs import MODEL_TASKS, ImportedModel
from engine.run_spec import RunSpec
from engine.task_spec import METRICS, TaskSpec
from engine.training_config import TrainingConfig

GPT = EXAMPLES["gpt-python-docs"].spec
MLP = EXAMPLES["digits-mlp"].spec


def draft():
    return Draft.of(GPT)


def variants(draft, path):
    return next(item for item in draft.items() if item.path == path)


def problems(draft):
    with pytest.raises(BadInput) as caught:
        draft.spec()
    return [at_field(problem, draft.items()) for problem in caught.value.problems]


def every_item():
    """Each field of each variant, once."""
    found = {}
    for spec in (example.spec for example in EXAMPLES.values()):
        start = Draft.of(spec)
        for item in start.items():
            found.setdefault(item.path, item)
            for name in item.names if isinstance(item, Variants) else ():
                for inner in start.chosen(item, name).items():
                    found.setdefault(inner.path, inner)
    return found


# -- the schema --------------------------------------------------------------------------------


def test_the_form_has_every_field_of_an_example_and_none_besides():
    def flat(document, path=""):
        for name, value in document.items():
            here = f"{path}.{name}" if path else name
            yield from flat(value, here) if isinstance(value, dict) else [here]

    choices = {item for item in draft().items() if isinstance(item, Variants)}
    tags = {f"{item.path}.{item.tag}" for item in choices}
    shown = {item.path for item in draft().items() if isinstance(item, Leaf)}
    assert shown == set(flat(GPT.model_dump())) - tags - {"version"}


@pytest.mark.parametrize("item", every_item().values(), ids=lambda item: item.path)
def test_a_field_says_what_it_is(item):
    assert item.label
    if isinstance(item, Leaf):
        assert item.help
        assert not item.optional or item.default is None or item.kind in ("integer", "number")


def test_what_only_a_program_can_make_is_not_offered():
    offered = {name for path in ("model", "data") for name in variants(draft(), path).names}
    assert offered == (set(MODEL_TASKS) | set(DATA_TASKS)) - BROUGHT_IN
    assert not offered & NOT_OFFERED


def test_an_imported_model_is_offered_only_where_it_is_in_the_form():
    model = ImportedModel(code="0" * 64, entry="Net", arguments={"width": 8})
    held = draft().holding(with_changes(GPT, {"model": model.model_dump()}))
    assert "imported" in variants(held, "model").names
    asked = {leaf.path for leaf in held.items() if leaf.path.startswith("model.")}
    assert {"model.block_size", "model.call.batch_first"} <= asked
    assert not asked & {"model.code", "model.entry", "model.arguments"}
    assert Draft(completed(RunSpec, held.document, {})).spec() == held.spec()


def test_a_field_carries_its_bounds_and_unit():
    leaf = leaves(RunSpec, draft().document)["training.batching.batch_size"]
    assert (leaf.unit, leaf.common, leaf.kind) == ("samples", True, "integer")
    assert field_words.allowed_range(leaf) == "above 0, at most 1,000,000"


def test_what_is_switched_on_begins_with_a_value_that_is_allowed():
    assert leaves(RunSpec, draft().document)["model.kv_heads"].suggested == 1


# -- the draft ---------------------------------------------------------------------------------


def test_an_untouched_draft_is_its_spec():
    assert draft().spec() == GPT


def test_what_is_wrong_is_kept_as_it_was_typed_and_named_at_its_field():
    wrong = draft().edited("training.optimizer.lr", "fast").edited("model.layers", 0)
    assert value_at(wrong.document, "training.optimizer.lr") == "fast"
    assert {problem.path for problem in problems(wrong)} == {
        "training.optimizer.lr",
        "model.layers",
    }
    mended = wrong.edited("training.optimizer.lr", 1e-3).edited("model.layers", 2)
    assert mended.spec().model.layers == 2


@pytest.mark.parametrize(
    ("path", "value", "field", "words"),
    [
        ("training.length.amount", 40, "training.scheduler.warmup_steps", "Warmup is 50"),
        ("training.evaluation.monitor", "val/r2", "training.evaluation.monitor", "does not"),
        ("model.heads", 5, "model.width", "multiple of 5"),
        ("name", "x" * 301, "name", "at most 300"),
        ("task.kind", "poetry", "task.kind", "poetry"),
    ],
)
def test_a_check_across_fields_stands_at_the_field_that_can_mend_it(path, value, field, words):
    (problem,) = problems(draft().edited(path, value))
    assert problem.path == field
    assert words in f"{problem.message} {problem.got}"


def test_a_problem_of_a_variants_tag_stands_at_its_selector():
    problem = Problem("model.kind", "does not do this task", "'mlp'")
    assert at_field(problem, draft().items()).path == "model"


def test_another_variant_keeps_the_values_that_both_have():
    typed = draft().edited("training.optimizer.lr", 3e-4).edited("training.optimizer.beta1", 0.8)
    sgd = typed.chosen(variants(typed, "training.optimizer"), "sgd")
    assert sgd.spec().training.optimizer.model_dump() == {
        "name": "sgd",
        "lr": 3e-4,
        "weight_decay": 0.1,
        "momentum": 0.9,
        "dampening": 0.0,
        "nesterov": False,
    }


def test_coming_back_to_a_variant_brings_back_what_was_typed():
    typed = draft().edited("training.optimizer.beta1", "0.8x")
    optimizers = variants(typed, "training.optimizer")
    back = typed.chosen(optimizers, "sgd").chosen(optimizers, "adamw")
    assert back.document == typed.document


def test_a_value_switched_off_and_on_is_the_same_again():
    path = "training.gradients.clip_norm"
    off = draft().edited(path, 0.25).switched_off(path)
    assert off.spec().training.gradients.clip_norm is None
    assert off.switched_on(path, 1.0).spec().training.gradients.clip_norm == 0.25


def test_a_value_that_was_never_there_begins_with_the_suggestion():
    path = "training.early_stopping.patience"
    assert draft().switched_on(path, 10).spec().training.early_stopping.patience == 10


# -- the file ----------------------------------------------------------------------------------


def test_a_draft_survives_in_its_file_right_or_wrong(tmp_path):
    typed = draft().edited("training.optimizer.lr", "fast")
    typed = typed.chosen(variants(typed, "training.scheduler"), "linear")
    DraftFile(tmp_path).write(typed)
    assert DraftFile(tmp_path).read(MLP) == typed


def test_without_a_file_there_is_the_default(tmp_path):
    assert DraftFile(tmp_path).read(MLP).spec() == MLP


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff\xfe", b"[]", b"{}", b'{"document": 3, "shelf": {}}', b"[" * 100_000]
    + [json.dumps({"document": {"model": {"kind": "in-memory"}}, "shelf": {}}).encode()]
    + [json.dumps({"document": {"training": 5}, "shelf": {}}).encode()],
)
def test_a_damaged_file_is_said_to_be(tmp_path, content):
    file = DraftFile(tmp_path)
    file.path.parent.mkdir()
    file.path.write_bytes(content)
    with pytest.raises(ValueError, match=r"."):
        file.read(MLP)
    assert "draft.damaged.json" in file.set_aside()
    assert file.read(MLP).spec() == MLP


def test_a_draft_of_an_older_or_newer_version_keeps_what_it_can():
    document = MLP.model_dump(mode="json")
    del document["training"]["logging"]
    document["training"]["sparkle"] = True
    document["model"]["width"] = "wide"
    whole = completed(RunSpec, document, MLP.model_dump(mode="json"))
    assert whole["training"]["logging"] == TrainingConfig().logging.model_dump(mode="json")
    assert "sparkle" not in whole["training"]
    assert whole["model"]["width"] == "wide"


def test_a_draft_of_version_1_keeps_what_has_another_place_now(tmp_path):
    document = MLP.model_dump(mode="json") | {"version": 1}
    del document["training"]["parameters"]
    document["training"]["optimizer"]["decay_vectors"] = True
    file = DraftFile(tmp_path)
    file.write(Draft(document))
    assert file.read(GPT).spec().training.parameters.decay_norms


def test_another_content_has_another_stamp(tmp_path):
    file = DraftFile(tmp_path)
    assert file.stamp() is None
    file.write(draft())
    first = file.stamp()
    file.write(draft().edited("name", "b"))
    assert file.stamp() not in (None, first)


# -- numbers as text ---------------------------------------------------------------------------


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_shown_number_reads_back_as_the_same_number(number):
    assert float(readable.shortest(number)) == number


@pytest.mark.parametrize(
    ("number", "text"),
    [(3e-4, "3e-4"), (0.001, "1e-3"), (0.1, "0.1"), (1.0, "1"), (1.25e-8, "1.25e-8"), (0, "0")],
)
def test_a_learning_rate_is_shown_in_its_shortest_form(number, text):
    assert readable.shortest(number) == text


@pytest.mark.parametrize(
    ("number", "lower", "higher"),
    [(1e-3, 3e-4, 3e-3), (3e-4, 1e-4, 1e-3), (2e-4, 1e-4, 3e-4), (1.0, 0.3, 3.0)],
)
def test_a_nudge_is_about_a_factor_of_three(number, lower, higher):
    assert form_fields.nudged(number, up=False) == lower
    assert form_fields.nudged(number, up=True) == higher


@given(st.floats(1e-12, 1e6))
def test_a_nudge_goes_the_right_way_and_not_far(number):
    assert number / 10 < form_fields.nudged(number, up=False) < number
    assert number < form_fields.nudged(number, up=True) < number * 10


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "under 1 s"), (12, "12 s"), (200, "3 min 20 s"), (3600, "1 h"), (18_180, "5 h 3 min")],
)
def test_durations_read_as_people_say_them(seconds, words):
    assert readable.duration(seconds) == words


@pytest.mark.parametrize(
    ("number", "words"), [(817, "817"), (1200, "1,200"), (14_400, "14.4k"), (1_204_000, "1.20M")]
)
def test_counts_have_three_digits(number, words):
    assert readable.count(number) == words


# -- task, data and model follow one another ------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "name", "expected"),
    [
        ("data", "digits", ("image-classification", "digits", "vit")),
        ("model", "mlp", ("image-classification", "digits", "mlp")),
        ("model", "gpt", ("causal-lm", "python-docs", "gpt")),
        ("data", "masked-docs", ("masked-lm", "masked-docs", "encoder")),
        ("model", "encoder", ("token-classification", "python-tokens", "encoder")),
        (
            "data",
            "python-constructs",
            ("multi-label-classification", "python-constructs", "encoder"),
        ),
        ("model", "seq2seq", ("seq2seq", "restore-docs", "seq2seq")),
        ("data", "wine", ("tabular-classification", "wine", "mlp")),
        ("data", "diabetes", ("tabular-regression", "diabetes", "mlp")),
    ],
)
def test_what_is_chosen_takes_the_others_with_it(path, name, expected):
    before = draft()
    after = fitting.fitted(before.chosen(variants(before, path), name), path).spec()
    assert (after.task.kind, after.data.source, after.model.kind) == expected


def test_a_metric_that_the_new_task_does_not_measure_gives_way():
    before = Draft.of(MLP)
    assert MLP.training.evaluation.monitor == "val/accuracy"
    after = fitting.fitted(before.edited("task.kind", "seq2seq"), "task.kind").spec()
    assert (after.model.kind, after.training.evaluation.monitor) == ("seq2seq", "val/accuracy")
    after = fitting.fitted(before.edited("task.kind", "tabular-regression"), "task.kind").spec()
    assert (after.model.kind, after.training.evaluation.monitor) == ("mlp", "val/loss")


@pytest.mark.parametrize("kind", METRICS)
@pytest.mark.parametrize("example", EXAMPLES)
def test_any_task_can_be_chosen_and_leaves_a_form_that_fits(example, kind):
    before = Draft.of(EXAMPLES[example].spec)
    spec = fitting.fitted(before.edited("task.kind", kind), "task.kind").spec()
    assert spec.task == TaskSpec(kind=kind)
    assert DATA_TASKS[spec.data.source] == kind
    assert kind in MODEL_TASKS[spec.model.kind]
    assert spec.training.evaluation.monitor in spec.task.modes()


def test_a_model_of_several_tasks_stays_with_the_one_that_is_chosen():
    table = fitting.fitted(Draft.of(MLP).edited("task.kind", "tabular-regression"), "task.kind")
    assert fitting.fitted(table, "model") == table
    assert table.spec().data.source == "diabetes"


def test_another_name_of_the_inputs_is_kept():
    named = draft().edited("task.inputs", ["text"])
    assert fitting.fitted(named, "task.kind").spec().task.inputs == ("text",)


def test_what_follows_is_said_in_words():
    before = draft().edited("task.kind", "tabular-regression")
    after = fitting.fitted(before, "task.kind")
    assert fitting.followed(before, after, "task.kind") == (
        "To fit: data is now **Diabetes**, model is now **Perceptron (MLP)**, "
        "loss is now **Mean squared error**."
    )


def test_a_loss_that_does_not_fit_is_named_at_its_field():
    (problem,) = problems(draft().edited("task.loss", {"name": "mse"}))
    assert problem.path == "task.loss"
    assert problem.message.startswith("Loss is 'mse', which does not fit")


def test_what_fits_already_stays_as_it_is():
    before = Draft.of(MLP)
    for path in fitting.LEADING:
        assert fitting.fitted(before, path) == before
        assert fitting.followed(before, before, path) == ""
