"""TaskSpec: what the model is asked to do, and by which numbers it is judged."""

from __future__ import annotations

from typing import Literal, get_args

from engine.frozen import Frozen, knob

TaskKind = Literal["causal-lm", "image-classification"]
Mode = Literal["min", "max"]

METRICS: dict[TaskKind, dict[str, Mode]] = {
    "causal-lm": {"loss": "min", "perplexity": "min", "bits_per_char": "min"},
    "image-classification": {"loss": "min", "accuracy": "max", "f1_macro": "max"},
}
"""The validation metrics of each task and which way is better."""

assert set(METRICS) == set(get_args(TaskKind))


class TaskSpec(Frozen):
    """What is learned: the kind of task, the fields of a batch it uses, and its loss."""

    kind: TaskKind = knob("causal-lm", "Task", common=True)
    """Predict the next token of a text, or the class of an image."""
    inputs: tuple[str, ...] = ("inputs",)
    """Names of the batch's tensors that are given to the model, in the order of its arguments."""
    target: str = "targets"
    """Name of the batch's tensor that the outputs are compared with."""
    label_smoothing: float = knob(0.0, "Label smoothing", ge=0, lt=1)
    """Share of the target probability that is spread over all classes in the training loss."""

    def modes(self) -> dict[str, Mode]:
        """Each validation metric by its logged name, and which way is better."""
        return {f"val/{name}": mode for name, mode in METRICS[self.kind].items()}
