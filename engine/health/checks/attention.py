"""Where a model looks before it is trained: the attention weights of each layer as heat maps."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from engine.health.outcome import Complaint, Outcome, Skipped, concluded, listed
from engine.health.report import Bars, Heat, value_of
from engine.health.subject import Subject
from engine.health.watching import attention_watched

SATURATED = 0.1
"""An attention whose entropy is below this share of the most looks at about one place only: before
training nothing tells it where, and its softmax passes hardly any gradient back."""
MOST_MAPS = 16
MOST_CELLS = 32
"""Queries and keys of a heat map: the first ones."""


def attention(subject: Subject) -> Outcome:
    """Watch one pass in evaluation mode over one sample."""
    model = subject.model().eval()
    with attention_watched(model) as seen:  # with gradients on, layers take no fused ways
        subject.outputs(model, subject.batch(1))
    if not seen.maps:
        raise Skipped(
            "No attention was seen: only nn.MultiheadAttention, scaled_dot_product_attention and "
            "a softmax over (batch, heads, queries, keys) can be watched."
        )
    entropies = {name: _entropies(maps) for name, maps in seen.maps.items()}
    broken = [name for name, maps in seen.maps.items() if not maps.isfinite().all()]
    sharp = [name for name, found in entropies.items() if float(found.mean()) < SATURATED]
    complaints = []
    if broken:
        text = f"The attention weights of {listed(broken)} are NaN: a place that sees nothing."
        remedy = "Let every query see at least one key, such as its own."
        complaints.append(Complaint("fail", text, remedy))
    if sharp:
        text = f"The attention of {listed(sharp)} looks at about one place only before training."
        remedy = "Divide the scores by the square root of the head's width; use smaller weights."
        complaints.append(Complaint("warn", text, remedy))
    heads = sum(len(maps) for maps in seen.maps.values())
    least = min(float(found.min()) for found in entropies.values())
    return concluded(
        f"{heads} heads in {len(seen.maps)} attentions were watched; before training they look "
        "at many places each.",
        complaints,
        {
            "attentions": (len(seen.maps), ""),
            "heads": (heads, ""),
            "least entropy of a head": (least, "of the most"),
            "saturated below": (SATURATED, "of the most"),
        },
        [_bars(entropies), *_heats(seen.maps)],
    )


def _entropies(maps: Tensor) -> Tensor:
    """Of each head the mean entropy of its queries as a share of the most, which is the logarithm
    of the places that they can see; queries that see but one are left out."""
    seen = (maps > 0).sum(dim=-1)
    nats = torch.special.entr(maps).sum(dim=-1)
    shares = nats / seen.clamp(min=2).log()
    several = seen > 1
    counted = several.sum(dim=-1)
    means = (shares * several).sum(dim=-1) / counted.clamp(min=1)
    return torch.where(counted > 0, means, 1.0)


def _bars(entropies: dict[str, Tensor]) -> Bars:
    values = {name: float(found.mean()) for name, found in entropies.items()}
    return Bars(
        title="How widely each attention looks",
        names=tuple(values),
        values=tuple(value_of(value) for value in values.values()),
        y_title="entropy, as a share of the most",
        bounds={"saturated": SATURATED},
    )


def _heats(maps: dict[str, Tensor]) -> list[Heat]:
    """As many heads of each attention as there is room for."""
    each = max(1, MOST_MAPS // len(maps))
    found = []
    for name, weights in list(maps.items())[:MOST_MAPS]:
        for head, rows in enumerate(weights[:each], start=1):
            cut = rows[:MOST_CELLS, :MOST_CELLS]
            found.append(
                Heat(
                    title=f"{name}, head {head}",
                    x_title="looks at",
                    y_title="from",
                    x=tuple(float(place + 1) for place in range(cut.shape[1])),
                    y=tuple(float(place + 1) for place in range(cut.shape[0])),
                    rows=tuple(
                        tuple(value_of(round(v, 4) if math.isfinite(v) else v) for v in row)
                        for row in cut.tolist()
                    ),
                )
            )
    return found
