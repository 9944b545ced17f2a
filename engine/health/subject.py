"""Subject: a model that can be built again and again, with the data that it is examined on."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor, nn

from engine.data.batching import Batch, BatchPlan, BatchSource, batch_sources
from engine.data.sources import load_for
from engine.data.specs import DataFacts
from engine.losses import Loss, plain_loss
from engine.models.build import build_model
from engine.reproducibility import random_states, restore_random_states, seed_everything
from engine.run_spec import RunSpec
from engine.task_spec import COUNTS_TOKENS, TaskSpec

Factory = Callable[[], nn.Module]
"""Gives a new model, on the CPU, with weights drawn from the global random generators."""

STIR, LEAST_STIR = 0.1, 0.02
"""How far weights are moved before a check of what depends on what: a tenth of their size, or the
deviation that GPT-2 draws them with. Projections that begin at zero would hide what passes."""

PASS_S = 4.0
"""A pass of more samples than this takes is not made: checks of large models take fewer."""


@dataclass(frozen=True)
class Subject:
    """What is examined, and on what; everything happens on the CPU."""

    factory: Factory
    task: TaskSpec
    facts: DataFacts
    source: BatchSource
    batch_size: int = 8
    """Samples of a batch in training."""
    seed: int = 0

    @cached_property
    def loss(self) -> Loss:
        return plain_loss(self.task)

    @cached_property
    def _sample_s(self) -> float:
        """Seconds that a sample of a forward pass takes, measured once."""
        with isolated(), torch.no_grad():
            model, batch = self.model().eval(), self.batch(2)
            self.outputs(model, batch)
            began = time.perf_counter()
            self.outputs(model, batch)
        return (time.perf_counter() - began) / 2

    def affordable(self, samples: int) -> int:
        """So many samples, or fewer of a model that would take too long over them; two at least."""
        return max(min(samples, 2), min(samples, int(PASS_S / self._sample_s)))

    def model(self, seed: int | None = None) -> nn.Module:
        """A new model in training mode, the same for the same seed."""
        seed_everything(self.seed if seed is None else seed)
        return self.factory().train()

    def stirred(self) -> nn.Module:
        """A new model in evaluation mode whose trained weights are all a little off."""
        model = self.model().eval()
        with torch.no_grad():
            for weight in model.parameters():
                if weight.requires_grad and weight.is_floating_point():
                    size = max(STIR * float(weight.square().mean().sqrt()), LEAST_STIR)
                    weight.add_(torch.randn_like(weight), alpha=size)
        return model

    def batch(self, samples: int, number: int = 0) -> Batch:
        """A batch of so many samples, drawn once and for all; of few samples some are repeated."""
        count = len(self.source)
        order = BatchPlan(count, count, shuffle=True, seed=0).indices(0)
        places = [(number * samples + place) % len(order) for place in range(samples)]
        return self.source.batch(0, order[places])

    def outputs(self, model: nn.Module, batch: Batch) -> Tensor:
        """What the model gives for a batch.

        Raises:
            TypeError: when it is no tensor of numbers.
        """
        outputs = model(*(batch[name] for name in self.task.inputs))
        if not isinstance(outputs, Tensor) or not outputs.is_floating_point():
            what = outputs.dtype if isinstance(outputs, Tensor) else type(outputs).__name__
            raise TypeError(
                f"the model must return one tensor of floating-point numbers, not {what}"
            )
        return outputs

    def mean_loss(self, outputs: Tensor, batch: Batch) -> Tensor:
        """The plain loss a target, as a model is judged by."""
        targets = batch[self.task.target]
        return self.loss.plain_sum(outputs, targets) / max(1, self.loss.amount(targets).targets)


def subject_of(spec: RunSpec, code: Path | None = None, runs: Path | None = None) -> Subject:
    """What a spec describes; the model is not built yet. `runs` is where its dataset is.

    Images are as they are, whatever augmentation the run has: their answers are right for them.

    Raises:
        NotLoadable: for data that was handed over in memory.
        BlockSizeMissing, TooLittleText: for a text that this model does not read.
    """
    loaded = replace(load_for(spec.data, spec.model, runs), augmentation=None)
    seed = spec.training.reproducibility.seed
    return Subject(
        lambda: build_model(spec.model, loaded.facts, code),
        spec.task,
        loaded.facts,
        batch_sources(loaded, seed=seed)[0],
        spec.training.batching.batch_size,
        seed,
    )


def copies_of(model: nn.Module) -> Factory:
    """A factory for a model that is there already, which stays as it is."""
    kept = copy.deepcopy(model)
    return lambda: copy.deepcopy(kept)


@contextmanager
def isolated() -> Iterator[None]:
    """Gradients are on within, and all random generators are as before afterwards."""
    states = random_states()
    try:
        with torch.inference_mode(mode=False), torch.enable_grad():
            yield
    finally:
        restore_random_states(states)


def token_names(subject: Subject, batch: Batch) -> list[str]:
    """The model's inputs that are sequences of whole numbers (B, T)."""
    return [
        name
        for name in subject.task.inputs
        if isinstance(batch[name], Tensor)
        and batch[name].ndim == 2
        and not batch[name].is_floating_point()
    ]


def shortened(subject: Subject, batch: Batch, length: int) -> Batch:
    """The batch with all its sequences cut to so many tokens, and the targets of the tokens too."""
    names = token_names(subject, batch)
    if subject.task.kind in COUNTS_TOKENS:
        names.append(subject.task.target)
    return batch | {name: batch[name][:, :length] for name in names}


def longest(subject: Subject, batch: Batch) -> int:
    """Tokens of the longest sequence that the model is given; 0 where it is given none."""
    return max((batch[name].shape[1] for name in token_names(subject, batch)), default=0)


def layers_of(model: nn.Module) -> dict[str, dict[str, nn.Parameter]]:
    """The trained parameters of each module that has some of its own, by their own names; those
    that are shared stand where they are met first."""
    found: dict[str, dict[str, nn.Parameter]] = {}
    for path, weight in model.named_parameters():
        if weight.requires_grad:
            layer, _, name = path.rpartition(".")
            found.setdefault(layer or type(model).__name__, {})[name] = weight
    return found
