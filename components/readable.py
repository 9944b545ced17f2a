"""Words and numbers as people read them."""

from __future__ import annotations

import math
from decimal import Decimal

NAMES = {
    "causal-lm": "Predict text",
    "masked-lm": "Fill in text",
    "sequence-classification": "Classify texts",
    "multi-label-classification": "Label texts",
    "token-classification": "Label characters",
    "seq2seq": "Sequence to sequence",
    "image-classification": "Classify images",
    "tabular-classification": "Classify table rows",
    "tabular-regression": "Predict numbers",
    "mse": "Mean squared error",
    "ema": "Moving average (EMA)",
    "gpt": "GPT",
    "layernorm": "LayerNorm",
    "rmsnorm": "RMSNorm",
    "gelu": "GELU",
    "swiglu": "SwiGLU",
    "encoder": "Text encoder",
    "vit": "Vision transformer",
    "cnn": "Convolutional net",
    "resnet": "Residual net (ResNet)",
    "mlp": "Perceptron (MLP)",
    "imported": "Imported code",
    "hugging-face": "Hugging Face",
    "lora": "LoRA",
    "full": "All weights",
    "python-docs": "Python docs",
    "masked-docs": "Python docs, masked",
    "restore-docs": "Python docs, to restore",
    "python-tokens": "Python code, tokens",
    "python-keywords": "Python code, keywords",
    "python-constructs": "Python code, constructs",
    "digits": "Handwritten digits",
    "adamw": "AdamW",
    "sgd": "SGD",
    "rmsprop": "RMSprop",
    "nadam": "NAdam",
    "radam": "RAdam",
    "one-cycle": "One cycle",
    "inverse-sqrt": "Inverse square root",
    "warmup-stable-decay": "Warmup, stable, decay",
    "range-test": "Learning-rate range test",
    "match_rms_adamw": "As AdamW",
    "sqrt": "Square root",
    "cpu": "CPU",
    "cuda": "NVIDIA GPU",
    "mps": "Apple GPU",
}
"""What is shown for the values of choices; others are shown with a capital letter."""


def choice(value: str) -> str:
    """The name to show for a value that is chosen from a list."""
    if value in NAMES or "/" in value or any(letter.isdigit() for letter in value):
        return NAMES.get(value, value)
    return value.replace("-", " ").replace("_", " ").capitalize()


def shortest(number: float) -> str:
    """The shortest text that reads back as the same number: 3e-4, 0.01, 1."""
    if not math.isfinite(number) or number == 0:
        return f"{number:g}"
    sign, digits, exponent = Decimal(repr(number)).normalize().as_tuple()
    assert isinstance(exponent, int)
    mantissa, power = "".join(map(str, digits)), exponent + len(digits) - 1
    if -3 < power < 5:
        return f"{Decimal(repr(number)).normalize():f}"
    fraction = f".{mantissa[1:]}" if mantissa[1:] else ""
    return f"{'-' if sign else ''}{mantissa[0]}{fraction}e{power}"


def count(number: float) -> str:
    """A number of things in three digits: 817, 12.3k, 1.20M."""
    for limit, letter in ((1e9, "B"), (1e6, "M"), (1e4, "k")):
        if number >= limit:
            scaled = number / (1e3 if letter == "k" else limit)
            return f"{scaled:.{max(0, 2 - int(math.log10(scaled)))}f}{letter}"
    return f"{number:,.0f}"


def flops(number: float) -> str:
    """A number of floating-point operations: 817 FLOPs, 12.3 MFLOPs, 1.2 GFLOPs."""
    for limit, letter in ((1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= limit:
            return f"{number / limit:.3g} {letter}FLOPs"
    return f"{number:.0f} FLOPs"


def size(number: float) -> str:
    """A number of bytes: 12 kB, 3.4 MB, 1.2 GB."""
    for limit, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if number >= limit:
            scaled = number / limit
            return f"{scaled:.{1 if scaled < 10 else 0}f} {unit}"
    return f"{number:.0f} B"


def duration(seconds: float) -> str:
    """A time: 12 s, 3 min 20 s, 5 h 3 min."""
    if seconds < 60:
        return f"{seconds:.0f} s" if seconds >= 1 else "under 1 s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest and minutes < 10 else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"
