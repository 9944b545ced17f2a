"""The arguments that a model is built with: from its config.json, the data, or its own defaults."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from pydantic import JsonValue

from engine.data.specs import DataFacts
from engine.models.imported.inspection import Candidate, Inspection
from engine.models.imported.spec import ImportedModel
from engine.models.imported.syntax import Parameter

From = Literal["config", "data", "default", "missing"]

_GROUPS = tuple(
    tuple(names.split())
    for names in (
        "vocab_size n_vocab vocabulary_size num_tokens num_embeddings ntoken",
        "d_model n_embd hidden_size width embed_dim emb_dim dim model_dim embedding_dim emb_size "
        "n_embed hidden_dim d_hidden hidden hidden_units",
        "num_layers n_layer n_layers num_hidden_layers layers depth nlayers",
        "nhead num_heads n_head n_heads heads num_attention_heads",
        "max_seq_len block_size max_position_embeddings max_len n_positions seq_len "
        "context_length max_length n_ctx context_size sequence_length max_seq_length",
        "num_classes n_classes num_labels classes nclass n_labels num_outputs",
        "dim_feedforward d_ff intermediate_size ffn_dim n_inner mlp_dim ff_dim",
        "dropout p_dropout dropout_rate drop_rate hidden_dropout_prob p_drop",
        "in_channels channels num_channels in_chans input_channels in_ch",
        "image_size img_size input_resolution",
        "in_features input_dim input_size n_features num_features in_dim d_in",
        "out_features output_dim output_size out_dim d_out n_out num_out",
        "src_vocab_size src_vocab input_vocab_size encoder_vocab_size src_ntoken",
        "tgt_vocab_size tgt_vocab target_vocab_size decoder_vocab_size trg_vocab_size",
    )
)
"""Names for the same thing."""
_WHOLE = "The whole config.json."
_CONFIG_NAMES = ("config", "cfg", "args", "hparams", "params", "opt", "model_config")


@dataclass(frozen=True, slots=True)
class Match:
    """One argument and where its value is from; the user can set another."""

    name: str
    value: JsonValue
    source: From
    said: str
    """Where the value is from, as a sentence; for a missing one what is needed."""
    annotation: str = ""
    warning: str = ""
    """What does not agree with the data, with both numbers."""
    default: str = ""
    """What the code takes by itself, as it is written; empty for nothing."""
    required: bool = False
    """Whether the code takes nothing by itself."""


@dataclass(frozen=True, slots=True)
class Matched:
    """All arguments of a model."""

    matches: tuple[Match, ...]
    config_class: str = ""
    """The class of the code that holds the arguments."""
    unused: tuple[str, ...] = ()
    """Names of the config.json that nothing is made from."""
    takes_all: bool = False
    """Whether it takes arguments of any name (`**kwargs`)."""

    @property
    def missing(self) -> tuple[Match, ...]:
        return tuple(match for match in self.matches if match.source == "missing")

    @property
    def arguments(self) -> dict[str, JsonValue]:
        """What the model is called with: not what it has by itself."""
        return {m.name: m.value for m in self.matches if m.source in ("config", "data")}


def matched(
    candidate: Candidate,
    inspection: Inspection,
    config: Mapping[str, JsonValue],
    facts: DataFacts | None,
) -> Matched:
    """Fill in the arguments of a class or function."""
    parameters, config_class = _to_fill(candidate, inspection)
    settings = _flat(config)
    matches = [_match(p, settings, facts, bool(config_class)) for p in parameters if not p.starred]
    takes_all = any(p.starred for p in parameters)
    taken = {key for match in matches for key in _keys(match.name, settings)}
    left = tuple(key for key in settings if key not in taken)
    if takes_all and not config_class:
        plain = [key for key in left if key.isidentifier()]
        known = {match.name for match in matches}
        matches += [
            Match(key, settings[key], "config", "From config.json.")
            for key in plain
            if key not in known and not _is_about(key)
        ]
        left = tuple(key for key in left if _is_about(key))
    whole = any(match.said == _WHOLE for match in matches)
    unused = () if whole else tuple(key for key in left if not _is_about(key))
    return Matched(tuple(matches), config_class, unused, takes_all)


def as_spec(
    code: str, candidate: Candidate, found: Matched, *, block_size: int | None = None
) -> ImportedModel:
    """The model's document with what was found; change it through validation."""
    document: dict[str, Any] = {
        "code": code,
        "file": candidate.file,
        "entry": candidate.name,
        "arguments": found.arguments,
        "config_class": found.config_class,
    }
    length = block_size or context_of(found)
    return ImportedModel.parse(document | ({"block_size": length} if length else {}))


def context_of(found: Matched) -> int | None:
    """The length of text that the arguments say the model reads; None where they say nothing."""
    return length_in({match.name: match.value for match in found.matches})


def length_in(arguments: Mapping[str, JsonValue]) -> int | None:
    """The shortest length of text among arguments; None where there is none."""
    names = _group_of("block_size")
    values = [value for name, value in arguments.items() if name in names]
    lengths = [v for v in values if isinstance(v, int) and not isinstance(v, bool) and v > 0]
    return min(lengths) if lengths else None


def _to_fill(candidate: Candidate, inspection: Inspection) -> tuple[Sequence[Parameter], str]:
    """The arguments to fill, and the class of the code that they are handed over in."""
    wanted = [p for p in candidate.parameters if not p.starred and p.required]
    if len(wanted) == 1:
        named = re.findall(r"\w+", wanted[0].annotation)
        found = next((name for name in reversed(named) if name in inspection.configs), "")
        if not found and wanted[0].name in _CONFIG_NAMES:
            configs = [name for name in inspection.configs if "onfig" in name or "Args" in name]
            found = configs[0] if len(configs) == 1 else ""
        if found:
            return inspection.configs[found], found
    return candidate.parameters, ""


def _match(
    parameter: Parameter,
    settings: Mapping[str, JsonValue],
    facts: DataFacts | None,
    in_config: bool,
) -> Match:
    name = parameter.name
    known = known_of(name, facts)
    blank = Match(
        name=name,
        value=None,
        source="missing",
        said="",
        annotation=parameter.annotation,
        default=parameter.default,
        required=parameter.required,
    )
    for key in _keys(name, settings):
        said = "From config.json." if key == name else f"From config.json, where it is {key!r}."
        wrong = _other_than(f"config.json says {name} =", name, settings[key], known)
        return replace(blank, value=settings[key], source="config", said=said, warning=wrong)
    if known is not None:
        value, what = known
        return replace(blank, value=value, source="data", said=f"From the data: {what}.")
    if name in _CONFIG_NAMES and not in_config and parameter.required and settings:
        return replace(blank, value=dict(settings), source="config", said=_WHOLE)
    if parameter.required:
        kind = f" ({parameter.annotation})" if parameter.annotation else ""
        said = f"Neither config.json nor the data says what {name}{kind} is. Fill it in."
        return replace(blank, said=said)
    said = f"The code's own default: {parameter.default}."
    return replace(blank, value=parameter.literal, source="default", said=said)


def _keys(name: str, settings: Mapping[str, JsonValue]) -> Iterator[str]:
    """Names in the configuration that mean the argument: its own first."""
    if name in settings:
        yield name
        return
    group = _group_of(name)
    yield from (key for key in group if key != name and key in settings)


def _group_of(name: str) -> tuple[str, ...]:
    for group in _GROUPS:
        if name in group:
            return group
    return ()


Known = tuple[JsonValue, str]
"""A value and what of the data it is."""


def _vocabulary(facts: DataFacts) -> Known | None:
    size = facts.vocabulary_size
    return None if size is None else (size, f"{size:,} different tokens")


def _classes(facts: DataFacts) -> Known | None:
    if facts.classes is None:
        return None
    return len(facts.classes), f"{len(facts.classes):,} classes"


def _outputs(facts: DataFacts) -> Known | None:
    count = facts.outputs
    if count is None or facts.classes is not None:
        return _classes(facts)
    return count, "one number to predict" if count == 1 else f"{count:,} numbers to predict"


def _length(facts: DataFacts) -> Known | None:
    tokens = max(facts.tokens_per_sample or 0, facts.target_tokens or 0)
    return (tokens, f"{tokens:,} tokens a sample") if tokens else None


def _channels(facts: DataFacts) -> Known | None:
    shape = facts.image_shape
    return None if shape is None else (shape[0], f"images of {shape[0]} channels")


def _side(facts: DataFacts) -> Known | None:
    shape = facts.image_shape
    if shape is None or shape[1] != shape[2]:
        return None
    return shape[1], f"images of {shape[1]} by {shape[2]} pixels"


def _inputs(facts: DataFacts) -> Known | None:
    if facts.features is not None:
        return len(facts.features), f"{len(facts.features):,} columns"
    if facts.image_shape is None:
        return _vocabulary(facts)
    count = math.prod(facts.image_shape)
    return count, f"images of {count:,} numbers"


_FROM_DATA: dict[str, Callable[[DataFacts], Known | None]] = {
    "vocab_size": _vocabulary,
    "src_vocab_size": _vocabulary,
    "tgt_vocab_size": _vocabulary,
    "num_classes": _classes,
    "out_features": _outputs,
    "max_seq_len": _length,
    "in_channels": _channels,
    "image_size": _side,
    "in_features": _inputs,
}
"""The first name of a group of aliases -> what the data says of it."""
_AT_LEAST = ("vocab_size", "src_vocab_size", "tgt_vocab_size", "max_seq_len")
"""What may be larger than the data needs."""


def known_of(name: str, facts: DataFacts | None) -> Known | None:
    """What the data says of an argument, by its name; None for nothing."""
    if facts is None:
        return None
    return next((found(facts) for key, found in _FROM_DATA.items() if _means(name, key)), None)


def _means(name: str, key: str) -> bool:
    return name == key or key in _group_of(name)


def disagreement(name: str, value: JsonValue, facts: DataFacts | None) -> str:
    """What an argument and the data say otherwise, with both numbers; empty for nothing."""
    return _other_than(f"{name} is", name, value, known_of(name, facts))


def _other_than(begun: str, name: str, value: JsonValue, known: Known | None) -> str:
    if known is None or isinstance(value, bool) or not isinstance(value, int):
        return ""
    wanted, what = known
    assert isinstance(wanted, int)
    enough = any(_means(name, key) for key in _AT_LEAST) and value >= wanted
    if value == wanted or enough:
        return ""
    return f"{begun} {value:,}, and the data has {what}."


def _flat(config: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """The settings; those inside of `model` or `config`, where builders put them, come first."""
    flat: dict[str, JsonValue] = {}
    for group in ("model", "model_config", "config", "hyperparameters", "params"):
        inner = config.get(group)
        if isinstance(inner, dict):
            flat |= inner
    return {**config, **flat}


def _is_about(key: str) -> bool:
    """Whether a setting tells of the model and not how it is built."""
    return key.startswith("_") or key in (
        "architectures",
        "model_type",
        "torch_dtype",
        "transformers_version",
        "name",
        "model_name",
        "description",
        "version",
        "model",
        "model_config",
        "config",
        "hyperparameters",
        "params",
    )
