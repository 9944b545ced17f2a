"""What a model will weigh, in closed form: quick enough to be shown while typing. No torch."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from engine.data.specs import DataFacts
from engine.models.specs import (
    MODEL_TASKS,
    CNNSpec,
    EncoderSpec,
    GPTSpec,
    MLPSpec,
    ModelSpec,
    ResNetSpec,
    Seq2SeqSpec,
    TabularTransformerSpec,
    ViTSpec,
)
from engine.task_spec import TaskKind

TransformerSpec = EncoderSpec | Seq2SeqSpec | ViTSpec | TabularTransformerSpec

PER_TOKEN: tuple[TaskKind, ...] = ("masked-lm", "token-classification")
"""The tasks for which an encoder says something of each token, not of the whole text."""


@dataclass(frozen=True)
class Size:
    """Parameters, and what one sample costs."""

    parameters: int
    """Trained numbers, shared ones counted once; exact."""
    forward_flops: float
    """Floating-point operations of a forward pass a sample: matrix products and convolutions,
    two for each multiply-add."""
    activation_floats: int
    """Numbers a sample that the backward pass needs kept; an estimate, a tenth off at most."""


def size_of(spec: ModelSpec, facts: DataFacts) -> Size | None:
    """The size; None for models that only their program knows and where the data does not fit
    (a text beside a model for images, patches that do not divide the image)."""
    if spec.kind not in SIZES or not _fits(spec, facts):
        return None
    return SIZES[spec.kind](spec, facts)


def parameter_count(spec: ModelSpec, facts: DataFacts) -> int | None:
    """Trained numbers of the model, exact; None when unknown."""
    size = size_of(spec, facts)
    return None if size is None else size.parameters


def forward_flops(spec: ModelSpec, facts: DataFacts) -> float | None:
    """Floating-point operations of a forward pass a sample; None when unknown."""
    size = size_of(spec, facts)
    return None if size is None else size.forward_flops


def training_flops(spec: ModelSpec, facts: DataFacts) -> float | None:
    """Operations of a training step a sample: the backward pass takes twice the forward pass."""
    forward = forward_flops(spec, facts)
    return None if forward is None else 3 * forward


def activation_floats(spec: ModelSpec, facts: DataFacts) -> int | None:
    """Numbers a sample kept for the backward pass, estimated; None when unknown."""
    size = size_of(spec, facts)
    return None if size is None else size.activation_floats


def table_or_image(facts: DataFacts) -> int | None:
    """How many numbers a sample has that is no text."""
    if facts.features is not None:
        return len(facts.features)
    return None if facts.image_shape is None else math.prod(facts.image_shape)


def _fits(spec: ModelSpec, facts: DataFacts) -> bool:
    if facts.task not in (None, *MODEL_TASKS[spec.kind]):
        return False
    if isinstance(spec, GPTSpec | EncoderSpec | Seq2SeqSpec):
        return facts.vocabulary_size is not None
    if isinstance(spec, MLPSpec):
        return table_or_image(facts) is not None and facts.outputs is not None
    if isinstance(spec, TabularTransformerSpec):
        return facts.features is not None and facts.outputs is not None
    return _fits_image(spec, facts)


def _fits_image(spec: ModelSpec, facts: DataFacts) -> bool:
    if facts.image_shape is None or facts.classes is None:
        return False
    _, height, width = facts.image_shape
    if isinstance(spec, ViTSpec):
        return height % spec.patch_size == 0 and width % spec.patch_size == 0
    if isinstance(spec, ResNetSpec):
        return spec.stages <= spec.most_stages(height, width)
    return not isinstance(spec, CNNSpec) or min(height, width) >> (spec.stages - 1) > 0


def _gpt(spec: GPTSpec, facts: DataFacts) -> Size:
    vocabulary, width = facts.vocabulary_size or 0, spec.width
    length = min(spec.block_size, facts.tokens_per_sample or spec.block_size)
    embeddings = vocabulary * (1 if spec.tied else 2) * width
    if spec.positions == "learned":
        embeddings += spec.block_size * width
    matrices = _gpt_block_matrices(spec)
    looks = 4.0 * length**2 * width
    flops = spec.layers * (2.0 * length * matrices + looks)
    return Size(
        parameters=embeddings + spec.layers * (matrices + 2 * width) + width,
        forward_flops=flops + 2.0 * length * width * vocabulary,
        activation_floats=_gpt_block_activations(spec, length) * spec.layers
        + length * (2 * width + vocabulary),
    )


def _gpt_block_matrices(spec: GPTSpec) -> int:
    """Numbers in the matrices of a block."""
    width, wide = spec.width, 3 if spec.feed_forward == "swiglu" else 2
    return 2 * width**2 + 2 * width * _key_value_width(spec) + wide * width * spec.hidden


def _gpt_block_activations(spec: GPTSpec, length: int) -> int:
    """Both norms in and out, RMSNorm's once more; queries, keys, values and their mixture; the
    wide layer before and after its activation, with SwiGLU gate and value too."""
    norms = (6 if spec.norm == "rmsnorm" else 4) * spec.width
    wide = (4 if spec.feed_forward == "swiglu" else 2) * spec.hidden
    return length * (norms + _gpt_attention_activations(spec, length) + wide)


def _gpt_attention_activations(spec: GPTSpec, length: int) -> int:
    """Of a token. With dropout, whose masks count too, a CPU keeps the attention weights
    themselves, and keys and values once for each head."""
    if spec.dropout:
        return 6 * spec.width + 3 * length * spec.heads
    kept = 2 * (spec.width + _key_value_width(spec)) + spec.heads
    if spec.positions == "rotary":  # queries and keys turned; the mixture in another order
        kept += 2 * spec.width + _key_value_width(spec)
    return kept


def _key_value_width(spec: GPTSpec) -> int:
    return spec.width // spec.heads * spec.key_value_heads


def _encoder(spec: EncoderSpec, facts: DataFacts) -> Size:
    vocabulary, outputs = facts.vocabulary_size or 0, facts.outputs or 0
    length, width = facts.tokens_per_sample or 0, spec.width
    predictions = length if facts.task in PER_TOKEN else 1
    block_parameters = 12 * width**2 + 13 * width
    ends = vocabulary * width + 2 * width + (width + 1) * outputs
    kept_turned = 2 * spec.layers * length * width  # queries and keys beside those of the blocks
    return Size(
        parameters=ends + spec.layers * block_parameters,
        forward_flops=_blocks_flops(spec, length) + 2.0 * predictions * width * outputs,
        activation_floats=_blocks_activations(spec, length)
        + kept_turned
        + 2 * length * width
        + predictions * outputs,
    )


def _seq2seq(spec: Seq2SeqSpec, facts: DataFacts) -> Size:
    vocabulary, width = facts.vocabulary_size or 0, spec.width
    source, target = facts.tokens_per_sample or 0, facts.target_tokens or 0
    block_parameters = 28 * width**2 + 5 * width  # of the encoder's and the decoder's together
    ends = (vocabulary + source + target) * width + 2 * width
    looks = 4.0 * width**2 * (target + source) + 4.0 * target * source * width
    blocks = _blocks_flops(spec, source) + _blocks_flops(spec, target) + spec.layers * looks
    kept_looks = spec.layers * (target * 5 * width + source * 2 * width)
    return Size(
        parameters=ends + spec.layers * block_parameters,
        forward_flops=blocks + 2.0 * target * width * vocabulary,
        activation_floats=_blocks_activations(spec, source)
        + _blocks_activations(spec, target)
        + kept_looks
        + source * 2 * width
        + target * (2 * width + vocabulary),
    )


def _vit(spec: ViTSpec, facts: DataFacts) -> Size:
    channels, height, width_px = facts.image_shape or (0, 0, 0)
    patches = (height // spec.patch_size) * (width_px // spec.patch_size)
    pixels, width, classes = channels * spec.patch_size**2, spec.width, len(facts.classes or ())
    block_parameters = 12 * width**2 + 13 * width
    ends = (pixels + 1 + patches) * width + 2 * width + (width + 1) * classes
    flops = 2.0 * (patches * pixels * width + width * classes)
    return Size(
        parameters=ends + spec.layers * block_parameters,
        forward_flops=_blocks_flops(spec, patches) + flops,
        activation_floats=_blocks_activations(spec, patches) + patches * (2 * width + pixels),
    )


def _cnn(spec: CNNSpec, facts: DataFacts) -> Size:
    before, height, width = facts.image_shape or (0, 0, 0)
    parameters = activations = 0
    flops = 0.0
    for stage in range(spec.stages):
        after, pixels = spec.channels << stage, (height >> stage) * (width >> stage)
        weights = 9 * (before * after + after * after)
        parameters += weights + 4 * after
        flops += 2.0 * pixels * weights
        # Of each convolution its input, what is normed and what goes into the GELU; of the pool
        # before it, its input (4 times the pixels) and the places of the maxima (as 8 bytes).
        activations += pixels * (before + 5 * after + (6 * before if stage else 0))
        before = after
    classes = len(facts.classes or ())
    return Size(
        parameters=parameters + (before + 1) * classes,
        forward_flops=flops + 2.0 * before * classes,
        activation_floats=activations + before,
    )


def _resnet(spec: ResNetSpec, facts: DataFacts) -> Size:
    colours, height, width = facts.image_shape or (0, 0, 0)
    before, classes = spec.channels, len(facts.classes or ())
    parameters, pixels = 9 * colours * before + 2 * before, height * width
    flops = 18.0 * pixels * colours * before
    activations = pixels * (colours + 2 * before)
    for block in range(spec.layers):
        stage, first = divmod(block, spec.blocks)
        after, around = spec.channels << stage, stage > 0 and first == 0
        pixels = -(-height >> stage) * -(-width >> stage)
        weights = 9 * (before + after) * after + (before * after if around else 0)
        parameters += weights + (6 if around else 4) * after
        flops += 2.0 * pixels * weights
        # What is normed and what goes into the next convolution, twice; on the way around, too.
        activations += pixels * (5 if around else 4) * after
        before = after
    return Size(
        parameters=parameters + (before + 1) * classes,
        forward_flops=flops + 2.0 * before * classes,
        activation_floats=activations + before,
    )


def _mlp(spec: MLPSpec, facts: DataFacts) -> Size:
    inputs, outputs = table_or_image(facts) or 0, facts.outputs or 0
    sizes = [inputs, *[spec.width] * spec.layers, outputs]
    weights = sum(before * after for before, after in zip(sizes, sizes[1:], strict=False))
    kept_a_layer = 3 if spec.dropout else 2
    return Size(
        parameters=weights + sum(sizes[1:]),
        forward_flops=2.0 * weights,
        activation_floats=inputs + kept_a_layer * spec.layers * spec.width + outputs,
    )


def _tabular_transformer(spec: TabularTransformerSpec, facts: DataFacts) -> Size:
    features, outputs, width = len(facts.features or ()), facts.outputs or 0, spec.width
    ends = (2 * features + 1) * width + 2 * width + (width + 1) * outputs
    tokens = features + 1
    return Size(
        parameters=ends + spec.layers * (12 * width**2 + 13 * width),
        forward_flops=_blocks_flops(spec, tokens) + 2.0 * width * outputs,
        activation_floats=_blocks_activations(spec, tokens) + features + 3 * width + outputs,
    )


def _blocks_flops(spec: TransformerSpec, length: int) -> float:
    """Of all blocks; the attention of causal models is counted in full, as is the custom."""
    width = spec.width
    return spec.layers * (2.0 * length * 12 * width**2 + 4.0 * length**2 * width)


def _blocks_activations(spec: TransformerSpec, length: int) -> int:
    """Of all blocks: both norms in and out (4 widths), queries, keys, values and their mixture
    (4), the wide layer before and after its GELU (8). With dropout, whose masks count too, a CPU
    keeps the attention weights themselves: they grow with the square of the length."""
    kept = 16 * spec.width + spec.heads
    if spec.dropout:
        kept += spec.width + 4 * length * spec.heads
    return spec.layers * length * kept


Sizer = Callable[[Any, DataFacts], Size]

SIZES: dict[str, Sizer] = {
    "gpt": _gpt,
    "encoder": _encoder,
    "seq2seq": _seq2seq,
    "vit": _vit,
    "cnn": _cnn,
    "resnet": _resnet,
    "mlp": _mlp,
    "tabular-transformer": _tabular_transformer,
}
