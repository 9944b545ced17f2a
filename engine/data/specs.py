"""Data sources as typed documents, and the facts about loaded data that other forms need."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from engine.data.augmentation_spec import Augmentation
from engine.data.library.spec import DatasetSpec
from engine.frozen import Frozen, knob
from engine.task_spec import TaskKind


class PythonDocsSpec(Frozen):
    """The English text of Python's own documentation topics (PSF licence), ships with Python."""

    source: Literal["python-docs"] = "python-docs"
    val_fraction: float = knob(0.1, "Validation share", common=True, gt=0, lt=1)
    """Share of the text that is held out for validation, in whole topics."""
    split_seed: int = knob(0, "Split seed", ge=0, le=2**32 - 1)
    """Decides which samples are held out."""


class MaskedDocsSpec(Frozen):
    """Python's documentation topics (PSF licence) with hidden characters, to be filled in."""

    source: Literal["masked-docs"] = "masked-docs"
    length: int = knob(64, "Length", unit="characters", common=True, ge=16, le=4096)
    """Characters of one sample."""
    mask_share: float = knob(0.15, "Hidden share", gt=0, lt=1)
    """Share of each sample to be predicted: 8 of 10 are masked, 1 is replaced, 1 left as it is."""
    val_fraction: float = knob(0.1, "Validation share", common=True, gt=0, lt=1)
    """Share of the text that is held out for validation, in whole topics."""
    split_seed: int = knob(0, "Split seed", ge=0, le=2**32 - 1)
    """Decides which samples are held out."""


class RestoreDocsSpec(Frozen):
    """Pieces of sentences of Python's documentation topics (PSF licence) without capitals, spaces
    and punctuation, and as they were."""

    source: Literal["restore-docs"] = "restore-docs"
    length: int = knob(32, "Length", unit="characters", common=True, ge=16, le=1024)
    """The most characters of a piece; shorter ones are padded."""
    val_fraction: float = knob(0.1, "Validation share", common=True, gt=0, lt=1)
    """Share of the text that is held out for validation, in whole topics."""
    split_seed: int = knob(0, "Split seed", ge=0, le=2**32 - 1)
    """Decides which samples are held out."""


class PythonTokensSpec(Frozen):
    """Lines of Python's standard library (PSF licence); what each character is: part of a name, a
    string, a comment..., as for highlighting."""

    source: Literal["python-tokens"] = "python-tokens"
    length: int = knob(96, "Length", unit="characters", common=True, ge=16, le=4096)
    """Characters of one sample, in whole lines; shorter ones are padded."""
    val_fraction: float = knob(0.1, "Validation share", common=True, gt=0, lt=1)
    """Share of the code that is held out for validation, in whole modules."""
    split_seed: int = knob(0, "Split seed", ge=0, le=2**32 - 1)
    """Decides which samples are held out."""


class PythonKeywordsSpec(Frozen):
    """Statements of Python's standard library (PSF licence) without the keyword that they begin
    with: which was it?"""

    source: Literal["python-keywords"] = "python-keywords"
    length: int = knob(64, "Length", unit="characters", common=True, ge=16, le=4096)
    """The most characters of a sample; longer ones are left out, shorter ones padded."""
    val_fraction: float = knob(0.2, "Validation share", common=True, gt=0, lt=1)
    """Share of the code that is held out for validation, in whole modules."""
    split_seed: int = knob(0, "Split seed", ge=0, le=2**32 - 1)
    """Decides which samples are held out."""


class PythonConstructsSpec(Frozen):
    """Statements and conditions of Python's standard library (PSF licence), and what each contains:
    a call, a comparison, a string..."""

    source: Literal["python-constructs"] = "python-constructs"
    length: int = knob(64, "Length", unit="characters", common=True, ge=16, le=4096)
    """The most characters of a sample; longer ones are left out, shorter ones padded."""
    val_fraction: float = knob(0.2, "Validation share", common=True, gt=0, lt=1)
    """Share of the code that is held out for validation, in whole modules."""
    split_seed: int = knob(0, "Split seed", ge=0, le=2**32 - 1)
    """Decides which samples are held out."""


class DigitsSpec(Frozen):
    """1,797 handwritten digits of 8x8 pixels (UCI, CC BY 4.0), ships with scikit-learn."""

    source: Literal["digits"] = "digits"
    val_fraction: float = knob(0.2, "Validation share", common=True, gt=0, lt=1)
    """Share of each class that is held out for validation."""
    split_seed: int = knob(0, "Split seed", ge=0, le=2**32 - 1)
    """Decides which samples are held out."""
    augmentation: Augmentation = Field(Augmentation(), title="Augmentation")


class BreastCancerSpec(Frozen):
    """569 tumours by 30 measurements of their cells: malignant or benign (UCI, CC BY 4.0), ships
    with scikit-learn."""

    source: Literal["breast-cancer"] = "breast-cancer"
    val_fraction: float = knob(0.2, "Validation share", common=True, gt=0, lt=1)
    """Share of each class that is held out for validation."""
    split_seed: int = knob(0, "Split seed", ge=0, le=2**32 - 1)
    """Decides which samples are held out."""


class WineSpec(Frozen):
    """178 wines by 13 chemical measurements: which of three growers (UCI, CC BY 4.0), ships with
    scikit-learn."""

    source: Literal["wine"] = "wine"
    val_fraction: float = knob(0.2, "Validation share", common=True, gt=0, lt=1)
    """Share of each class that is held out for validation."""
    split_seed: int = knob(0, "Split seed", ge=0, le=2**32 - 1)
    """Decides which samples are held out."""


class IrisSpec(Frozen):
    """150 irises by the length and width of their leaves: which of three species (UCI, CC BY 4.0),
    ships with scikit-learn."""

    source: Literal["iris"] = "iris"
    val_fraction: float = knob(0.2, "Validation share", common=True, gt=0, lt=1)
    """Share of each class that is held out for validation."""
    split_seed: int = knob(0, "Split seed", ge=0, le=2**32 - 1)
    """Decides which samples are held out."""


class DiabetesSpec(Frozen):
    """442 patients by 10 measurements: how far their diabetes has progressed after a year (Efron
    and others, 2004), ships with scikit-learn."""

    source: Literal["diabetes"] = "diabetes"
    val_fraction: float = knob(0.2, "Validation share", common=True, gt=0, lt=1)
    """Share of the patients that is held out for validation."""
    split_seed: int = knob(0, "Split seed", ge=0, le=2**32 - 1)
    """Decides which samples are held out."""


class InMemoryData(Frozen):
    """Data that was handed to the Trainer as objects; only that program can resume it."""

    source: Literal["in-memory"] = "in-memory"
    description: dict[str, Any] = {}
    """What the caller said about the data."""


DataSpec = Annotated[
    PythonDocsSpec
    | MaskedDocsSpec
    | RestoreDocsSpec
    | PythonTokensSpec
    | PythonKeywordsSpec
    | PythonConstructsSpec
    | DigitsSpec
    | BreastCancerSpec
    | WineSpec
    | IrisSpec
    | DiabetesSpec
    | DatasetSpec
    | InMemoryData,
    Field(discriminator="source"),
]

DATA_TASKS: dict[str, TaskKind] = {
    "python-docs": "causal-lm",
    "masked-docs": "masked-lm",
    "restore-docs": "seq2seq",
    "python-tokens": "token-classification",
    "python-keywords": "sequence-classification",
    "python-constructs": "multi-label-classification",
    "digits": "image-classification",
    "breast-cancer": "tabular-classification",
    "wine": "tabular-classification",
    "iris": "tabular-classification",
    "diabetes": "tabular-regression",
}
"""The task that each bundled source is made for."""


def task_of(data: DataSpec) -> TaskKind | None:
    """The task that data is made for; None when only the program that made it knows."""
    return data.task if isinstance(data, DatasetSpec) else DATA_TASKS.get(data.source)


class DataFacts(Frozen):
    """What models and checks need to know about loaded data. Unknown is None."""

    modality: Literal["text", "image", "table", "unknown"]
    task: TaskKind | None = None
    """The task that the data is made for."""
    train_samples: int
    """Samples in one pass over the training data (for text: blocks of the context length)."""
    val_samples: int
    """Samples held out for validation; 0 when there are none."""
    tokens_per_sample: int | None = None
    """Tokens of one text sample, padding included."""
    target_tokens: int | None = None
    """Tokens of one target sequence, padding included, where it is not the input's length."""
    padded: bool | None = None
    """Whether text samples are filled up with a token that stands for nothing."""
    vocabulary_size: int | None = None
    """Distinct tokens of a text, special ones included."""
    classes: tuple[str, ...] | None = None
    """Names of the classes (of the labels, for several at once) in the order of their numbers."""
    image_shape: tuple[int, int, int] | None = None
    """(channels, height, width) of one image."""
    features: tuple[str, ...] | None = None
    """Names of a table's input columns, in their order."""
    feature_means: tuple[float, ...] | None = None
    """Mean of each input column over the training split, in its own unit: batches hold columns
    less their mean, in standard deviations."""
    feature_stds: tuple[float, ...] | None = None
    """Standard deviation of each input column over the training split, in its own unit."""
    target_name: str | None = None
    """What a regression predicts."""
    target_mean: float | None = None
    """Mean of a regression's target over the training split, in its own unit: batches hold
    targets less their mean, in standard deviations."""
    target_std: float | None = None
    """Standard deviation of a regression's target over the training split, in its own unit."""
    train_tokens: int | None = None
    """Tokens of the training text."""
    val_tokens: int | None = None
    """Tokens of the validation text."""
    mean_tokens: float | None = None
    """Mean tokens of a text sample without padding, where batches are padded to their longest."""
    mean_target_tokens: float | None = None
    """The same of target sequences."""
    padding_token: int = 0
    """What text samples are filled up with, where they are padded."""
    cut_share: float | None = None
    """Share of the training tokens that no sample of an epoch has, because texts are too long."""
    unknown_share: float | None = None
    """Share of the training tokens that the tokenizer does not know."""
    tokenizer: str | None = None
    """SHA-256 of the tokenizer.json that the text was cut with; None for a vocabulary made here."""
    fingerprint: str = ""
    """SHA-256 of the data's content, split and order."""

    @property
    def typical(self) -> DataFacts:
        """The facts as if every sample was of mean length: for what adds up over many samples."""
        if self.mean_tokens is None:
            return self
        means = {"tokens_per_sample": max(1, round(self.mean_tokens))}
        if self.mean_target_tokens is not None:
            means["target_tokens"] = max(1, round(self.mean_target_tokens))
        return self.model_copy(update=means)

    @property
    def outputs(self) -> int | None:
        """How many numbers a model predicts for one target: classes, labels, tokens, or one."""
        if self.classes is not None:
            return len(self.classes)
        return self.vocabulary_size if self.target_std is None else 1
