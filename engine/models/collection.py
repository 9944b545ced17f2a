"""Collection: every model that is known, because somebody keeps it or a run was made with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from engine.directions import mode_by_name
from engine.models.registry import Registry, Stage, Version
from engine.models.specs import ModelSpec
from engine.run_spec import RunSpec
from engine.runs.checkpoint_files import MANIFEST, folder_of
from engine.runs.entry import Entry
from engine.runs.facts import Fact
from engine.runs.run import Run
from engine.runs.spec_words import model_words
from engine.runs.store import RunStore
from engine.task_spec import METRICS, Mode, TaskKind

FACT = "model.version"
"""The fact of a run that names the version of its model."""


@dataclass(frozen=True)
class KnownModel:
    """A version of a model, as people meet it."""

    digest: str
    kept: Version | None
    """What is kept of it; None while only runs know it."""
    runs: tuple[Entry, ...] = ()
    """The runs that were made with it, the newest first."""

    @property
    def words(self) -> str:
        """The kind of model and its size."""
        return model_words(self.kept.model) if self.kept else str(self.runs[0].facts["model"])

    @property
    def name(self) -> str:
        """The name that somebody gave it, else what it is in words."""
        return (self.kept.name if self.kept else "") or self.words

    @property
    def kind(self) -> str:
        return self.kept.model.kind if self.kept else str(self.runs[0].facts["model.kind"])

    @property
    def stage(self) -> Stage:
        """A model that nobody has moved is a candidate."""
        return self.kept.stage if self.kept else "candidate"

    @property
    def tags(self) -> tuple[str, ...]:
        return self.kept.tags if self.kept else ()

    @property
    def tasks(self) -> frozenset[str]:
        """The tasks that it was trained for, or is looked at for."""
        found = {str(entry.facts["task.kind"]) for entry in self.runs}
        return frozenset(found | ({self.kept.task.kind} if self.kept and self.kept.task else set()))

    @property
    def used_at(self) -> float:
        """When it was last kept or run."""
        times = [entry.facts.get("created_at") for entry in self.runs[:1]]
        kept = self.kept.created_at if self.kept else 0.0
        return max([kept, *(at for at in times if isinstance(at, float | int))])


@dataclass(frozen=True, slots=True)
class Best:
    """The best checkpoint that runs of a model made on one data set, by their own metric."""

    run_id: str
    run_name: str
    data: str
    """The data in words."""
    metric: str
    value: float
    step: int
    runs: int
    """How many runs it is the best of."""


def known_models(store: RunStore, entries: Iterable[Entry] | None = None) -> list[KnownModel]:
    """All models, the one that was used last first; `entries` are the runs, if known already."""
    runs: dict[str, list[Entry]] = {}
    for entry in store.index.entries() if entries is None else entries:
        digest = entry.facts.get(FACT)
        if isinstance(digest, str):
            runs.setdefault(digest, []).append(entry)
    kept = {version.digest: version for version in Registry(store.root).entries()}
    digests = dict.fromkeys([*kept, *runs])
    found = [KnownModel(one, kept.get(one), tuple(runs.get(one, ()))) for one in digests]
    return sorted(found, key=lambda model: model.used_at, reverse=True)


def spec_of(store: RunStore, model: KnownModel) -> ModelSpec:
    """The document of a model.

    Raises:
        DamagedRun, UnknownRun: when only a run knows it, and that run cannot be read.
    """
    return model.kept.model if model.kept else made_with(store, model.runs[0].id).model


def made_with(store: RunStore, run_id: str) -> RunSpec:
    """What a run was started with; it never changes.

    Raises:
        DamagedRun, UnknownRun: when it cannot be read.
    """
    return _spec(store.open(run_id).folder)


def best_of(runs: Sequence[Entry]) -> list[Best]:
    """The best of the runs for each data set and metric, those of most runs first.

    Values of different data or metrics say nothing about one another.
    """
    groups: dict[tuple[object, str], list[Entry]] = {}
    for entry in runs:
        metric = entry.facts.get("best.metric")
        if isinstance(metric, str) and _value(entry) is not None:
            groups.setdefault((_data(entry), metric), []).append(entry)
    found = [_best(metric, group) for (_, metric), group in groups.items()]
    return sorted((best for best in found if best), key=lambda best: best.runs, reverse=True)


def has_checkpoint(store: RunStore, best: Best) -> bool:
    """Whether the checkpoint of the best step is still there."""
    folder = folder_of(store.root / best.run_id / "checkpoints", best.step)
    return (folder / MANIFEST).exists()


def rivals(models: Iterable[KnownModel], model: KnownModel) -> list[KnownModel]:
    """Other models in production for a task that this one does; of unknown tasks, of its kind."""
    return [
        other
        for other in models
        if other.stage == "production" and other.digest != model.digest and _alike(model, other)
    ]


def _alike(model: KnownModel, other: KnownModel) -> bool:
    if model.tasks and other.tasks:
        return bool(model.tasks & other.tasks)
    return model.kind == other.kind


def _best(metric: str, runs: Sequence[Entry]) -> Best | None:
    mode = _mode(metric, runs[0].facts)
    if mode is None:
        return None
    chosen = (min if mode == "min" else max)(runs, key=lambda entry: _value(entry) or 0.0)
    value, step = _value(chosen), chosen.facts.get("best.step")
    assert value is not None
    assert isinstance(step, int), "a best value has a step"
    data = str(chosen.facts.get("data"))
    return Best(chosen.id, chosen.name, data, metric, value, step, len(runs))


def _data(entry: Entry) -> object:
    """Equal for runs on the same data: its fingerprint, or all that was said of it."""
    said = ((name, fact) for name, fact in entry.facts.items() if name.startswith("data."))
    return entry.facts.get("data_fingerprint") or tuple(said)


def _value(entry: Entry) -> float | None:
    value = entry.facts.get("best")
    return float(value) if isinstance(value, float | int) else None


def _mode(metric: str, facts: Mapping[str, Fact]) -> Mode | None:
    task: TaskKind | None = next((kind for kind in METRICS if kind == facts["task.kind"]), None)
    own = METRICS[task].get(metric.removeprefix("val/")) if task else None
    return own or mode_by_name(metric)


@lru_cache(maxsize=512)
def _spec(folder: Path) -> RunSpec:
    return Run(folder).spec
