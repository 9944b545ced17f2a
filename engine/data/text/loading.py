"""From texts to what a run trains on: tokens, their facts, and how samples are cut. No torch."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np

from engine.data.loaded import Arrays, LoadedData, Masking, text_samples
from engine.data.progress import Progress, silent
from engine.data.specs import DataFacts
from engine.data.text.layout import Layout, packed_blocks
from engine.data.text.preparation import TextPreparation
from engine.data.text.prepared import PreparedTexts, prepared_texts
from engine.data.text.preparing import Wanted
from engine.data.text.rows import TextSplits
from engine.data.text.summary import Summary
from engine.data.text.tokenizer import Tokenizer
from engine.errors import BadInput, Problem
from engine.task_spec import TaskKind


def load_texts(
    splits: TextSplits,
    how: TextPreparation,
    task: TaskKind,
    root: Path,
    progress: Progress = silent,
    *,
    classes: tuple[str, ...] | None = None,
) -> LoadedData:
    """The texts of a data set, prepared in a folder below `root` unless they are already.

    Raises:
        BadInput: for a preparation that does not go with the task.
        NoRoom: when the disk is full.
        EngineError: when no tokenizer can be made.
    """
    misfits = how.misfits(task)
    if misfits:
        raise BadInput([Problem(f"data.text.{name}", why) for name, why in misfits.items()])
    several = task == "multi-label-classification"
    wanted = Wanted(splits, how, task, len(classes or ()) if several else 0)
    return loaded_texts(prepared_texts(root, wanted, progress), wanted, classes)


def loaded_texts(
    prepared: PreparedTexts, wanted: Wanted, classes: tuple[str, ...] | None = None
) -> LoadedData:
    """What lies in a folder, as a run trains on it."""
    layout = layout_of(wanted, prepared.tokenizer)
    train, val = prepared.arrays("train"), prepared.arrays("val")
    cut_share = _cut_share(prepared, layout)
    return LoadedData(
        train,
        val,
        _facts(prepared, layout, (train, val), classes, cut_share),
        prepared.tokenizer,
        masking=_masking(wanted, layout, prepared.tokenizer),
        layout=layout,
        prepared=prepared,
        notes=_notes(prepared, layout, cut_share),
    )


def layout_of(wanted: Wanted, tokenizer: Tokenizer) -> Layout:
    """How samples are cut, with the numbers of this tokenizer's special tokens."""
    how, task, specials = wanted.how, wanted.task, tokenizer.special_tokens
    return Layout(
        task=task,
        length=how.length,
        target_length=how.target_length or how.length,
        cut=how.cut,
        keep=how.keep,
        framed=how.framed and task != "causal-lm",
        padding=specials.get("padding", specials["end"]),
        begin=specials["begin"],
        end=specials["end"],
        mask=tokenizer.special("mask") if how.token_masking else None,
        token_masking=how.token_masking or 0.0,
        token_dropout=how.token_dropout or 0.0,
        bucketing=how.bucketing,
    )


def _masking(wanted: Wanted, layout: Layout, tokenizer: Tokenizer) -> Masking | None:
    if wanted.task != "masked-lm":
        return None
    specials = sorted(tokenizer.special_tokens.values())
    candidates = np.setdiff1d(np.arange(len(tokenizer)), specials)
    mask = tokenizer.special("mask")
    return Masking(wanted.how.mask_share, mask, candidates, stride=layout.length)


def _facts(
    prepared: PreparedTexts,
    layout: Layout,
    splits: tuple[Arrays, Arrays],
    classes: tuple[str, ...] | None,
    cut_share: float,
) -> DataFacts:
    train, val = splits
    summary = prepared.summary
    answers = [split.answers for split in (summary.train, summary.val) if split.answers]
    answered = max((texts.longest for texts in answers), default=None)
    return DataFacts(
        modality="text",
        task=layout.task,
        train_samples=samples_of(train, layout, training=True),
        val_samples=samples_of(val, layout, training=False),
        tokens_per_sample=_most_read(layout, summary),
        target_tokens=None if answered is None else min(answered + 1, layout.target_length),
        padded=layout.cut == "pack" or not layout.in_blocks,
        vocabulary_size=len(prepared.tokenizer),
        classes=classes,
        train_tokens=len(train["tokens"]) if layout.in_blocks else None,
        val_tokens=len(val["tokens"]) if layout.in_blocks else None,
        mean_tokens=_mean_read(prepared, layout),
        mean_target_tokens=_mean_written(prepared, layout.target_length, "target_offsets"),
        padding_token=layout.padding,
        tokenizer=summary.tokenizer,
        cut_share=cut_share,
        unknown_share=summary.train.texts.unknown_share,
        fingerprint=_fingerprint(summary, layout),
    )


def samples_of(arrays: Arrays, layout: Layout, *, training: bool) -> int:
    """Samples of one pass over a split."""
    if not layout.in_blocks:
        return len(arrays["offsets"]) - 1
    tokens = len(arrays["tokens"])
    if layout.cut == "windows":
        return text_samples(tokens, layout.length, shifting=training)
    return packed_blocks(tokens, layout)


def _most_read(layout: Layout, summary: Summary) -> int:
    """Tokens of the longest sample."""
    if layout.in_blocks:
        return layout.length
    longest = max(summary.train.texts.longest, summary.val.texts.longest)
    if layout.task == "causal-lm":
        return min(layout.length, longest + 1)
    return max(1, min(layout.content, longest)) + 2 * layout.framed


def _mean_read(prepared: PreparedTexts, layout: Layout) -> float | None:
    """Mean tokens of a training sample, special ones included; None where all are alike."""
    texts = prepared.summary.train.texts
    if layout.in_blocks or not texts.texts:
        return None
    if layout.task == "causal-lm":
        return _mean_written(prepared, layout.length, "offsets")
    cut = prepared.cut_off("train", layout.content)[0]
    return (texts.tokens - cut) / texts.texts + 2 * layout.framed


def _mean_written(prepared: PreparedTexts, most: int, field: str) -> float | None:
    """Mean tokens of a text to be written, with its end token where there is room for it."""
    summary = prepared.summary.train
    texts = summary.answers if field == "target_offsets" else summary.texts
    if texts is None or not texts.texts:
        return None
    cut = prepared.cut_off("train", most - 1, field)[0]
    return (texts.tokens - cut) / texts.texts + 1


def _cut_share(prepared: PreparedTexts, layout: Layout) -> float:
    """Share of the training tokens that no sample of an epoch has."""
    if layout.in_blocks:
        return 0.0
    summary = prepared.summary.train
    most = layout.length if layout.task == "causal-lm" else layout.content
    cut, tokens = prepared.cut_off("train", most)[0], summary.texts.tokens
    if summary.answers is not None:
        cut += prepared.cut_off("train", layout.target_length, "target_offsets")[0]
        tokens += summary.answers.tokens
    return cut / tokens if tokens else 0.0


def _notes(prepared: PreparedTexts, layout: Layout, cut_share: float) -> tuple[str, ...]:
    texts = prepared.summary.train.texts
    found = [prepared.summary.note] if prepared.summary.note else []
    if cut_share:
        how = "left out" if layout.cut == "truncate" else "left out in each epoch"
        found.append(
            f"{cut_share:.1%} of the training tokens are {how}: the longest text has "
            f"{texts.longest:,} tokens, a sample {layout.length:,}."
        )
    if texts.unknown:
        some = ", ".join(map(repr, texts.unknown_examples[:5]))
        found.append(
            f"{texts.unknown_share:.2%} of the training tokens are unknown to the tokenizer"
            + (f", such as {some}." if some else ".")
        )
    if texts.empty:
        found.append(f"{texts.empty:,} of {texts.texts:,} training texts are empty.")
    return tuple(found)


def _fingerprint(summary: Summary, layout: Layout) -> str:
    """SHA-256 of all tokens, targets, and of how samples are cut from them."""
    document = {
        "train": summary.train.digests,
        "val": summary.val.digests,
        "layout": asdict(layout),
    }
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
