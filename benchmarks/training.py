"""The Trainer beside a bare PyTorch loop on the same model, data and optimizer, interleaved."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional as F

from benchmarks.table import print_table
from engine.data.batching import BatchPlan, BatchSource, batch_sources
from engine.data.sources import load_for
from engine.examples import EXAMPLES
from engine.frozen import with_changes
from engine.metrics_tracker import MetricsTracker
from engine.models.build import build_model
from engine.run_spec import RunSpec
from engine.runs.series import MetricFiles
from engine.scheduler_factory import SchedulerFactory
from engine.trainer import Trainer

ROUNDS = 5


def _spec(name: str, steps: int) -> RunSpec:
    changes: dict[str, object] = {
        "training.length": {"amount": steps, "unit": "steps"},
        "training.evaluation.every_steps": 10**9,
        "training.checkpointing.every_steps": 10**9,
        "training.hardware.threads": torch.get_num_threads(),
    }
    return with_changes(EXAMPLES[name].spec, changes)


def _model_and_data(spec: RunSpec) -> tuple[nn.Module, BatchSource]:
    loaded = load_for(spec.data, spec.model)
    torch.manual_seed(0)
    return build_model(spec.model, loaded.facts), batch_sources(loaded, seed=0)[0]


def bare(spec: RunSpec, steps: int) -> float:
    """Seconds for a hand-written loop: same batches, same clipping, nothing logged."""
    model, source = _model_and_data(spec)
    training = spec.training
    optimizer = torch.optim.AdamW(model.parameters(), lr=training.optimizer.lr, fused=True)
    schedule = SchedulerFactory.build(training.scheduler, steps)
    plan = BatchPlan(len(source), training.batching.batch_size, shuffle=True, seed=0)
    model.train()
    began = time.perf_counter()
    for step in range(steps):
        batch = source.batch(step // plan.micro_batches_per_epoch, plan.indices(step))
        for group in optimizer.param_groups:
            group["lr"] = training.optimizer.lr * schedule(step)
        optimizer.zero_grad(set_to_none=True)
        logits = model(batch["inputs"])
        loss = F.cross_entropy(logits.flatten(0, -2), batch["targets"].flatten())
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), training.gradients.clip_norm or 1.0)
        optimizer.step()
    return time.perf_counter() - began


def trained(spec: RunSpec, steps: int) -> float:
    """Seconds of training by the Trainer, every step logged; without its start and its end."""
    model, source = _model_and_data(spec)
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(
            model=model, training_config=spec.training, task_spec=spec.task, run=folder
        )
        trainer.train(train_data=source)
        run = trainer.run
        assert not isinstance(run, str)
        at = run.series("train/loss").time  # type: ignore[union-attr]
    return float(at[-1] - at[0]) * steps / (steps - 1)


def _medians(first: Callable[[], float], second: Callable[[], float]) -> tuple[float, float]:
    times: tuple[list[float], list[float]] = ([], [])
    first(), second()
    for _ in range(ROUNDS):
        times[0].append(first())
        times[1].append(second())
    return statistics.median(times[0]), statistics.median(times[1])


def main() -> None:
    rows = []
    for name, steps in (("gpt-python-docs", 60), ("digits-mlp", 1500)):
        for threads in (1, 2):
            torch.set_num_threads(threads)
            spec = _spec(name, steps)
            plain_s, ours_s = _medians(
                lambda spec=spec, steps=steps: bare(spec, steps),
                lambda spec=spec, steps=steps: trained(spec, steps),
            )
            rows.append(
                (name, threads, 1000 * plain_s / steps, 1000 * ours_s / steps, plain_s / ours_s)
            )
    print_table(
        f"Trainer against a bare PyTorch loop (median of {ROUNDS}, every step logged)",
        ("model", "threads", "bare ms/step", "Trainer ms/step", "speed ratio"),
        rows,
    )
    _logging()


def _logging() -> None:
    torch.set_num_threads(1)
    metrics = {f"metric/{number}": torch.tensor(float(number)) for number in range(5)}
    with tempfile.TemporaryDirectory() as folder:
        from pathlib import Path

        tracker = MetricsTracker(MetricFiles(Path(folder)))
        times = []
        for step in range(20_000):
            began = time.perf_counter_ns()
            tracker.log(step, metrics)
            times.append((time.perf_counter_ns() - began) / 1000)
            time.sleep(0)
        tracker.close()
    times.sort()
    print_table(
        "MetricsTracker.log of five scalars on the training thread",
        ("mean µs", "median µs", "p99 µs"),
        [(statistics.mean(times), times[len(times) // 2], times[int(0.99 * len(times))])],
    )


if __name__ == "__main__":
    main()
