"""Whether task, model and data belong together."""

from __future__ import annotations

from collections.abc import Iterator

from engine.checks.finding import Case, Check, Finding, error, warning
from engine.config.losses import CrossEntropyConfig
from engine.models.specs import CNNSpec, GPTSpec, ViTSpec
from engine.task_spec import TaskKind

MODALITIES: dict[TaskKind, str] = {
    "causal-lm": "text",
    "masked-lm": "text",
    "sequence-classification": "text",
    "multi-label-classification": "text",
    "token-classification": "text",
    "seq2seq": "text",
    "image-classification": "image",
    "tabular-classification": "table",
    "tabular-regression": "table",
}
"""What each task reads."""
MODEL_TASKS: dict[str, TaskKind] = {
    "gpt": "causal-lm",
    "vit": "image-classification",
    "cnn": "image-classification",
    "mlp": "image-classification",
}
"""The task that each model preset is made for."""
BUNDLED_FIELDS = {"inputs": "inputs", "target": "targets"}
"""The names of the batch's tensors in bundled data."""


def data_for_task(case: Case) -> Iterator[Finding]:
    task, found = case.spec.task.kind, case.facts.modality
    wanted = MODALITIES[task]
    if found not in (wanted, "unknown"):
        yield error(
            "data.source",
            f"task '{task}' learns from data of kind {wanted}, but this data is {found}",
            repr(case.spec.data.source),
            f"Choose other data, or another task than {task!r}.",
        )


def model_for_task(case: Case) -> Iterator[Finding]:
    kind, task = case.spec.model.kind, case.spec.task.kind
    if kind == "in-memory":
        if case.spec.data.source != "in-memory":
            yield error(
                "model.kind",
                "this model exists only in the program that made it",
                repr(kind),
                "Run that program, or choose a preset.",
            )
    elif MODEL_TASKS[kind] != task:
        fitting = ", ".join(
            repr(name) for name, made_for in MODEL_TASKS.items() if made_for == task
        )
        yield error(
            "model.kind", f"does not do task {task!r}", repr(kind), f"Models that do: {fitting}."
        )


def fields_of_batches(case: Case) -> Iterator[Finding]:
    if case.spec.data.source == "in-memory":
        return
    task = case.spec.task
    if task.inputs != (BUNDLED_FIELDS["inputs"],):
        yield error(
            "task.inputs",
            "bundled data has one input, 'inputs'",
            list(task.inputs),
            "Use ['inputs'].",
        )
    if task.target != BUNDLED_FIELDS["target"]:
        yield error(
            "task.target", "bundled data has no such target", repr(task.target), "Use 'targets'."
        )


def context_in_text(case: Case) -> Iterator[Finding]:
    """Training blocks start at a random token of the first block, so one more must be there."""
    spec, facts = case.spec.model, case.facts
    if not isinstance(spec, GPTSpec) or facts.train_tokens is None:
        return
    val_tokens = facts.val_tokens or 0
    longest = max(1, min(facts.train_tokens // 2, val_tokens - 1))
    remedy = f"At most {longest:,} fits, or choose more text or another validation share."
    if spec.block_size > facts.train_tokens // 2:
        got = f"{spec.block_size:,} for {facts.train_tokens:,} tokens"
        message = "the context is longer than half of the training text"
        yield error("model.block_size", message, got, remedy)
    elif spec.block_size > val_tokens - 1:
        got = f"{spec.block_size:,} for {val_tokens:,} tokens"
        message = "the context does not fit into the validation text"
        yield error("model.block_size", message, got, remedy)


def patches_in_image(case: Case) -> Iterator[Finding]:
    spec, shape = case.spec.model, case.facts.image_shape
    if not isinstance(spec, ViTSpec) or shape is None:
        return
    _, height, width = shape
    if height % spec.patch_size or width % spec.patch_size:
        smaller = min(height, width)
        sides = [n for n in range(1, smaller + 1) if height % n == 0 and width % n == 0]
        yield error(
            "model.patch_size",
            f"does not divide the images of {height}x{width} pixels",
            spec.patch_size,
            f"Use one of {', '.join(map(str, sides))}.",
        )


def stages_in_image(case: Case) -> Iterator[Finding]:
    spec, shape = case.spec.model, case.facts.image_shape
    if not isinstance(spec, CNNSpec) or shape is None:
        return
    _, height, width = shape
    most = min(height, width).bit_length()
    if spec.stages > most:
        yield error(
            "model.stages",
            f"halving images of {height}x{width} pixels so often leaves nothing",
            spec.stages,
            f"Use at most {most}.",
        )


def enough_data(case: Case) -> Iterator[Finding]:
    facts = case.facts
    if facts.train_samples == 0 and facts.train_tokens is None:
        yield error("data", "there are no training samples", 0, "Lower the validation share.")
    if facts.val_samples == 0 and facts.val_tokens is None:
        yield warning("data", "nothing is held out, so nothing is validated and no model is best")
    if facts.classes is not None and len(facts.classes) < 2:
        yield error("data", "needs two classes or more", len(facts.classes), "Choose other data.")


def smoothing_of_text(case: Case) -> Iterator[Finding]:
    task = case.spec.task
    smoothing = task.loss.label_smoothing if isinstance(task.loss, CrossEntropyConfig) else 0
    if task.kind == "causal-lm" and smoothing:
        yield warning(
            "task.loss.label_smoothing",
            "raises the training loss, while validation is measured without it: the two curves "
            "cannot be compared, nor can a perplexity be read from the training loss",
            smoothing,
            "Use 0 for language models.",
        )


CHECKS: tuple[Check, ...] = (
    data_for_task,
    model_for_task,
    fields_of_batches,
    context_in_text,
    patches_in_image,
    stages_in_image,
    enough_data,
    smoothing_of_text,
)
