from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.kept = []
        while True:
            self.kept.append(bytearray(5_000_000_000))

    def forward(self, x):
        return x
