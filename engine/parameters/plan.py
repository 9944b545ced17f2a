"""What each parameter of a model is, and what the configuration means for it. No torch."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from math import prod
from typing import Literal

from engine.config.optimizers import OptimizerConfig
from engine.config.parameters import ParametersConfig
from engine.errors import Problem

Role = Literal["matrix", "head", "embedding", "norm", "bias"]
"""A matrix is any hidden weight of two dimensions or more; the head is the last of them; norm
stands for every vector that is no bias."""

_NUMBERED = re.compile(r"(?:[^.]+\.)*?\d+\.")
"""The part of a name that tells one layer of a stack from the next: `blocks.3.`"""
_MOST_NAMES = 30


@dataclass(frozen=True, slots=True)
class ParameterFact:
    """A parameter, named as `model.named_parameters()` does."""

    name: str
    shape: tuple[int, ...]
    role: Role
    aliases: tuple[str, ...] = ()
    """Other names of the same numbers, where weights are tied."""

    @property
    def count(self) -> int:
        """Numbers in it."""
        return prod(self.shape)

    def matches(self, pattern: str) -> bool:
        return any(fnmatchcase(name, pattern) for name in (self.name, *self.aliases))


@dataclass(frozen=True, slots=True)
class Treatment:
    """What the optimizer does with a trained parameter."""

    decayed: bool
    lr_factor: float
    by_muon: bool


def is_frozen(fact: ParameterFact, config: ParametersConfig) -> bool:
    """Whether a pattern says that the parameter is not trained."""
    return any(fact.matches(pattern) for pattern in config.frozen)


def treatments(
    facts: Sequence[ParameterFact], optimizer: OptimizerConfig, config: ParametersConfig
) -> list[Treatment]:
    """One for each parameter, in their order."""
    layer_of = layers(facts)
    top = max(layer_of, default=0)
    return [
        Treatment(
            decayed=_decayed(fact.role, config),
            lr_factor=config.layer_decay ** (top - layer)
            * prod(factor for pattern, factor in config.factors() if fact.matches(pattern)),
            by_muon=optimizer.name == "muon" and for_muon(fact),
        )
        for fact, layer in zip(facts, layer_of, strict=True)
    ]


def for_muon(fact: ParameterFact) -> bool:
    """Muon makes updates orthogonal, which has a meaning for hidden matrices only."""
    return fact.role == "matrix" and len(fact.shape) == 2


def layers(facts: Sequence[ParameterFact]) -> list[int]:
    """The layer of each parameter, counted from the input.

    A layer is what shares a numbered name (`blocks.3.`) and holds a matrix; what stands before
    the first and behind the last is a layer too. Vectors on their own, such as a final norm,
    belong to the layer before. So BEiT counts (Bao and others, 2022), without its list of names.
    """
    keys = list(_keys(facts))
    weighty = {key for key, fact in zip(keys, facts, strict=True) if len(fact.shape) > 1}
    found: list[int] = []
    number_of: dict[str, int] = {}
    for key in keys:
        if key in weighty:
            number_of.setdefault(key, len(number_of))
        found.append(number_of.get(key, max(0, len(number_of) - 1)))
    return found


def problems(
    facts: Sequence[ParameterFact], optimizer: OptimizerConfig, config: ParametersConfig
) -> list[Problem]:
    """What the configuration asks of parameters that do not exist, all at once."""
    return [
        *_unmatched("training.parameters.frozen", config.frozen, facts),
        *_unmatched(
            "training.parameters.lr_factors", [name for name, _ in config.factors()], facts
        ),
        *_nothing_left(facts, config),
        *_without_effect(facts, optimizer, config),
    ]


def _decayed(role: Role, config: ParametersConfig) -> bool:
    chosen = {
        "norm": config.decay_norms,
        "bias": config.decay_biases,
        "embedding": config.decay_embeddings,
    }
    return chosen.get(role, True)


def _keys(facts: Sequence[ParameterFact]) -> Iterator[str]:
    """The numbered part of each name; for names without one, whether it stands in front."""
    place = "in front"
    for fact in facts:
        numbered = _NUMBERED.match(fact.name)
        if numbered:
            place = "behind"
        yield numbered[0] if numbered else place


def _unmatched(
    path: str, patterns: Sequence[str], facts: Sequence[ParameterFact]
) -> Iterator[Problem]:
    for pattern in patterns:
        if not any(fact.matches(pattern) for fact in facts):
            yield Problem(path, "matches no parameter", repr(pattern), _names(facts))


def _names(facts: Sequence[ParameterFact]) -> str:
    names = [name for fact in facts for name in (fact.name, *fact.aliases)]
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return f"There are: {', '.join(names[:_MOST_NAMES])}{more}."


def _nothing_left(facts: Sequence[ParameterFact], config: ParametersConfig) -> Iterator[Problem]:
    if config.frozen and all(is_frozen(fact, config) for fact in facts):
        yield Problem(
            "training.parameters.frozen",
            "freezes every parameter, so nothing is left to train",
            repr(", ".join(config.frozen)),
            "Freeze fewer.",
        )


def _without_effect(
    facts: Sequence[ParameterFact], optimizer: OptimizerConfig, config: ParametersConfig
) -> Iterator[Problem]:
    if config.layer_decay < 1 and max(layers(facts), default=0) == 0:
        yield Problem(
            "training.parameters.layer_decay",
            "needs layers with numbered names, which this model does not have",
            f"{config.layer_decay:g}",
            "Use 1, or learning-rate factors.",
        )
    trained = (fact for fact in facts if not is_frozen(fact, config))
    if optimizer.name == "muon" and not any(map(for_muon, trained)):
        yield Problem(
            "training.optimizer.name",
            "needs hidden matrices to train, and this model has none",
            "'muon'",
            "Use 'adamw'.",
        )
