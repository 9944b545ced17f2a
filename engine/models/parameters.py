"""The parameters of the models in closed form: known before a model is built. No torch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from engine.data.specs import DataFacts
from engine.models.size import size_of, table_or_image
from engine.models.specs import (
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
from engine.parameters.plan import ParameterFact, Role


def parameter_facts(spec: ModelSpec, facts: DataFacts) -> tuple[ParameterFact, ...] | None:
    """All parameters in the model's order; None where the size of the model is unknown too."""
    if size_of(spec, facts) is None:
        return None
    return tuple(PARAMETERS[spec.kind](spec, facts))


def _gpt(spec: GPTSpec, facts: DataFacts) -> Iterator[ParameterFact]:
    width = spec.width
    shape = facts.vocabulary_size or 0, width
    yield ParameterFact("tokens.weight", shape, "embedding", ("head.weight",) if spec.tied else ())
    if spec.positions == "learned":
        yield ParameterFact("positions.weight", (spec.block_size, width), "embedding")
    for layer in range(spec.layers):
        yield from _gpt_block(f"blocks.{layer}", spec)
    yield ParameterFact("norm.weight", (width,), "norm")
    if not spec.tied:
        yield ParameterFact("head.weight", shape, "head")


def _gpt_block(name: str, spec: GPTSpec) -> Iterator[ParameterFact]:
    width, heads = spec.width, spec.heads + 2 * spec.key_value_heads
    wide = 2 * spec.hidden if spec.feed_forward == "swiglu" else spec.hidden
    yield from _norm(f"{name}.norm_1", width, bias=False)
    qkv = heads * (width // spec.heads)
    yield from _linear(f"{name}.attention.qkv", width, qkv, bias=False)
    yield from _linear(f"{name}.attention.project", width, width, bias=False)
    yield from _norm(f"{name}.norm_2", width, bias=False)
    yield from _linear(f"{name}.widen", width, wide, bias=False)
    yield from _linear(f"{name}.project", spec.hidden, width, bias=False)


def _encoder(spec: EncoderSpec, facts: DataFacts) -> Iterator[ParameterFact]:
    width = spec.width
    yield ParameterFact("tokens.weight", (facts.vocabulary_size or 0, width), "embedding")
    for layer in range(spec.layers):
        yield from _block(f"blocks.{layer}", width, bias=True)
    yield from _norm("norm", width, bias=True)
    yield from _linear("head", width, facts.outputs or 0, role="head")


def _seq2seq(spec: Seq2SeqSpec, facts: DataFacts) -> Iterator[ParameterFact]:
    width = spec.width
    shape = facts.vocabulary_size or 0, width
    yield ParameterFact("tokens.weight", shape, "embedding", ("head.weight",))
    yield ParameterFact("positions.weight", (facts.tokens_per_sample or 0, width), "embedding")
    yield ParameterFact("target_positions.weight", (facts.target_tokens or 0, width), "embedding")
    for layer in range(spec.layers):
        yield from _block(f"encoder_blocks.{layer}", width, bias=False)
    yield from _norm("encoder_norm", width, bias=False)
    for layer in range(spec.layers):
        yield from _decoder_block(f"decoder_blocks.{layer}", width)
    yield from _norm("norm", width, bias=False)


def _vit(spec: ViTSpec, facts: DataFacts) -> Iterator[ParameterFact]:
    channels, height, wide = facts.image_shape or (0, 0, 0)
    patches, width = (height // spec.patch_size) * (wide // spec.patch_size), spec.width
    yield ParameterFact("positions", (patches, width), "embedding")
    yield from _linear("embed", channels * spec.patch_size**2, width)
    for layer in range(spec.layers):
        yield from _block(f"blocks.{layer}", width, bias=True)
    yield from _norm("norm", width, bias=True)
    yield from _linear("head", width, len(facts.classes or ()), role="head")


def _cnn(spec: CNNSpec, facts: DataFacts) -> Iterator[ParameterFact]:
    before, place = (facts.image_shape or (0,))[0], 0
    for stage in range(spec.stages):
        after = spec.channels << stage
        place += 1 if stage else 0  # the pool
        for inputs in (before, after):
            yield ParameterFact(f"features.{place}.weight", (after, inputs, 3, 3), "matrix")
            yield from _norm(f"features.{place + 1}", after, bias=True)
            place += 3
        before = after
    yield from _linear("head", before, len(facts.classes or ()), role="head")


def _resnet(spec: ResNetSpec, facts: DataFacts) -> Iterator[ParameterFact]:
    before = spec.channels
    yield from _convolution("stem", "stem_norm", (facts.image_shape or (0,))[0], before)
    for block in range(spec.layers):
        stage, first = divmod(block, spec.blocks)
        name, after = f"blocks.{block}", spec.channels << stage
        yield from _convolution(f"{name}.conv_1", f"{name}.norm_1", before, after)
        yield from _convolution(f"{name}.conv_2", f"{name}.norm_2", after, after)
        if stage > 0 and first == 0:
            around = f"{name}.shortcut", f"{name}.shortcut_norm"
            yield from _convolution(*around, before, after, side=1)
        before = after
    yield from _linear("head", before, len(facts.classes or ()), role="head")


def _tabular_transformer(spec: TabularTransformerSpec, facts: DataFacts) -> Iterator[ParameterFact]:
    width, features = spec.width, len(facts.features or ())
    yield ParameterFact("tokens", (features, width), "embedding")
    yield ParameterFact("token_offsets", (features, width), "embedding")
    yield ParameterFact("class_token", (width,), "norm")
    for layer in range(spec.layers):
        yield from _block(f"blocks.{layer}", width, bias=True)
    yield from _norm("norm", width, bias=True)
    yield from _linear("head", width, facts.outputs or 0, role="head")


def _mlp(spec: MLPSpec, facts: DataFacts) -> Iterator[ParameterFact]:
    before, apart = table_or_image(facts) or 0, 3 if spec.dropout else 2
    for layer in range(spec.layers):
        yield from _linear(f"hidden.{layer * apart}", before, spec.width)
        before = spec.width
    yield from _linear("head", before, facts.outputs or 0, role="head")


def _block(name: str, width: int, *, bias: bool) -> Iterator[ParameterFact]:
    yield from _norm(f"{name}.norm_1", width, bias=bias)
    yield from _linear(f"{name}.attention.qkv", width, 3 * width, bias=bias)
    yield from _linear(f"{name}.attention.project", width, width, bias=bias)
    yield from _norm(f"{name}.norm_2", width, bias=bias)
    yield from _linear(f"{name}.widen", width, 4 * width, bias=bias)
    yield from _linear(f"{name}.project", 4 * width, width, bias=bias)


def _decoder_block(name: str, width: int) -> Iterator[ParameterFact]:
    """A block, with the attention to the source before the feed-forward network."""
    *attention, norm, widen, project = _block(name, width, bias=False)
    yield from (*attention, norm)
    yield from _linear(f"{name}.cross.query", width, width, bias=False)
    yield from _linear(f"{name}.cross.key_value", width, 2 * width, bias=False)
    yield from _linear(f"{name}.cross.project", width, width, bias=False)
    yield from _norm(f"{name}.norm_3", width, bias=False)
    yield from (widen, project)


def _convolution(
    name: str, norm: str, before: int, after: int, *, side: int = 3
) -> Iterator[ParameterFact]:
    """With the norm behind it."""
    yield ParameterFact(f"{name}.weight", (after, before, side, side), "matrix")
    yield from _norm(norm, after, bias=True)


def _linear(
    name: str, inputs: int, outputs: int, *, bias: bool = True, role: Role = "matrix"
) -> Iterator[ParameterFact]:
    yield ParameterFact(f"{name}.weight", (outputs, inputs), role)
    if bias:
        yield ParameterFact(f"{name}.bias", (outputs,), "bias")


def _norm(name: str, width: int, *, bias: bool) -> Iterator[ParameterFact]:
    yield ParameterFact(f"{name}.weight", (width,), "norm")
    if bias:
        yield ParameterFact(f"{name}.bias", (width,), "bias")


PARAMETERS: dict[str, Callable[[Any, DataFacts], Iterator[ParameterFact]]] = {
    "gpt": _gpt,
    "encoder": _encoder,
    "seq2seq": _seq2seq,
    "vit": _vit,
    "cnn": _cnn,
    "resnet": _resnet,
    "mlp": _mlp,
    "tabular-transformer": _tabular_transformer,
}
