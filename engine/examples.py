"""The bundled examples: real data, no network, defaults chosen by measuring on two CPU cores."""

from __future__ import annotations

from dataclasses import dataclass

from engine.data.specs import (
    DATA_TASKS,
    BreastCancerSpec,
    DataSpec,
    DiabetesSpec,
    DigitsSpec,
    MaskedDocsSpec,
    PythonDocsSpec,
    PythonTokensSpec,
    RestoreDocsSpec,
)
from engine.models.specs import CNNSpec, EncoderSpec, GPTSpec, MLPSpec, ModelSpec, Seq2SeqSpec
from engine.presets import PRESETS
from engine.run_spec import RunSpec
from engine.task_spec import TaskSpec
from engine.training_config import (
    AdamWConfig,
    BatchingConfig,
    CheckpointingConfig,
    CosineConfig,
    EvaluationConfig,
    LengthConfig,
    TrainingConfig,
)


@dataclass(frozen=True, slots=True)
class Example:
    """A run that starts with one click."""

    title: str
    sentence: str
    spec: RunSpec


def _gpt_python_docs() -> RunSpec:
    return RunSpec(
        name="gpt-python-docs",
        task=TaskSpec(kind="causal-lm"),
        model=GPTSpec(layers=4, heads=4, width=128, block_size=64),
        data=PythonDocsSpec(),
        training=TrainingConfig(
            length=LengthConfig(amount=1000, unit="steps"),
            optimizer=AdamWConfig(lr=3e-3),
            scheduler=CosineConfig(warmup_steps=50),
            batching=BatchingConfig(batch_size=12),
            evaluation=EvaluationConfig(
                every_steps=100, max_samples=256, batch_size=64, monitor="val/loss", samples=2
            ),
            checkpointing=CheckpointingConfig(every_steps=200),
        ),
    )


def _digits_vision() -> RunSpec:
    return RunSpec(
        name="digits-vision",
        task=TaskSpec(kind="image-classification"),
        model=CNNSpec(stages=2, channels=32),
        data=DigitsSpec(),
        training=TrainingConfig(
            length=LengthConfig(amount=25, unit="epochs"),
            optimizer=AdamWConfig(lr=1e-3),
            scheduler=CosineConfig(warmup_steps=50),
            batching=BatchingConfig(batch_size=32),
            evaluation=EvaluationConfig(every_steps=45, monitor="val/accuracy", samples=12),
            checkpointing=CheckpointingConfig(every_steps=225),
        ),
    )


def _digits_mlp() -> RunSpec:
    return RunSpec(
        name="digits-mlp",
        task=TaskSpec(kind="image-classification"),
        model=MLPSpec(layers=2, width=128, dropout=0.2),
        data=DigitsSpec(),
        training=TrainingConfig(
            length=LengthConfig(amount=80, unit="epochs"),
            optimizer=AdamWConfig(lr=2e-3),
            scheduler=CosineConfig(warmup_steps=50),
            batching=BatchingConfig(batch_size=32),
            evaluation=EvaluationConfig(every_steps=90, monitor="val/accuracy", samples=12),
            checkpointing=CheckpointingConfig(every_steps=900),
        ),
    )


def _baseline(
    name: str, data: DataSpec, model: ModelSpec, *, monitor: str, samples: int
) -> RunSpec:
    """The baseline preset of a model for the task of the data."""
    evaluation = EvaluationConfig(monitor=monitor, samples=samples)
    spec = RunSpec(
        name=name,
        task=TaskSpec(kind=DATA_TASKS[data.source]),
        model=model,
        data=data,
        training=TrainingConfig(evaluation=evaluation),
    )
    return PRESETS["baseline"].apply(spec)


EXAMPLES: dict[str, Example] = {
    "gpt-python-docs": Example(
        "A GPT that reads documentation",
        "A character-level GPT learns English from Python's own documentation in about a minute, "
        "and writes some of its own at each validation.",
        _gpt_python_docs(),
    ),
    "digits-vision": Example(
        "A vision model for digits",
        "A small convolutional network learns to read 1,797 handwritten digits in well under a "
        "minute, and shows those it gets wrong.",
        _digits_vision(),
    ),
    "digits-mlp": Example(
        "The quickest run",
        "A multi-layer perceptron on the same digits: 3,600 updates, done in seconds.",
        _digits_mlp(),
    ),
    "python-highlighter": Example(
        "A highlighter for code",
        "A transformer learns from Python's own source code what each character is part of: a "
        "keyword, a name, a string, a comment...",
        _baseline(
            "python-highlighter",
            PythonTokensSpec(),
            EncoderSpec(),
            monitor="val/f1_macro",
            samples=6,
        ),
    ),
    "masked-docs": Example(
        "Filling in the gaps",
        "A transformer sees the documentation with every seventh character hidden and guesses "
        "them from both sides.",
        _baseline("masked-docs", MaskedDocsSpec(), EncoderSpec(), monitor="val/loss", samples=4),
    ),
    "restore-text": Example(
        "From bare letters to sentences",
        "An encoder-decoder is given the letters of a text and writes it with its capitals, "
        "spaces and punctuation.",
        _baseline("restore-text", RestoreDocsSpec(), Seq2SeqSpec(), monitor="val/loss", samples=6),
    ),
    "cancer-table": Example(
        "A diagnosis from a table",
        "A small network tells malignant from benign tumours by 30 measurements of their cells, "
        "in a few seconds.",
        _baseline("cancer-table", BreastCancerSpec(), MLPSpec(), monitor="val/accuracy", samples=8),
    ),
    "diabetes-table": Example(
        "A number from a table",
        "A small network predicts from ten measurements how far the diabetes of 442 patients has "
        "progressed after a year.",
        _baseline("diabetes-table", DiabetesSpec(), MLPSpec(), monitor="val/loss", samples=8),
    ),
}
