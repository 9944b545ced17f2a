# Not causal: every token sees all others.
from torch import nn


class Peeking(nn.Module):
    def __init__(self, vocab_size, width=16):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, width)
        self.head = nn.Linear(width, vocab_size)

    def forward(self, x):
        x = self.embed(x)
        return self.head(x + x.mean(1, keepdim=True))
