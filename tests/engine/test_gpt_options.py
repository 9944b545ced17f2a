"""The choices of a GPT: today's default is that of the beginning, and each does what it says."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from engine.errors import BadInput
from engine.models.blocks import initialise, turned
from engine.models.build import build_model
from engine.models.gpt import GPT
from engine.models.specs import GPTSpec
from tests.engine.facts import TEXT


class FirstBlock(nn.Module):
    """A block as it was before there was a choice."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm_1 = nn.LayerNorm(width, bias=False)
        self.attention = nn.Module()
        self.attention.qkv = nn.Linear(width, 3 * width, bias=False)
        self.attention.project = nn.Linear(width, width, bias=False)
        self.norm_2 = nn.LayerNorm(width, bias=False)
        self.widen = nn.Linear(width, 4 * width, bias=False)
        self.project = nn.Linear(4 * width, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        batch, length, width = x.shape
        qkv = self.attention.qkv(self.norm_1(x)).view(batch, length, 3, self.heads, -1)
        query, key, value = qkv.permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(query, key, value, is_causal=True)
        x = x + self.attention.project(mixed.transpose(1, 2).reshape(batch, length, width))
        added: Tensor = self.project(F.gelu(self.widen(self.norm_2(x))))
        return x + added


class FirstGPT(nn.Module):
    """The model as it was: learned positions, LayerNorm, GELU, tied embeddings."""

    def __init__(self, spec: GPTSpec, vocabulary: int) -> None:
        super().__init__()
        self.tokens = nn.Embedding(vocabulary, spec.width)
        self.positions = nn.Embedding(spec.block_size, spec.width)
        self.blocks = nn.ModuleList(FirstBlock(spec.width, spec.heads) for _ in range(spec.layers))
        self.norm = nn.LayerNorm(spec.width, bias=False)
        self.head = nn.Linear(spec.width, vocabulary, bias=False)
        initialise(self, layers=spec.layers)
        self.head.weight = self.tokens.weight

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.tokens(tokens) + self.positions.weight[: tokens.shape[1]]
        for block in self.blocks:
            x = block(x)
        logits: Tensor = self.head(self.norm(x))
        return logits


def gpt(**options: object) -> GPT:
    torch.manual_seed(0)
    spec = GPTSpec.parse({"layers": 2, "heads": 4, "width": 32, "block_size": 12} | options)
    model = build_model(spec, TEXT)
    assert isinstance(model, GPT)
    return model.eval()


def text(length: int = 12) -> Tensor:
    return torch.randint(103, (3, length), generator=torch.Generator().manual_seed(1))


def test_the_default_has_the_bits_of_the_first_gpt() -> None:
    """Weights, their names and order, logits, gradients, and what was drawn at random."""
    left: list[list[tuple[str, Tensor]]] = []
    for make in (lambda: build_model(GPTSpec(), TEXT), lambda: FirstGPT(GPTSpec(), 103)):
        torch.manual_seed(3)
        model = make()
        logits = model(text(64))
        logits.square().mean().backward()
        gradients = [(name, p.grad) for name, p in model.named_parameters() if p.grad is not None]
        random = torch.get_rng_state()
        left.append([*model.state_dict().items(), *gradients, ("out", logits), ("rng", random)])
    now, first = left
    assert [name for name, _ in now] == [name for name, _ in first]
    assert [
        name for (name, a), (_, b) in zip(now, first, strict=True) if not torch.equal(a, b)
    ] == []


@pytest.mark.parametrize(
    ("options", "field", "words"),
    [
        ({"heads": 4, "kv_heads": 3}, "kv_heads", "use one of 1, 2, 4"),
        (
            {"heads": 4, "width": 12, "positions": "rotary"},
            "positions",
            "multiple of 8, such as 16",
        ),
    ],
)
def test_what_does_not_go_together_is_refused_in_words(
    options: dict[str, object], field: str, words: str
) -> None:
    with pytest.raises(BadInput) as refused:
        GPTSpec.parse(options)
    (problem,) = refused.value.problems
    assert problem.path == field
    assert words in problem.message


def test_rotary_positions_tell_distances_not_places() -> None:
    query, key = torch.randn(2, 1, 8, generator=torch.Generator().manual_seed(2))
    near, far, apart = (
        float(turned(query, a) @ turned(key, b).T) for a, b in ((5, 2), (25, 22), (5, 3))
    )
    assert near == pytest.approx(far, abs=1e-4)
    assert near != pytest.approx(apart, abs=1e-2)
    assert gpt(positions="rotary").positions is None


def test_rms_norm_leaves_the_mean() -> None:
    x = torch.tensor([[3.0, 4.0] * 16])
    normed = gpt(norm="rmsnorm").blocks[0].norm_1(x)
    assert torch.allclose(normed, x / 12.5**0.5, atol=1e-4)


def test_swiglu_gates_one_half_by_the_other() -> None:
    block = gpt(feed_forward="swiglu").blocks[0]
    assert block.project.in_features == 88  # 2/3 of 4 * 32 is 85.3; the next multiple of 8
    x = torch.randn(1, 2, 32, generator=torch.Generator().manual_seed(2))
    by_hand = x + block.attention(block.norm_1(x))
    gate, value = block.widen(block.norm_2(by_hand)).split(88, dim=-1)
    by_hand = by_hand + block.project(gate * torch.sigmoid(gate) * value)
    assert torch.allclose(block(x), by_hand, atol=1e-6)


def test_shared_keys_and_values_are_those_of_all_heads_repeated() -> None:
    shared, whole = gpt(kv_heads=2), gpt()
    for few, many in zip(shared.blocks, whole.blocks, strict=True):
        query, key, value = few.attention.qkv.weight.split((32, 16, 16))
        wide = [w.view(2, 8, 32).repeat_interleave(2, dim=0).reshape(32, 32) for w in (key, value)]
        with torch.no_grad():
            many.attention.qkv.weight.copy_(torch.cat([query, *wide]))
            many.attention.project.weight.copy_(few.attention.project.weight)
            for name in ("widen", "project"):
                getattr(many, name).weight.copy_(getattr(few, name).weight)
    whole.tokens.load_state_dict(shared.tokens.state_dict())
    whole.positions.load_state_dict(shared.positions.state_dict())
    assert torch.allclose(shared(text()), whole(text()), atol=1e-5)


def test_untied_embeddings_are_two_matrices() -> None:
    model = gpt(tied=False)
    assert model.head.weight is not model.tokens.weight
    assert model.head.weight.std().item() == pytest.approx(0.02, rel=0.1)
