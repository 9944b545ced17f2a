"""Whether prepared texts suit the model that is to read them."""

from __future__ import annotations

from collections.abc import Iterator

from engine.checks.finding import Case, Check, Finding, error, warning
from engine.data.library.spec import DatasetSpec
from engine.models.specs import GPTSpec, HuggingFaceModel, ImportedModel

_MUCH_CUT, _MUCH_UNKNOWN = 0.2, 0.05
"""Shares of the training tokens from which on somebody probably did not mean it."""


def context_for_samples(case: Case) -> Iterator[Finding]:
    model, found = case.spec.model, case.facts.tokens_per_sample
    if found is None or not isinstance(case.spec.data, DatasetSpec):
        return
    if isinstance(model, GPTSpec | HuggingFaceModel) and model.block_size < found:
        yield error(
            "model.block_size",
            f"is shorter than the samples of the data, which have up to {found:,} tokens",
            model.block_size,
            f"Use {found}, or a length of texts (data.text.length) of {model.block_size}.",
        )


def padding_for_model(case: Case) -> Iterator[Finding]:
    facts, model = case.facts, case.spec.model
    if facts.padded and facts.padding_token and isinstance(model, ImportedModel):
        yield error(
            "data.text.tokenizer",
            "fills short samples up with another token than 0, which is the one that masks of "
            "imported models leave out",
            facts.padding_token,
            "Cut the texts into blocks (windows), or choose a tokenizer that is learned here.",
        )


def much_cut_off(case: Case) -> Iterator[Finding]:
    share = case.facts.cut_share
    if share is not None and share > _MUCH_CUT:
        yield warning(
            "data.text.length",
            f"leaves out {share:.0%} of the training tokens",
            case.facts.tokens_per_sample or "",
            "Use longer samples, windows, or a tokenizer with a larger vocabulary.",
        )


def much_unknown(case: Case) -> Iterator[Finding]:
    share = case.facts.unknown_share
    if share is not None and share > _MUCH_UNKNOWN:
        yield warning(
            "data.text.tokenizer",
            f"does not know {share:.0%} of the training tokens",
            "",
            "Use a larger vocabulary, fewer occurrences, or a tokenizer of bytes (byte, bpe, "
            "unigram), which knows every text.",
        )


CHECKS: tuple[Check, ...] = (
    context_for_samples,
    padding_for_model,
    much_cut_off,
    much_unknown,
)
