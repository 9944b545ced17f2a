"""The bundled examples: real data, no network, defaults chosen by measuring on two CPU cores."""

from __future__ import annotations

from dataclasses import dataclass

from engine.data.specs import DigitsSpec, PythonDocsSpec
from engine.models.specs import CNNSpec, GPTSpec, MLPSpec
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
}
