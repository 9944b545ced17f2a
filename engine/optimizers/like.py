"""OptimizerLike: what the training loop and the checkpoints need of an optimizer."""

from __future__ import annotations

from typing import Any, Protocol

from torch.optim import Optimizer

from engine.optimizers.together import Together


class OptimizerLike(Protocol):
    """A `torch.optim.Optimizer`, or several that act as one."""

    @property
    def param_groups(self) -> list[dict[str, Any]]:
        """Groups whose `lr` may be set before every step."""

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients."""

    def step(self) -> object:
        """Update the parameters from their gradients."""

    def state_dict(self) -> dict[str, Any]:
        """All that the next step depends on, as tensors and plain data."""

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on exactly where `state_dict` was taken."""


def forget(optimizer: OptimizerLike) -> None:
    """Let an optimizer be as it was before its first step."""
    if isinstance(optimizer, Together):
        for part in optimizer.parts:
            part.state.clear()
    elif isinstance(optimizer, Optimizer):
        optimizer.state.clear()


def remember(optimizer: OptimizerLike, state: dict[str, Any]) -> None:
    """Load what an optimizer has learned, and leave the options as they are configured.

    `load_state_dict` alone would bring back the weight decay and betas of the checkpoint, and so
    let a changed configuration count for nothing.
    """
    own = [
        {name: option for name, option in group.items() if name != "params"}
        for group in optimizer.param_groups
    ]
    optimizer.load_state_dict(state)
    for group, options in zip(optimizer.param_groups, own, strict=True):
        group.update(options)
