"""Which files of a model of Hugging Face are taken, and whether they are what they seem."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from engine.errors import EngineError
from engine.models.imported.config_file import read_config
from engine.models.imported.library import CodeRefused

CONFIG = "config.json"
TOKENIZERS = ("tokenizer.json", "vocab.json", "vocab.txt", "tokenizer.model", "spiece.model")
"""Files that make a tokenizer; one of them is enough."""
_BESIDE_TOKENIZERS = ("merges.txt", "sentencepiece.bpe.model", "source.spm", "target.spm")
SAFE, PICKLED = "model.safetensors", "pytorch_model.bin"
_ADAPTER = "adapter_config.json"
SOURCE = "source.json"
"""The file in the library that says where the others are from."""

MOST_FILES = 300
MOST_SMALL_BYTES = 100_000_000
"""Of any file but weights."""
MOST_BYTES = 50_000_000_000
"""Of all files together."""
_MOST_HEADER = 100_000_000
_REFUSED = ("quantization_config", "kernel_config", "fusion_config", "transformers_weights")
"""Settings in a config.json that would load something else than the files' own numbers."""


class ModelRefused(EngineError):
    """A model of Hugging Face that is not taken, or not run."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")
        self.reason = reason


def chosen(
    sizes: Mapping[str, int], indices: Mapping[str, bytes], *, pickled: bool, code: bool
) -> list[str]:
    """The files of a folder that make the model, in order; the others are left where they are.

    `indices` are the contents of the files that name the parts of weights.

    Raises:
        ModelRefused: when there is no config.json, the weights are pickled, a part of them is
            missing, or there is too much.
    """
    if CONFIG not in sizes:
        raise _no_config(sizes)
    small = [name for name in sizes if _is_small(name) or (code and name.endswith(".py"))]
    taken = sorted({*small, *_weights(sizes, indices, pickled=pickled)})
    _refuse_masses(taken, sizes)
    return taken


def index_names(names: Iterable[str]) -> list[str]:
    """Those of the files that name the parts of weights."""
    indices = (f"{SAFE}.index.json", f"{PICKLED}.index.json")
    return [name for name in indices if name in names]


def read_settings(data: bytes) -> dict[str, JsonValue]:
    """What a config.json says.

    Raises:
        ModelRefused: when it is damaged, or asks for what is not done here.
    """
    try:
        config = read_config(data)
    except CodeRefused as error:
        raise ModelRefused("The model", str(error)) from None
    if not isinstance(config.get("model_type"), str):
        raise ModelRefused(CONFIG, "it does not say its model_type, such as 'gpt2'")
    for name in _REFUSED:
        if config.get(name):
            reason = f"it has a {name}, which is not supported; remove it, or take another model"
            raise ModelRefused(CONFIG, reason)
    _refuse_code_elsewhere(config)
    return config


def _refuse_code_elsewhere(config: Mapping[str, JsonValue]) -> None:
    """Consent is for the files that lie beside a config.json; it may name no others."""
    code = json.dumps(config.get("auto_map", ""), ensure_ascii=False)
    if "--" in code:
        raise ModelRefused(CONFIG, "its auto_map names code in another repository of the hub")
    if "/" in code or "\\" in code:
        raise ModelRefused(CONFIG, "its auto_map names code in another folder")
    for name in ("attn_implementation", "_attn_implementation"):
        if "/" in str(config.get(name, "")):
            raise ModelRefused(CONFIG, f"its {name} names code on the hub; remove it")


def needs_code(config: Mapping[str, JsonValue]) -> bool:
    """Whether a model brings Python code of its own along."""
    return bool(config.get("auto_map"))


def parameters_in(path: Path) -> int:
    """The numbers in a file of safetensors, from its header alone.

    Raises:
        ModelRefused: when it is damaged.
    """
    try:
        with path.open("rb") as file:
            header = _header(file.read(8), file.read, path.stat().st_size)
        return sum(math.prod(entry["shape"]) for entry in header)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, struct.error) as error:
        reason = f"this is no whole file of safetensors ({error}). Get it again."
        raise ModelRefused(path.name, reason) from None


def _header(start: bytes, read: Any, size: int) -> list[dict[str, Any]]:
    """The entries of a header, whose tensors must fill the rest of the file."""
    (length,) = struct.unpack("<Q", start)
    if length > min(_MOST_HEADER, size - 8):
        raise ValueError("its header is longer than the file")
    header = json.loads(read(length))
    entries = [entry for name, entry in header.items() if name != "__metadata__"]
    end = max((entry["data_offsets"][1] for entry in entries), default=0)
    if 8 + length + end != size:
        raise ValueError("it is not as long as its header says")
    return entries


def _is_small(name: str) -> bool:
    if name in (SOURCE, _ADAPTER) or name.startswith("."):
        return False
    if name.endswith(".index.json"):
        return False
    return name.endswith(".json") or name in (*TOKENIZERS, *_BESIDE_TOKENIZERS)


def _weights(
    sizes: Mapping[str, int], indices: Mapping[str, bytes], *, pickled: bool
) -> Iterator[str]:
    """The files of the weights; none where there are none."""
    for single in (SAFE, PICKLED):
        index = f"{single}.index.json"
        if single not in sizes and index not in sizes:
            continue
        if single == PICKLED and not pickled:
            raise ModelRefused(
                single,
                "these weights are pickled, and such files can hold code. Take a model that has "
                "model.safetensors, or allow pickled weights: they are then read by PyTorch's "
                "restricted reader, which refuses code.",
            )
        if single in sizes:
            yield single
            return
        yield index
        yield from _parts(index, indices[index], sizes)
        return


def _parts(index: str, data: bytes, sizes: Mapping[str, int]) -> list[str]:
    try:
        parts = sorted(set(json.loads(data)["weight_map"].values()))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ModelRefused(index, f"it does not name the parts of the weights ({error})") from None
    for part in parts:
        if not isinstance(part, str) or part not in sizes:
            raise ModelRefused(index, f"it names {str(part)[:80]!r}, which is not there")
        if part.endswith((".json", ".py")):
            raise ModelRefused(index, f"it names {part[:80]!r} as weights")
    return parts


def _refuse_masses(taken: list[str], sizes: Mapping[str, int]) -> None:
    if len(taken) > MOST_FILES:
        raise ModelRefused("The model", f"it has more than {MOST_FILES} files")
    for name in taken:
        large = name.endswith((".safetensors", ".bin"))
        if not large and sizes[name] > MOST_SMALL_BYTES:
            megabytes = MOST_SMALL_BYTES // 1_000_000
            raise ModelRefused(name, f"it is larger than {megabytes} MB, and holds no weights")
    total = sum(sizes[name] for name in taken)
    if total > MOST_BYTES:
        reason = f"its files have {total / 1e9:,.0f} GB; at most {MOST_BYTES / 1e9:,.0f} are taken"
        raise ModelRefused("The model", reason)


def _no_config(sizes: Mapping[str, int]) -> ModelRefused:
    if _ADAPTER in sizes:
        reason = (
            "it holds an adapter (adapter_config.json), not a model. Merge it into its model "
            "first, or bring in that model and train an adapter on it here."
        )
        return ModelRefused("The folder", reason)
    there = ", ".join(sorted(sizes)[:6]) or "nothing"
    reason = f"there is no {CONFIG} in it, which every model of transformers has; there is: {there}"
    return ModelRefused("The folder", reason)
