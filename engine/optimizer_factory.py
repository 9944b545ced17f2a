"""OptimizerFactory: name -> builder, and which parameters get weight decay."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import nn
from torch.optim import SGD, AdamW, Optimizer

from engine.training_config import AdamWConfig, OptimizerConfig, SGDConfig


def parameter_groups(
    model: nn.Module, *, weight_decay: float, decay_vectors: bool
) -> list[dict[str, Any]]:
    """Trainable parameters, each once, split by whether weight decay applies to them.

    Vectors and scalars (norms, biases) are not decayed unless ``decay_vectors``.
    """
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    decayed = [parameter for parameter in parameters if decay_vectors or parameter.dim() >= 2]
    chosen = {id(parameter) for parameter in decayed}
    others = [parameter for parameter in parameters if id(parameter) not in chosen]
    groups = [
        {"params": decayed, "weight_decay": weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    return [group for group in groups if group["params"]]


def _adamw(groups: list[dict[str, Any]], config: AdamWConfig) -> Optimizer:
    betas = config.beta1, config.beta2
    return AdamW(groups, lr=config.lr, betas=betas, eps=config.eps, fused=_can_fuse(groups))


def _sgd(groups: list[dict[str, Any]], config: SGDConfig) -> Optimizer:
    return SGD(
        groups,
        lr=config.lr,
        momentum=config.momentum,
        nesterov=config.nesterov,
        fused=_can_fuse(groups),
    )


OPTIMIZERS: dict[str, Callable[[list[dict[str, Any]], Any], Optimizer]] = {
    "adamw": _adamw,
    "sgd": _sgd,
}


class OptimizerFactory:
    """Builds the optimizer that a config names."""

    @staticmethod
    def build(model: nn.Module, config: OptimizerConfig) -> Optimizer:
        """The optimizer over the model's trainable parameters, fused where PyTorch can."""
        groups = parameter_groups(
            model, weight_decay=config.weight_decay, decay_vectors=config.decay_vectors
        )
        return OPTIMIZERS[config.name](groups, config)


def _can_fuse(groups: list[dict[str, Any]]) -> bool:
    """One kernel for the whole update: the fastest on the CPU, CUDA and Apple silicon."""
    parameters = [parameter for group in groups for parameter in group["params"]]
    return all(
        parameter.is_floating_point() and parameter.device.type in ("cpu", "cuda", "mps")
        for parameter in parameters
    )
