"""Whether number format, updates, compiling and memory savings suit this device and this model."""

from __future__ import annotations

from collections.abc import Iterator

from engine.checks.finding import Case, Check, Finding, warning
from engine.errors import Problem
from engine.models.specs import InMemoryModel
from engine.training_config import TrainingConfig

NO_BLOCKS = Problem(
    "training.memory.activation_checkpointing",
    "this model has no list of repeated blocks (nn.ModuleList) whose activations could be "
    "computed again",
    "true",
    "Switch it off.",
)
GRAPHS = ("reduce-overhead", "max-autotune")
"""Modes of torch.compile that record CUDA graphs."""
_BLOCKLESS = ("mlp", "cnn")
_COMPILING_STEPS = 200


def impossible(training: TrainingConfig, device: str) -> Iterator[Problem]:
    """What of number format and compiling this type of device cannot do."""
    precision = training.precision
    if precision.dtype == "fp16" and device != "cuda":
        yield Problem(
            "training.precision.dtype",
            f"fp16 needs an NVIDIA GPU, and this run is on '{device}'",
            "'fp16'",
            "Use 'fp32', or 'bf16' to try low precision.",
        )
    if precision.tf32 and device != "cuda":
        yield Problem(
            "training.precision.tf32",
            f"TF32 is a format of NVIDIA GPUs, and this run is on '{device}'",
            "true",
            "Switch it off.",
        )
    if device == "cuda" and precision.compile in GRAPHS and training.batching.accumulate > 1:
        yield Problem(
            "training.precision.compile",
            "its CUDA graphs would overwrite the gradients of one batch with those of the next",
            f"{precision.compile!r} with {training.batching.accumulate} accumulated batches",
            "Use 'default', or no gradient accumulation.",
        )


def format_on_device(case: Case) -> Iterator[Finding]:
    training, device = case.spec.training, case.device
    precision = training.precision
    for problem in impossible(training, device):
        yield Finding("error", problem)
    if precision.dtype == "bf16" and device == "cpu":
        yield warning(
            "training.precision.dtype",
            "is two to three times slower than fp32 on a CPU",
            "'bf16'",
            "Use 'fp32'.",
        )


def orthogonal_updates_on_device(case: Case) -> Iterator[Finding]:
    if case.spec.training.optimizer.name == "muon" and case.device == "cpu":
        yield warning(
            "training.optimizer.name",
            "makes every hidden matrix orthogonal at each update; on a CPU that can take as long "
            "as the rest of the step",
            "'muon'",
            "Use larger batches, so that it is done less often, or 'adamw'.",
        )


def blocks_to_compute_again(case: Case) -> Iterator[Finding]:
    wanted = case.spec.training.memory.activation_checkpointing
    model = case.spec.model
    single = not isinstance(model, InMemoryModel) and getattr(model, "layers", 2) < 2
    if wanted and (model.kind in _BLOCKLESS or single):
        yield Finding("error", NO_BLOCKS)


def compiling_pays(case: Case) -> Iterator[Finding]:
    steps = case.estimate.steps
    if case.spec.training.precision.compile != "off" and steps and steps < _COMPILING_STEPS:
        yield warning(
            "training.precision.compile",
            f"compiling takes longer than the {steps:,} steps of this run",
            repr(case.spec.training.precision.compile),
            "Use 'off'.",
        )


CHECKS: tuple[Check, ...] = (
    format_on_device,
    orthogonal_updates_on_device,
    blocks_to_compute_again,
    compiling_pays,
)
