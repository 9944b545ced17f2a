"""Recipes: what suits each kind of model on its bundled data, measured. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a preset sets for one kind of model."""

    length: tuple[int, str]
    """Amount and unit of training."""
    lr: float
    batch_size: int
    every: tuple[int, int]
    """Steps between validations, and between checkpoints."""
    model: Mapping[str, float | None] = field(default_factory=dict)
    accumulate: int = 1
    warmup_steps: int = 50
    validation: tuple[int, int | None] = (256, None)
    """Batch size, and samples at most."""
    keep_last: int = 2

    def changes(self) -> dict[str, object]:
        """Dotted fields of a RunSpec and their new values."""
        training = {f"training.{path}": value for path, value in self.training().items()}
        return {**{f"model.{name}": value for name, value in self.model.items()}, **training}

    def training(self) -> dict[str, object]:
        """Dotted fields of a TrainingConfig and their new values."""
        amount, unit = self.length
        evaluate_every, checkpoint_every = self.every
        validation_batch_size, validation_samples = self.validation
        return {
            "length": {"amount": amount, "unit": unit},
            "optimizer": {"name": "adamw", "lr": self.lr},
            "scheduler": {"name": "cosine", "warmup_steps": self.warmup_steps},
            "batching.batch_size": self.batch_size,
            "batching.accumulate": self.accumulate,
            "evaluation.every_steps": evaluate_every,
            "evaluation.batch_size": validation_batch_size,
            "evaluation.max_samples": validation_samples,
            "checkpointing.every_steps": checkpoint_every,
            "checkpointing.keep_last": self.keep_last,
        }


_EACH: dict[str, float | None] = {"kv_heads": None}
"""Heads of keys and values that were chosen may not divide the heads that a recipe sets."""

BASELINE = {
    "gpt": Recipe(
        length=(1000, "steps"),
        lr=3e-3,
        batch_size=12,
        every=(100, 200),
        model={"layers": 4, "heads": 4, "width": 128, "block_size": 64, "dropout": 0.0} | _EACH,
        validation=(64, 256),
    ),
    "encoder": Recipe(
        length=(800, "steps"),
        lr=3e-3,
        batch_size=32,
        every=(100, 200),
        model={"layers": 2, "heads": 4, "width": 64, "dropout": 0.0},
        validation=(256, 1024),
    ),
    "encoder/token-classification": Recipe(
        length=(1000, "steps"),
        lr=3e-3,
        batch_size=16,
        every=(100, 200),
        model={"layers": 2, "heads": 4, "width": 64, "dropout": 0.0},
        validation=(128, 512),
    ),
    "encoder/masked-lm": Recipe(
        length=(800, "steps"),
        lr=2e-3,
        batch_size=32,
        every=(100, 200),
        model={"layers": 2, "heads": 4, "width": 128, "dropout": 0.0},
        validation=(128, 512),
    ),
    "seq2seq": Recipe(
        length=(700, "steps"),
        lr=1e-3,
        batch_size=32,
        every=(100, 200),
        model={"layers": 2, "heads": 4, "width": 128, "dropout": 0.0},
        validation=(128, 128),
    ),
    "vit": Recipe(
        length=(40, "epochs"),
        lr=1e-3,
        batch_size=32,
        every=(90, 180),
        model={"layers": 4, "heads": 4, "width": 64, "dropout": 0.0},
    ),
    "cnn": Recipe(
        length=(25, "epochs"),
        lr=1e-3,
        batch_size=32,
        every=(45, 225),
        model={"stages": 2, "channels": 32, "dropout": 0.1},
    ),
    "resnet": Recipe(
        length=(15, "epochs"),
        lr=3e-3,
        batch_size=32,
        every=(45, 225),
        model={"stages": 2, "blocks": 2, "channels": 16, "dropout": 0.0},
    ),
    "mlp": Recipe(
        length=(80, "epochs"),
        lr=2e-3,
        batch_size=32,
        every=(90, 900),
        model={"layers": 2, "width": 128, "dropout": 0.2},
    ),
    "mlp/tabular-classification": Recipe(
        length=(600, "steps"),
        lr=1e-3,
        batch_size=32,
        every=(30, 300),
        model={"layers": 2, "width": 64, "dropout": 0.2},
    ),
    "mlp/tabular-regression": Recipe(
        length=(500, "steps"),
        lr=2e-3,
        batch_size=32,
        every=(25, 250),
        model={"layers": 1, "width": 32, "dropout": 0.0},
    ),
    "tabular-transformer": Recipe(
        length=(400, "steps"),
        lr=1e-3,
        batch_size=32,
        every=(20, 200),
        model={"layers": 2, "heads": 4, "width": 32, "dropout": 0.1},
    ),
    "tabular-transformer/tabular-regression": Recipe(
        length=(400, "steps"),
        lr=1e-3,
        batch_size=32,
        every=(20, 200),
        model={"layers": 1, "heads": 4, "width": 32, "dropout": 0.1},
    ),
    "imported": Recipe(length=(1000, "steps"), lr=1e-3, batch_size=16, every=(100, 200)),
    "hugging-face": Recipe(length=(1000, "steps"), lr=5e-4, batch_size=16, every=(100, 200)),
    "in-memory": Recipe(length=(20, "epochs"), lr=1e-3, batch_size=32, every=(100, 200)),
}
QUICK_PROTOTYPE = {
    "gpt": replace(
        BASELINE["gpt"],
        length=(300, "steps"),
        every=(50, 100),
        model={"layers": 2, "heads": 2, "width": 96, "block_size": 64, "dropout": 0.0} | _EACH,
        warmup_steps=20,
        validation=(64, 128),
    ),
    "encoder": replace(
        BASELINE["encoder"],
        length=(250, "steps"),
        every=(50, 100),
        model={"layers": 2, "heads": 2, "width": 48, "dropout": 0.0},
        warmup_steps=20,
        validation=(256, 512),
    ),
    "encoder/token-classification": replace(
        BASELINE["encoder/token-classification"],
        length=(300, "steps"),
        every=(50, 100),
        model={"layers": 2, "heads": 2, "width": 48, "dropout": 0.0},
        warmup_steps=20,
        validation=(128, 256),
    ),
    "encoder/masked-lm": replace(
        BASELINE["encoder/masked-lm"],
        length=(300, "steps"),
        every=(50, 100),
        model={"layers": 2, "heads": 2, "width": 64, "dropout": 0.0},
        warmup_steps=20,
        validation=(128, 256),
    ),
    "seq2seq": replace(
        BASELINE["seq2seq"],
        length=(300, "steps"),
        every=(50, 100),
        model={"layers": 1, "heads": 2, "width": 96, "dropout": 0.0},
        warmup_steps=20,
        validation=(128, 128),
    ),
    "vit": replace(
        BASELINE["vit"],
        length=(8, "epochs"),
        every=(45, 90),
        model={"layers": 2, "heads": 2, "width": 32, "dropout": 0.0},
        warmup_steps=20,
    ),
    "cnn": replace(
        BASELINE["cnn"],
        length=(5, "epochs"),
        every=(45, 90),
        model={"stages": 2, "channels": 16, "dropout": 0.0},
        warmup_steps=20,
    ),
    "resnet": replace(
        BASELINE["resnet"],
        length=(4, "epochs"),
        every=(45, 90),
        model={"stages": 2, "blocks": 1, "channels": 8, "dropout": 0.0},
        warmup_steps=20,
    ),
    "mlp": replace(
        BASELINE["mlp"],
        length=(15, "epochs"),
        every=(45, 225),
        model={"layers": 1, "width": 64, "dropout": 0.0},
        warmup_steps=20,
    ),
    "mlp/tabular-classification": replace(
        BASELINE["mlp/tabular-classification"],
        length=(100, "steps"),
        every=(10, 50),
        model={"layers": 1, "width": 32, "dropout": 0.0},
        warmup_steps=10,
    ),
    "mlp/tabular-regression": replace(
        BASELINE["mlp/tabular-regression"],
        length=(100, "steps"),
        every=(10, 50),
        model={"layers": 1, "width": 16, "dropout": 0.0},
        warmup_steps=10,
    ),
    "tabular-transformer": replace(
        BASELINE["tabular-transformer"],
        length=(100, "steps"),
        every=(10, 50),
        model={"layers": 1, "heads": 2, "width": 16, "dropout": 0.0},
        warmup_steps=10,
    ),
    "tabular-transformer/tabular-regression": replace(
        BASELINE["tabular-transformer/tabular-regression"],
        length=(100, "steps"),
        every=(10, 50),
        model={"layers": 1, "heads": 2, "width": 16, "dropout": 0.0},
        warmup_steps=10,
    ),
    "imported": replace(
        BASELINE["imported"], length=(100, "steps"), every=(20, 40), warmup_steps=0
    ),
    "hugging-face": replace(
        BASELINE["hugging-face"], length=(100, "steps"), every=(20, 40), warmup_steps=0
    ),
    "in-memory": replace(
        BASELINE["in-memory"], length=(3, "epochs"), every=(20, 40), warmup_steps=0
    ),
}
PRODUCTION = {
    "gpt": replace(
        BASELINE["gpt"],
        length=(2500, "steps"),
        lr=2e-3,
        every=(125, 250),
        model={"layers": 4, "heads": 6, "width": 192, "block_size": 128, "dropout": 0.1} | _EACH,
        warmup_steps=100,
        validation=(64, None),
    ),
    "encoder": replace(
        BASELINE["encoder"],
        length=(3000, "steps"),
        lr=1e-3,
        every=(150, 300),
        model={"layers": 4, "heads": 4, "width": 96, "dropout": 0.1},
        warmup_steps=100,
        validation=(256, None),
    ),
    "encoder/token-classification": replace(
        BASELINE["encoder/token-classification"],
        length=(3000, "steps"),
        lr=2e-3,
        every=(150, 300),
        model={"layers": 4, "heads": 4, "width": 96, "dropout": 0.0},
        warmup_steps=100,
        validation=(128, None),
    ),
    "encoder/masked-lm": replace(
        BASELINE["encoder/masked-lm"],
        length=(4000, "steps"),
        lr=1e-3,
        every=(200, 400),
        model={"layers": 4, "heads": 6, "width": 192, "dropout": 0.1},
        warmup_steps=100,
        validation=(128, None),
    ),
    "seq2seq": replace(
        BASELINE["seq2seq"],
        length=(3000, "steps"),
        lr=1e-3,
        every=(150, 300),
        model={"layers": 3, "heads": 4, "width": 192, "dropout": 0.1},
        warmup_steps=100,
        validation=(128, None),
    ),
    "vit": replace(
        BASELINE["vit"],
        length=(120, "epochs"),
        every=(180, 360),
        model={"layers": 6, "heads": 4, "width": 96, "dropout": 0.1},
        warmup_steps=100,
    ),
    "cnn": replace(
        BASELINE["cnn"],
        length=(60, "epochs"),
        every=(90, 270),
        model={"stages": 3, "channels": 48, "dropout": 0.2},
        warmup_steps=100,
    ),
    "resnet": replace(
        BASELINE["resnet"],
        length=(40, "epochs"),
        every=(90, 270),
        model={"stages": 3, "blocks": 2, "channels": 24, "dropout": 0.1},
        warmup_steps=100,
    ),
    "mlp": replace(
        BASELINE["mlp"],
        length=(200, "epochs"),
        every=(225, 2250),
        model={"layers": 3, "width": 256, "dropout": 0.3},
        warmup_steps=100,
    ),
    "mlp/tabular-classification": replace(
        BASELINE["mlp/tabular-classification"],
        length=(1500, "steps"),
        lr=3e-4,
        every=(75, 750),
        model={"layers": 3, "width": 128, "dropout": 0.3},
        warmup_steps=100,
    ),
    "mlp/tabular-regression": replace(
        BASELINE["mlp/tabular-regression"],
        length=(1500, "steps"),
        lr=1e-3,
        every=(75, 750),
        model={"layers": 1, "width": 64, "dropout": 0.2},
        warmup_steps=100,
    ),
    "tabular-transformer": replace(
        BASELINE["tabular-transformer"],
        length=(1000, "steps"),
        lr=5e-4,
        every=(50, 500),
        model={"layers": 3, "heads": 4, "width": 64, "dropout": 0.2},
        warmup_steps=100,
    ),
    "tabular-transformer/tabular-regression": replace(
        BASELINE["tabular-transformer/tabular-regression"],
        length=(1000, "steps"),
        lr=5e-4,
        every=(50, 500),
        model={"layers": 2, "heads": 4, "width": 64, "dropout": 0.3},
        warmup_steps=100,
    ),
    "imported": replace(BASELINE["imported"], length=(4000, "steps")),
    "hugging-face": replace(BASELINE["hugging-face"], length=(4000, "steps")),
    "in-memory": replace(BASELINE["in-memory"], length=(60, "epochs")),
}
LOW_MEMORY = {
    kind: replace(
        recipe,
        batch_size=recipe.batch_size // 4,
        accumulate=4,
        validation=(16, recipe.validation[1]),
        keep_last=1,
    )
    for kind, recipe in BASELINE.items()
}
