"""Models of padded texts: padding changes nothing, and nobody sees what is still to be written."""

import pytest
import torch
from torch import nn

from engine.data.vocabulary import PADDING
from engine.errors import BadInput
from engine.models.blocks import turned
from engine.models.build import build_model
from engine.models.encoder import Encoder
from engine.models.seq2seq import Seq2Seq
from engine.models.specs import EncoderSpec, GPTSpec, Seq2SeqSpec, ViTSpec
from tests.engine.facts import LABELLED, MASKED, PADDED, PAIRS, TAGGED, usual_facts

LENGTH, TARGETS, VOCABULARY, BEGIN, END = 12, 10, 17, 1, 2


def tokens(length, seed=0, samples=3):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(3, VOCABULARY, (samples, length), generator=generator)


def padded(text, length):
    return nn.functional.pad(text, (0, length - text.shape[1]), value=PADDING)


def encoder(*, per_token, padded=True):
    torch.manual_seed(0)
    return Encoder(
        vocabulary_size=VOCABULARY,
        outputs=5,
        per_token=per_token,
        padded=padded,
        layers=2,
        heads=2,
        width=16,
    ).eval()


@pytest.fixture
def writer():
    torch.manual_seed(0)
    model = Seq2Seq(
        vocabulary_size=VOCABULARY,
        length=LENGTH,
        target_length=TARGETS,
        layers=2,
        heads=2,
        width=16,
    )
    with torch.no_grad():  # sharper than a new model, whose logits are all alike
        for parameter in model.parameters():
            parameter.mul_(4)
    return model.eval()


# -- the encoder -----------------------------------------------------------------------------------


@pytest.mark.parametrize("per_token", [True, False])
@pytest.mark.parametrize("length", [1, 7, 12])
def test_a_padded_text_gives_what_it_gives_without_padding(per_token, length):
    model, text = encoder(per_token=per_token), tokens(length)
    alone, filled = model(text), model(padded(text, LENGTH))
    assert torch.allclose(filled[:, :length] if per_token else filled, alone, atol=1e-6)


def test_texts_of_other_lengths_in_the_batch_change_nothing():
    model, text = encoder(per_token=False), tokens(5)
    mixed = torch.cat([padded(text, LENGTH), tokens(LENGTH, seed=1)])
    assert torch.allclose(model(mixed)[:3], model(text), atol=1e-6)


def test_without_padding_token_0_is_a_token_like_any_other():
    model, text = encoder(per_token=False, padded=False), tokens(LENGTH)
    changed = text.clone()
    changed[:, -1] = PADDING
    assert not torch.allclose(model(changed), model(text), atol=1e-4)
    assert not torch.allclose(model(changed), model(changed[:, :-1]), atol=1e-4)


def test_every_token_sees_all_others():
    model, text = encoder(per_token=True), tokens(LENGTH)
    for position in (0, 5, LENGTH - 1):
        changed = text.clone()
        changed[:, position] = (changed[:, position] - 2) % (VOCABULARY - 3) + 3
        moved = (model(changed) - model(text)).abs().amax(dim=(0, 2))
        assert (moved > 1e-5).all()


def test_the_order_of_the_tokens_counts():
    model, text = encoder(per_token=False), tokens(LENGTH)
    assert not torch.allclose(model(text.flip(1)), model(text), atol=1e-5)


def test_turned_queries_and_keys_meet_by_their_distance_alone():
    query, key = torch.randn(2, 8, generator=torch.Generator().manual_seed(0))
    turned_queries, turned_keys = (turned(vector.repeat(20, 1)) for vector in (query, key))
    products = turned_queries @ turned_keys.T
    for distance in (-7, 0, 3):
        along = products.diagonal(distance)
        assert torch.allclose(along, along[0].expand_as(along), atol=1e-5)
    assert products[0, 0].item() == pytest.approx(float(query @ key), abs=1e-5)
    assert len({round(products[0, at].item(), 3) for at in range(5)}) == 5


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_turning_keeps_lengths_and_type(dtype):
    vectors = torch.randn(3, 11, 6, generator=torch.Generator().manual_seed(0)).to(dtype)
    assert turned(vectors).dtype is dtype
    assert torch.allclose(
        turned(vectors).float().norm(dim=-1), vectors.float().norm(dim=-1), atol=0.02
    )


def test_a_width_that_gives_no_pairs_is_refused():
    with pytest.raises(BadInput, match=r"use a multiple of 8, such as 24"):
        EncoderSpec.parse({"heads": 4, "width": 20})


@pytest.mark.parametrize(
    ("facts", "per_token"),
    [(MASKED, True), (TAGGED, True), (PADDED, False), (LABELLED, False)],
    ids=lambda value: getattr(value, "task", value),
)
def test_the_task_of_the_data_decides_what_is_said(facts, per_token):
    model = build_model(EncoderSpec(), facts)
    assert model.per_token is per_token
    assert model.padded is (facts is not MASKED)
    assert model.head.out_features == facts.outputs


# -- the encoder-decoder ------------------------------------------------------------------------


def test_a_later_token_does_not_move_earlier_logits(writer):
    source, written = tokens(LENGTH), tokens(TARGETS, seed=1)
    before = writer(source, written)
    for position in range(TARGETS):
        changed = written.clone()
        changed[:, position] = (changed[:, position] - 2) % (VOCABULARY - 3) + 3
        after = writer(source, changed)
        assert torch.equal(after[:, :position], before[:, :position])
        assert not torch.equal(after[:, position], before[:, position])


def test_what_is_written_depends_on_every_token_of_the_source(writer):
    source, written = tokens(LENGTH), tokens(TARGETS, seed=1)
    for position in range(LENGTH):
        changed = source.clone()
        changed[:, position] = (changed[:, position] - 2) % (VOCABULARY - 3) + 3
        moved = (writer(changed, written) - writer(source, written)).abs().amax(dim=(0, 2))
        assert (moved > 1e-5).all()


def test_a_padded_source_gives_what_it_gives_without_padding(writer):
    source, written = tokens(7), tokens(TARGETS, seed=1)
    filled = writer(padded(source, LENGTH), written)
    assert torch.allclose(filled, writer(source, written), atol=1e-5)


def test_padding_behind_what_is_written_changes_nothing_before_it(writer):
    source, written = tokens(LENGTH), tokens(4, seed=1)
    filled = writer(source, padded(written, TARGETS))[:, :4]
    assert torch.allclose(filled, writer(source, written), atol=1e-5)


def by_hand(writer, source, end, most):
    """The likeliest tokens of one source (1, S), one after another, until the end."""
    written = [BEGIN]
    while len(written) <= most:
        token = int(writer(source, torch.tensor([written]))[0, -1].argmax())
        if token == end:
            break
        written.append(token)
    return written[1:]


def test_the_likeliest_tokens_are_written_until_the_end(writer):
    source = padded(tokens(9, samples=6), LENGTH)
    source[0, 4:] = PADDING
    free = [by_hand(writer, row[None], end=-1, most=TARGETS) for row in source]
    end = free[0][3]  # a token that at least the first text comes to
    expected = [by_hand(writer, row[None], end, most=TARGETS) for row in source]
    written = writer.generate(source, BEGIN, end, TARGETS)
    assert [[token for token in row if token != PADDING] for row in written.tolist()] == [
        [token for token in row if token != PADDING] for row in expected
    ]
    assert len({len(row) for row in expected}) > 1


def test_no_more_is_written_than_asked_for_or_possible(writer):
    source = tokens(LENGTH)
    assert writer.generate(source, BEGIN, -1, 3).shape == (3, 3)
    assert writer.generate(source, BEGIN, -1, 1000).shape == (3, TARGETS)


# -- all transformers ---------------------------------------------------------------------------


@pytest.mark.parametrize("spec", [GPTSpec(), EncoderSpec(), Seq2SeqSpec(), ViTSpec()], ids=str)
def test_the_blocks_stand_in_lists_whose_names_say_so(spec):
    """By this rule activation checkpointing finds them."""
    model = build_model(spec, usual_facts(spec))
    lists = {name: part for name, part in model.named_children() if isinstance(part, nn.ModuleList)}
    assert lists
    assert all(name.endswith("blocks") and len(part) == spec.layers for name, part in lists.items())


def test_the_pairs_of_the_encoder_decoder_share_one_matrix_of_tokens():
    model = build_model(Seq2SeqSpec(), PAIRS)
    assert model.head.weight is model.tokens.weight
