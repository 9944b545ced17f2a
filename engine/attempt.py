"""Attempt: one go at a run, from its newest checkpoint to its end; what is between the updates."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from torch import nn

from engine.best import BestSoFar
from engine.checkpoint import CheckpointKeeper, Snapshot
from engine.checkpointing_pace import Pace
from engine.control import Control, Ended
from engine.data.batching import BatchPlan, BatchSource
from engine.errors import NonFiniteLoss
from engine.estimate import steps_per_epoch, total_steps
from engine.learning_rates.learning_rate import LearningRate
from engine.metrics_tracker import MetricsTracker, Number
from engine.observers import Audience
from engine.optimizer_factory import OptimizerFactory
from engine.reproducibility import random_states, restore_random_states
from engine.runs.reporter import RunReporter
from engine.runs.series import MetricFiles
from engine.runs.state import Status
from engine.speedometer import Speedometer
from engine.task_spec import TaskSpec
from engine.training_config import TrainingConfig
from engine.training_loop import StepResult, TrainingLoop, ValidationLoop

Sampler = Callable[[nn.Module, int], object]
"""(model, how many) -> samples to show, as plain data."""
Sources = tuple[BatchSource, BatchSource | None]
"""Training data, and held-out data where there is any."""


class Attempt:
    """Trains until the last step or until asked to end; everything is told to the reporter."""

    def __init__(
        self,
        model: nn.Module,
        config: TrainingConfig,
        task: TaskSpec,
        sources: Sources,
        reporter: RunReporter,
        sampler: Sampler | None = None,
    ) -> None:
        self._config, self._reporter, self._sampler = config, reporter, sampler
        train, val = sources
        plan = _plan(train, config)
        self._steps_per_epoch = steps_per_epoch(config, len(train))
        steps = total_steps(config, len(train))
        assert steps is not None, "callers refuse empty training data"
        self._total_steps = steps
        self._rate = LearningRate(config.scheduler, self._total_steps)
        self._loop = TrainingLoop(
            model,
            OptimizerFactory.build(model, config.optimizer, config.parameters),
            self._rate.schedule,
            (train, plan),
            config,
            task,
        )
        self._validation = ValidationLoop(val, config, task) if val else None
        monitor, stopping = config.evaluation.monitor, config.early_stopping
        self._best = BestSoFar(
            monitor, task.modes()[monitor], stopping.min_delta, config.checkpointing.keep_best
        )
        self._speed = Speedometer(count_tokens=task.kind == "causal-lm")
        self._keeper = CheckpointKeeper(reporter.run.folder / "checkpoints", config.checkpointing)
        self._pace = Pace(config.checkpointing, self._steps_per_epoch)
        self._control = Control(reporter, self)
        self._audience = Audience((), reporter)
        self._tracker = self._begin()

    def train(self, audience: Audience) -> None:
        """Run to the end, tell the audience what happens, and write down how it ended.

        Raises:
            NonFiniteLoss: when training diverged; resuming goes back to the last checkpoint.
        """
        self._reporter.change(phase="training")
        self._reporter.run_clock(True)
        self._loop.model.train()
        self._audience = audience
        audience.started(self._total_steps)
        try:
            status, reason = self._run()
        finally:
            self._tracker.close()  # before the end is told: who reads then, reads everything
        self._reporter.end(status, reason)

    def _run(self) -> tuple[Status, str]:
        try:
            self._train_and_save()
        except Ended as ended:
            return ended.status, ended.reason
        except NonFiniteLoss:
            if self._rate.is_test:
                return "completed", self._rate.reason(self._loop.progress.step + 1)
            raise  # nothing is saved: data position and random numbers are those of the next step
        return "completed", f"Completed all {self._total_steps:,} steps."

    def _train_and_save(self) -> None:
        try:
            self._updates()
        except Ended as ended:
            if ended.save:
                self.save()  # may end on a full disk, with that as the reason
            raise
        self.save()

    def _updates(self) -> None:
        progress, reporter, tracker = self._loop.progress, self._reporter, self._tracker
        while progress.step < self._total_steps:
            if reporter.pending:
                self._control.obey_all()
            if tracker.trouble:
                self._control.hold_for_disk(tracker.trouble)
            self._audience.obey()
            self._update()
            self._after_update(progress.step)

    def _update(self) -> None:
        progress, began = self._loop.progress, time.perf_counter()
        step = progress.step + 1
        log = step % self._config.logging.every_steps == 0 or step == self._total_steps
        try:
            result = self._loop.update(measure=log)
        except NonFiniteLoss as diverged:
            self._tracker.log(step, {diverged.metric: diverged.value})
            raise
        self._reporter.step = step
        if log:
            self._log(result)
        busy_s = time.perf_counter() - began
        speed = self._speed.after_update(busy_s, progress.samples, progress.targets)
        if speed:
            self._tracker.log(step, speed)
        if self._rate.is_test:
            self._rate.after_update(step, result.loss.item())
        if self._audience.present:
            self._audience.stepped(result)

    def _log(self, result: StepResult) -> None:
        metrics: dict[str, Number] = {
            "train/loss": result.loss,
            "optim/lr": result.lr,
            "optim/grad_norm": result.grad_norm,
        }
        for name, value in result.measures.items():
            metrics[f"train/{name}"] = value
        self._tracker.log(result.step, metrics)

    def _after_update(self, step: int) -> None:
        config, last = self._config, step == self._total_steps
        if step % config.evaluation.every_steps == 0 or last:
            self._validate(judge=True)
            patience = config.early_stopping.patience
            if patience is not None and self._best.stale >= patience and not last:
                raise Ended("completed", f"Stopped early: {self._best.in_words()}.", save=True)
        if self._pace.due(step, self._reporter.trained_s) or self._best.is_kept(step):
            self.save()

    # -- what Control can ask for --------------------------------------------------------------

    def validate(self) -> None:
        """Measure and show the model now; what is best and when to stop is not judged by it."""
        self._validate(judge=False)

    def _validate(self, *, judge: bool) -> None:
        if self._validation is None:
            return
        step, before = self._loop.progress.step, random_states()
        self._reporter.change(phase="validating")
        metrics = self._validation.evaluate(self._loop.model)
        if metrics:
            self._tracker.log(step, {f"val/{name}": value for name, value in metrics.items()})
            if judge:
                self._judge(step, metrics)
        self._show_samples(step)
        restore_random_states(before)
        self._reporter.change(phase="training", best=self._best.best)
        self._audience.validated(step, metrics, self._best.best)

    def _judge(self, step: int, metrics: dict[str, float]) -> None:
        self._best.judge(step, metrics)
        dropped = self._rate.after_validation(self._best.score(metrics))
        if dropped:
            self._reporter.event("learning-rate", dropped)

    def _show_samples(self, step: int) -> None:
        count = self._config.evaluation.samples
        if self._sampler and count:
            samples = self._sampler(self._loop.model, count)
            self._persist(lambda: self._reporter.run.write_samples(step, samples))

    def save(self) -> bool:
        """Make a checkpoint unless this step has one; a full disk is waited for."""
        step = self._loop.progress.step
        if self._keeper.saved_step == step:
            return False
        self._reporter.change(phase="saving")
        self._persist(lambda: self._write_checkpoint(step))
        self._reporter.change(phase="training")
        return True

    def can_write(self) -> bool:
        """Whether the reserve and the waiting metrics could be written just now."""
        try:
            self._reporter.hold_reserve()
            self._tracker.sync()
        except OSError:
            return False
        return True

    def _write_checkpoint(self, step: int) -> None:
        self._tracker.sync()  # before the checkpoint: it must not know more than the files
        folder = self._keeper.save(Snapshot.borrowed(step, self._loop.model, self._state()))
        self._keeper.prune(self._best.kept_steps)
        self._pace.saved(self._reporter.trained_s)
        self._reporter.event("checkpoint", f"Saved {folder.name}.")
        self._audience.saved(step, folder)

    def _persist(self, write: Callable[[], None]) -> None:
        """Write, and write again after waiting, as long as the disk is full."""
        while True:
            try:
                write()
                return
            except OSError as error:
                self._control.hold_for_disk(error)

    # -- beginning and resuming ----------------------------------------------------------------

    def _begin(self) -> MetricsTracker:
        """Go back to the newest good checkpoint and cut the metrics after it."""
        reporter = self._reporter
        before = reporter.state
        found, refused = self._keeper.open_latest()
        for error in refused:
            reporter.event("checkpoint-refused", str(error))
        if found is not None:
            found.restore_model(self._loop.model)
            self._load(found.trainer_state())
        step = reporter.step = self._loop.progress.step
        kind = "resumed" if before.attempt else "started"
        where = f"on {before.device} with {before.threads} CPU threads"
        reporter.event(kind, f"Attempt {before.attempt + 1}, from step {step:,}, {where}.")
        files = MetricFiles(reporter.run.metrics_folder)
        files.cut_after(step)
        reporter.change(
            attempt=before.attempt + 1,
            resumed_from=step if before.attempt else None,
            total_steps=self._total_steps,
            steps_per_epoch=self._steps_per_epoch,
            best=self._best.best,
            trained_s=reporter.state.trained_s if found else 0.0,
        )
        return MetricsTracker(files)

    def _state(self) -> dict[str, Any]:
        return {
            "progress": self._loop.progress.state_dict(),
            "optimizer": self._loop.optimizer.state_dict(),
            "best": self._best.state_dict(),
            "learning_rate": self._rate.state_dict(),
            "random": random_states(),
            "trained_s": self._reporter.trained_s,
        }

    def _load(self, state: dict[str, Any]) -> None:
        self._loop.progress.load_state_dict(state["progress"])
        self._loop.optimizer.load_state_dict(state["optimizer"])
        self._best.load_state_dict(state["best"])
        if "learning_rate" in state:  # checkpoints of 0.1 had no schedule with a memory
            self._rate.load_state_dict(state["learning_rate"])
        restore_random_states(state["random"])
        self._reporter.change(trained_s=state["trained_s"])


def _plan(train: BatchSource, config: TrainingConfig) -> BatchPlan:
    batching, seed = config.batching, config.reproducibility.seed
    return BatchPlan(len(train), batching.batch_size, shuffle=batching.shuffle, seed=seed)
