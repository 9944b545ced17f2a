"""Presets: whole recipes for a run of any model kind, for the form and for Python. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.frozen import with_changes
from engine.recipes import BASELINE, LOW_MEMORY, PRODUCTION, QUICK_PROTOTYPE, Recipe
from engine.run_spec import RunSpec
from engine.task_spec import TaskKind


@dataclass(frozen=True, slots=True)
class Preset:
    """A named change of a RunSpec. It sets values and scales none: applied twice, or after any
    other preset, it gives the same."""

    label: str
    sentence: str
    recipes: Mapping[str, Recipe]
    """Kind of model, or `kind/task` where a task needs another recipe -> what is set."""

    def recipe(self, kind: str, task: TaskKind | None) -> Recipe | None:
        """What is set for a kind of model and its task; None for an unknown kind."""
        return self.recipes.get(f"{kind}/{task}", self.recipes.get(kind))

    def apply(self, spec: RunSpec) -> RunSpec:
        """The spec with the recipe for its kind of model and its task."""
        recipe = self.recipe(spec.model.kind, spec.task.kind)
        assert recipe is not None
        return with_changes(spec, recipe.changes())


PRESETS: dict[str, Preset] = {
    "quick_prototype": Preset(
        "Quick", "A small model and a short run, to see that everything works.", QUICK_PROTOTYPE
    ),
    "baseline": Preset("Baseline", "The bundled example's settings: good in a minute.", BASELINE),
    "production": Preset(
        "Quality", "A larger model trained several times longer, for the best result.", PRODUCTION
    ),
    "low_memory": Preset(
        "Low memory",
        "The baseline in quarter batches whose gradients are added up: the same updates in less "
        "memory, with fewer checkpoints on disk.",
        LOW_MEMORY,
    ),
}
