"""Whether a decoder does not see the future: earlier outputs must not move with a later token."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from engine.data.batching import Batch
from engine.data.vocabulary import PADDING
from engine.health.change import LEAK, change, steady_outputs
from engine.health.outcome import Clock, Complaint, Outcome, Skipped, concluded
from engine.health.report import Heat
from engine.health.subject import Subject, token_names

MOST_POSITIONS = 128
"""Positions that are changed one by one; of longer sequences they are spread over the length."""
AT_ONCE = 16
"""Changed sequences in one pass."""
BUDGET_S = 8.0
MOST_CELLS = 48
"""Rows and columns of the figure."""
_DECODERS = ("causal-lm", "seq2seq")


@torch.no_grad()
def causality(subject: Subject) -> Outcome:
    """Change one token after the other and look whether earlier outputs move."""
    if subject.task.kind not in _DECODERS:
        raise Skipped("Only a decoder, which writes token after token, must not see the future.")
    batch, name = subject.batch(1), subject.task.inputs[-1]
    if name not in token_names(subject, batch):
        raise Skipped(f"The input {name!r} is no sequence of whole numbers.")
    length = batch[name].shape[1]
    if length < 2:
        raise Skipped("There is no later token in sequences of one.")
    model = subject.stirred()
    steady_outputs(subject, model, batch)
    places, moved = _perturbed(subject, model, batch, name)
    earlier = torch.arange(length) < torch.tensor(places)[:, None]
    leaks, seen = moved.where(earlier, 0.0), float(moved.where(~earlier, 0.0).max())
    return concluded(
        f"No output moves when a later token is changed; {len(places)} of {length} positions were "
        "changed, one by one.",
        _complaints(places, leaks, seen),
        {
            "largest change of an earlier output": (float(leaks.max()), "of the outputs"),
            "largest change from there on": (seen, "of the outputs"),
            "allowed": (LEAK, "of the outputs"),
            "positions changed": (len(places), ""),
        },
        [_heat(places, moved)],
    )


def _complaints(places: list[int], leaks: Tensor, seen: float) -> list[Complaint]:
    if leaks.max() > LEAK:
        row = int(leaks.amax(dim=1).argmax())
        where = int((leaks[row] > LEAK).nonzero()[0])
        text = (
            f"It sees the future: changing token {places[row] + 1} moves the output at token "
            f"{where + 1}, and earlier outputs by up to {float(leaks[row].max()):.1%} of their "
            "size."
        )
        remedy = (
            "Mask the attention (is_causal=True, or a triangular mask the right way round), and "
            "pad convolutions on the left only. Otherwise training looks good and writing fails."
        )
        return [Complaint("fail", text, remedy)]
    if seen <= LEAK:
        text = "No output moves, whichever token is changed: the model does not look at its input."
        return [Complaint("warn", text, "Check that the tokens reach the outputs in forward.")]
    return []


def _perturbed(
    subject: Subject, model: nn.Module, batch: Batch, name: str
) -> tuple[list[int], Tensor]:
    """Positions that were changed, and how far each output (positions, T) moved."""
    tokens: Tensor = batch[name]
    last = tokens.shape[1] - 1
    spread = torch.linspace(1, last, min(last, MOST_POSITIONS))
    places = sorted({round(place) for place in spread.tolist()})
    clock, moved = Clock(BUDGET_S), []
    for first in range(0, len(places), AT_ONCE):
        some = places[first : first + AT_ONCE]
        same = torch.zeros(len(some) + 1, dtype=torch.long)
        rows = {n: t[same] if isinstance(t, Tensor) else t for n, t in batch.items()}
        for row, place in enumerate(some, start=1):
            rows[name][row, place] = _another(tokens, int(tokens[0, place]))
        outputs = subject.outputs(model, rows)
        moved.append(change(outputs[1:], outputs[:1], outputs).amax(dim=-1))
        if clock.is_over:
            break
    found = torch.cat(moved)
    return places[: len(found)], found


def _another(tokens: Tensor, token: int) -> int:
    """A token of the text that is neither this one nor padding."""
    others = tokens[(tokens != token) & (tokens != PADDING)]
    return int(others[0]) if len(others) else int(token == 0)


def _heat(places: list[int], moved: Tensor) -> Heat:
    """The changes, made coarser to what can be told apart: the largest of each field."""
    rows, columns = (min(MOST_CELLS, size) for size in moved.shape)
    coarse = torch.nn.functional.adaptive_max_pool2d(moved[None], (rows, columns))[0]
    down = torch.linspace(0, len(places) - 1, rows).round().long().tolist()
    across = torch.linspace(1, moved.shape[1], columns).round().tolist()
    return Heat(
        title="How far each output moves when a token is changed",
        x_title="output at token",
        y_title="changed token",
        x=tuple(across),
        y=tuple(places[place] + 1.0 for place in down),
        rows=tuple(tuple(round(value, 6) for value in row) for row in coarse.tolist()),
    )
