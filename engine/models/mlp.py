"""MLP: linear layers with a GELU in between, on the flattened input."""

from __future__ import annotations

from torch import Tensor, nn


class MLP(nn.Module):
    """From inputs (B, ...) to the outputs (B, outputs): logits of classes, or a number."""

    def __init__(
        self, *, inputs: int, outputs: int, layers: int, width: int, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.flatten = nn.Flatten()
        sizes = [inputs, *[width] * layers]
        hidden: list[nn.Module] = []
        for before, after in zip(sizes, sizes[1:], strict=False):
            linear = nn.Linear(before, after)
            nn.init.kaiming_normal_(linear.weight, nonlinearity="relu")
            nn.init.zeros_(linear.bias)
            hidden += [linear, nn.GELU(), *([nn.Dropout(dropout)] if dropout else [])]
        self.hidden = nn.Sequential(*hidden)
        self.head = nn.Linear(sizes[-1], outputs)

    def forward(self, x: Tensor) -> Tensor:
        outputs: Tensor = self.head(self.hidden(self.flatten(x)))
        return outputs
