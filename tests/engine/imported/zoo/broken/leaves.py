import os

from torch import nn

os._exit(3)


class Net(nn.Module):
    def forward(self, x):
        return x
