"""Lion, the optimizer found by program search: only the sign of its momentum counts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer


class Lion(Optimizer):
    """Chen and others, "Symbolic Discovery of Optimization Algorithms" (arXiv:2302.06675), 2.

    c = beta1 * m + (1 - beta1) * g
    p = p - lr * (sign(c) + weight_decay * p)
    m = beta2 * m + (1 - beta2) * g
    """

    def __init__(
        self,
        params: Iterable[dict[str, Any]],
        *,
        lr: float,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self) -> None:  # type: ignore[override]  # no closures here
        """Update all parameters that have a gradient."""
        for group in self.param_groups:
            parameters = [p for p in group["params"] if p.grad is not None]
            if parameters:
                _update(parameters, [self._momentum(p) for p in parameters], group)

    def _momentum(self, parameter: Tensor) -> Tensor:
        state = self.state[parameter]
        if not state:
            state["momentum"] = torch.zeros_like(parameter)
        momentum: Tensor = state["momentum"]
        return momentum


def _update(parameters: list[Tensor], momenta: list[Tensor], group: dict[str, Any]) -> None:
    """All tensors of a group in one call for each operation: few kernels on a GPU."""
    (beta1, beta2), lr = group["betas"], group["lr"]
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    signs = torch._foreach_lerp(momenta, gradients, 1 - beta1)
    torch._foreach_sign_(signs)
    torch._foreach_mul_(parameters, 1 - lr * group["weight_decay"])
    torch._foreach_add_(parameters, signs, alpha=-lr)
    torch._foreach_lerp_(momenta, gradients, 1 - beta2)
