"""RunSpec: one document from which a run can be started, here or anywhere."""

from __future__ import annotations

from pydantic import Field, field_validator, model_validator

from engine.data.specs import DataSpec
from engine.documents.versions import Versioned
from engine.frozen import knob
from engine.models.specs import ModelSpec
from engine.task_spec import TaskSpec
from engine.training_config import TrainingConfig


class RunSpec(Versioned):
    """Task, model, data and training: what the form fills in, the file holds and the run uses."""

    name: str = knob("", "Name", common=True)
    """Shown in tables and charts; any text, never used as a path."""
    task: TaskSpec = Field(title="Task")
    model: ModelSpec = Field(title="Model")
    data: DataSpec = Field(title="Data")
    training: TrainingConfig = Field(TrainingConfig(), title="Training")

    @field_validator("name")
    @classmethod
    def _storable_name(cls, name: str) -> str:
        if len(name) > 300:
            raise ValueError(f"the name has {len(name)} characters; use at most 300.")
        if name.encode(errors="ignore").decode() != name:
            raise ValueError("the name is not valid Unicode text; leave out the broken characters.")
        return name

    @model_validator(mode="after")
    def _monitor_exists(self) -> RunSpec:
        monitor, known = self.training.evaluation.monitor, self.task.modes()
        if monitor not in known:
            raise ValueError(
                f"training.evaluation.monitor is {monitor!r}, which this task does not measure; "
                f"choose one of {', '.join(known)}."
            )
        return self
