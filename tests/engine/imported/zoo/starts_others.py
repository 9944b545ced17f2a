# Leaves a process behind, in a session of its own, and writes where it should not.
import os
import subprocess

from torch import nn

subprocess.Popen(["sleep", "997"], start_new_session=True)
for number in range(3, 30):
    try:
        os.write(number, b'{"job": 0, "answer": {"ok": false}}\n')
    except OSError:
        pass


class Net(nn.Module):
    def __init__(self, in_features, num_classes):
        super().__init__()
        self.head = nn.Linear(in_features, num_classes)

    def forward(self, x):
        return self.head(x)
