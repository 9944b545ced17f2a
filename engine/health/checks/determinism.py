"""Whether the same seed gives the same model, and evaluation the same outputs every time."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from engine.data.batching import Batch
from engine.health.outcome import Complaint, Outcome, concluded, listed
from engine.health.subject import Subject
from engine.reproducibility import seed_everything

SAMPLES = 4
_SEEDS = (
    "Draw all random numbers from PyTorch's, NumPy's or Python's global generators, which a run "
    "seeds; not from generators seeded by the clock, nor in an order that a set decides."
)


@torch.no_grad()
def determinism(subject: Subject) -> Outcome:
    """Compare two models of one seed, two passes of one model, and its state before and after."""
    first, second = subject.model(), subject.model()
    unlike = _unlike(_state(first), _state(second))
    seeded = [_seeded(subject, model) for model in (first, second)]
    evaluated, changed, written = _evaluated(subject, subject.model().eval())
    apart = {
        "weights that differ": (float(len(unlike)), "tensors"),
        "training outputs differ by": (_apart(*seeded), ""),
        "evaluation outputs differ by": (_apart(*evaluated), ""),
        "state changed by evaluation": (float(len(changed)), "tensors"),
        "inputs changed": (float(len(written)), "tensors"),
    }
    complaints = []
    if unlike or not _same(*seeded):
        what = f"weights of {listed(unlike)} differ" if unlike else "outputs in training differ"
        text = f"Two models of the same seed are not the same: {what}."
        complaints.append(Complaint("fail", text, _SEEDS))
    if not _same(*evaluated):
        text = "In evaluation mode, two passes over the same batch give different outputs."
        remedy = "Use nn.Dropout, or F.dropout(x, p, self.training): it must be off in eval mode."
        complaints.append(Complaint("fail", text, remedy))
    if changed:
        text = f"A pass in evaluation mode changes {listed(changed)}."
        remedy = "Change weights and buffers in training mode only (if self.training)."
        complaints.append(Complaint("fail", text, remedy))
    if written:
        text = f"Forward changes its inputs in place: {listed(written)}."
        remedy = "Make a new tensor, as in x = x * 2 in place of x *= 2."
        complaints.append(Complaint("fail", text, remedy))
    return concluded(
        "The same seed gives the same bits, and evaluation leaves no trace.", complaints, apart
    )


def _seeded(subject: Subject, model: nn.Module) -> Tensor:
    """Outputs in training mode, dropout included, from one seed."""
    seed_everything(subject.seed + 1)
    return subject.outputs(model.train(), subject.batch(SAMPLES))


def _evaluated(
    subject: Subject, model: nn.Module
) -> tuple[tuple[Tensor, Tensor], list[str], list[str]]:
    """Outputs of two passes, and what of the state and of the inputs they changed."""
    before = {name: tensor.clone() for name, tensor in _state(model).items()}
    given, again = subject.batch(SAMPLES), _tensors(subject.batch(SAMPLES))
    first = subject.outputs(model, given).clone()
    written = _unlike(_tensors(given), again)
    second = subject.outputs(model, subject.batch(SAMPLES))
    return (first, second), _unlike(before, _state(model)), written


def _tensors(batch: Batch) -> dict[str, Tensor]:
    """Copies, so that what is written into the batch does not reach them."""
    return {n: t.clone() for n, t in batch.items() if isinstance(t, Tensor)}


def _state(model: nn.Module) -> dict[str, Tensor]:
    return {n: t for n, t in model.state_dict().items() if isinstance(t, Tensor)}


def _unlike(one: dict[str, Tensor], other: dict[str, Tensor]) -> list[str]:
    """The names that only one of them has, or both with other numbers."""
    shared = one.keys() & other.keys()
    return [n for n in {**one, **other} if n not in shared or not _same(one[n], other[n])]


def _same(one: Tensor, other: Tensor) -> bool:
    return one.shape == other.shape and torch.equal(one.nan_to_num(), other.nan_to_num())


def _apart(one: Tensor, other: Tensor) -> float | None:
    """The largest difference; None of other shapes."""
    return float((one - other).abs().max()) if one.shape == other.shape else None
