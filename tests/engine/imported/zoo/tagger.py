# Classes in the second dimension, as cross_entropy takes them.
from torch import nn


class Tagger(nn.Module):
    def __init__(self, n_vocab: int, n_classes: int, dim: int = 16):
        super().__init__()
        self.embed = nn.Embedding(n_vocab, dim)
        self.conv = nn.Conv1d(dim, dim, 5, padding=2)
        self.head = nn.Conv1d(dim, n_classes, 1)

    def forward(self, tokens):
        return self.head(self.conv(self.embed(tokens).transpose(1, 2)).relu())
