from torch import nn


class Dead(nn.Module):
    def __init__(self, in_features, num_classes):
        super().__init__()
        self.used = nn.Linear(in_features, 8)
        self.forgotten = nn.Linear(8, 8)
        self.head = nn.Linear(8, num_classes)

    def forward(self, x):
        return self.head(self.used(x).relu())
