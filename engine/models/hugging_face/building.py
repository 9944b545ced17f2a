"""From a document, the facts of the data and the files to a module that the loop can train."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import nn

from engine.data.specs import DataFacts
from engine.errors import BadInput, EngineError, Problem
from engine.memory import is_out_of_memory
from engine.models.hugging_face.configuring import configured
from engine.models.hugging_face.extras import refuse_missing
from engine.models.hugging_face.files import ModelRefused
from engine.models.hugging_face.library import Held, checked, refuse_unfit
from engine.models.hugging_face.lora import with_lora
from engine.models.hugging_face.net import (
    HuggingFaceAnswerer,
    HuggingFaceNet,
    HuggingFaceWriter,
)
from engine.models.hugging_face.spec import HEADS, FromFiles, Head, HuggingFaceModel, LoRATuning
from engine.models.imported.adapters import undisturbed
from engine.models.imported.probe import made_up
from engine.task_spec import TaskKind


class DoesNotWork(EngineError):
    """A model of transformers that cannot be built, or gives nothing for this data."""

    def __init__(self, name: str, what: str, error: BaseException) -> None:
        text = " ".join(str(error).split())[:400] or type(error).__name__
        super().__init__(f"The model {name!r} {what}: {text}")


def hugging_face_model(
    spec: HuggingFaceModel, facts: DataFacts, folder: Path | None = None
) -> HuggingFaceNet:
    """The model, made to fit the data, with random numbers drawn from torch's generator.

    `folder` holds the files of a model of the library. Its code is run where the spec trusts it.
    This imports transformers: only in a process of its own.

    Raises:
        ExtraMissing: without transformers, or for LoRA without peft.
        ModelRefused: for files that are gone or were changed, or do not fit the architecture.
        BadInput: for settings that are not there, or do not fit the data.
        DoesNotWork: when it cannot be built, or gives nothing for a small batch.
    """
    refuse_missing(spec)
    task = facts.task
    assert task is not None, "callers refuse data without a task"
    head = spec.head_for(task)
    if head is None:
        remedy = f"Use 'task' or one of {', '.join(map(repr, HEADS[task]))}."
        message = f"does not fit the task {task!r}"
        raise BadInput([Problem("model.head", message, repr(spec.head), remedy)])
    held = None
    if isinstance(spec.origin, FromFiles):
        if folder is None:
            raise ModelRefused(spec.shown_name, "its files are not at hand; bring it in again")
        held = checked(folder, spec.origin.content)
        refuse_unfit(spec.origin, held)
    with _silenced():
        builder = _Builder(spec, head, facts, folder, held)
        net = builder.net(task)
    with undisturbed(net):
        _try(net, spec.shown_name, task, facts)
    return net


class _Builder:
    """Builds one model and notes what was made to fit."""

    def __init__(
        self,
        spec: HuggingFaceModel,
        head: Head,
        facts: DataFacts,
        folder: Path | None,
        held: Held | None,
    ) -> None:
        import transformers

        self._spec, self._facts, self._folder, self._held = spec, facts, folder, held
        origin = spec.origin
        self._stored = isinstance(origin, FromFiles) and origin.weights == "stored"
        self._auto = getattr(transformers, f"AutoModelFor{head}")
        self._config = configured(origin, head, facts, folder, stored=self._stored)
        self._found: list[str] = []
        self._anew: list[str] = []
        """Modules that begin with random weights beside stored ones."""

    def net(self, task: TaskKind) -> HuggingFaceNet:
        """The module behind the loop."""
        name = self._spec.shown_name
        with _in_words(name, "cannot be built"):
            model = self._loaded() if self._stored else self._random()
        what = "its stored weights" if self._stored else "random weights"
        self._found.insert(0, f"{type(model).__name__} with {what}.")
        if self._stored:
            self._resize(model)
        else:
            self._anew = _ends(model)
        count = sum(parameter.numel() for parameter in model.parameters())
        adapted: nn.Module = model
        if isinstance(self._spec.tuning, LoRATuning):
            adapted, said = with_lora(model, self._spec.tuning, self._anew)
            self._found += said
        else:
            self._found.append(f"{count:,} parameters, all of them are trained.")
        net = self._wrapped(adapted, model, task)
        net.found = tuple(self._found)
        return net

    def _random(self) -> Any:
        return self._auto.from_config(
            self._config, dtype=torch.float32, trust_remote_code=self._spec.trusted
        )

    def _loaded(self) -> Any:
        assert self._held is not None
        model, info = self._auto.from_pretrained(
            str(self._folder),
            config=self._config,
            dtype=torch.float32,
            use_safetensors=self._held.weights == "safetensors",
            weights_only=True,
            local_files_only=True,
            trust_remote_code=self._spec.trusted,
            ignore_mismatched_sizes=True,
            output_loading_info=True,
        )
        self._judge(model, info)
        return model

    def _judge(self, model: Any, info: Mapping[str, Any]) -> None:
        """Note what began anew; refuse weights that are not this model's.

        Raises:
            ModelRefused: for weights that are missing, or have other shapes, where neither head nor
                data explain it.
        """
        name = self._spec.shown_name
        missing = sorted(info["missing_keys"])
        unexplained = [key for key in missing if not _is_head(model, key)]
        if unexplained:
            more = f" and {len(unexplained) - 1:,} more" if len(unexplained) > 1 else ""
            reason = f"its files hold no weights for {unexplained[0]}{more}"
            raise ModelRefused(name, f"{reason}, so they are not those of a {type(model).__name__}")
        for key, stored, wanted in sorted(info["mismatched_keys"]):
            if not (_is_head(model, key) or _is_of_images(model, key)):
                raise ModelRefused(
                    name,
                    f"the weights do not fit: {key} is {_shape(stored)} in the files and "
                    f"{_shape(wanted)} in the model. Leave out the setting that changes it, or "
                    "begin with random weights.",
                )
        mismatched = [key for key, _, _ in info["mismatched_keys"]]
        self._anew = sorted({key.rpartition(".")[0] for key in (*missing, *mismatched)} - {""})
        if self._anew:
            shown = ", ".join(self._anew[:6]) + (" and others" if len(self._anew) > 6 else "")
            self._found.append(f"For this data these begin anew, with random weights: {shown}.")

    def _resize(self, model: Any) -> None:
        """Give the embeddings a row for each token of the data, unless there are as many."""
        tokens = self._facts.vocabulary_size
        if tokens is None:
            return
        embeddings = model.get_input_embeddings()
        rows = embeddings.weight.shape[0]
        if self._own_tokens:
            if rows < tokens:
                reason = f"its tokenizer has {tokens:,} tokens, and its embeddings {rows:,} rows"
                raise ModelRefused(self._spec.shown_name, reason)
            self._found.append("The data is cut into the tokens that it was trained with.")
            return
        model.resize_token_embeddings(tokens, mean_resizing=False)
        changed = model.get_input_embeddings()
        self._anew.append(next(n for n, module in model.named_modules() if module is changed))
        self._found.append(
            f"The data has other tokens than it was trained with: its embeddings, for {rows:,} "
            f"tokens, are resized to the data's {tokens:,}, and their old meaning is lost."
        )

    @property
    def _own_tokens(self) -> bool:
        """Whether the data was cut by the tokenizer that came with the files."""
        assert self._held is not None
        own = self._held.files.get("tokenizer.json")
        return own is not None and self._facts.tokenizer == own.sha256

    def _wrapped(self, adapted: nn.Module, model: Any, task: TaskKind) -> HuggingFaceNet:
        facts = self._facts
        outputs = facts.outputs
        if outputs is None:
            problem = Problem("model.kind", "needs data with a vocabulary or named classes")
            raise BadInput([problem])
        takes = inspect.signature(model.forward).parameters
        padded = facts.padded is True and "attention_mask" in takes
        if facts.padded and not padded:
            self._found.append("It takes no mask, so it reads the padding like tokens.")
        if task == "causal-lm":
            length = facts.tokens_per_sample or self._spec.block_size
            return HuggingFaceWriter(adapted, padded=padded, outputs=outputs, block_size=length)
        if task == "seq2seq":
            return HuggingFaceAnswerer(adapted, padded=padded, outputs=outputs)
        given = "pixel_values" if facts.image_shape is not None else "input_ids"
        return HuggingFaceNet(adapted, given, padded=padded, outputs=outputs)


def _is_head(model: Any, key: str) -> bool:
    """Whether a parameter is none of the body that all heads share."""
    first = key.partition(".")[0]
    if "pooler" in key or first in ("lm_head", "score", "classifier", "cls", "head"):
        return True
    return model.base_model is not model and first != model.base_model_prefix


def _is_of_images(model: Any, key: str) -> bool:
    """Whether a parameter has a place for each patch of an image, or looks at its channels."""
    return model.main_input_name == "pixel_values" and "embed" in key


def _ends(model: Any) -> list[str]:
    """Embeddings and head of a model whose weights are all random."""
    wanted = {id(model.get_input_embeddings()), id(model.get_output_embeddings())}
    names = [name for name, module in model.named_modules() if id(module) in wanted and name]
    if model.base_model is not model:
        names += [n for n, _ in model.named_children() if n != model.base_model_prefix]
    return sorted(set(names))


def _try(net: HuggingFaceNet, name: str, task: TaskKind, facts: DataFacts) -> None:
    """One pass over a few made-up samples, so that what does not fit is said now.

    Raises:
        DoesNotWork: naming what the model says, or the shape that it gives.
    """
    inputs = made_up(task, facts)
    with _in_words(name, "fails on data of this shape"):
        logits = net(*inputs)
    lead = inputs[-1].shape[:2] if task in _PER_TOKEN else inputs[-1].shape[:1]
    if logits.shape != (*lead, facts.outputs):
        wanted = (*lead, facts.outputs)
        given = ValueError(f"outputs of shape {_shape(logits.shape)}, not {_shape(wanted)}")
        raise DoesNotWork(name, "does not fit the task", given)


_PER_TOKEN: tuple[TaskKind, ...] = ("causal-lm", "masked-lm", "token-classification", "seq2seq")


def _shape(shape: Sequence[int]) -> str:
    return " x ".join(f"{size:,}" for size in shape)


@contextmanager
def _in_words(name: str, what: str) -> Iterator[None]:
    """Whatever transformers raises, as an error of this model; lack of memory as it is."""
    try:
        yield
    except EngineError:
        raise
    except Exception as error:
        if is_out_of_memory(error):
            raise
        raise DoesNotWork(name, what, error) from error


@contextmanager
def _silenced() -> Iterator[None]:
    """Transformers without its bars and warnings: what matters is found here and said."""
    from transformers.utils import logging

    before = logging.get_verbosity()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(before)
