"""The optimizers: each a document of its own, so that no option is accepted and then ignored."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator
from pydantic_core.core_schema import ValidationInfo

from engine.frozen import Frozen, knob

_DECOUPLED = "Shrinks the weights a little at every step, in proportion to the learning rate."
_L2 = "L2 penalty: this multiple of the weights is added to their gradient."
_MEAN = "Decay rate of the running mean of gradients."
_SQUARES = "Decay rate of the running mean of squared gradients."


def _lr(default: float, most: float = 10) -> Any:
    words = "The peak learning rate; the schedule multiplies it."
    return knob(default, "Learning rate", log=True, common=True, gt=0, le=most, description=words)


def _decay(default: float, words: str) -> Any:
    return knob(default, "Weight decay", common=True, ge=0, le=10, description=words)


def _share(default: float, label: str, words: str, *, common: bool = False) -> Any:
    return knob(default, label, common=common, ge=0, lt=1, description=words)


def _eps(default: float) -> Any:
    words = "Added to the denominator for numerical stability."
    return knob(default, "Epsilon", log=True, gt=0, le=1, description=words)


def _with_momentum(nesterov: bool, info: ValidationInfo) -> bool:
    if nesterov and info.data.get("momentum") == 0:
        raise ValueError("Nesterov momentum needs a momentum above 0; raise it or switch off.")
    return nesterov


class Optimizer(Frozen):
    """What all optimizers have."""

    name: str
    lr: float = _lr(1e-3)
    weight_decay: float = _decay(0.0, _L2)


class AdamWConfig(Optimizer):
    """AdamW: Adam with decoupled weight decay (Loshchilov and Hutter, 2019)."""

    name: Literal["adamw"] = "adamw"
    weight_decay: float = _decay(0.1, _DECOUPLED)
    beta1: float = _share(0.9, "Beta 1", _MEAN)
    beta2: float = _share(0.99, "Beta 2", _SQUARES)
    eps: float = _eps(1e-8)
    amsgrad: bool = knob(False, "AMSGrad")
    """Divide by the largest mean of squared gradients so far (Reddi, Kale and Kumar, 2018)."""


class AdamConfig(Optimizer):
    """Adam: steps scaled by running means of the gradient and its square (Kingma and Ba, 2015)."""

    name: Literal["adam"] = "adam"
    beta1: float = _share(0.9, "Beta 1", _MEAN)
    beta2: float = _share(0.999, "Beta 2", _SQUARES)
    eps: float = _eps(1e-8)
    amsgrad: bool = knob(False, "AMSGrad")
    """Divide by the largest mean of squared gradients so far (Reddi, Kale and Kumar, 2018)."""


class SGDConfig(Optimizer):
    """Stochastic gradient descent with momentum."""

    name: Literal["sgd"] = "sgd"
    lr: float = _lr(0.1, most=100)
    momentum: float = _share(0.9, "Momentum", "Share of the last update carried on.", common=True)
    dampening: float = _share(0.0, "Dampening", "Share of the gradient kept out of the momentum.")
    nesterov: bool = knob(False, "Nesterov momentum")
    """Look ahead along the momentum; needs momentum above 0 and no dampening."""

    @field_validator("dampening")
    @classmethod
    def _something_to_dampen(cls, dampening: float, info: ValidationInfo) -> float:
        if dampening and info.data.get("momentum") == 0:
            raise ValueError("Dampening does nothing without momentum; raise it or set this to 0.")
        return dampening

    @field_validator("nesterov")
    @classmethod
    def _goes_with_nesterov(cls, nesterov: bool, info: ValidationInfo) -> bool:
        if nesterov and info.data.get("dampening"):
            raise ValueError("Nesterov momentum does not go with dampening; set that to 0.")
        return _with_momentum(nesterov, info)


class RMSpropConfig(Optimizer):
    """RMSprop: the gradient divided by a running mean of its size (Tieleman and Hinton, 2012)."""

    name: Literal["rmsprop"] = "rmsprop"
    alpha: float = _share(0.99, "Alpha", _SQUARES)
    momentum: float = _share(0.0, "Momentum", "Share of the last update carried on.", common=True)
    centered: bool = knob(False, "Centered")
    """Divide by the gradient's standard deviation in place of its root mean square."""
    eps: float = _eps(1e-8)


class AdagradConfig(Optimizer):
    """Adagrad: ever smaller steps where gradients were large (Duchi, Hazan and Singer, 2011)."""

    name: Literal["adagrad"] = "adagrad"
    lr: float = _lr(1e-2)
    lr_decay: float = knob(0.0, "Own learning-rate decay", ge=0, le=1)
    """Divides the learning rate by 1 + this times the step, beside the schedule."""
    initial_accumulator: float = knob(0.0, "Initial sum of squares", ge=0, le=1e6)
    """Where the sum of squared gradients begins; larger makes the first steps smaller."""
    eps: float = _eps(1e-10)


class AdafactorConfig(Optimizer):
    """Adafactor: squared gradients kept as row and column means (Shazeer and Stern, 2018)."""

    name: Literal["adafactor"] = "adafactor"
    lr: float = _lr(1e-2)
    weight_decay: float = _decay(0.0, _DECOUPLED)
    beta2_decay: float = knob(-0.8, "Beta 2 decay", ge=-2, lt=0)
    """Beta 2 at step t is 1 - t to this power: the means remember longer and longer."""
    least_scale: float = knob(1e-3, "Smallest scale", log=True, gt=0, le=1)
    """Steps are multiplied by the parameter's root mean square, but at least by this."""
    clip_threshold: float = knob(1.0, "Update clipping", ge=1, le=1e6)
    """Largest root mean square of an update before the learning rate."""


class NAdamConfig(Optimizer):
    """NAdam: Adam with Nesterov momentum (Dozat, 2016)."""

    name: Literal["nadam"] = "nadam"
    weight_decay: float = _decay(0.01, "Shrinks the weights at every step.")
    decoupled: bool = knob(True, "Decoupled weight decay")
    """Shrink the weights themselves as AdamW does; off adds the decay to the gradient."""
    beta1: float = _share(0.9, "Beta 1", _MEAN)
    beta2: float = _share(0.999, "Beta 2", _SQUARES)
    eps: float = _eps(1e-8)
    momentum_decay: float = knob(0.004, "Momentum decay", ge=0, le=1)
    """How slowly the momentum grows to Beta 1."""


class RAdamConfig(Optimizer):
    """RAdam: Adam that holds back until its variance can be trusted (Liu and others, 2020)."""

    name: Literal["radam"] = "radam"
    weight_decay: float = _decay(0.01, "Shrinks the weights at every step.")
    decoupled: bool = knob(True, "Decoupled weight decay")
    """Shrink the weights themselves as AdamW does; off adds the decay to the gradient."""
    beta1: float = _share(0.9, "Beta 1", _MEAN)
    beta2: float = _share(0.999, "Beta 2", _SQUARES)
    eps: float = _eps(1e-8)


class LionConfig(Optimizer):
    """Lion: the sign of a momentum, half the memory of Adam (Chen and others, 2023).

    Wants a learning rate 3 to 10 times smaller than AdamW's, and a decay as much larger.
    """

    name: Literal["lion"] = "lion"
    lr: float = _lr(1e-4)
    weight_decay: float = _decay(1.0, _DECOUPLED)
    beta1: float = _share(0.9, "Beta 1", "Share of the momentum in the update.")
    beta2: float = _share(0.99, "Beta 2", _MEAN)


class MuonConfig(Optimizer):
    """Muon for hidden matrices (Jordan, 2024), AdamW for embeddings, head and vectors."""

    name: Literal["muon"] = "muon"
    weight_decay: float = _decay(0.1, _DECOUPLED)
    momentum: float = _share(0.95, "Momentum", _MEAN, common=True)
    nesterov: bool = knob(True, "Nesterov momentum")
    """Look ahead along the momentum."""
    ns_steps: int = knob(5, "Newton-Schulz steps", gt=0, le=20)
    """Iterations that make the update nearly orthogonal; more is closer and slower."""
    scaling: Literal["match_rms_adamw", "original"] = knob("match_rms_adamw", "Update size")
    """As large as AdamW's, so that its learning rates fit, or as in the original (then use more
    like 0.02)."""
    adamw_lr_factor: float = knob(1.0, "AdamW learning rate", log=True, gt=0, le=1000)
    """Learning rate of the parameters left to AdamW, as a multiple of the matrices'."""
    beta1: float = _share(0.9, "AdamW beta 1", _MEAN)
    beta2: float = _share(0.99, "AdamW beta 2", _SQUARES)
    eps: float = _eps(1e-8)

    _momentum_is_there = field_validator("nesterov")(_with_momentum)


OptimizerConfig = Annotated[
    AdamWConfig
    | AdamConfig
    | SGDConfig
    | RMSpropConfig
    | AdagradConfig
    | AdafactorConfig
    | NAdamConfig
    | RAdamConfig
    | LionConfig
    | MuonConfig,
    Field(discriminator="name"),
]
