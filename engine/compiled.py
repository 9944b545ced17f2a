"""Compiled: torch.compile with a way back when it fails."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from engine.checks.arithmetic import GRAPHS
from engine.memory import Tell
from engine.training_config import PrecisionConfig


class Compiled:
    """A model's forward pass for training; plain again as soon as compiling fails.

    Compiling happens in the first forward and the first backward pass, so the failure comes from
    there: whoever makes the pass asks `gives_up` about an error and makes it again.
    """

    def __init__(self, model: nn.Module, config: PrecisionConfig, tell: Tell) -> None:
        self._model, self._tell = model, tell
        self._forward: Any = model
        self._random: Any = None
        self.in_parts = False
        """Whether an update takes several passes, which CUDA graphs would overwrite."""
        self._plain = False
        self._graphs = config.compile in GRAPHS
        if config.compile != "off":
            mode = None if config.compile == "default" else config.compile
            self._forward = torch.compile(model, mode=mode)

    def __call__(self, *inputs: Any) -> Any:
        if self._plain or (self.in_parts and self._graphs):
            return self._model(*inputs)
        return self._forward(*inputs)

    def begin(self, *, plain: bool) -> None:
        """An update begins; `plain` asks for passes of the model as it was written."""
        self._plain = plain
        if self._forward is not self._model:
            self._random = torch.get_rng_state(), _cuda_states()

    def gives_up(self, error: BaseException) -> bool:
        """Whether compiling failed; the next pass is plain, with the same random numbers."""
        if self._forward is self._model or not _is_of_the_compiler(error):
            return False
        self._forward = self._model
        self._restore_random()
        reason = str(error).strip().splitlines() or [type(error).__name__]
        self._tell(
            "compile-failed",
            f"torch.compile failed, training goes on without it: {reason[0][:300]} "
            "It needs a C++ compiler, and on a GPU Triton; set training.precision.compile to "
            "'off' to do without.",
        )
        return True

    def _restore_random(self) -> None:
        cpu, cuda = self._random
        torch.set_rng_state(cpu)
        if cuda:
            torch.cuda.set_rng_state_all(cuda)


def _cuda_states() -> list[Any]:
    return torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []


def _is_of_the_compiler(error: BaseException) -> bool:
    """Its errors have no common class; all are defined in its modules."""
    modules = [kind.__module__ for kind in type(error).__mro__]
    return any(name.startswith(("torch._dynamo", "torch._inductor")) for name in modules)
