from torch import nn


class Model(nn.Module):
    def __init__(self, in_features: int, out_features: int, *, hidden: int = 16, dropout: float = 0.1):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(in_features, hidden), nn.SiLU(), nn.Dropout(dropout))
        self.last = nn.Linear(hidden, out_features)

    def forward(self, features):
        return self.last(self.body(features))
