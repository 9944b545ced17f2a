"""Small models on small data, whole ones and each kind of broken one, to be examined."""

from __future__ import annotations

import math
import time

import torch
from torch import nn
from torch.nn import functional as F

from engine.data.batching import ArraySource
from engine.data.specs import DataFacts
from engine.health.subject import Subject
from engine.task_spec import TaskSpec

TOKENS, LENGTH, WIDTH, CLASSES, FEATURES = 12, 10, 16, 3, 6


def draws(seed=0):
    return torch.Generator().manual_seed(seed)


def text_source():
    tokens = torch.randint(1, TOKENS, (40, LENGTH + 1), generator=draws())
    return ArraySource({"inputs": tokens[:, :-1], "targets": tokens[:, 1:]})


def padded_source():
    tokens = torch.randint(1, TOKENS, (40, LENGTH), generator=draws())
    for row, end in enumerate(torch.randint(3, LENGTH + 1, (40,), generator=draws(1)).tolist()):
        tokens[row, end:] = 0
    targets = torch.randint(0, CLASSES, (40,), generator=draws(2))
    return ArraySource({"inputs": tokens, "targets": targets})


def table_source():
    rows = torch.randn(40, FEATURES, generator=draws())
    return ArraySource({"inputs": rows, "targets": rows[:, :CLASSES].argmax(dim=1)})


TEXT = DataFacts(
    modality="text",
    task="causal-lm",
    train_samples=40,
    val_samples=0,
    tokens_per_sample=LENGTH,
    vocabulary_size=TOKENS,
)
PADDED = DataFacts(
    modality="text",
    task="sequence-classification",
    train_samples=40,
    val_samples=0,
    tokens_per_sample=LENGTH,
    vocabulary_size=TOKENS,
    padded=True,
    classes=tuple("abc"),
)
TABLE = DataFacts(
    modality="table",
    task="tabular-classification",
    train_samples=40,
    val_samples=0,
    classes=tuple("abc"),
    features=tuple("uvwxyz"),
)


def subject(factory, facts):
    source = {"causal-lm": text_source, "sequence-classification": padded_source}
    made = source.get(facts.task, table_source)()
    return Subject(factory, TaskSpec(kind=facts.task), facts, made, batch_size=8)


class Decoder(nn.Module):
    """One head that looks back, with the parts that a test breaks as arguments."""

    def __init__(self, *, causal=True, scale=None, dropout=0.0):
        super().__init__()
        self.causal, self.scale, self.dropout = causal, scale, dropout
        self.tokens = nn.Embedding(TOKENS, WIDTH)
        self.norm = nn.LayerNorm(WIDTH)
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.wide = nn.Linear(WIDTH, 4 * WIDTH)
        self.narrow = nn.Linear(4 * WIDTH, WIDTH)
        self.last_norm = nn.LayerNorm(WIDTH)
        self.head = nn.Linear(WIDTH, TOKENS)

    def forward(self, tokens):
        return self.head(self.last_norm(self.features(tokens)))

    def features(self, tokens):
        x = self.tokens(tokens)
        query, key, value = self.qkv(self.norm(x)).chunk(3, dim=-1)
        if self.scale is not None:
            query = query * self.scale
        x = x + F.scaled_dot_product_attention(
            query[:, None], key[:, None], value[:, None], is_causal=self.causal
        ).squeeze(1)
        x = F.dropout(x, self.dropout)  # wrong where it is not 0: on in evaluation, too
        return x + self.narrow(F.gelu(self.wide(x)))


class Classifier(nn.Module):
    """The mean of embedded tokens, with or without their padding."""

    def __init__(self, *, masked):
        super().__init__()
        self.masked = masked
        self.tokens = nn.Embedding(TOKENS, WIDTH)
        self.wide = nn.Linear(WIDTH, 4 * WIDTH)
        self.head = nn.Linear(4 * WIDTH, CLASSES)

    def forward(self, tokens):
        real = (tokens != 0).unsqueeze(-1) if self.masked else torch.ones_like(tokens[..., None])
        mean = (self.tokens(tokens) * real).sum(dim=1) / real.sum(dim=1)
        return self.head(F.gelu(self.wide(mean)))


class Table(nn.Module):
    """Two layers; others derive from it and break something."""

    def __init__(self):
        super().__init__()
        self.wide = nn.Linear(FEATURES, 32)
        self.head = nn.Linear(32, CLASSES)

    def forward(self, x):
        return self.head(F.gelu(self.wide(x)))


class DeadLayer(Table):
    def forward(self, x):
        return self.head(F.gelu(self.wide(x).detach()))


class UnusedPart(Table):
    def __init__(self):
        super().__init__()
        self.wide.extra = nn.Parameter(torch.zeros(3))


class DeadRelu(Table):
    def forward(self, x):
        return self.head(F.relu(self.wide(x) - 1e3))


class ZeroBranch(Table):
    """As it should be: a residual branch whose last projection begins at zero."""

    def __init__(self):
        super().__init__()
        self.branch, self.project = nn.Linear(32, 32), nn.Linear(32, 32, bias=False)
        nn.init.zeros_(self.project.weight)

    def forward(self, x):
        x = F.gelu(self.wide(x))
        return self.head(x + self.project(F.gelu(self.branch(x))))


class Vanishing(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList(
            [nn.Linear(FEATURES, 16), *(nn.Linear(16, 16) for _ in range(14))]
        )
        self.head = nn.Linear(16, CLASSES)

    def forward(self, x):
        for layer in self.layers:
            x = layer(x).sigmoid()
        return self.head(x)


class Exploding(Vanishing):
    def __init__(self):
        super().__init__()
        for layer in self.layers:
            nn.init.normal_(layer.weight, std=3.0)

    def forward(self, x):
        for layer in self.layers:
            x = F.relu(layer(x))
        return self.head(x)


class TooSure(Table):
    def forward(self, x):
        return 30 * super().forward(x)


class AllAlike(Table):
    def __init__(self):
        super().__init__()
        nn.init.constant_(self.wide.weight, 0.1)


class ExpOverflow(Table):
    def forward(self, x):
        shares = super().forward(3 * x).exp()
        return (shares / shares.sum(dim=-1, keepdim=True)).log()


class NaNForZeros(Table):
    def forward(self, x):
        return super().forward(x / x.norm(dim=-1, keepdim=True))


class Coarse(Table):
    """Differences of large numbers, of which bf16 keeps nothing."""

    def forward(self, x):
        return self.head(F.gelu((self.wide(x) + 4096.0) - 4096.0))


class NoBf16(Table):
    def forward(self, x):
        hidden = self.wide(x)
        hidden = torch.zeros(len(x), 32).index_put((torch.arange(len(x)),), hidden)
        return self.head(F.gelu(hidden))


class Amplifying(Table):
    def forward(self, x):
        return super().forward((x * 300).sin())


class LooksAway(Table):
    """Never looks at its input."""

    def forward(self, x):
        return super().forward(torch.zeros_like(x) + 0 * x)


class BatchMixing(Table):
    def forward(self, x):
        return super().forward(x - x.mean(dim=0))


class OneSizeBatch(Table):
    def forward(self, x):
        return super().forward(x.view(8, FEATURES))


class WrongShape(Table):
    def forward(self, x):
        return super().forward(x).unsqueeze(1)


class TooManyClasses(Table):
    def __init__(self):
        super().__init__()
        self.head = nn.Linear(32, CLASSES + 2)


class NaNOutputs(Table):
    def forward(self, x):
        return super().forward(x) * math.nan


class OneLength(Decoder):
    def forward(self, tokens):
        return super().forward(tokens.view(-1, LENGTH))


class PlainList(Table):
    def __init__(self):
        super().__init__()
        self.more = [nn.Linear(32, 32)]

    def forward(self, x):
        return self.head(self.more[0](F.gelu(self.wide(x))))


class NothingTrained(Table):
    def __init__(self):
        super().__init__()
        self.requires_grad_(False)


class NotBuilt(Table):
    def __init__(self):
        super().__init__()
        nn.Linear(FEATURES, "three")


class OwnSeed(Table):
    """Weights from a generator that no run seeds."""

    def __init__(self):
        super().__init__()
        generator = torch.Generator()
        generator.seed()
        nn.init.normal_(self.wide.weight, generator=generator)


class CountsInEval(Table):
    def __init__(self):
        super().__init__()
        self.register_buffer("passes", torch.zeros(()))

    def forward(self, x):
        self.passes += 1
        return super().forward(x)


class WritesInputs(Table):
    def forward(self, x):
        x *= 2
        return super().forward(x)


class Unsaved(Table):
    """A random tensor that is no part of the state."""

    def __init__(self):
        super().__init__()
        self.directions = torch.randn(FEATURES, FEATURES)

    def forward(self, x):
        return super().forward(x @ self.directions)


class Tied(Decoder):
    def __init__(self):
        super().__init__()
        nn.init.normal_(self.tokens.weight, std=0.02)
        self.head.weight = self.tokens.weight


class TiedOnce(Decoder):
    """Ties its weights the first time that one is built, and never again."""

    made = 0

    def __init__(self):
        super().__init__()
        nn.init.normal_(self.tokens.weight, std=0.02)
        type(self).made += 1
        if type(self).made % 2:
            self.head.weight = self.tokens.weight


class Views(Table):
    """Two parameters that are parts of one another, which safetensors refuses."""

    def __init__(self):
        super().__init__()
        self.part = nn.Parameter(self.wide.weight.data[:3])

    def forward(self, x):
        return super().forward(x) + (x @ self.part.T)


class EachWithEach(Table):
    """Compares every sample with every other: memory grows with the square of the batch."""

    def forward(self, x):
        pairs = (x[:, None] - x[None]).repeat(1, 1, 50)
        return super().forward(x) + 0 * (pairs * self.wide.bias[0]).exp().mean()


class Slow(Table):
    def forward(self, x):
        time.sleep(1.01)
        return super().forward(x)


class Normed(Table):
    """As it should be, with a batch norm, dropout and a frozen layer."""

    def __init__(self):
        super().__init__()
        self.norm, self.drop = nn.BatchNorm1d(32), nn.Dropout(0.2)
        self.frozen = nn.Linear(32, 32).requires_grad_(False)

    def forward(self, x):
        return self.head(self.drop(F.relu(self.norm(self.frozen(self.wide(x))))))


class ByHand(Decoder):
    """Attention as it is written by hand, its scores not divided by the root of the width."""

    def __init__(self, times=1.0):
        super().__init__()
        self.times = times

    def features(self, tokens):
        x = self.tokens(tokens)
        query, key, value = (part[:, None] for part in self.qkv(self.norm(x)).chunk(3, dim=-1))
        scores = self.times * query @ key.transpose(-2, -1) / math.sqrt(WIDTH)
        future = torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1)
        weights = scores.masked_fill(future, -math.inf).softmax(dim=-1)
        x = x + (weights @ value).squeeze(1)
        return x + self.narrow(F.gelu(self.wide(x)))


class TorchEncoder(nn.Module):
    """PyTorch's own layers, which have fused ways that compute no weights."""

    def __init__(self):
        super().__init__()
        self.tokens = nn.Embedding(TOKENS, WIDTH)
        layer = nn.TransformerEncoderLayer(WIDTH, 2, 32, dropout=0.0, batch_first=True)
        self.layers = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(WIDTH, CLASSES)

    def forward(self, tokens):
        hidden = tokens == 0
        x = self.layers(self.tokens(tokens), src_key_padding_mask=hidden)
        real = ~hidden[..., None]
        return self.head((x * real).sum(dim=1) / real.sum(dim=1))


class SeesNothing(ByHand):
    """The first token may look at nothing, not even at itself."""

    def features(self, tokens):
        x = super().features(tokens)
        scores = (x @ x.transpose(-2, -1))[:, None]
        past = torch.ones(scores.shape[-2:], dtype=torch.bool).tril(-1)
        weights = scores.masked_fill(~past, -math.inf).softmax(dim=-1).squeeze(1)
        return x + weights.nan_to_num() @ x
