"""What an output must not depend on: the other samples of its batch, and padding.

The weights are moved a little before (`Subject.stirred`), so that a projection that begins at zero
does not hide a leak.
"""

from __future__ import annotations

import torch
from torch import Tensor

from engine.data.batching import Batch
from engine.health.change import LEAK, largest_change, steady_outputs
from engine.health.outcome import Complaint, Outcome, Skipped, concluded, in_words
from engine.health.subject import Subject, token_names

SAMPLES = 4
SEARCHED = 32
"""Samples among which the one with the most padding is looked for."""


@torch.no_grad()
def batch_independence(subject: Subject) -> Outcome:
    """Compare each sample's output in a batch with its output alone."""
    model, batch = subject.stirred(), subject.batch(SAMPLES)
    together = steady_outputs(subject, model, batch)
    worst = 0.0
    for place in range(SAMPLES):
        alone = subject.outputs(model, _row(batch, place))
        worst = max(worst, largest_change(alone[0], together[place], together))
    complaints = []
    if worst > LEAK:
        text = f"A sample's outputs change by {worst:.1%} of their size with what is beside it."
        remedy = (
            "Look for view or reshape across the batch dimension, for a softmax or mean over "
            "dimension 0, and for batch-first inputs given to layers that are not."
        )
        complaints.append(Complaint("fail", text, remedy))
    return concluded(
        "Each sample's outputs are its own, whatever is beside it in the batch.",
        complaints,
        {"largest change": (worst, "of the outputs"), "allowed": (LEAK, "of the outputs")},
    )


@torch.no_grad()
def padding(subject: Subject) -> Outcome:
    """Compare the outputs of one text without its padding to those with all of it."""
    batch, name, real = _padded(subject)
    model = subject.stirred()
    whole = steady_outputs(subject, model, batch)
    try:
        bare = subject.outputs(model, batch | {name: batch[name][:, :real]})
    except Exception as error:  # noqa: BLE001 - what the model raises is told
        raise Skipped(
            f"It takes no text without its padding, to compare with: {in_words(error)}."
        ) from None
    if whole.shape != bare.shape and whole.ndim == 3:  # an output for each token, padding too
        whole = whole[:, :real]
    if whole.shape != bare.shape:
        raise Skipped(
            f"Its outputs for the shorter text have another shape, {tuple(bare.shape)} in place "
            f"of {tuple(whole.shape)}, so there is nothing to compare."
        )
    moved, length = largest_change(bare, whole, whole), batch[name].shape[1]
    complaints = []
    if moved > LEAK:
        text = (
            f"The outputs for a text of {real} tokens change by {moved:.1%} of their size when it "
            f"is padded to {length}."
        )
        padding = subject.facts.padding_token
        remedy = (
            f"Leave token {padding} out of the attention (a mask of tokens != {padding}) and out "
            "of means over the tokens."
        )
        complaints.append(Complaint("fail", text, remedy))
    return concluded(
        f"A text of {real} tokens gives the same outputs with {length - real} tokens of padding "
        "and without.",
        complaints,
        {
            "largest change": (moved, "of the outputs"),
            "allowed": (LEAK, "of the outputs"),
            "padding": (length - real, "tokens"),
        },
    )


def _padded(subject: Subject) -> tuple[Batch, str, int]:
    """The sample with the most padding, the input that is padded, and how many tokens are real."""
    if not subject.facts.padded:
        raise Skipped("The data has no padding.")
    batch = subject.batch(SEARCHED)
    name = next(iter(token_names(subject, batch)), None)
    if name is None:
        raise Skipped("The model is given no sequences of whole numbers.")
    tokens: Tensor = batch[name]
    ends = torch.arange(1, tokens.shape[1] + 1) * (tokens != subject.facts.padding_token)
    lengths = ends.amax(dim=1)
    lengths[lengths < 2] = tokens.shape[1]
    place = int(lengths.argmin())
    if lengths[place] == tokens.shape[1]:
        raise Skipped(f"None of {SEARCHED} samples is padded.")
    return _row(batch, place), name, int(lengths[place])


def _row(batch: Batch, place: int) -> Batch:
    return {n: t[place : place + 1] if isinstance(t, Tensor) else t for n, t in batch.items()}
