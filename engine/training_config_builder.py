"""TrainingConfigBuilder: a TrainingConfig, or a whole RunSpec, put together call by call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self, TypeVar

from engine.data.specs import DATA_TASKS, DataSpec
from engine.documents.keywords import Document, overlaid, placed, plain
from engine.errors import BadInput, Problem
from engine.frozen import Frozen, with_changes
from engine.models.specs import MODEL_TASKS, ModelSpec
from engine.presets import PRESETS
from engine.recipes import Recipe
from engine.run_spec import RunSpec
from engine.task_spec import TaskKind
from engine.training_config import OptimizerConfig, SchedulerConfig, TrainingConfig

T = TypeVar("T", bound=Frozen)

GROUPS = {
    "with_evaluation": ("evaluation",),
    "with_hardware": ("hardware", "precision", "memory"),
    "with_logging": ("logging", "alerts"),
    "with_checkpointing": ("checkpointing",),
    "with_reproducibility": ("reproducibility",),
}
"""The groups of the TrainingConfig that a method of their own sets."""
_OTHERS = {"optimizer", "scheduler", *(name for names in GROUPS.values() for name in names)}
GROUPS["with_training"] = tuple(name for name in TrainingConfig.model_fields if name not in _OTHERS)

_ONE = "Give one of them."


@dataclass(frozen=True)
class _Builder:
    """What was asked for so far. Every call gives a new builder and leaves this one as it is.

    Settings have the names of the schema (docs/configuration.md); a whole group can be given by
    its own name. They win over those of a preset, whichever comes first. What is wrong is said by
    `build`, all of it at once.
    """

    _preset: str = ""
    _kind: str = "in-memory"
    """The kind of model that the preset's recipe is for."""
    _parts: Document = field(default_factory=dict)
    """What the document of a RunSpec has otherwise than the preset."""
    _problems: tuple[Problem, ...] = ()

    @classmethod
    def preset(cls, name: str, *, model: str = "in-memory") -> Self:
        """Begin with a preset's settings for a kind of model; `with_model` says the kind too."""
        if name == "distributed":
            return cls.distributed()
        if name in PRESETS:
            return cls(_preset=name, _kind=model)
        remedy = f"Presets: {', '.join(PRESETS)}."
        return cls()._refusing(Problem("preset", "unknown preset", repr(name), remedy))

    @classmethod
    def quick_prototype(cls) -> Self:
        """A small model and a short run, to see that everything works."""
        return cls.preset("quick_prototype")

    @classmethod
    def baseline(cls) -> Self:
        """The settings of the bundled examples."""
        return cls.preset("baseline")

    @classmethod
    def production(cls) -> Self:
        """A larger model trained several times longer."""
        return cls.preset("production")

    @classmethod
    def low_memory(cls) -> Self:
        """The updates of the baseline, from quarter batches whose gradients are added up."""
        return cls.preset("low_memory")

    @classmethod
    def distributed(cls) -> Self:
        """Refused by `build`: the engine trains on one device."""
        remedy = (
            "Use 'production' and with_training(accumulate=N): on one device it makes the updates "
            "that N devices would make together."
        )
        message = "training on several devices is not built yet"
        return cls()._refusing(Problem("preset", message, "'distributed'", remedy))

    def with_training(self, **settings: object) -> Self:
        """Length (`steps` or `epochs`), batch size, accumulation, clipping, early stopping..."""
        units = [unit for unit in ("steps", "epochs") if unit in settings]
        lengths = [{"amount": settings.pop(unit), "unit": unit} for unit in units]
        if len(lengths) > 1:
            problem = Problem(
                "with_training.epochs", "the length is given in steps too", remedy=_ONE
            )
            return self._refusing(problem).with_training(**settings)
        return self._with("with_training", settings | ({"length": lengths[0]} if lengths else {}))

    def with_optimizer(
        self, optimizer: str | OptimizerConfig | None = None, /, **settings: object
    ) -> Self:
        """An optimizer by name or as a config; without one, settings of the one there is."""
        return self._choose("training.optimizer", "name", optimizer, settings)

    def with_scheduler(
        self, scheduler: str | SchedulerConfig | None = None, /, **settings: object
    ) -> Self:
        """A schedule by name or as a config; without one, settings of the one there is."""
        return self._choose("training.scheduler", "name", scheduler, settings)

    def with_evaluation(self, **settings: object) -> Self:
        """When and on what is validated, and which metric decides what is best."""
        return self._with("with_evaluation", settings)

    def with_hardware(self, **settings: object) -> Self:
        """Device, CPU threads, data workers, number format, compiling and memory."""
        return self._with("with_hardware", settings)

    def with_logging(self, **settings: object) -> Self:
        """How often the training metrics are recorded."""
        return self._with("with_logging", settings)

    def with_checkpointing(self, **settings: object) -> Self:
        """How often checkpoints are made, and which are kept."""
        return self._with("with_checkpointing", settings)

    def with_reproducibility(self, **settings: object) -> Self:
        """Seed and deterministic algorithms."""
        return self._with("with_reproducibility", settings)

    def with_export(self, *formats: str) -> Self:
        """The formats that a finished run is to be there in.

        Every run ends with its weights as 'safetensors'. All others are refused by `build`,
        because nothing would be made of them.
        """
        remedy = "Use 'safetensors', which every run ends with, or leave with_export out."
        message = "this format is not made at the end of a run"
        wrong = [name for name in formats if name != "safetensors"]
        return self._refusing(
            *(Problem("with_export", message, repr(name), remedy) for name in wrong)
        )

    def with_model(self, model: str | ModelSpec, /, **settings: object) -> RunSpecBuilder:
        """The model, by its kind or as a spec; from here on a whole RunSpec is built.

        A model of your own is given to the Trainer, beside a TrainingConfig.
        """
        kind = model.kind if isinstance(model, Frozen) else model
        return replace(self._as_spec(), _kind=kind)._choose("model", "kind", model, settings)

    def with_dataset(self, dataset: str | DataSpec, /, **settings: object) -> RunSpecBuilder:
        """The data, by its source or as a spec; from here on a whole RunSpec is built."""
        return self._as_spec()._choose("data", "source", dataset, settings)

    def with_task(self, kind: TaskKind, /, **settings: object) -> RunSpecBuilder:
        """The task, where it is not what the data is made for, or has settings of its own."""
        return self._as_spec()._and({"task": {"kind": kind, **settings}})

    def with_name(self, name: str) -> RunSpecBuilder:
        """The name to show for the run."""
        return self._as_spec()._and({"name": name})

    def _as_spec(self) -> RunSpecBuilder:
        return RunSpecBuilder(self._preset, self._kind, self._parts, self._problems)

    def _with(self, method: str, settings: Mapping[str, object]) -> Self:
        document, problems = placed(method, GROUPS[method], settings)
        return self._and({"training": document})._refusing(*problems)

    def _choose(
        self, where: str, tag: str, chosen: str | Frozen | None, settings: Mapping[str, object]
    ) -> Self:
        """A variant, by name or whole, and settings of it; None keeps the one that there is."""
        document = plain(chosen) if isinstance(chosen, Frozen) else {tag: chosen}
        found = {**({} if chosen is None else document), **plain(settings)}
        *outer, name = where.split(".")
        return self._and({outer[0]: {name: found}} if outer else {name: found})

    def _and(self, parts: Document) -> Self:
        return replace(
            self,
            _parts={
                **self._parts,
                **{name: overlaid(self._parts.get(name), part) for name, part in parts.items()},
            },
        )

    def _refusing(self, *problems: Problem) -> Self:
        return replace(self, _problems=(*self._problems, *problems))

    def _recipe(self) -> Recipe | None:
        return PRESETS[self._preset].recipe(self._kind, self._task()) if self._preset else None

    def _task(self) -> TaskKind | None:
        """What was asked for, else what the data is made for, else what the model usually does."""
        asked = self._parts.get("task", {}).get("kind")
        data = self._parts.get("data", {})
        made_for = data.get("task") or DATA_TASKS.get(data.get("source"))
        usual = MODEL_TASKS.get(self._kind, (None,))[0]
        return asked or made_for or usual

    def _training(self) -> Document:
        recipe, base = self._recipe(), TrainingConfig()
        if recipe is not None:
            base = with_changes(base, recipe.training())
        document: Document = overlaid(plain(base), self._parts.get("training", {}))
        return document

    def _parsed(self, model: type[T], document: Document) -> T:
        """
        Raises:
            BadInput: with all that is wrong with the calls and with the document.
        """
        try:
            value = model.parse(document)
        except BadInput as wrong:
            raise BadInput([*self._problems, *wrong.problems]) from None
        if self._problems:
            raise BadInput(self._problems)
        return value


class TrainingConfigBuilder(_Builder):
    """Builds a TrainingConfig; once a model, data, task or name is given, a whole RunSpec."""

    def build(self) -> TrainingConfig:
        """The configuration to hand to the Trainer.

        Raises:
            BadInput: with everything that is wrong.
        """
        return self._parsed(TrainingConfig, self._training())


class RunSpecBuilder(_Builder):
    """Builds a RunSpec, which needs a model and data."""

    def build(self) -> RunSpec:
        """The document that a run can be started from, here or anywhere.

        The task is the one that the data is made for unless `with_task` said another.

        Raises:
            BadInput: with everything that is wrong.
        """
        document = {**self._parts, "training": self._training()}
        recipe = self._recipe()
        if recipe is not None and "model" in document:
            document["model"] = {**recipe.model, **document["model"]}
        task = self._task()
        if task is not None:
            document["task"] = overlaid({"kind": task}, document.get("task", {}))
        return self._parsed(RunSpec, document)
