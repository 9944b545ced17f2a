"""What an optimizer keeps beside the parameters, in numbers. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from engine.config.optimizers import OptimizerConfig
from engine.config.parameters import ParametersConfig
from engine.parameters.plan import (
    ParameterFact,
    Treatment,
    for_muon,
    is_frozen,
    treatments,
)
from engine.training_config import TrainingConfig


def trained_floats(facts: Sequence[ParameterFact], config: ParametersConfig) -> int:
    """Numbers that have a gradient."""
    return sum(fact.count for fact in facts if not is_frozen(fact, config))


def state_floats(
    facts: Sequence[ParameterFact], optimizer: OptimizerConfig, config: ParametersConfig
) -> int:
    """Numbers that the optimizer remembers from step to step; exact, apart from step counters."""
    return sum(_kept(fact, optimizer) for fact in facts if not is_frozen(fact, config))


def same_memory(
    facts: Sequence[ParameterFact], before: TrainingConfig, after: TrainingConfig
) -> bool:
    """Whether an optimizer can go on with what another one remembered: the same numbers about the
    same parameters in the same groups."""
    if _kind(before.optimizer) != _kind(after.optimizer):
        return False
    kept = [
        (state_floats(facts, training.optimizer, training.parameters), _groups(facts, training))
        for training in (before, after)
    ]
    return kept[0] == kept[1]


def _kind(optimizer: OptimizerConfig) -> tuple[object, ...]:
    """Equal for optimizers that remember numbers of the same names."""
    options = optimizer.model_dump()
    switches = (options.get(name) for name in ("amsgrad", "centered"))
    return optimizer.name, *map(bool, switches), bool(options.get("momentum"))


def _groups(facts: Sequence[ParameterFact], training: TrainingConfig) -> list[list[str]]:
    """The names of the trained parameters in groups and orders of the optimizer's."""
    grouped: dict[Treatment, list[str]] = {}
    treated = treatments(facts, training.optimizer, training.parameters)
    for fact, treatment in zip(facts, treated, strict=True):
        if not is_frozen(fact, training.parameters):
            grouped.setdefault(treatment, []).append(fact.name)
    return [names for _, names in sorted(grouped.items(), key=lambda item: not item[0].decayed)]


def _kept(fact: ParameterFact, optimizer: OptimizerConfig) -> int:
    match optimizer.name:
        case "sgd":
            copies = int(optimizer.momentum > 0)
        case "rmsprop":
            copies = 1 + (optimizer.momentum > 0) + optimizer.centered
        case "adagrad" | "lion":
            copies = 1
        case "adamw" | "adam":
            copies = 2 + optimizer.amsgrad
        case "nadam" | "radam":
            copies = 2
        case "muon":
            copies = 1 if for_muon(fact) else 2
        case "adafactor":
            return _factored(fact.shape)
    return copies * fact.count


def _factored(shape: tuple[int, ...]) -> int:
    """The means of the rows and of the columns of each matrix."""
    if len(shape) < 2:
        return prod(shape)
    *outer, rows, columns = shape
    return prod(outer) * (rows + columns)
