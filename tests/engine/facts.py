"""Facts of data that was never loaded, for tests of what only looks at them."""

from __future__ import annotations

from hypothesis import strategies as st

from engine.data.specs import DataFacts
from engine.models.specs import CNNSpec, GPTSpec, MLPSpec, ViTSpec

TEXT = DataFacts(
    modality="text",
    train_samples=1000,
    val_samples=100,
    tokens_per_sample=64,
    vocabulary_size=103,
    train_tokens=64_100,
    val_tokens=6_401,
)
IMAGES = DataFacts(
    modality="image",
    train_samples=1000,
    val_samples=100,
    classes=tuple("0123456789"),
    image_shape=(1, 8, 8),
)


def small(most):
    return st.integers(1, most)


@st.composite
def gpt_specs(draw):
    heads = draw(small(3))
    return GPTSpec(
        layers=draw(small(3)),
        heads=heads,
        width=heads * draw(small(8)),
        block_size=draw(small(20)),
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
def mlp_specs(draw):
    return MLPSpec(layers=draw(st.integers(0, 4)), width=draw(small(40)))


@st.composite
def models_with_facts(draw):
    """A model's spec and data that it fits."""
    spec = draw(st.one_of(gpt_specs(), vit_specs(), cnn_specs(), mlp_specs()))
    if isinstance(spec, GPTSpec):
        return spec, TEXT.model_copy(update={"vocabulary_size": draw(small(50))})
    channels, height, width = draw(small(3)), 4 * draw(small(4)), 4 * draw(small(4))
    classes = tuple(map(str, range(draw(st.integers(2, 12)))))
    return spec, IMAGES.model_copy(
        update={"image_shape": (channels, height, width), "classes": classes}
    )
