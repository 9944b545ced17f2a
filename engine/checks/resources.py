"""Whether this machine can do it: devices, memory, disk."""

from __future__ import annotations

from collections.abc import Iterator

from engine.checks.finding import Case, Check, Finding, error, warning
from engine.estimate import checkpoints_kept
from engine.machine import MachineFacts

FAR_ABOVE = 1.5
"""Memory estimates are rough: only from this multiple of what is there on is it an error."""
TIGHT = 0.9
LEAST_DISK_BYTES = 50_000_000
METRIC_BYTES_A_STEP = 24 * 6
"""Records of 24 bytes: loss, accuracy, learning rate, gradient norm and throughput."""


def device_is_here(case: Case) -> Iterator[Finding]:
    device, here = case.spec.training.hardware.device, case.machine.devices()
    if device not in ("auto", *here):
        yield error(
            "training.hardware.device",
            "this machine has no such device",
            repr(device),
            f"Use 'auto' or {' or '.join(map(repr, here))}.",
        )


def threads_have_cores(case: Case) -> Iterator[Finding]:
    threads, cores = case.spec.training.hardware.threads, case.machine.cores
    if threads > cores:
        yield warning(
            "training.hardware.threads",
            f"this machine has {cores} cores; more threads are slower",
            threads,
            f"Use 0 or at most {cores}.",
        )


def memory_suffices(case: Case) -> Iterator[Finding]:
    needed, device = case.estimate.memory_bytes, case.device
    if needed is None or device not in case.machine.devices():
        return
    if device == "cpu" and case.spec.training.checkpointing.background:
        needed += case.estimate.checkpoint_bytes or 0  # the copy that is written
    there = _memory_bytes(case.machine, device)
    if needed <= TIGHT * there:
        return
    make = error if needed > FAR_ABOVE * there else warning
    yield make(
        "training.batching.batch_size",
        f"about {_size(needed)} of memory are needed, and {_size(there)} are free",
        case.spec.training.batching.batch_size,
        "Use a smaller batch with more accumulation, a shorter context or a smaller model.",
    )


def disk_suffices(case: Case) -> Iterator[Finding]:
    known, free, training = case.estimate, case.machine.disk_free_bytes, case.spec.training
    steps, checkpoint_bytes = known.steps or 0, known.checkpoint_bytes or 0
    # While one is written, all that are kept are still there.
    checkpoints = (checkpoints_kept(training, steps, known.steps_per_epoch) or 0) + 1
    metrics = METRIC_BYTES_A_STEP * steps // training.logging.every_steps
    needed = LEAST_DISK_BYTES + metrics + checkpoints * checkpoint_bytes
    if needed > free:
        yield error(
            "training.checkpointing.keep_last",
            f"{checkpoints} checkpoints and the metrics need {_size(needed)} of disk, "
            f"and {_size(free)} are free",
            training.checkpointing.keep_last,
            "Free some space, keep fewer, or choose another runs folder.",
        )


def _memory_bytes(machine: MachineFacts, device: str) -> int:
    """What the device has for us; a Mac's GPU uses the machine's memory."""
    largest = max((gpu.memory_bytes for gpu in machine.gpus), default=0)
    return largest if device == "cuda" else machine.memory_available_bytes


def _size(count: float) -> str:
    return f"{count / 1e9:,.1f} GB" if count >= 1e9 else f"{count / 1e6:,.0f} MB"


CHECKS: tuple[Check, ...] = (
    device_is_here,
    threads_have_cores,
    memory_suffices,
    disk_suffices,
)
