"""The one function that every launcher runs: a run folder in, a trained run folder out."""

from __future__ import annotations

import logging
import os
import time
from pathlib import Path

from engine.data.loaded import LoadedData
from engine.data.progress import Progress, silent
from engine.data.sources import facts_of
from engine.data.text.making import TOKENIZER, tokenizer_to_json
from engine.errors import EngineError, RunIsBusy
from engine.launch.confinement import building_in_time, confine
from engine.launch.launchers import APART, work_apart
from engine.models.imported.library import CODE
from engine.run_spec import RunSpec
from engine.runs.files import write_whole
from engine.runs.reporter import RunReporter, reporting
from engine.runs.run import Run
from engine.runs.state import LauncherName, RunState
from engine.runs.store import RunStore
from engine.runs.worker_log import kept

_log = logging.getLogger(__name__)


def work(store: RunStore, run_id: str, *, launcher: LauncherName = "foreground") -> RunState:
    """Train a run to its end, from its newest checkpoint if it has one.

    What a user can cause ends in the run's state (failed, with the reason), not in an exception.

    Raises:
        RunIsBusy: when another worker owns the run.
        Exception: for a fault of ours, after the run was marked as failed with its traceback.
    """
    run = store.open(run_id)
    try:
        with reporting(run, launcher) as reporter, kept(run.folder, launcher):
            _log.info("run %s is worked on by process %d", run_id, os.getpid())
            confine(store, run, launcher)
            _train(run, reporter)
            _log.info("run %s: %s", run_id, reporter.state.reason)
    except RunIsBusy:
        raise
    except EngineError as error:
        _log.info("run %s failed: %s", run_id, error)
    return run.state()


def train_spec(spec: RunSpec, runs: Path | str = "runs") -> RunState:
    """Create a run from a spec and train it here and now; it shows in the app live."""
    store = RunStore(runs)
    fingerprint = facts_of(spec.data, spec.model, store.root, silent).fingerprint
    run = store.create(spec, data_fingerprint=fingerprint)
    if spec.model.kind in APART:
        return work_apart(store, run.id)
    return work(store, run.id)


def _train(run: Run, reporter: RunReporter) -> None:
    from engine.data.batching import batch_sources  # late: torch takes seconds to import,
    from engine.data.sources import load_for  # and ownership must not wait for it
    from engine.evaluators import evaluator_for
    from engine.judge import Beside
    from engine.metrics import known_of
    from engine.models.build import build_model
    from engine.models.hugging_face.net import HuggingFaceNet
    from engine.models.size import training_flops
    from engine.reproducibility import seed_everything
    from engine.samples import sampler_for
    from engine.trainer import Trainer

    spec = run.spec
    seed = spec.training.reproducibility.seed
    loaded = load_for(spec.data, spec.model, run.folder.parent, _phase(reporter))
    _refuse_changed_data(run, loaded.facts.fingerprint)
    _keep_with_the_run(run, loaded, reporter)
    reporter.change(phase="building the model")
    seed_everything(seed)
    with building_in_time(spec.model, reporter):
        model = build_model(spec.model, loaded.facts, run.folder / CODE)
    if isinstance(model, HuggingFaceNet) and not reporter.state.attempt:
        for sentence in model.found:
            reporter.event("model", sentence)
    trainer = Trainer(
        model=model,
        config=spec.model,
        training_config=spec.training,
        task_spec=spec.task,
        run=run,
    )
    sources = batch_sources(loaded, seed=seed)
    beside = Beside(
        sampler=sampler_for(spec.task, loaded, sources[1], spec.training.evaluation.generation),
        evaluator=evaluator_for(spec.task, loaded, sources[1]),
        known=known_of(loaded),
        flops_per_sample=training_flops(spec.model, loaded.facts.typical),
    )
    trainer.train_reported(reporter, sources, beside)


def _phase(reporter: RunReporter, every_s: float = 1.0) -> Progress:
    """Preparing data, told as the run's phase; it is given up when the run is to end."""
    told = 0.0

    def tell(doing: str, done: int, total: int | None) -> None:
        nonlocal told
        reporter.go_on("its data was being prepared")
        if time.monotonic() - told >= every_s:
            told = time.monotonic()
            share = f" ({100 * done / total:.0f}%)" if total else ""
            reporter.change(phase=f"{doing[:1].lower()}{doing[1:]}{share}")

    return tell


def _keep_with_the_run(run: Run, loaded: LoadedData, reporter: RunReporter) -> None:
    """Leave the tokenizer in the run's folder, so that its model can write without the data, and
    say how the data was prepared."""
    if loaded.vocabulary is not None and not (run.folder / TOKENIZER).exists():
        write_whole(run.folder / TOKENIZER, tokenizer_to_json(loaded.vocabulary))
    if not reporter.state.attempt:
        for note in loaded.notes:
            reporter.event("data", note)


def _refuse_changed_data(run: Run, found: str) -> None:
    """A resumed run must not silently go on with other data."""
    expected = run.record.data_fingerprint
    if expected is not None and expected != found:
        raise DataChanged(run.id, expected, found)


class DataChanged(EngineError):
    """The data is not what it was when the run was made."""

    def __init__(self, run_id: str, expected: str, found: str) -> None:
        super().__init__(
            f"The data of run {run_id!r} has changed since it was made (fingerprint "
            f"{expected[:12]}, now {found[:12]}), so its curves could not be continued. Restore "
            "the data, or start a new run with it."
        )
