import sys

from torch import nn

sys.exit("this file is a script")


class Net(nn.Module):
    pass
