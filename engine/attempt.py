"""Attempt: one go at a run, from its newest checkpoint to its end; what is between the updates."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from torch import nn

from engine.checkpoint import CheckpointKeeper
from engine.checkpointing_pace import Pace
from engine.control import Control, Ended
from engine.data.batching import BatchSource
from engine.data.workers import prepared
from engine.errors import NonFiniteLoss
from engine.estimate import steps_per_epoch, total_steps
from engine.inspection import Inspection
from engine.judge import NOTHING, Beside, Judge, Verdict
from engine.losses import loss_for
from engine.metrics_tracker import MetricsTracker
from engine.observers import Audience
from engine.optimizer_factory import OptimizerFactory
from engine.remembered import Remembered
from engine.route import Route
from engine.runs.reporter import RunReporter
from engine.runs.series import MetricFiles
from engine.runs.state import Status
from engine.safety.alerts import Alerts
from engine.safety.divergence import DivergencePolicy
from engine.saver import Saver
from engine.speedometer import speedometer_for
from engine.steering import Act, ActName, in_words
from engine.task_spec import TaskSpec
from engine.training_config import TrainingConfig
from engine.training_loop import TrainingLoop, ValidationLoop

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
        beside: Beside = NOTHING,
    ) -> None:
        self._config, self._reporter = config, reporter
        self._train_source, val = sources
        steps = total_steps(config, len(self._train_source))
        assert steps, "callers refuse empty training data"
        self._steps_per_epoch = steps_per_epoch(config, len(self._train_source))
        self._route = Route(reporter.run.folder, config, steps)
        self._loop = TrainingLoop(
            model,
            OptimizerFactory.build(model, config.optimizer, config.parameters),
            self._route.rate.multiplier,
            prepared(self._train_source, self._config),
            config,
            task,
            loss=loss_for(task, self._train_source),
            tell=reporter.event,
            known=beside.known,
        )
        validation = (
            ValidationLoop(val, config, task, beside.known, reporter.event) if val else None
        )
        self._judge = Judge(validation, config, task, beside)
        self._alerts = Alerts(config.alerts)
        self._divergence = DivergencePolicy(config.divergence)
        self._remembered = Remembered(
            self._loop, self._judge, self._route.rate, self._alerts, self._divergence
        )
        self._new_speedometer = partial(
            speedometer_for, self._loop.device, config, task, beside.flops_per_sample
        )
        self._keeper = CheckpointKeeper(reporter.run.folder / "checkpoints", config.checkpointing)
        self._control = Control(reporter, self)
        self._audience = Audience((), reporter)
        self._begin()

    def train(self, audience: Audience) -> None:
        """Run to the end, tell the audience what happens, and write down how it ended.

        Raises:
            NonFiniteLoss: when training diverged; resuming goes back to the last checkpoint.
        """
        self._reporter.change(phase="training")
        self._reporter.run_clock(True)
        self._loop.model.train()
        self._audience = audience
        audience.started(self._route.total_steps)
        try:
            status, reason = self._run()
        finally:
            self._saver.give_up()
            self._loop.batches.close()
            self._tracker.close()  # before the end is told: who reads then, reads everything
        self._reporter.end(status, reason)

    def log_beside(self, metrics: dict[str, float]) -> None:
        """Record what another thread has measured, at the current step."""
        self._tracker.log(self._reporter.step, metrics)  # in this order: see the roll-back

    def _run(self) -> tuple[Status, str]:
        try:
            self._train_and_save()
        except Ended as ended:
            return ended.status, ended.reason
        except NonFiniteLoss:
            if self._route.rate.is_test:
                return "completed", self._route.rate.reason(self._loop.progress.step + 1)
            raise  # nothing is saved: data position and random numbers are those of the next step
        return "completed", f"Completed all {self._route.total_steps:,} steps."

    def _train_and_save(self) -> None:
        try:
            if self._divergence.rolls_back and self._loop.progress.step == 0:
                self.save()  # what the first divergence goes back to
            self._updates()
        except Ended as ended:
            if ended.save:
                self.save()  # may end on a full disk, with that as the reason
            self._saver.land()
            raise
        self.save()
        self._saver.land()

    def _updates(self) -> None:
        progress = self._loop.progress
        while progress.step < self._route.total_steps:
            self._between_updates(progress.step)
            if self._update():
                self._after_update(progress.step)

    def _between_updates(self, step: int) -> None:
        """Do what was asked for, by people, by the run's past, or by the configuration."""
        reporter = self._reporter
        for act in self._route.due(step):
            self._do(act)
        if reporter.pending:
            self._control.obey_all()
        trouble = self._tracker.trouble
        if trouble:
            self._control.hold_for_disk(trouble)
        self._saver.poll()
        self._audience.obey()
        if self._route.ends_at_s is not None and reporter.trained_s >= self._route.ends_at_s:
            self._end_in_time(step)

    def _update(self) -> bool:
        """Make one update; False when training went back instead."""
        progress, began = self._loop.progress, time.perf_counter()
        step = progress.step + 1
        log = step % self._config.logging.every_steps == 0 or self._route.is_last(step)
        try:
            result = self._loop.update(measure=log)
        except NonFiniteLoss as diverged:
            return self._after_divergence(step, diverged)
        self._reporter.step = step
        self._divergence.after_good_update()
        if log:
            self._tracker.log(step, result.metrics())
        if result.inspection:
            self._show_inside(step, result.inspection)
        for alert in self._alerts.after_update(step, result.loss, result.grad_norm):
            self._reporter.event("alert", alert.text, alert=alert.kind)
        if self._route.rate.is_test:
            self._route.rate.after_update(step, result.loss)
        if self._audience.present:
            self._audience.stepped(result)
        busy_s = time.perf_counter() - began
        speed = self._speed.after_update(busy_s, progress.samples, progress.targets)
        if speed:
            self._tracker.log(step, speed)
        return True

    def _show_inside(self, step: int, inspection: Inspection) -> None:
        self._tracker.log(step, inspection.metrics)
        histograms = inspection.histograms
        if histograms is not None:
            self._persist(lambda: self._reporter.run.write_histograms(step, histograms))

    def _after_update(self, step: int) -> None:
        last, worth_keeping = self._route.is_last(step), False
        if step % self._config.evaluation.every_steps == 0 or last:
            self._validate(judge=True)
            stop = "" if last else self._judge.impatient(self._route.patience(step))
            if stop:
                raise Ended("completed", stop, save=True)
            worth_keeping = self._judge.is_kept(step)
        if self._saver.due(step) or worth_keeping:
            self.save()

    def _end_in_time(self, step: int) -> None:
        """End because of the configured time, with everything measured and saved."""
        if step and self._judge.validated_step != step:
            self._validate(judge=True)
        minutes = self._config.length.max_minutes
        raise Ended("completed", f"Reached the limit of {minutes:g} minutes.", save=True)

    # -- divergence ----------------------------------------------------------------------------

    def _after_divergence(self, step: int, diverged: NonFiniteLoss) -> bool:
        """Skip the update (True) or go back (False).

        Raises:
            NonFiniteLoss: when the run is to end.
        """
        self._tracker.log(step, {diverged.metric: diverged.value})
        if self._route.rate.is_test:
            raise diverged
        answer = self._divergence.after(diverged, rolled_back=self._route.rolled_back)
        if answer == "skip":
            self._loop.skip()
            self._reporter.step = step
            text = f"Left out update {step:,}: {diverged.metric} became {diverged.value}."
            self._reporter.event("skipped", text)
            return True
        self._roll_back(step, diverged)
        return False

    def _roll_back(self, step: int, diverged: NonFiniteLoss) -> None:
        self._saver.land()
        self._tracker.close()
        found, _ = self._keeper.open_latest()
        assert found is not None, "there is one from before the first update"
        factor = self._divergence.lr_factor
        act = Act(step=found.step, act="lr-factor", value=factor, by="divergence")
        self._persist(lambda: self._route.add(act))
        self._reporter.event(
            "rolled-back",
            f"Training diverged at step {step:,} ({diverged.metric} became {diverged.value}). "
            f"Went back to the checkpoint of step {found.step:,}, with {factor:g} times the "
            "learning rate from there on.",
        )
        self._loop.batches.close()
        self._loop.batches = prepared(self._train_source, self._config)
        self._reporter.run_clock(False)
        self._begin()
        self._reporter.run_clock(True)

    # -- what Control can ask for --------------------------------------------------------------

    def steer(self, name: ActName, value: float | None) -> None:
        """Change the run from here on, written down so that a resume does the same."""
        step = self._loop.progress.step
        act = Act(step=step, act=name, value=value, trained_s=self._reporter.trained_s)
        if self._route.rate.is_test and name in ("lr-factor", "more-steps"):
            self._reporter.event("refused", "A range test has its own learning rates and length.")
            return
        self._persist(lambda: self._route.add(act))
        self._reporter.event("steered", in_words(act))
        self._reporter.change(total_steps=self._route.total_steps)
        self._loop.schedule = self._route.rate.multiplier
        self._do(act)

    def _do(self, act: Act) -> None:
        """The part of an act that is done once; the others hold from their step on."""
        if act.act == "extend":
            self._judge.forgive()
        elif act.act == "validate":
            self._validate(judge=False)
        elif act.act == "checkpoint" and not self.save():
            self._reporter.event("checkpoint", f"Step {act.step:,} is saved already.")

    def save(self) -> bool:
        """Make a checkpoint unless this step has one; a full disk is waited for."""
        return self._saver.save()

    def settle(self) -> None:
        """Wait until a checkpoint that is being written is whole."""
        self._saver.land()

    def can_write(self) -> bool:
        """Whether the reserve and the waiting metrics could be written just now."""
        try:
            self._reporter.hold_reserve()
            self._tracker.sync()
        except OSError:
            return False
        return True

    def _validate(self, *, judge: bool) -> None:
        """Measure and show the model; what is best and when to stop only where it is judged."""
        step, reporter = self._loop.progress.step, self._reporter
        reporter.change(phase="validating")
        verdict = self._judge.look(self._loop.model, self._loop.average)
        if verdict is not None:
            self._tracker.log(step, {f"val/{name}": v for name, v in verdict.metrics.items()})
            if judge and verdict.metrics:
                self._after_judging(step, verdict)
            self._show(step, verdict)
        reporter.change(phase="training", best=self._judge.best)
        if verdict is not None:
            self._audience.validated(step, verdict.metrics, self._judge.best)

    def _after_judging(self, step: int, verdict: Verdict) -> None:
        dropped = self._route.rate.after_validation(self._judge.judge(step, verdict.metrics))
        if dropped:
            self._reporter.event("learning-rate", dropped)
        if "loss" in verdict.metrics:
            for alert in self._alerts.after_validation(step, verdict.metrics["loss"]):
                self._reporter.event("alert", alert.text, alert=alert.kind)

    def _show(self, step: int, verdict: Verdict) -> None:
        run = self._reporter.run
        if verdict.samples is not None:
            self._persist(lambda: run.write_samples(step, verdict.samples))
        if verdict.report is not None:
            self._persist(lambda: run.write_evaluation(step, verdict.report))

    # -- what Saver asks for -------------------------------------------------------------------

    def sync(self) -> None:
        """Put the metrics on the disk: a checkpoint must not know more than the files."""
        self._tracker.sync()

    def hold(self, error: OSError) -> None:
        """Wait for disk space."""
        self._control.hold_for_disk(error)

    def saved(self, step: int, folder: Path) -> None:
        """Tell the audience of a checkpoint that is whole."""
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

    def _begin(self) -> None:
        """Go back to the newest good checkpoint and cut the metrics after it."""
        reporter = self._reporter
        before = reporter.state
        found, refused = self._keeper.open_latest()
        for error in refused:
            reporter.event("checkpoint-refused", str(error))
        trained_s = 0.0
        if found is not None:
            trained_s = self._remembered.restore(found, reporter.run.record.origin)
        step = reporter.step = self._loop.progress.step
        kind = "resumed" if before.attempt else "started"
        where = f"on {before.device} with {before.threads} CPU threads"
        reporter.event(kind, f"Attempt {before.attempt + 1}, from step {step:,}, {where}.")
        files = MetricFiles(reporter.run.metrics_folder)
        files.cut_after(step)
        reporter.run.cut_shown_after(step)
        reporter.change(
            attempt=before.attempt + 1,
            resumed_from=step if before.attempt else None,
            total_steps=self._route.total_steps,
            steps_per_epoch=self._steps_per_epoch,
            train_samples=len(self._train_source),
            best=self._judge.best,
            trained_s=trained_s,
        )
        self._tracker = MetricsTracker(files)
        self._speed = self._new_speedometer()
        pace = Pace(self._config.checkpointing, self._steps_per_epoch)
        self._saver = Saver(
            self._keeper, self._config.checkpointing, pace, self._remembered, reporter, self
        )
        point = reporter.run.last("val/loss")
        self._route.begin(step, validated=point is not None and point[0] == step)
        self._loop.schedule = self._route.rate.multiplier
        if self._route.was_extended_at(step):
            self._judge.forgive()
