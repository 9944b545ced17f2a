"""Data sets for worker processes, which import this module."""

from __future__ import annotations

import os
import random
import signal

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

Sample = tuple[Tensor, Tensor]


class Noisy(Dataset[Sample]):
    """Augmented with random numbers of all three global generators."""

    def __init__(self, samples: int = 23, width: int = 4) -> None:
        self.samples, self.width = samples, width

    def __len__(self) -> int:
        return self.samples

    def __getitem__(self, index: int) -> Sample:
        noise = torch.randn(self.width) + np.random.rand() + random.random()
        return index + noise, torch.tensor(index)


class Quadrants(Noisy):
    """Something to learn: 4 classes."""

    def __getitem__(self, index: int) -> Sample:
        noisy, _ = super().__getitem__(index)
        return noisy, torch.tensor(index % 4)


class Broken(Noisy):
    """One sample cannot be read."""

    def __getitem__(self, index: int) -> Sample:
        if index == 17:
            raise OSError("truncated file")
        return super().__getitem__(index)


class Deadly(Noisy):
    """One sample kills the process that reads it, as a lack of memory does."""

    def __getitem__(self, index: int) -> Sample:
        if index == 17:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__getitem__(index)


class Ragged(Noisy):
    """Samples that can be read but not collated."""

    def __getitem__(self, index: int) -> Sample:
        return torch.zeros(1 + index), torch.tensor(index)


class Homeless(Noisy):
    """Cannot be loaded where this variable is not set, as a class of a notebook cannot."""

    def __setstate__(self, state: dict[str, int]) -> None:
        raise AttributeError("Can't get attribute 'Homeless' on <module '__main__'>")


class PidSource:
    """Batches that say who prepared them."""

    def __len__(self) -> int:
        return 8

    def batch(self, epoch: int, indices: np.ndarray) -> dict[str, object]:
        return {"pid": os.getpid(), "threads": torch.get_num_threads(), "epoch": epoch}
