"""Facts of data that was never loaded, for tests of what only looks at them."""

from __future__ import annotations

from hypothesis import strategies as st

from engine.data.specs import DataFacts
from engine.models.specs import (
    MODEL_TASKS,
    CNNSpec,
    EncoderSpec,
    GPTSpec,
    MLPSpec,
    ResNetSpec,
    Seq2SeqSpec,
    TabularTransformerSpec,
    ViTSpec,
)

TEXT = DataFacts(
    modality="text",
    task="causal-lm",
    train_samples=1000,
    val_samples=100,
    tokens_per_sample=64,
    vocabulary_size=103,
    train_tokens=64_100,
    val_tokens=6_401,
)
IMAGES = DataFacts(
    modality="image",
    task="image-classification",
    train_samples=1000,
    val_samples=100,
    classes=tuple("0123456789"),
    image_shape=(1, 8, 8),
)
MASKED = TEXT.model_copy(update={"task": "masked-lm"})
PADDED = DataFacts(
    modality="text",
    task="sequence-classification",
    train_samples=1000,
    val_samples=100,
    tokens_per_sample=24,
    padded=True,
    vocabulary_size=97,
    classes=("noun", "verb", "other"),
)
LABELLED = PADDED.model_copy(update={"task": "multi-label-classification"})
TAGGED = PADDED.model_copy(update={"task": "token-classification"})
PAIRS = DataFacts(
    modality="text",
    task="seq2seq",
    train_samples=1000,
    val_samples=100,
    tokens_per_sample=20,
    target_tokens=28,
    padded=True,
    vocabulary_size=90,
)
TABLE = DataFacts(
    modality="table",
    task="tabular-classification",
    train_samples=400,
    val_samples=100,
    classes=("good", "bad"),
    features=tuple("abcdefg"),
)
NUMBERS = TABLE.model_copy(
    update={
        "task": "tabular-regression",
        "classes": None,
        "target_name": "price",
        "target_mean": 150.0,
        "target_std": 77.0,
    }
)
FACTS = (TEXT, MASKED, PADDED, LABELLED, TAGGED, PAIRS, IMAGES, TABLE, NUMBERS)
"""One for each task."""


def usual_facts(spec):
    """Data for the usual task of a model."""
    return next(facts for facts in FACTS if facts.task == MODEL_TASKS[spec.kind][0])


def small(most):
    return st.integers(1, most)


@st.composite
def gpt_specs(draw):
    heads = draw(small(4))
    return GPTSpec(
        layers=draw(small(3)),
        heads=heads,
        width=2 * heads * draw(small(4)),
        block_size=draw(small(20)),
        positions=draw(st.sampled_from(["learned", "rotary"])),
        norm=draw(st.sampled_from(["layernorm", "rmsnorm"])),
        feed_forward=draw(st.sampled_from(["gelu", "swiglu"])),
        kv_heads=draw(st.sampled_from([None, *(n for n in (1, 2, 3, 4) if heads % n == 0)])),
        tied=draw(st.booleans()),
        dropout=draw(st.sampled_from([0.0, 0.1])),
    )


@st.composite
def vit_specs(draw):
    heads = draw(small(3))
    return ViTSpec(
        layers=draw(small(3)),
        heads=heads,
        width=heads * draw(small(8)),
        patch_size=draw(st.sampled_from([1, 2, 4])),
        dropout=draw(st.sampled_from([0.0, 0.1])),
    )


@st.composite
def cnn_specs(draw):
    return CNNSpec(stages=draw(small(3)), channels=draw(small(12)))


@st.composite
def resnet_specs(draw):
    return ResNetSpec(stages=draw(small(2)), blocks=draw(small(3)), channels=draw(small(12)))


@st.composite
def mlp_specs(draw):
    return MLPSpec(layers=draw(st.integers(0, 4)), width=draw(small(40)))


@st.composite
def encoder_specs(draw, kind=EncoderSpec):
    heads = draw(small(3))
    return kind(
        layers=draw(small(3)),
        heads=heads,
        width=2 * heads * draw(small(4)),
        dropout=draw(st.sampled_from([0.0, 0.1])),
    )


@st.composite
def models_with_facts(draw):
    """A model's spec and data that it fits."""
    texts = (gpt_specs(), encoder_specs(), encoder_specs(Seq2SeqSpec))
    images = (vit_specs(), cnn_specs(), resnet_specs(), mlp_specs())
    spec = draw(st.one_of(*texts, *images, encoder_specs(TabularTransformerSpec)))
    fitting = [facts for facts in FACTS if facts.task in MODEL_TASKS[spec.kind]]
    facts = draw(st.sampled_from(fitting))
    changes = {
        "vocabulary_size": draw(small(50)),
        "tokens_per_sample": draw(small(20)),
        "target_tokens": draw(small(20)),
        "image_shape": (draw(small(3)), 4 * draw(small(4)), 4 * draw(small(4))),
        "classes": tuple(map(str, range(draw(st.integers(2, 12))))),
        "features": tuple(map(str, range(draw(small(12))))),
    }
    known = {name: value for name, value in changes.items() if getattr(facts, name) is not None}
    return spec, facts.model_copy(update=known)
