"""Memory: what is done so that an update fits, and what is said when it does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from engine.checks.arithmetic import NO_BLOCKS
from engine.data.batching import Batch
from engine.errors import BadInput, EngineError
from engine.training_config import MemoryConfig

Tell = Callable[[str, str], None]
"""(kind of event, sentence) -> None."""
_CPU_WORDS = ("DefaultCPUAllocator: not enough memory", "DefaultCPUAllocator: can't allocate")


class OutOfMemory(EngineError):
    """An update that does not fit into memory."""

    def __init__(self, samples: int, step: int | None, what: str, remedy: str) -> None:
        where = "in validation" if step is None else f"at step {step:,}"
        super().__init__(
            f"Out of memory {where}, with {samples:,} samples at once: {what} {remedy}"
        )


class DoesNotFit(EngineError):
    """A model that does not fit into memory, whatever the batch."""

    def __init__(self, error: str) -> None:
        super().__init__(
            f"Out of memory: {_shortened(error)} The model, its gradients or what its optimizer "
            "remembers do not fit, so smaller batches would not help. Use a smaller model, an "
            "optimizer that remembers less (SGD, Adafactor), or another device."
        )


@contextmanager
def lack_of_memory_in_words() -> Iterator[None]:
    """Raise `DoesNotFit` where memory runs out elsewhere than in an update's batches."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        raise DoesNotFit(str(error)) from error


def is_out_of_memory(error: BaseException) -> bool:
    """Whether this is how PyTorch says that memory ran out, on a GPU or on the CPU."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error) for words in _CPU_WORDS)


class Splitter:
    """Cuts batches into the parts that fit; the update of the parts is that of the whole.

    Every part is weighted by its targets, as in gradient accumulation. What depends on the other
    samples of a part (batch norm, dropout's random numbers) is another than in the whole.
    """

    def __init__(self, config: MemoryConfig, tell: Tell) -> None:
        self._config, self._tell = config, tell
        self.parts = 1
        """How many parts each batch is cut into."""

    def split(self, batch: Batch) -> Sequence[Batch]:
        """The batch in `parts` parts along the first dimension, none of them empty."""
        if self.parts == 1:
            return (batch,)
        size = samples_of(batch)
        pieces = {
            name: tensor.chunk(self.parts)
            for name, tensor in batch.items()
            if isinstance(tensor, Tensor) and tensor.shape[:1] == (size,)
        }
        count = len(next(iter(pieces.values())))
        return [
            {name: pieces[name][part] if name in pieces else batch[name] for name in batch}
            for part in range(count)
        ]

    def halve(self, samples: int, step: int, error: str) -> None:
        """Use twice as many parts from now on.

        Raises:
            OutOfMemory: when that is not wanted, or the parts are single samples already.
        """
        at_once = -(-samples // self.parts)
        what = _shortened(error)
        if self._config.on_out_of_memory == "fail":
            remedy = (
                f"Use a batch size of {max(1, at_once // 2):,} and twice the gradient "
                "accumulation (the same update), activation checkpointing, or a smaller model."
            )
            raise OutOfMemory(at_once, step, what, remedy)
        if at_once == 1:
            remedy = "Use activation checkpointing, a shorter context or a smaller model."
            raise OutOfMemory(at_once, step, what, remedy)
        self.parts *= 2
        half = -(-samples // self.parts)
        self._tell(
            "out-of-memory",
            f"Out of memory at step {step:,}, with {at_once:,} samples at once: {what} Batches "
            f"are cut into {self.parts} parts of {half:,} samples from now on, whose gradients "
            f"are added up: the same updates. A batch size of {half:,} with "
            f"{self.parts} times the gradient accumulation would do so from the beginning.",
        )


def samples_of(batch: Batch) -> int:
    """Samples in a batch: the first dimension of its tensors."""
    return next(len(tensor) for tensor in batch.values() if isinstance(tensor, Tensor))


def free_cached(device: torch.device) -> None:
    """Give memory that PyTorch keeps for later back, so that smaller parts find room."""
    if device.type == "cuda":
        torch.cuda.empty_cache()


def repeated_blocks(model: nn.Module) -> list[nn.Module]:
    """The blocks that are run one after the other: members of lists that hold two or more."""
    lists = [m for m in model.modules() if isinstance(m, nn.ModuleList) and len(m) > 1]
    return [block for blocks in lists for block in blocks]


@contextmanager
def activations_computed_again(model: nn.Module, config: MemoryConfig) -> Iterator[None]:
    """The model keeping only the inputs of its blocks during training, as configured.

    Chen and others, "Training Deep Nets with Sublinear Memory Cost" (2016). Gradients are the
    same bits: the random numbers of dropout are drawn again as they were.

    Raises:
        BadInput: for a model without repeated blocks.
    """
    if not config.activation_checkpointing:
        yield
        return
    blocks = repeated_blocks(model)
    if not blocks:
        raise BadInput([NO_BLOCKS])
    for block in blocks:
        block.forward = partial(_checkpointed, block, block.forward)
    try:
        yield
    finally:
        for block in blocks:
            del block.forward  # the class's own again


def _checkpointed(block: nn.Module, forward: Callable[..., Any], *inputs: Any, **named: Any) -> Any:
    from torch.utils.checkpoint import checkpoint

    if not (block.training and torch.is_grad_enabled()):
        return forward(*inputs, **named)

    def contexts() -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
        return nullcontext(), _statistics_kept(block)

    return checkpoint(forward, *inputs, use_reentrant=False, context_fn=contexts, **named)


@contextmanager
def _statistics_kept(block: nn.Module) -> Iterator[None]:
    """Batch norms not counting once more what they have counted in the first pass."""
    norms = [m for m in block.modules() if isinstance(m, _BatchNorm)]
    usual = [(norm.momentum, norm.num_batches_tracked) for norm in norms]
    for norm in norms:
        norm.momentum, norm.num_batches_tracked = 0.0, None
    try:
        yield
    finally:
        for norm, (momentum, counted) in zip(norms, usual, strict=True):
            norm.momentum, norm.num_batches_tracked = momentum, counted


def _shortened(text: str, most: int = 200) -> str:
    """The first lines of PyTorch's message, which has the numbers."""
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1]}…"
