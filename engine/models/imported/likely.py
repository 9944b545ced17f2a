"""Which data code is probably for, by the names in it: a guess to begin with."""

from __future__ import annotations

from collections.abc import Iterator

from engine.models.imported.inspection import Candidate, Inspection

_WORDS = {
    "image": "in_channels in_chans in_ch input_channels num_channels image_size img_size "
    "input_resolution patch_size pixel_values image images img imgs Conv2d MaxPool2d AvgPool2d "
    "AdaptiveAvgPool2d BatchNorm2d",
    "text": "vocab_size n_vocab vocabulary_size num_tokens num_embeddings ntoken src_vocab_size "
    "src_vocab tgt_vocab_size tgt_vocab input_ids attention_mask idx tokens token_ids block_size "
    "max_seq_len context_length n_ctx src Embedding nhead n_head",
    "table": "in_features input_dim n_features num_features in_dim d_in features out_features",
    "decoder": "tgt trg decoder_input_ids decoder_inputs dec_input dec_inputs",
    "classes": "num_classes n_classes num_labels classes nclass n_labels num_outputs",
}
_NAMES = {kind: frozenset(words.split()) for kind, words in _WORDS.items()}
"""What names of arguments and layers point to."""
_BASES = frozenset(("torch", "nn", "Module"))


def likely_data(found: Inspection, candidate: Candidate) -> str | None:
    """The bundled data that a model is probably for; None where nothing points to any."""
    named = frozenset(_names(found, candidate))
    weights = {kind: len(named & _NAMES[kind]) for kind in ("image", "text", "table")}
    weights["image"] *= 2  # text models have few of these names, image models few at all
    kind = max(weights, key=lambda name: weights[name])
    if not weights[kind]:
        return None
    if kind == "image":
        return "digits"
    if kind == "table":
        return "breast-cancer"
    if named & _NAMES["decoder"]:
        return "restore-docs"
    return "python-keywords" if named & _NAMES["classes"] else "python-docs"


def _names(found: Inspection, candidate: Candidate) -> Iterator[str]:
    """Of arguments, configurations and layers; those of torch's own classes among them."""
    for parameter in (*candidate.parameters, *(candidate.forward or ())):
        yield parameter.name
    for fields in found.configs.values():
        yield from (field.name for field in fields)
    for file in found.files:
        for seen in file.classes:
            yield from seen.uses - _BASES
