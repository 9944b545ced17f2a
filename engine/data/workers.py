"""Workers: batches prepared ahead by other processes, with the same bits for any number of them."""

from __future__ import annotations

import random
import signal
import traceback
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, multiprocessing

from engine.data.batching import Batch, BatchPlan, BatchSource, Indices
from engine.errors import EngineError
from engine.training_config import TrainingConfig

AHEAD = 2
"""Batches that each worker is asked for before they are needed."""
_INLINE_BYTES = 2**20
"""Tensors up to this size are copied through the pipe: 0.2 ms, where shared memory takes 1 ms."""
_INLINE_TYPES = (torch.float32, torch.float64, torch.int64, torch.int32, torch.uint8, torch.bool)
_CLOSING_S = 2.0
_NAMED = 8


@runtime_checkable
class DrawsNothing(Protocol):
    """A source whose batches depend on epoch and indices alone, and on no random generator."""

    draws_nothing: bool


@runtime_checkable
class OfLengths(Protocol):
    """A source that knows how long its samples are."""

    @property
    def sample_lengths(self) -> NDArray[np.int64] | None:
        """Of each sample; None where those of similar length shall not come together."""


class BatchFailed(EngineError):
    """The user's code raised while it prepared a batch."""

    def __init__(self, micro_step: int, samples: Indices, error: Exception) -> None:
        some = ", ".join(map(str, samples[:_NAMED].tolist()))
        more = f" and {len(samples) - _NAMED} more" if len(samples) > _NAMED else ""
        which = f"sample {some}" if len(samples) == 1 else f"samples {some}{more}"
        super().__init__(
            f"The training data's {which}, of batch {micro_step + 1:,} of the run, could not be "
            f"prepared: {type(error).__name__}: {error}. Mend the data set or leave them out."
        )


class WorkersUnusable(EngineError):
    """Data workers that cannot be used, or that died."""

    def __init__(self, workers: int, reason: str) -> None:
        super().__init__(
            f"training.hardware.workers is {workers}, but {reason} With 0 the batches are "
            "prepared by the training process itself, between the updates."
        )


class Prepared:
    """The batches of a run, in ascending order from any micro-step on.

    What is drawn from the global generators of PyTorch (on the CPU), NumPy and Python while a
    batch is prepared depends on seed and micro-step alone, whoever prepares it, and the training
    process's own random numbers do not notice. Generators that a data set made for itself are its
    own affair: they are copied into each worker.

    Workers are processes that are started afresh (not forked: the training process has threads),
    when the first batch is asked for. So the source must be one that can be pickled, its classes
    must be importable, and a script must train under ``if __name__ == "__main__":``.
    """

    def __init__(self, source: BatchSource, plan: BatchPlan, *, workers: int, seed: int) -> None:
        self._recipe = _Recipe(source, plan, seed)
        self._count = workers
        self._workers: list[_Worker] = []
        self._asked: deque[int] = deque()

    def __enter__(self) -> Prepared:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.close()

    def batch(self, micro_step: int) -> Batch:
        """The batch of a micro-step; quick if it is the one behind the last.

        Raises:
            BatchFailed: when the data set raised; what it raised is the cause, or a note.
            WorkersUnusable: when a worker died, or the source cannot be sent to it.
        """
        if not self._count:
            return self._recipe.batch(micro_step)
        if not self._workers:
            self._begin()
        self._ask_from(micro_step)
        self._asked.popleft()
        return self._of(micro_step).answer(micro_step)

    def close(self) -> None:
        """End the workers, whatever they are doing; another batch would start them again."""
        for worker in self._workers:
            worker.dismiss()
        for worker in self._workers:
            worker.bury()
        self._workers, self._asked = [], deque()

    def _begin(self) -> None:
        try:
            for number in range(self._count):
                self._workers.append(_Worker(number, self._count))
            for worker in self._workers:
                worker.teach(self._recipe)
        except BaseException:
            self.close()
            raise

    def _ask_from(self, micro_step: int) -> None:
        """See to it that the workers prepare this batch next, and those behind it."""
        while self._asked and self._asked[0] != micro_step:  # somebody went elsewhere
            dropped = self._asked.popleft()
            self._of(dropped).receive(dropped)
        end = micro_step + AHEAD * len(self._workers)
        for ahead in range(micro_step + len(self._asked), end):
            self._of(ahead).ask(ahead)
            self._asked.append(ahead)

    def _of(self, micro_step: int) -> _Worker:
        return self._workers[micro_step % len(self._workers)]


@dataclass(frozen=True)
class _Recipe:
    """All that a batch depends on."""

    source: BatchSource
    plan: BatchPlan
    seed: int

    @cached_property
    def is_plain(self) -> bool:
        return isinstance(self.source, DrawsNothing) and self.source.draws_nothing

    def batch(self, micro_step: int) -> Batch:
        epoch, indices = self.plan.epoch(micro_step), self.plan.indices(micro_step)
        if self.is_plain:
            return self.source.batch(epoch, indices)
        with _numbers_of(self.seed, micro_step):
            try:
                return self.source.batch(epoch, indices)
            except EngineError:
                raise
            except Exception as error:
                found = self._broken(epoch, indices)
                raise BatchFailed(micro_step, found, error) from error

    def _broken(self, epoch: int, indices: Indices) -> Indices:
        """The first sample that fails alone too; all where none does."""
        for place in range(len(indices)):
            alone = indices[place : place + 1]
            try:
                self.source.batch(epoch, alone)
            except Exception:  # noqa: BLE001 - only asks which one it is; the error is known
                return alone
        return indices


@contextmanager
def _numbers_of(seed: int, micro_step: int) -> Iterator[None]:
    """Random numbers, and sums in one thread, that are the same in every process."""
    torch_state, numpy_state = torch.get_rng_state(), np.random.get_state(legacy=False)
    python_state, threads = random.getstate(), torch.get_num_threads()
    drawn = np.random.SeedSequence([seed, micro_step, 2]).generate_state(3)
    torch.default_generator.manual_seed(int(drawn[0]))  # torch.manual_seed() is for GPUs too
    np.random.seed(drawn[1])
    random.seed(int(drawn[2]))
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        torch.set_rng_state(torch_state)
        np.random.set_state(numpy_state)
        random.setstate(python_state)


class _Failure(NamedTuple):
    """What a worker could not do."""

    text: str
    details: str
    is_users: bool
    """Whether the data set failed; otherwise the worker itself."""


class _Worker:
    """The training process's end of one worker."""

    def __init__(self, number: int, workers: int) -> None:
        self._number, self._workers = number, workers
        context = multiprocessing.get_context("spawn")
        self._line, other = context.Pipe()
        self._process: BaseProcess = context.Process(
            target=_work, args=(other,), name=f"data worker {number + 1}", daemon=True
        )
        self._process.start()
        other.close()

    def teach(self, recipe: _Recipe) -> None:
        """Send what batches are made from."""
        try:
            self._line.send(recipe)
        except OSError as error:
            raise self._lost() from error
        except Exception as error:
            raise self._unusable(
                "the training data cannot be sent to another process "
                f"({type(error).__name__}: {error}). Its classes and functions must be at the top "
                "level of a module; lambdas, open files and generators cannot be sent."
            ) from error

    def ask(self, micro_step: int) -> None:
        """Have a batch prepared."""
        try:
            self._line.send(micro_step)
        except OSError as error:
            raise self._lost() from error

    def receive(self, micro_step: int) -> Batch | _Failure:
        """Wait for the batch that was asked for first."""
        try:
            answer: Batch | _Failure = self._line.recv()
        except (EOFError, OSError) as error:
            raise self._lost(micro_step) from error
        return answer

    def answer(self, micro_step: int) -> Batch:
        """The batch that was asked for first; what failed there is raised here."""
        answer = self.receive(micro_step)
        if not isinstance(answer, _Failure):
            return _unpacked(answer)
        error = EngineError(answer.text) if answer.is_users else self._unusable(answer.text)
        error.add_note(f"In {self._process.name}:\n{answer.details}")
        raise error

    def dismiss(self) -> None:
        """Let it end by itself."""
        self._line.close()

    def bury(self) -> None:
        """Wait until it has ended."""
        self._process.join(_CLOSING_S)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._process.close()

    def _lost(self, micro_step: int | None = None) -> WorkersUnusable:
        self._process.join(_CLOSING_S)
        code = self._process.exitcode
        how = f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
        when = "" if micro_step is None else f" while it prepared batch {micro_step + 1:,}"
        return self._unusable(
            f"{self._process.name} died{when} ({how}): it ran out of memory (or of shared memory, "
            "/dev/shm), the data set's code crashed, or a script trains outside of "
            '`if __name__ == "__main__":`.'
        )

    def _unusable(self, reason: str) -> WorkersUnusable:
        return WorkersUnusable(self._workers, reason)


# -- in the worker -----------------------------------------------------------------------------


def _work(line: Connection[Any, Any]) -> None:
    """Prepare what is asked for until the line is closed."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):  # these are for the training process, which
        if hasattr(signal, name):  # saves and then closes the line
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    recipe = _learned(line)
    while True:
        try:
            _answer(line, recipe, line.recv())
        except (EOFError, OSError):
            return


def _learned(line: Connection[Any, Any]) -> _Recipe | _Failure:
    try:
        recipe: _Recipe = line.recv()
    except EOFError:
        return _Failure("", "", is_users=False)
    except Exception as error:  # noqa: BLE001 - whatever the user's classes do; said to the user
        return _failure(
            error,
            f"a worker could not load the training data ({type(error).__name__}: {error}). Its "
            "classes must be in a module that can be imported; a notebook's cannot.",
        )
    return recipe


def _answer(line: Connection[Any, Any], recipe: _Recipe | _Failure, micro_step: int) -> None:
    answer: Mapping[str, Any] | _Failure
    if isinstance(recipe, _Failure):
        line.send(recipe)
        return
    try:
        answer = _packed(recipe.batch(micro_step))
    except EngineError as error:
        answer = _failure(error, str(error), is_users=True)
    try:
        line.send(answer)
    except (BrokenPipeError, ConnectionResetError):
        raise
    except Exception as error:  # noqa: BLE001 - whatever the user put into a batch; said to the user
        reason = f"a batch cannot be sent ({type(error).__name__}: {error})."
        line.send(_failure(error, reason))


def _failure(error: Exception, text: str, *, is_users: bool = False) -> _Failure:
    return _Failure(text, "".join(traceback.format_exception(error)), is_users)


# -- on the way --------------------------------------------------------------------------------


class _Inline(NamedTuple):
    """A small tensor, to be copied through the pipe."""

    array: NDArray[Any]


def _packed(batch: Batch) -> dict[str, Any]:
    return {
        name: _Inline(value.numpy()) if _is_small(value) else value for name, value in batch.items()
    }


def _unpacked(batch: Mapping[str, Any]) -> Batch:
    return {
        name: torch.from_numpy(value.array) if isinstance(value, _Inline) else value
        for name, value in batch.items()
    }


def _is_small(value: object) -> bool:
    """Whether it is a tensor that NumPy can hold as it is, and quicker copied than shared."""
    return (
        type(value) is Tensor
        and value.nbytes <= _INLINE_BYTES
        and value.dtype in _INLINE_TYPES
        and value.device.type == "cpu"
        and value.layout is torch.strided
        and value.is_contiguous()
        and not value.requires_grad
    )


def prepared(source: BatchSource, config: TrainingConfig) -> Prepared:
    """The training batches of a run, as configured."""
    batching, seed = config.batching, config.reproducibility.seed
    lengths = source.sample_lengths if isinstance(source, OfLengths) else None
    plan = BatchPlan(
        len(source), batching.batch_size, shuffle=batching.shuffle, seed=seed, lengths=lengths
    )
    return Prepared(source, plan, workers=config.hardware.workers, seed=seed)
