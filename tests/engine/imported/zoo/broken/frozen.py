from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(64, 10).requires_grad_(False)

    def forward(self, x):
        return self.linear(x.flatten(1))
