"""Models: the right shapes, no look into the future, sound initial weights, exact sizes."""

import math
from typing import get_args

import pytest
import torch
from hypothesis import given, settings
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from engine.data.specs import DataFacts
from engine.errors import BadInput
from engine.models.build import MODELS, NotBuildable, build_model
from engine.models.drawing import Drawing
from engine.models.size import PER_TOKEN, SIZES, size_of
from engine.models.specs import (
    MEASURED,
    MODEL_TASKS,
    CNNSpec,
    EncoderSpec,
    GPTSpec,
    InMemoryModel,
    MLPSpec,
    ModelSpec,
    ResNetSpec,
    Seq2SeqSpec,
    TabularTransformerSpec,
    ViTSpec,
)
from tests.engine.facts import (
    IMAGES,
    LABELLED,
    MASKED,
    NUMBERS,
    PADDED,
    PAIRS,
    TABLE,
    TAGGED,
    TEXT,
    models_with_facts,
    usual_facts,
)

UNKNOWN = DataFacts(modality="unknown", train_samples=1, val_samples=1)
CASES = [
    (GPTSpec(), TEXT),
    (GPTSpec(dropout=0.1), TEXT),
    (GPTSpec(positions="rotary", norm="rmsnorm", feed_forward="swiglu", tied=False), TEXT),
    (GPTSpec(positions="rotary", kv_heads=1), TEXT),
    (GPTSpec(heads=8, width=64, kv_heads=2, dropout=0.1), TEXT),
    (EncoderSpec(), MASKED),
    (EncoderSpec(dropout=0.1), TAGGED),
    (EncoderSpec(width=32), PADDED),
    (EncoderSpec(layers=3), LABELLED),
    (Seq2SeqSpec(), PAIRS),
    (Seq2SeqSpec(layers=3, dropout=0.1), PAIRS),
    (ViTSpec(), IMAGES),
    (ViTSpec(dropout=0), IMAGES),
    (CNNSpec(), IMAGES),
    (CNNSpec(stages=4, channels=12), IMAGES),
    (ResNetSpec(), IMAGES),
    (ResNetSpec(stages=3, blocks=1, channels=8, dropout=0.1), IMAGES),
    (MLPSpec(), IMAGES),
    (MLPSpec(layers=0), IMAGES),
    (MLPSpec(layers=3, dropout=0.2), TABLE),
    (MLPSpec(), NUMBERS),
    (TabularTransformerSpec(), TABLE),
    (TabularTransformerSpec(dropout=0.0), NUMBERS),
]
CLASSIFYING = [case for case in CASES if case[1] not in (LABELLED, NUMBERS)]


def batch_for(spec, facts, samples=4):
    """Inputs of the model, as many as it takes, and targets."""
    generator = torch.Generator().manual_seed(0)

    def tokens(length, most):
        return torch.randint(1, max(2, most), (samples, length), generator=generator) % most

    if spec.kind == "gpt":
        text = tokens(spec.block_size, facts.vocabulary_size)
        return (text,), text.roll(1, dims=1)
    if facts.modality == "text":
        text = tokens(facts.tokens_per_sample, facts.vocabulary_size)
        if facts.task == "seq2seq":
            written = tokens(facts.target_tokens, facts.vocabulary_size)
            return (text, written), written.roll(-1, dims=1)
        inputs = (text,)
        if facts.task in PER_TOKEN:
            return inputs, tokens(facts.tokens_per_sample, facts.outputs)
    elif facts.features is not None:
        inputs = (torch.randn(samples, len(facts.features), generator=generator),)
    else:
        inputs = (torch.rand(samples, *facts.image_shape, generator=generator),)
    return inputs, torch.randint(facts.outputs, (samples,), generator=generator)


def loss_of(outputs, targets):
    return F.cross_entropy(outputs.flatten(0, -2), targets.flatten())


def built(spec, facts=None, seed=0):
    torch.manual_seed(seed)
    return build_model(spec, facts or usual_facts(spec))


@pytest.fixture
def gpt():
    spec = GPTSpec(layers=2, heads=2, width=16, block_size=8)
    return built(spec, TEXT.model_copy(update={"vocabulary_size": 11})).eval()


def test_every_kind_has_a_builder_a_size_and_tasks():
    union = get_args(ModelSpec)[0]
    kinds = {get_args(spec.model_fields["kind"].annotation)[0] for spec in get_args(union)}
    assert set(MODELS) | MEASURED == set(MODEL_TASKS) == kinds - {"in-memory"}
    assert set(SIZES) == set(MODELS)


@settings(max_examples=40)
@given(models_with_facts())
def test_the_size_in_closed_form_is_that_of_the_built_model(case):
    spec, facts = case
    model = build_model(spec, facts)
    assert size_of(spec, facts).parameters == sum(p.numel() for p in model.parameters())


@settings(max_examples=25)
@given(models_with_facts())
def test_outputs_are_a_logit_for_each_class_of_each_target(case):
    spec, facts = case
    inputs, targets = batch_for(spec, facts, samples=2)
    assert build_model(spec, facts)(*inputs).shape == (*targets.shape, facts.outputs)


@pytest.mark.parametrize(("spec", "facts"), CLASSIFYING, ids=str)
def test_a_new_model_knows_nothing(spec, facts):
    """Its loss is that of guessing: ln(classes)."""
    inputs, targets = batch_for(spec, facts, samples=32)
    logits = built(spec, facts).eval()(*inputs)
    guessing = math.log(logits.shape[-1])
    assert loss_of(logits, targets).item() == pytest.approx(guessing, rel=0.2, abs=0.25)


@pytest.mark.parametrize(("spec", "facts"), CASES, ids=str)
def test_every_parameter_gets_a_gradient(spec, facts):
    model = built(spec, facts)
    inputs, targets = batch_for(spec, facts)
    outputs = model(*inputs)
    (outputs.square().mean() if facts is NUMBERS else loss_of(outputs, targets)).backward()
    without = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.any()]
    assert without == []


def kept_floats(spec, facts):
    """Numbers a sample that autograd keeps, weights left out."""
    model, (inputs, targets) = built(spec, facts), batch_for(spec, facts)
    weights = {p.untyped_storage().data_ptr() for p in model.parameters()}
    kept = {}

    def keep(tensor):
        kept[tensor.untyped_storage().data_ptr()] = tensor
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        assert loss_of(model(*inputs), targets).isfinite()
    size = sum(t.untyped_storage().nbytes() for at, t in kept.items() if at not in weights)
    return size / 4 / len(targets)


@pytest.mark.parametrize(("spec", "facts"), CASES, ids=str)
def test_activations_are_estimated_within_a_tenth(spec, facts):
    estimate = size_of(spec, facts).activation_floats
    assert estimate == pytest.approx(kept_floats(spec, facts), rel=0.1)


def test_flops_are_two_a_weight_and_sample_for_linear_layers():
    assert size_of(MLPSpec(layers=1, width=10), IMAGES).forward_flops == 2 * (64 * 10 + 10 * 10)


@pytest.mark.parametrize(
    ("spec", "facts"),
    [
        (GPTSpec(layers=2, heads=2, width=32, block_size=16), TEXT),
        (GPTSpec(positions="rotary", feed_forward="swiglu", kv_heads=2, tied=False), TEXT),
        (EncoderSpec(), MASKED),
        (EncoderSpec(layers=3), PADDED),
        (Seq2SeqSpec(width=32), PAIRS),
        (ViTSpec(), IMAGES),
        (MLPSpec(), NUMBERS),
        (ResNetSpec(stages=3), IMAGES),
        (TabularTransformerSpec(), TABLE),
    ],
    ids=str,
)
def test_flops_follow_the_counting_of_torch(spec, facts):
    counter = FlopCounterMode(display=False)
    model, (inputs, _) = built(spec, facts), batch_for(spec, facts, samples=1)
    with counter, torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
        model(*inputs)
    assert size_of(spec, facts).forward_flops == counter.get_total_flops()


@pytest.mark.parametrize(
    ("spec", "facts"),
    [
        (GPTSpec(), IMAGES),
        (CNNSpec(), TEXT),
        (EncoderSpec(), TEXT),
        (EncoderSpec(), PAIRS),
        (Seq2SeqSpec(), PADDED),
        (CNNSpec(), TABLE),
        (ViTSpec(patch_size=3), IMAGES),
        (CNNSpec(stages=5), IMAGES),
        (ResNetSpec(stages=4), IMAGES),
        (TabularTransformerSpec(), IMAGES),
        (InMemoryModel(class_name="Net"), IMAGES),
    ],
    ids=str,
)
def test_what_cannot_be_built_has_no_size(spec, facts):
    assert size_of(spec, facts) is None


def test_a_later_token_does_not_move_earlier_logits(gpt):
    tokens = torch.randint(11, (3, 8), generator=torch.Generator().manual_seed(1))
    before = gpt(tokens)
    for position in range(8):
        changed = tokens.clone()
        changed[:, position] = (changed[:, position] + 1) % 11
        after = gpt(changed)
        assert torch.equal(after[:, :position], before[:, :position])
        assert not torch.equal(after[:, position], before[:, position])


def test_the_gpt_has_one_matrix_for_tokens_in_and_out(gpt):
    assert gpt.head.weight is gpt.tokens.weight


def test_deeper_models_start_with_smaller_residual_projections():
    shallow, deep = (
        built(GPTSpec(layers=layers)).blocks[0].project.weight.std().item() for layers in (1, 9)
    )
    assert shallow / deep == pytest.approx(3.0, rel=0.02)


def generate(gpt, seed, new_tokens=20, temperature=1.0):
    generator = torch.Generator().manual_seed(seed)
    prompt = torch.zeros((2, 3), dtype=torch.long)
    drawing = Drawing(temperature=temperature)
    return gpt.generate(prompt, new_tokens, drawing=drawing, generator=generator)


def test_generation_continues_the_prompt_beyond_the_context(gpt):
    ids = generate(gpt, seed=0)
    assert ids.shape == (2, 23)
    assert torch.equal(ids[:, :3], torch.zeros(2, 3, dtype=torch.long))


def test_generation_repeats_with_its_seed_and_leaves_the_global_generator_alone(gpt):
    before = torch.get_rng_state()
    assert torch.equal(generate(gpt, seed=5), generate(gpt, seed=5))
    assert not torch.equal(generate(gpt, seed=5), generate(gpt, seed=6))
    assert torch.equal(torch.get_rng_state(), before)


def test_temperature_zero_takes_the_likeliest_token(gpt):
    ids = generate(gpt, seed=0, new_tokens=1, temperature=0)
    assert torch.equal(ids[:, -1], gpt(ids[:, :-1])[:, -1].argmax(dim=-1))


def test_patches_are_squares_read_row_by_row():
    from engine.models.vit import _patches

    image = torch.arange(16).view(1, 1, 4, 4)
    assert _patches(image, 2)[0].tolist() == [
        [0, 1, 4, 5],
        [2, 3, 6, 7],
        [8, 9, 12, 13],
        [10, 11, 14, 15],
    ]


@pytest.mark.parametrize("spec", [ViTSpec(), CNNSpec(), MLPSpec()], ids=str)
def test_one_image_does_not_change_the_outputs_of_another(spec):
    """Batch norms would, and make gradient accumulation inexact."""
    model = built(spec.model_copy(update={"dropout": 0.0}))
    ((images,), _) = batch_for(spec, IMAGES)
    changed = images.clone()
    changed[0] = 1 - changed[0]
    assert torch.allclose(model(images)[1:], model(changed)[1:], atol=1e-6)


def test_a_model_from_memory_cannot_be_built():
    with pytest.raises(NotBuildable, match="'Net' was handed"):
        build_model(InMemoryModel(class_name="Net"), IMAGES)


@pytest.mark.parametrize(
    ("spec", "facts", "words"),
    [
        (GPTSpec(), IMAGES, "does not do task 'image-classification'"),
        (GPTSpec(), MASKED, "does not do task 'masked-lm'"),
        (EncoderSpec(), TEXT, "does not do task 'causal-lm'"),
        (GPTSpec(), UNKNOWN, "needs a text with a vocabulary"),
        (ViTSpec(), UNKNOWN, "needs images of one known size"),
        (EncoderSpec(), UNKNOWN, "needs texts with a vocabulary"),
        (Seq2SeqSpec(), UNKNOWN, "needs pairs of texts"),
        (MLPSpec(), UNKNOWN, "needs inputs of one known size"),
        (ResNetSpec(), UNKNOWN, "needs images of one known size"),
        (TabularTransformerSpec(), UNKNOWN, "needs rows of a table"),
        (
            MLPSpec(),
            DataFacts(modality="image", train_samples=1, val_samples=1, image_shape=(1, 2, 2)),
            "needs data with named classes",
        ),
    ],
)
def test_data_that_lacks_what_the_model_needs_is_refused(spec, facts, words):
    with pytest.raises(BadInput, match=words):
        build_model(spec, facts)
