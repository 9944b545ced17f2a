"""From a document, the facts of the data and the files to a module that the loop can train."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import nn

from engine.data.specs import DataFacts
from engine.errors import BadInput, EngineError, Problem
from engine.memory import is_out_of_memory
from engine.models.hugging_face.configuring import configured, refuse_length
from engine.models.hugging_face.extras import refuse_missing
from engine.models.hugging_face.files import CONFIG, ModelRefused, read_settings
from engine.models.hugging_face.library import Held, checked, refuse_unfit
from engine.models.hugging_face.lora import with_lora
from engine.models.hugging_face.net import (
    Call,
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
    if task is None:
        raise BadInput([Problem("data", "must be made for a task", remedy="Choose other data.")])
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
        _refuse_unknown_head(self._auto, self._config, head)
        self._found: list[str] = []
        self._first = 0
        """The position of the first token."""
        self._anew: list[str] = []
        """Modules that begin with random weights beside stored ones."""

    def net(self, task: TaskKind) -> HuggingFaceNet:
        """The module behind the loop."""
        name = self._spec.shown_name
        with _in_words(name, "cannot be built"):
            model = self._loaded() if self._stored else self._random()
        what = "its stored weights" if self._stored else "random weights"
        self._found.insert(0, f"{type(model).__name__} with {what}.")
        if self._facts.vocabulary_size is not None:
            self._first = _first_position(model, self._padding_of_the_files)
            refuse_length(self._config, self._facts, self._first)
        if self._stored:
            self._resize(model)
            model.config.pad_token_id = self._facts.padding_token if self._facts.padded else None
        else:
            self._anew = _ends(model, text=self._facts.vocabulary_size is not None)
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
        self._anew = _modules((*missing, *mismatched))
        unused = _modules(info["unexpected_keys"])
        if self._anew:
            self._found.append(f"These begin anew, with random weights: {_listed(self._anew)}.")
        if unused:
            self._found.append(f"Weights in its files that are not used: {_listed(unused)}.")

    def _resize(self, model: Any) -> None:
        """Give the embeddings a row for each token of the data, unless there are as many."""
        tokens = self._facts.vocabulary_size
        if tokens is None:
            return
        embeddings = model.get_input_embeddings()
        rows = embeddings.weight.shape[0]
        if self._own_tokens and rows >= tokens:
            self._found.append("The data has the tokens that it was trained with.")
            return
        model.resize_token_embeddings(tokens, mean_resizing=False)
        self._anew += _ends(model, text=True, head=False)
        if self._own_tokens:
            self._found.append(
                "The data has the tokens that it was trained with, and "
                f"{tokens - rows:,} special ones, for which its embeddings get new rows."
            )
            return
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

    @property
    def _padding_of_the_files(self) -> object:
        """The token that stored weights were trained with; None for random ones, or the usual."""
        if not self._stored:
            return None
        assert self._folder is not None
        return read_settings((self._folder / CONFIG).read_bytes()).get("pad_token_id")

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
        positioned = facts.vocabulary_size is not None and _counts_padding(model)
        call = Call(
            "pixel_values" if facts.image_shape is not None else "input_ids",
            outputs,
            padding=facts.padding_token if padded else None,
            first=self._first if positioned else None,
        )
        if task == "causal-lm":
            length = facts.tokens_per_sample or self._spec.block_size
            return HuggingFaceWriter(adapted, call, block_size=length)
        if task == "seq2seq":
            return HuggingFaceAnswerer(adapted, call)
        return HuggingFaceNet(adapted, call)


def _is_head(model: Any, key: str) -> bool:
    """Whether a parameter is none of the body that all heads share."""
    first = key.partition(".")[0]
    if "pooler" in key or first in ("lm_head", "score", "classifier", "cls", "head"):
        return True
    return model.base_model is not model and first != model.base_model_prefix


def _is_of_images(model: Any, key: str) -> bool:
    """Whether a parameter has a place for each patch of an image, or looks at its channels."""
    return model.main_input_name == "pixel_values" and "embed" in key


def _refuse_unknown_head(auto: Any, config: Any, head: Head) -> None:
    """Raises BadInput where the architecture has no such head."""
    known = auto._model_mapping
    if type(config) in known or getattr(config, "auto_map", None):
        return
    near = list(known._model_mapping)
    shown = ", ".join(name for name in _WELL_KNOWN if name in near)
    message = f"transformers has no {head} of this architecture"
    raise BadInput(
        [Problem("model.origin", message, repr(config.model_type), f"It has them of {shown}...")]
    )


_WELL_KNOWN = ("gpt2", "llama", "bert", "roberta", "distilbert", "t5", "bart", "vit", "convnext")


def _counts_padding(model: Any) -> bool:
    """Whether a model finds positions by what is no padding, as RoBERTa's family does: it adds up,
    which CUDA does not do in the same order every time, and fails where there is no padding."""
    return any(hasattr(m, "create_position_ids_from_input_ids") for m in model.modules())


def _first_position(model: Any, trained_with: object) -> int:
    """The position of the first token; stored weights stay with the padding that they were
    trained with, whatever the data is padded with."""
    if not _counts_padding(model):
        return 0
    padding: Any = model.config.pad_token_id if trained_with is None else trained_with
    usual = type(model.config)().pad_token_id
    return 1 + int(usual if padding is None else padding)


def _ends(model: Any, *, text: bool, head: bool = True) -> list[str]:
    """Where numbers stand for tokens, going in and coming out, and with `head` what is no part of
    the body that all heads share."""
    ends = [model.get_input_embeddings(), model.get_output_embeddings()] if text else []
    wanted = {id(end) for end in ends if end is not None}
    names = [name for name, module in model.named_modules() if id(module) in wanted and name]
    if head and model.base_model is not model:
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


def _modules(keys: Iterable[str]) -> list[str]:
    """The modules whose weights these are; of other parameters their own names."""
    ends = (".weight", ".bias")
    return sorted({key.rpartition(".")[0] if key.endswith(ends) else key for key in keys})


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:6]) + (f" and {len(names) - 6:,} more" if len(names) > 6 else "")


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
