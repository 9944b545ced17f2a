from torch import nn


class Labels(nn.Module):
    """Any number of labels for a text."""

    def __init__(self, vocab_size, num_labels):
        super().__init__()
        self.bag = nn.EmbeddingBag(vocab_size, 16)
        self.head = nn.Linear(16, num_labels)

    def forward(self, x):
        return self.head(self.bag(x))
