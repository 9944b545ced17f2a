"""Texts: continued, written, filled in, classified, labelled and marked by a model."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import numpy as np
import torch
from torch import Tensor, nn

from engine.config.generation import GenerationConfig
from engine.data.batching import BatchSource
from engine.data.loaded import LoadedData
from engine.data.text.tokenizer import Tokenizer, Tokens
from engine.losses import IGNORED
from engine.metrics.known import Known
from engine.models.drawing import Drawing
from engine.models.gpt import GPT
from engine.models.hugging_face.net import HuggingFaceWriter
from engine.models.imported.writers import Continuing
from engine.runs.samples import (
    Blank,
    ClassifiedText,
    FilledText,
    LabelledText,
    MarkedText,
    WrittenText,
)
from engine.samples.looking import Look, looks, share
from engine.task_spec import TaskSpec
from engine.writing import evaluating, until_end, written_texts

PROMPT = "The "
PROMPT_TOKENS = 8
TEXT_SEED = 0
GUESSES = 3
MOST_BLANKS = 40
"""Blanks of one text that are shown with their guesses."""


Continuer = GPT | Continuing | HuggingFaceWriter
"""Models that go on with a text."""


def generated_texts(
    model: Continuer,
    vocabulary: Tokenizer,
    *,
    count: int,
    seed: int,
    config: GenerationConfig | None = None,
    prompt: Tokens | None = None,
) -> list[dict[str, str]]:
    """`count` texts that continue `prompt`, or `PROMPT`: {'prompt', 'text'}, the text without the
    prompt and up to its end token, if the model writes one.

    The same seed and weights give the same texts; torch's global generator is left alone.

    Raises:
        UnknownCharacter: when the vocabulary lacks a character of the prompt.
    """
    if count == 0:
        return []
    config = config or GenerationConfig()
    drawing = Drawing(config.temperature, config.top_k, config.top_p)
    device = next(model.parameters()).device
    asked = vocabulary.encode(PROMPT) if prompt is None else prompt
    prompt_ids = torch.from_numpy(asked).to(device).repeat(count, 1)
    generator = torch.Generator(device).manual_seed(seed)
    with evaluating(model):
        ids = model.generate(prompt_ids, config.length, drawing=drawing, generator=generator)
    written = ids[:, prompt_ids.shape[1] :].cpu().numpy()
    shown = PROMPT if prompt is None else vocabulary.decode(asked)
    texts = (vocabulary.decode(until_end(row, vocabulary)) for row in written)
    return [{"prompt": shown, "text": text} for text in texts]


def prompt_of(loaded: LoadedData) -> Tokens | None:
    """What a model is to continue: the begin token where it learns whole texts, else the first
    tokens of the held-out texts; None for `PROMPT`."""
    layout = loaded.layout
    if layout is None:
        return None
    if not layout.in_blocks:
        return np.array([layout.begin])
    tokens = loaded.val["tokens"] if len(loaded.val["tokens"]) else loaded.train["tokens"]
    first = np.array(tokens[:PROMPT_TOKENS], np.int64)
    ends = np.flatnonzero(first == layout.end)
    return first[: ends[0]] if len(ends) and ends[0] else first


class TextSampler:
    """Shows held-out texts of one task, decoded with its vocabulary."""

    def __init__(
        self,
        source: BatchSource,
        task: TaskSpec,
        vocabulary: Tokenizer,
        known: Known,
    ) -> None:
        self._source, self._task, self._vocabulary = source, task, vocabulary
        self._known = known

    def misclassified(self, model: nn.Module, count: int) -> list[ClassifiedText]:
        """The first `count` texts that are taken for another class."""
        return list(islice(self._wrong_texts(model), count))

    def mislabelled(self, model: nn.Module, count: int) -> list[LabelledText]:
        """The first `count` texts with a label missing or wrong."""
        return list(islice(self._wrong_labels(model), count))

    def marked(self, model: nn.Module, count: int) -> list[MarkedText]:
        """The first `count` texts with the classes of their tokens, without their padding."""
        return [
            self._marked(look, row)
            for look in looks(model, self._source, self._task, first=count)
            for row in range(len(look.indices))
        ]

    def filled(self, model: nn.Module, count: int) -> list[FilledText]:
        """The first `count` texts with what was hidden and what the model makes of it."""
        return [
            self._filled(look, row)
            for look in looks(model, self._source, self._task, first=count)
            for row in range(len(look.indices))
        ]

    def written(self, model: nn.Module, count: int) -> list[WrittenText]:
        """What is written for the first `count` inputs."""
        texts = written_texts(model, self._source, self._task, self._vocabulary, count=count)
        return [
            WrittenText(index=index, input=text.input, expected=text.expected, text=text.text)
            for index, text in enumerate(texts)
        ]

    def _wrong_texts(self, model: nn.Module) -> Iterator[ClassifiedText]:
        for look in looks(model, self._source, self._task):
            targets, names = look.batch[self._task.target], self._names(look)
            confidence, predicted = look.outputs.softmax(dim=-1).max(dim=-1)
            wrong = (predicted != targets) & (targets != IGNORED)
            for row in torch.nonzero(wrong).flatten().tolist():
                yield ClassifiedText(
                    index=int(look.indices[row]),
                    text=self._text(look, row),
                    true=names[int(targets[row])],
                    predicted=names[int(predicted[row])],
                    confidence=share(confidence[row]),
                )

    def _wrong_labels(self, model: nn.Module) -> Iterator[LabelledText]:
        for look in looks(model, self._source, self._task):
            targets, names = look.batch[self._task.target], self._names(look)
            given, there, known = look.outputs > 0, targets > 0.5, targets != IGNORED
            for row in torch.nonzero(((given != there) & known).any(dim=1)).flatten().tolist():
                yield LabelledText(
                    index=int(look.indices[row]),
                    text=self._text(look, row),
                    true=_named(there[row] & known[row], names),
                    predicted=_named(given[row] & known[row], names),
                )

    def _marked(self, look: Look, row: int) -> MarkedText:
        tokens, true = look.batch[self._task.inputs[0]][row], look.batch[self._task.target][row]
        predicted = look.outputs[row].argmax(dim=-1)
        length = _without_padding(true)
        return MarkedText(
            index=int(look.indices[row]),
            tokens=self._tokens(tokens[:length]),
            true=tuple(None if kind == IGNORED else kind for kind in true[:length].tolist()),
            predicted=tuple(predicted[:length].tolist()),
            classes=self._names(look),
        )

    def _filled(self, look: Look, row: int) -> FilledText:
        tokens, true = look.batch[self._task.inputs[0]][row], look.batch[self._task.target][row]
        places = torch.nonzero(true != IGNORED).flatten()[:MOST_BLANKS]
        shares, guesses = (
            look.outputs[row, places].softmax(dim=-1).topk(min(GUESSES, look.outputs.shape[-1]))
        )
        blanks = [
            Blank(
                place=int(place),
                true=self._token(true[place]),
                guesses=tuple(
                    (self._token(token), chance)
                    for token, chance in zip(guesses[n], map(share, shares[n]), strict=True)
                    if chance is not None
                ),
            )
            for n, place in enumerate(places)
        ]
        return FilledText(
            index=int(look.indices[row]), tokens=self._tokens(tokens), blanks=tuple(blanks)
        )

    def _text(self, look: Look, row: int) -> str:
        return self._vocabulary.decode(look.batch[self._task.inputs[0]][row].numpy())

    def _tokens(self, tokens: Tensor) -> tuple[str, ...]:
        return tuple(self._token(token) for token in tokens)

    def _token(self, token: Tensor) -> str:
        return self._vocabulary.decode(np.array([int(token)]))

    def _names(self, look: Look) -> tuple[str, ...]:
        return tuple(self._known.names(look.outputs.shape[-1]))


def _named(labels: Tensor, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(names[n] for n in torch.nonzero(labels).flatten().tolist())


def _without_padding(targets: Tensor) -> int:
    """Where the padding behind the last target begins."""
    counted = torch.nonzero(targets != IGNORED).flatten()
    return int(counted[-1]) + 1 if len(counted) else 0
