"""Trainer: trains a model into a run folder, from the beginning or from its newest checkpoint."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from torch import nn

from engine.attempt import Attempt, Sources
from engine.checks.arithmetic import impossible
from engine.checks.learning_rate import NO_VALIDATION
from engine.checks.monitor import never_known, unknown_of_objects
from engine.checks.schedule import NOTHING_HELD_OUT, samples_for_an_update
from engine.data.adapters import UserData, as_batch_source
from engine.data.batching import BatchSource
from engine.data.specs import InMemoryData
from engine.errors import BadInput, Problem
from engine.judge import NOTHING, Beside
from engine.memory import activations_computed_again, lack_of_memory_in_words
from engine.models.specs import InMemoryModel
from engine.observers import Audience, Observer
from engine.parameters.groups import facts_of_model, frozen
from engine.parameters.plan import problems
from engine.precision import choose_device, matrix_precision
from engine.reproducibility import reproducible, seed_everything
from engine.run_spec import RunSpec
from engine.runs.reporter import RunReporter, reporting
from engine.runs.run import Run
from engine.runs.state import Best, Status
from engine.runs.store import RunStore
from engine.system.sampler import sampling
from engine.task_spec import TaskSpec
from engine.training_config import TrainingConfig


@dataclass(frozen=True, slots=True)
class TrainingResults:
    """How a run ended. Unknown is None."""

    run_id: str
    folder: Path
    status: Status
    steps: int
    best: Best | None
    metrics: dict[str, float]
    """The newest value of every metric that was logged."""


class Trainer:
    """Trains ``model`` as ``training_config`` says, on the task of ``task_spec``.

    ``config`` is what the model was built from (a mapping, dataclass or pydantic model) and is
    kept in run.json. ``run`` is the run to train or to resume: a `Run`, or the runs folder in
    which a new one is made. ``observers`` are told what happens and can end it; see `Observer`.
    """

    def __init__(  # noqa: PLR0913 - all by name
        self,
        *,
        model: nn.Module,
        config: object = None,
        training_config: TrainingConfig,
        task_spec: TaskSpec,
        run: Run | Path | str = "runs",
        name: str = "",
        observers: Sequence[Observer] = (),
    ) -> None:
        self.model = model
        self.config = config
        self.training_config = training_config
        self.task_spec = task_spec
        self.run = run
        self.name = name
        self.observers = tuple(observers)

    def train(self, *, train_data: UserData, val_data: UserData | None = None) -> TrainingResults:
        """Train to the end, or until a request in the run folder stops it.

        Data is a map-style dataset, a tuple of tensors, a mapping of tensors or a batch source.

        Raises:
            BadInput: for data that training cannot begin with.
            NonFiniteLoss: when training diverges; the run is marked as failed.
            RunIsBusy: when another process trains this run.
        """
        train = as_batch_source(train_data, self.task_spec)
        val = None if val_data is None else as_batch_source(val_data, self.task_spec)
        unknown = unknown_of_objects(self.task_spec)
        self._refuse_impossible(
            train, val, never_known(self.training_config, self.task_spec, unknown)
        )
        run = self.run if isinstance(self.run, Run) else self._new_run(self.run, train, val)
        self.run = run
        with reporting(run, "foreground") as reporter:
            self.train_reported(reporter, (train, val))
        return _results(run)

    def train_reported(
        self, reporter: RunReporter, sources: Sources, beside: Beside = NOTHING
    ) -> None:
        """Train a run that the caller owns and reports on already."""
        self._refuse_impossible(*sources)
        with reproducible(self.training_config, reporter.state.threads) as threads:
            seed_everything(self.training_config.reproducibility.seed)
            device = choose_device(self.training_config.hardware)
            reporter.change(device=str(device), threads=threads)
            config, task = self.training_config, self.task_spec
            with (
                lack_of_memory_in_words(),
                frozen(self.model, config.parameters),
                matrix_precision(config.precision),
                activations_computed_again(self.model, config.memory),
                Audience(self.observers, reporter) as audience,
            ):
                model = self.model.to(device)
                attempt = Attempt(model, config, task, sources, reporter, beside)
                with sampling(reporter, attempt.log_beside, config.logging.system_every_s):
                    attempt.train(audience)

    def _refuse_impossible(
        self, train: BatchSource, val: BatchSource | None, found_before: Sequence[Problem] = ()
    ) -> None:
        """Do nothing when this model and this data can be trained as configured.

        Raises:
            BadInput: with everything that is in the way.
        """
        config = self.training_config
        found = [*found_before]
        found += problems(facts_of_model(self.model), config.optimizer, config.parameters)
        found += impossible(config, choose_device(config.hardware).type)
        if len(train) == 0:
            found.append(Problem("train_data", "there are no training samples", "0"))
        found += samples_for_an_update(config, len(train))
        if config.scheduler.name == "plateau" and not val:
            found.append(NO_VALIDATION)
        if config.early_stopping.patience is not None and not val:
            found.append(NOTHING_HELD_OUT)
        if found:
            raise BadInput(found)

    def _new_run(self, runs: Path | str, train: BatchSource, val: BatchSource | None) -> Run:
        sizes = {"train_samples": len(train), "val_samples": 0 if val is None else len(val)}
        model = InMemoryModel(class_name=type(self.model).__qualname__, config=_plain(self.config))
        spec = RunSpec(
            name=self.name,
            task=self.task_spec,
            model=model,
            data=InMemoryData(description=sizes),
            training=self.training_config,
        )
        return RunStore(runs).create(spec)


def _results(run: Run) -> TrainingResults:
    newest = {name: run.last(name) for name in run.metrics()}
    metrics = {name: point[1] for name, point in newest.items() if point is not None}
    state = run.state()
    return TrainingResults(run.id, run.folder, state.status, state.step, state.best, metrics)


def _plain(config: object) -> dict[str, Any]:
    """A model's configuration as plain data."""
    if isinstance(config, BaseModel):
        return config.model_dump(mode="json")
    if dataclasses.is_dataclass(config) and not isinstance(config, type):
        return dataclasses.asdict(config)
    return dict(config) if isinstance(config, dict) else {}
