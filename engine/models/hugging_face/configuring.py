"""The configuration of a model of transformers: of the files or the architecture, then what the
user has set, then what follows from the data."""

from __future__ import annotations

import atexit
import difflib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from engine.data.specs import DataFacts
from engine.errors import BadInput, EngineError, Problem
from engine.models.hugging_face.files import CONFIG, read_settings
from engine.models.hugging_face.spec import FromFiles, Head, Origin

_PATH = "model.origin.config"
_CLASSIFIES = ("SequenceClassification", "TokenClassification", "ImageClassification")
_PATCHED = ("vit", "deit", "beit", "data2vec-vision", "dinov2", "vit_msn", "vit_mae", "yolos")
"""Architectures that cut an image into patches and refuse a rest."""
_MOST_NAMES = 20


def configured(
    origin: Origin, head: Head, facts: DataFacts, folder: Path | None, *, stored: bool
) -> Any:
    """The configuration for this data; with `stored` weights the vocabulary stays as they have it.

    Raises:
        BadInput: for an unknown architecture, unknown settings, and values that are not allowed.
    """
    kind, settings = _of_origin(origin, folder)
    wanted = _translated(kind, origin.config, settings) | _of_data(kind, head, facts)
    if stored and "vocab_size" in settings:
        wanted["vocab_size"] = settings["vocab_size"]
        wanted["pad_token_id"] = None  # it may stand for a row that is still to be added
    with _refused_in_words():
        config = kind.from_dict({**settings, **wanted})
    config.name_or_path = str(folder or "")  # where code that came with the files is looked for
    if config.architectures is None:
        config.architectures = []  # kinds with two classes for a head look into it
    _refuse_shared_heads(config)
    _refuse_patches(config, facts)
    if head == "CausalLM" and hasattr(config, "is_decoder"):
        config.is_decoder = True  # else the family of BERT sees the tokens that it is to predict
    return config


def _of_origin(origin: Origin, folder: Path | None) -> tuple[Any, dict[str, Any]]:
    """The class of the configuration, and the settings in the files."""
    from transformers import AutoConfig
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    if isinstance(origin, FromFiles):
        assert folder is not None
        settings = dict(read_settings((folder / CONFIG).read_bytes()))
        if origin.trust_remote_code:
            _keep_code_apart()
            with _refused_in_words():
                known = AutoConfig.from_pretrained(
                    folder, trust_remote_code=True, local_files_only=True
                )
            return type(known), settings
        model_type, path = str(settings["model_type"]), "model.origin.content"
    else:
        settings, model_type, path = {}, origin.model_type, "model.origin.model_type"
    if model_type not in CONFIG_MAPPING:
        near = difflib.get_close_matches(model_type, list(CONFIG_MAPPING), 3, 0.5)
        coded = bool(settings.get("auto_map"))
        remedy = (
            f"Did you mean {' or '.join(map(repr, near))}?" if near and not coded else _other(coded)
        )
        message = "no architecture that this version of transformers knows"
        raise BadInput([Problem(path, message, repr(model_type), remedy)])
    return CONFIG_MAPPING[model_type], settings


def _keep_code_apart() -> None:
    """Let transformers put code that came with files into a folder that is gone with the process,
    not below the user's home."""
    from transformers import dynamic_module_utils

    folder = TemporaryDirectory(prefix="traindeck-modules-")
    dynamic_module_utils.HF_MODULES_CACHE = folder.name
    atexit.register(folder.cleanup)


def _other(coded: bool) -> str:
    if coded:
        return "The model has code of its own: bring it in with that code, and trust it."
    return "Names are those of transformers, such as 'gpt2', 'bert' or 'vit'."


def _translated(
    kind: Any, wanted: Mapping[str, Any], settings: Mapping[str, Any]
) -> dict[str, Any]:
    """The user's settings by the architecture's own names.

    Raises:
        BadInput: for settings that it does not have.
    """
    names: Mapping[str, str] = kind.attribute_map
    usual = _usual(kind)
    problems = []
    for name in wanted:
        if names.get(name, name) not in usual and name not in settings:
            problems.append(_unknown(name, kind, {*usual, *names}))
    if problems:
        raise BadInput(problems)
    return {names.get(name, name): value for name, value in wanted.items()}


def _usual(kind: Any) -> dict[str, Any]:
    """All settings of an architecture and their usual values."""
    with _refused_in_words():
        usual: dict[str, Any] = kind().to_dict()
    return usual


def _unknown(name: str, kind: Any, known: set[str]) -> Problem:
    near = difflib.get_close_matches(name, sorted(known), 3, 0.5)
    own = [n for n in sorted(known) if any(word in n for word in ("size", "num", "layer", "depth"))]
    there = near or own[:_MOST_NAMES]
    remedy = f"There is {', '.join(map(repr, there))}." if there else ""
    return Problem(f"{_PATH}.{name}", f"{kind.model_type} has no such setting", remedy=remedy)


def _of_data(kind: Any, head: Head, facts: DataFacts) -> dict[str, Any]:
    """What follows from the data, by the architecture's own names."""
    usual, names = _usual(kind), kind.attribute_map
    found: dict[str, Any] = {"dtype": "float32"}
    if facts.vocabulary_size is not None:
        found["vocab_size"] = facts.vocabulary_size
        found["pad_token_id"] = facts.padding_token if facts.padded else None
    if head in _CLASSIFIES and facts.outputs is not None:
        labels = facts.classes or tuple(map(str, range(facts.outputs)))
        found["id2label"] = dict(enumerate(labels))
        found["label2id"] = {label: number for number, label in enumerate(labels)}
    if facts.image_shape is not None:
        channels, height, width = facts.image_shape
        image = height if height == width else [height, width]
        sizes = {"num_channels": channels, "image_size": image}
        found |= {name: value for name, value in sizes.items() if names.get(name, name) in usual}
    return {names.get(name, name): value for name, value in found.items()}


def _refuse_shared_heads(config: Any) -> None:
    """Raises BadInput where heads cannot share those of keys and values, as modules do not."""
    heads, shared = (
        getattr(config, f"num_{kind}_heads", None) for kind in ("attention", "key_value")
    )
    if isinstance(heads, int) and isinstance(shared, int) and shared > 0 and heads % shared:
        fitting = ", ".join(str(n) for n in range(1, heads + 1) if heads % n == 0)
        message = f"{heads} attention heads cannot share so many heads of keys and values evenly"
        path = f"{_PATH}.num_key_value_heads"
        raise BadInput([Problem(path, message, str(shared), f"Set it to one of {fitting}.")])


def _refuse_patches(config: Any, facts: DataFacts) -> None:
    """Raises BadInput where the patches of a vision transformer do not divide the images."""
    patch = getattr(config, "patch_size", None)
    if facts.image_shape is None or not isinstance(patch, int) or config.model_type not in _PATCHED:
        return
    _, height, width = facts.image_shape
    if height % patch or width % patch:
        fitting = [n for n in range(1, min(height, width) + 1) if not (height % n or width % n)]
        message = f"does not divide the images of {height}x{width} pixels"
        remedy = f"Set it to one of {', '.join(map(str, fitting))}."
        raise BadInput([Problem(f"{_PATH}.patch_size", message, str(patch), remedy)])


def refuse_length(config: Any, facts: DataFacts, first: int) -> None:
    """Do nothing if positions, counted from `first`, go as far as the samples.

    Raises:
        BadInput: when they do not.
    """
    lengths = [n for n in (facts.tokens_per_sample, facts.target_tokens) if n is not None]
    most = getattr(config, "max_position_embeddings", None)
    if not lengths or not isinstance(most, int) or most < 1 or max(lengths) + first <= most:
        return
    path = f"{_PATH}.max_position_embeddings"
    message = f"is too small for samples of {max(lengths):,} tokens"
    remedy = f"Use shorter samples or, with random weights, at least {max(lengths) + first:,}."
    raise BadInput([Problem(path, message, f"{most:,}", remedy)])


@contextmanager
def _refused_in_words() -> Iterator[None]:
    """What transformers says of a configuration, as a problem of the settings."""
    from huggingface_hub.errors import StrictDataclassError

    try:
        yield
    except EngineError:
        raise
    except StrictDataclassError as error:
        text = str(error).strip().splitlines()[-1].strip()
        raise BadInput([Problem(_PATH, text)]) from None
    except (ValueError, TypeError, AttributeError, KeyError, ImportError, OSError) as error:
        text = " ".join(str(error).split())[:400]
        message = f"transformers refuses the configuration: {text}"
        raise BadInput([Problem(_PATH, message)]) from None
