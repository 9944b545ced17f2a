"""Generation: the same tokens with and without cache, drawn from the tokens that may be drawn."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from engine.data.vocabulary import PADDING
from engine.models.blocks import visible
from engine.models.build import build_model
from engine.models.drawing import Drawing
from engine.models.gpt import GPT
from engine.models.seen import Seen
from engine.models.seq2seq import Seq2Seq
from engine.models.specs import GPTSpec
from tests.engine.facts import TEXT, gpt_specs

drawings = st.builds(
    Drawing,
    temperature=st.sampled_from([0.0, 0.5, 1.0, 2.0]),
    top_k=st.none() | st.integers(1, 120),
    top_p=st.none() | st.floats(0.01, 1.0),
)


def model_of(spec: GPTSpec) -> GPT:
    """With weights far larger than usual, so that tokens have quite different chances."""
    torch.manual_seed(0)
    model = build_model(spec, TEXT)
    assert isinstance(model, GPT)
    with torch.no_grad():
        for weight in model.parameters():
            if weight.dim() > 1:
                weight.mul_(10)
    return model.eval()


def tokens(length: int) -> Tensor:
    return torch.randint(103, (2, length), generator=torch.Generator().manual_seed(1))


@settings(max_examples=60)
@given(gpt_specs(), drawings, st.integers(1, 30), st.integers(0, 30))
def test_the_cache_changes_no_token(
    spec: GPTSpec, drawing: Drawing, prompt: int, new_tokens: int
) -> None:
    """Prompts shorter and longer than the context, which fills up and slides on the way."""
    model = model_of(spec)
    with_cache, without = (
        model.generate(
            tokens(prompt),
            new_tokens,
            drawing=drawing,
            generator=torch.Generator().manual_seed(4),
            cached=cached,
        )
        for cached in (True, False)
    )
    assert with_cache.shape == (2, prompt + new_tokens)
    assert torch.equal(with_cache, without)


@settings(max_examples=40)
@given(gpt_specs(), st.data())
def test_a_text_read_in_parts_gives_the_logits_of_the_whole(
    spec: GPTSpec, data: st.DataObject
) -> None:
    model = model_of(spec)
    whole = tokens(spec.block_size)
    cuts = sorted(data.draw(st.sets(st.integers(1, spec.block_size))) - {spec.block_size})
    seen = [Seen() for _ in model.blocks]
    with torch.no_grad():
        parts = [model(part, seen) for part in whole.tensor_split(cuts, dim=1)]
        assert torch.allclose(torch.cat(parts, dim=1), model(whole), rtol=1e-3, atol=1e-3)


def test_each_token_is_read_once_until_the_context_is_full() -> None:
    model = model_of(GPTSpec(layers=1, heads=1, width=8, block_size=6))
    read: list[int] = []
    model.tokens.register_forward_hook(lambda _, inputs, __: read.append(inputs[0].shape[1]))
    generator = torch.Generator().manual_seed(0)
    model.generate(tokens(3), 6, drawing=Drawing(), generator=generator)
    assert read == [3, 1, 1, 1, 6, 6]


def plainly_kept(shares: list[float], drawing: Drawing) -> list[float]:
    """The likeliest first, until there are k of them or they have the share p."""
    places = sorted(range(len(shares)), key=lambda n: -shares[n])[: drawing.top_k]
    whole, sum_before = sum(shares[n] for n in places), 0.0
    kept = [0.0] * len(shares)
    for place in places:
        if drawing.top_p is not None and sum_before / whole >= drawing.top_p:
            break
        kept[place] = shares[place]
        sum_before += shares[place]
    return kept


@given(st.lists(st.integers(1, 1000), min_size=1, max_size=30), drawings)
def test_what_can_be_drawn_is_what_a_plain_count_says(weights: list[int], drawing: Drawing) -> None:
    shares = torch.tensor([weights], dtype=torch.float64)
    shares = shares / shares.sum()
    assert drawing.kept(shares).tolist() == [plainly_kept(shares[0].tolist(), drawing)]


@pytest.mark.parametrize(
    ("drawing", "kept"),
    [
        (Drawing(), [0.5, 0.125, 0.25, 0.125]),
        (Drawing(top_k=2), [0.5, 0.0, 0.25, 0.0]),
        (Drawing(top_k=9), [0.5, 0.125, 0.25, 0.125]),
        (Drawing(top_p=0.5), [0.5, 0.0, 0.0, 0.0]),
        (Drawing(top_p=0.51), [0.5, 0.0, 0.25, 0.0]),
        (Drawing(top_p=0.8), [0.5, 0.125, 0.25, 0.0]),
        (Drawing(top_k=2, top_p=0.6), [0.5, 0.0, 0.0, 0.0]),
    ],
    ids=str,
)
def test_the_likeliest_are_kept(drawing: Drawing, kept: list[float]) -> None:
    assert drawing.kept(torch.tensor([[0.5, 0.125, 0.25, 0.125]])).tolist() == [kept]


def test_nothing_else_is_ever_drawn() -> None:
    logits = torch.tensor([[2.0, 1.0, 0.0, -1.0]]).repeat(500, 1)
    generator = torch.Generator().manual_seed(0)
    drawn = Drawing(temperature=3.0, top_k=2).tokens(logits, generator)
    assert set(drawn.flatten().tolist()) == {0, 1}


def test_a_lower_temperature_draws_the_likeliest_more_often() -> None:
    logits = torch.tensor([[1.0, 0.0]]).repeat(2000, 1)
    shares = [
        Drawing(temperature=t).tokens(logits, torch.Generator().manual_seed(0)).eq(0).float().mean()
        for t in (0.0, 0.5, 1.0, 2.0)
    ]
    assert [round(float(share), 1) for share in shares] == [1.0, 0.9, 0.7, 0.6]


@settings(max_examples=20)
@given(st.integers(1, 3), st.integers(1, 12), st.integers(0, 40))
def test_answers_are_the_same_with_and_without_cache(layers: int, length: int, most: int) -> None:
    """Also where some texts end sooner than others, and where more is asked for than fits."""
    torch.manual_seed(0)
    model = Seq2Seq(
        vocabulary_size=11, length=12, target_length=9, layers=layers, heads=2, width=16
    ).eval()
    with torch.no_grad():
        for weight in model.parameters():
            if weight.dim() > 1:
                weight.mul_(10)
    texts = torch.randint(1, 11, (5, length), generator=torch.Generator().manual_seed(most))
    texts[0, length // 2 :] = PADDING
    kept, anew = (model.generate(texts, 1, 2, most, cached=cached) for cached in (True, False))
    assert kept.shape == anew.shape
    assert torch.equal(kept, anew)


def test_a_decoder_gives_the_same_logits_token_by_token() -> None:
    torch.manual_seed(0)
    model = Seq2Seq(
        vocabulary_size=11, length=12, target_length=9, layers=2, heads=2, width=16
    ).eval()
    texts, written = torch.randint(1, 11, (2, 3, 9), generator=torch.Generator().manual_seed(0))
    source, mask = model._encode(texts), visible(texts)
    seen = [(Seen(), Seen()) for _ in model.decoder_blocks]
    parts = [model._decode(part, source, mask, seen) for part in written.split([1, 3, 1, 4], dim=1)]
    assert torch.allclose(torch.cat(parts, dim=1), model(texts, written), atol=1e-5)
