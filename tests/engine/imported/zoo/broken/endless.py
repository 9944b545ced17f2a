import time

from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        while True:
            time.sleep(0.1)

    def forward(self, x):
        return x
