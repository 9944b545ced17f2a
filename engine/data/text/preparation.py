"""TextPreparation: how texts become tokens, and tokens samples. No torch."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from engine.frozen import Frozen, knob
from engine.task_spec import TaskKind

CODE_VERSION = 1
"""Is raised whenever the same texts would become other tokens, other files, or other facts."""
MOST_TOKENS = 1_000_000


class CharSpec(Frozen):
    """One token a character."""

    kind: Literal["char"] = "char"
    min_count: int = knob(1, "Fewest occurrences", unit="times", ge=1, le=1_000_000)
    """Characters that the training texts have less often are unknown."""


class ByteSpec(Frozen):
    """One token a byte of UTF-8: 256 of them, and no text is unknown."""

    kind: Literal["byte"] = "byte"


class WordSpec(Frozen):
    """One token a word with the space before it, or a single other character; rare words are
    unknown."""

    kind: Literal["word"] = "word"
    vocabulary_size: int = knob(
        10_000, "Vocabulary size", unit="tokens", common=True, log=True, ge=16, le=MOST_TOKENS
    )
    """The most tokens, special ones included; the most frequent words of the training texts."""
    min_count: int = knob(2, "Fewest occurrences", unit="times", ge=1, le=1_000_000)
    """Words that the training texts have less often are unknown."""


class BPESpec(Frozen):
    """Byte-pair encoding (Sennrich and others, 2016) of the bytes of UTF-8, learned from the
    training texts; no text is unknown."""

    kind: Literal["bpe"] = "bpe"
    vocabulary_size: int = knob(
        4_096, "Vocabulary size", unit="tokens", common=True, log=True, ge=300, le=MOST_TOKENS
    )
    """The most tokens, with the 256 bytes and the special ones; fewer where no pair is frequent
    enough to be merged."""
    min_count: int = knob(2, "Fewest occurrences", unit="times", ge=1, le=1_000_000)
    """Pairs that the training texts have less often are not merged."""


class UnigramSpec(Frozen):
    """A unigram language model of subwords (Kudo, 2018) of the bytes of UTF-8, learned from the
    training texts; no text is unknown."""

    kind: Literal["unigram"] = "unigram"
    vocabulary_size: int = knob(
        4_096, "Vocabulary size", unit="tokens", common=True, log=True, ge=300, le=MOST_TOKENS
    )
    """The most tokens, with the 256 bytes and the special ones."""


class HuggingFaceTokenizerSpec(Frozen):
    """A tokenizer that exists, with the tokens that a pretrained model knows."""

    kind: Literal["hugging-face"] = "hugging-face"
    name: str = knob("", "Folder or name", common=True, max_length=1000)
    """A folder with tokenizer.json, or a name on the Hugging Face hub, such as gpt2."""


TokenizerSpec = Annotated[
    CharSpec | ByteSpec | WordSpec | BPESpec | UnigramSpec | HuggingFaceTokenizerSpec,
    Field(discriminator="kind"),
]

Cut = Literal["truncate", "windows", "pack"]

CUTS: dict[TaskKind, tuple[Cut, ...]] = {
    "causal-lm": ("windows", "pack", "truncate"),
    "masked-lm": ("windows", "pack", "truncate"),
    "sequence-classification": ("truncate", "windows"),
    "multi-label-classification": ("truncate", "windows"),
    "token-classification": ("truncate", "windows"),
    "seq2seq": ("truncate",),
}
"""How texts can be cut for each task that reads texts; the usual one first."""

_WHOLE_TEXTS: tuple[TaskKind, ...] = (
    "sequence-classification",
    "multi-label-classification",
    "seq2seq",
)
"""Tasks whose input can lose a token without a target that would belong to it."""


class TextPreparation(Frozen):
    """How texts become tokens, and tokens samples."""

    tokenizer: TokenizerSpec = Field(BPESpec(), title="Tokenizer")
    lower: bool = knob(False, "Small letters")
    """Whether capital letters become small ones."""
    normalisation: Literal["none", "nfc", "nfkc"] = knob("none", "Unicode normalisation")
    """Letters that can be written in two ways get one: canonical (NFC), or also for what only
    looks different, such as ligatures and wide letters (NFKC)."""
    length: int = knob(64, "Length", unit="tokens", common=True, ge=4, le=MOST_TOKENS)
    """The most tokens of a sample, special ones included."""
    target_length: int | None = knob(
        None, "Target length", unit="tokens", suggested=64, ge=4, le=MOST_TOKENS
    )
    """The most tokens of a text to be written (sequence to sequence). Off: as many as are read."""
    cut: Cut = knob("truncate", "Cut", common=True)
    """truncate: each text is a sample, and what is too long is left out. windows: a piece of each
    text, another in every epoch; of a language model, blocks of all texts strung together. pack:
    all texts strung together and cut into blocks, so that every token is kept, in order."""
    keep: Literal["start", "end"] = knob("start", "Kept")
    """Which end of a text that is too long is kept (with truncate)."""
    framed: bool = knob(True, "Begin and end tokens")
    """Whether what is classified or filled in begins and ends with a special token. Language
    models and sequence to sequence always have them, to know where a text ends."""
    mask_share: float = knob(0.15, "Hidden share", gt=0, lt=1)
    """Share of each sample that a masked language model is to predict: 8 of 10 are masked, 1 is
    replaced, 1 left as it is."""
    token_masking: float | None = knob(None, "Token masking", suggested=0.1, gt=0, lt=1)
    """Share of the tokens of a training sample that are hidden behind the mask token, others in
    every epoch, so that the model cannot rely on single words. Targets stay as they are."""
    token_dropout: float | None = knob(None, "Token dropout", suggested=0.1, gt=0, lt=1)
    """Share of the tokens of a training sample that are left out, others in every epoch."""
    bucketing: bool = knob(True, "Batches of similar length")
    """Whether samples of about the same length come into one batch, so that less of it is
    padding."""

    def in_equal_blocks(self, task: TaskKind) -> bool:
        """Whether every sample has `length` tokens."""
        return task in ("causal-lm", "masked-lm") and self.cut == "windows"

    def misfits(self, task: TaskKind) -> dict[str, str]:
        """What does not go with a task: field -> why, and what to do, in the user's words."""
        found: dict[str, str] = {}
        cuts = CUTS.get(task)
        if cuts is None:
            return {"cut": f"the task {task!r} reads no text. Choose another task."}
        if self.cut not in cuts:
            fitting = " or ".join(map(repr, cuts))
            found["cut"] = f"the task {task!r} needs whole texts with their targets; use {fitting}."
        if self.token_dropout is not None and task not in _WHOLE_TEXTS:
            found["token_dropout"] = (
                f"each token has a target of its own in the task {task!r}, so none can be left "
                "out. Switch it off, or use token masking."
            )
        if self.token_masking is not None and task == "masked-lm":
            found["token_masking"] = (
                "a masked language model has hidden tokens anyway. Switch it off, or change the "
                "hidden share."
            )
        return found
