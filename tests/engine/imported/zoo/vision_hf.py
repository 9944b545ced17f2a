from collections import namedtuple

from torch import nn

Output = namedtuple("Output", ["loss", "logits"])


class ForImageClassification(nn.Module):
    def __init__(self, num_channels, image_size, num_labels=1000):
        super().__init__()
        self.patches = nn.Conv2d(num_channels, 16, 4, stride=4)
        self.classifier = nn.Linear(16 * (image_size // 4) ** 2, num_labels)

    def forward(self, pixel_values, labels=None):
        return Output(None, self.classifier(self.patches(pixel_values).flatten(1).relu()))
