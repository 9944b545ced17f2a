"""How many samples and tokens a run has trained on after so many steps, as far as it is exact."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from components.charts.sampling import Places, Values
from engine.errors import DamagedRun
from engine.runs.record import Origin
from engine.runs.run import Run
from engine.runs.state import RunState


class Batches(NamedTuple):
    """How the samples of an epoch are cut into batches; the last one of an epoch may be short."""

    batch_size: int
    accumulate: int
    samples_an_epoch: int

    @property
    def _an_epoch(self) -> int:
        return -(-self.samples_an_epoch // self.batch_size)

    def samples(self, step: Places | float) -> Values:
        """Samples of so many updates; between two batches, in proportion."""
        epochs, rest = np.divmod(np.asarray(step, np.float64) * self.accumulate, self._an_epoch)
        full = self._an_epoch - 1
        last = np.maximum(rest - full, 0) * (self.samples_an_epoch - full * self.batch_size)
        seen = epochs * self.samples_an_epoch + np.minimum(rest, full) * self.batch_size + last
        return np.asarray(seen, np.float64)

    def steps(self, samples: Values) -> Values:
        """The inverse of `samples`."""
        epochs, rest = np.divmod(samples, self.samples_an_epoch)
        whole = (self._an_epoch - 1) * self.batch_size
        last = np.maximum(rest - whole, 0) / (self.samples_an_epoch - whole)
        micro = epochs * self._an_epoch + np.minimum(rest, whole) / self.batch_size + last
        return np.asarray(micro / self.accumulate, np.float64)


def batches_of(run: Run, state: RunState) -> Batches | str:
    """How a run takes its samples, or why that is not known.

    Batches that were halved for want of memory make the same updates, and a roll-back or a resume
    goes back to the samples that it was at, so the step alone decides.
    """
    record = run.record
    if record.spec is None:
        return "the run was imported"
    if state.train_samples is None:
        return "the run has not told the size of its training data"
    batching = record.spec.training.batching
    own = Batches(batching.batch_size, batching.accumulate, state.train_samples)
    return own if record.origin is None else _like_its_parent(run, record.origin, own)


def _like_its_parent(run: Run, origin: Origin, own: Batches) -> Batches | str:
    """A fork's first steps were made with the batches of the run that it was forked from."""
    parent = Run(run.folder.parent / origin.run_id)
    try:
        before = batches_of(parent, parent.state())
    except DamagedRun:
        return "the run that it was forked from cannot be read"
    if isinstance(before, str) or before == own:
        return before
    return "the run that it was forked from had batches of another size"


def tokens_per_sample(run: Run) -> int | str:
    """Tokens of every sample, or why that is not known."""
    spec = run.record.spec
    if spec is None:
        return "the run was imported"
    if spec.data.source == "masked-docs":
        return spec.data.length
    if spec.data.source == "python-docs" and spec.model.kind == "gpt":
        return spec.model.block_size
    if spec.data.source == "dataset" and spec.data.text.in_equal_blocks(spec.data.task):
        return spec.data.text.length
    return "its samples are not text, or texts of different lengths"
