"""Whether task, model and data belong together."""

from __future__ import annotations

from collections.abc import Iterator

from engine.checks.finding import Case, Check, Finding, error, warning
from engine.config.generation import GenerationConfig
from engine.config.losses import CrossEntropyConfig
from engine.data.library.spec import DatasetSpec
from engine.data.specs import DATA_TASKS, MaskedDocsSpec
from engine.models.specs import (
    MODEL_TASKS,
    CNNSpec,
    GPTSpec,
    HuggingFaceModel,
    ImportedModel,
    ResNetSpec,
    ViTSpec,
)
from engine.task_spec import INPUTS

BUNDLED_TARGET = "targets"
"""The name of the targets in bundled data; that of the inputs depends on the task."""


def data_for_task(case: Case) -> Iterator[Finding]:
    task, found = case.spec.task.kind, case.facts.task
    if found not in (None, task):
        fitting = ", ".join(repr(name) for name, made in DATA_TASKS.items() if made == task)
        yield error(
            "data.source",
            f"is data for task {found!r}, not for {task!r}",
            repr(case.spec.data.source),
            f"Data for it: {fitting}. Or choose task {found!r}.",
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
    elif task not in MODEL_TASKS[kind]:
        fitting = ", ".join(repr(name) for name, tasks in MODEL_TASKS.items() if task in tasks)
        yield error(
            "model.kind", f"does not do task {task!r}", repr(kind), f"Models that do: {fitting}."
        )


def fields_of_batches(case: Case) -> Iterator[Finding]:
    if case.spec.data.source == "in-memory":
        return
    task = case.spec.task
    given = INPUTS[task.kind]
    if task.inputs != given:
        named = " and ".join(map(repr, given))
        yield error(
            "task.inputs",
            f"bundled data for this task has {named}, in this order",
            list(task.inputs),
            f"Use {list(given)}.",
        )
    if task.target != BUNDLED_TARGET:
        yield error(
            "task.target", "bundled data has no such target", repr(task.target), "Use 'targets'."
        )


def context_in_text(case: Case) -> Iterator[Finding]:
    """Training blocks start at a random token of the first block, so one more must be there."""
    facts, length = case.facts, _block_length(case)
    if length is None or facts.train_tokens is None:
        return
    path, tokens = length
    val_tokens = facts.val_tokens or 0
    longest = max(1, min(facts.train_tokens // 2, val_tokens - 1))
    remedy = f"At most {longest:,} fits, or choose more text or another validation share."
    if tokens > facts.train_tokens // 2:
        got = f"{tokens:,} for {facts.train_tokens:,} tokens"
        yield error(path, "one sample is longer than half of the training text", got, remedy)
    elif tokens > val_tokens - 1:
        got = f"{tokens:,} for {val_tokens:,} tokens"
        yield error(path, "one sample does not fit into the validation text", got, remedy)


def _block_length(case: Case) -> tuple[str, int] | None:
    """Path and value of the length of blocks, for texts that are cut into such."""
    model, data = case.spec.model, case.spec.data
    if isinstance(data, MaskedDocsSpec):
        return "data.length", data.length
    if isinstance(data, DatasetSpec):
        return ("data.text.length", data.text.length) if data.text.cut == "windows" else None
    if isinstance(model, GPTSpec | ImportedModel | HuggingFaceModel):
        return "model.block_size", model.block_size
    return None


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
    if not isinstance(spec, CNNSpec | ResNetSpec) or shape is None:
        return
    _, height, width = shape
    most, left = min(height, width).bit_length(), "nothing"
    if isinstance(spec, ResNetSpec):
        most, left = spec.most_stages(height, width), "one pixel, which has no variance to norm by"
    if spec.stages > most:
        yield error(
            "model.stages",
            f"halving images of {height}x{width} pixels so often leaves {left}",
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
    if task.kind in ("causal-lm", "masked-lm") and smoothing:
        yield warning(
            "task.loss.label_smoothing",
            "raises the training loss, while validation is measured without it: the two curves "
            "cannot be compared, nor can a perplexity be read from the training loss",
            smoothing,
            "Use 0 for language models.",
        )


def texts_to_show(case: Case) -> Iterator[Finding]:
    """How texts are written is only asked where a model goes on with a text."""
    if case.spec.task.kind == "causal-lm":
        return
    chosen = case.spec.training.evaluation.generation
    for name, usual in GenerationConfig():
        value = getattr(chosen, name)
        if value != usual:
            yield error(
                f"training.evaluation.generation.{name}",
                f"the task {case.spec.task.kind!r} continues no texts",
                value,
                f"Use {usual!r}, the default, or task 'causal-lm'.",
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
    texts_to_show,
)
