"""The zoo: small models as different people write them, and what is expected of each."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from components.draft import Draft
from components.models.intake_draft import Setup
from components.models.plan import chosen_candidate, planned
from engine.models.imported.library import CodeLibrary
from engine.models.imported.proposal import brought
from engine.models.imported.sources import from_files
from engine.models.imported.spec import CallSpec
from engine.run_spec import RunSpec
from engine.runs.store import RunStore

ZOO = Path(__file__).parent / "zoo"


@dataclass(frozen=True)
class Animal:
    """One model: the data that it is for, its config.json, and the words of its verdict."""

    data: str
    entry: str
    said: tuple[str, ...] = ()
    """Words of what was found, or of the refusal."""
    config: dict[str, Any] = field(default_factory=dict)
    call: dict[str, Any] = field(default_factory=dict)
    warns: str = ""
    stage: str = ""
    """Where it fails; empty for a good one."""


GOOD = {
    "nano_gpt": Animal(
        "python-docs",
        "GPT",
        ("given its own inputs as targets", "number 1 of 2"),
        {"n_layer": 1, "n_head": 2, "n_embd": 16, "block_size": 32},
    ),
    "bigram": Animal("python-docs", "BigramLanguageModel", ("as targets", "number 1 of 2")),
    "torch_tutorial": Animal(
        "python-docs",
        "TransformerModel",
        ("src_mask (masks that are true where not to look)", "first dimension is that of the tok"),
        {"hidden_size": 16, "num_heads": 2, "d_hid": 32, "num_layers": 1},
    ),
    "char_rnn": Animal("python-docs", "CharRNN", ("first dimension is that of the tokens",)),
    "lstm_batch_first": Animal("python-docs", "build_model", ("its 'logits'",)),
    "hf_style": Animal(
        "python-keywords",
        "Classifier",
        ("attention_mask", "its 'logits'"),
        {"hidden_size": 16, "vocab_size": 128, "num_labels": 7},
    ),
    "tagger": Animal("python-tokens", "Tagger", ("one tensor",)),
    "masked": Animal("masked-docs", "MaskedLM", ("number 1 of 1",)),
    "labels": Animal("python-constructs", "Labels", ("as x",)),
    "seq2seq_torch": Animal(
        "restore-docs", "Seq2Seq", ("src_mask, tgt_mask (masks that are true where not to look)",)
    ),
    "seq2seq_annotated": Animal(
        "restore-docs", "EncoderDecoder", ("true where to look, shaped (samples, ..., tokens)",)
    ),
    "seq2seq_plain": Animal("restore-docs", "Translator", ("drops the last token",)),
    "lenet": Animal("digits", "Net", ("one tensor",)),
    "flat_mlp": Animal("digits", "create_model", ("one row of numbers",)),
    "vision_hf": Animal("digits", "ForImageClassification", ("as pixel_values", "'logits'")),
    "imagenet_head": Animal(
        "digits",
        "Backbone",
        ("'fc' now has 10 outputs instead of 1,000",),
        call={"resize_head": True},
    ),
    "tabular": Animal("breast-cancer", "Model", ("as features",), {"hidden": 8}),
    "regression": Animal("diabetes", "Regressor", ("one tensor",)),
    "rounded_up": Animal(
        "python-docs", "Net", ("500 outputs where the data has 103",), {"vocab_size": 500}
    ),
    "starts_others": Animal("wine", "Net", ("one tensor",)),
    "peeking": Animal("python-docs", "Peeking", warns="a causal mask missing?"),
    "dead_layer": Animal("wine", "Dead", warns="got no gradient from one batch"),
    "chatty": Animal("wine", "Chatty", ("one tensor",)),
}

BROKEN = {
    "missing_import": Animal(
        "digits", "Net", ("No module named 'no_such", "line 2"), stage="import"
    ),
    "wrong_shape": Animal(
        "digits", "Net", ("(3, 7)", "7 outputs where the data needs 10"), stage="output"
    ),
    "wrong_width": Animal(
        "digits", "Net", ("(3, 1, 8, 8)", "784", "line 10, in forward"), stage="forward"
    ),
    "small_vocabulary": Animal(
        "python-docs",
        "Net",
        ("has 103 different tokens", "line 12"),
        {"vocab_size": 50},
        stage="forward",
    ),
    "frozen": Animal("digits", "Net", ("only frozen ones",), stage="build"),
    "detached": Animal("digits", "Net", ("does not require grad",), stage="backward"),
    "raising": Animal("digits", "Net", ("width 10 is not divisible by 3", "line 8"), stage="build"),
    "strange_argument": Animal("digits", "Net", ("an argument 'timestep'",), stage="signature"),
    "no_parameters": Animal("digits", "Net", ("no parameters",), stage="build"),
    "in_place": Animal("digits", "Net", ("modified by an inplace operation",), stage="backward"),
    "quits": Animal("digits", "Net", ("SystemExit", "line 5"), stage="import"),
    "leaves": Animal("digits", "Net", ("exit code 3", "importing"), stage="ended"),
    "endless": Animal("digits", "Net", ("more than 10 seconds", "building"), stage="time"),
    "hog": Animal("digits", "Net", ("more memory than it may take", "line 9"), stage="build"),
}


def files_of(name: str) -> dict[str, bytes]:
    path = ZOO / f"{name}.py"
    source = path if path.exists() else ZOO / "broken" / f"{name}.py"
    config = {**GOOD, **BROKEN}[name].config if name in {**GOOD, **BROKEN} else {}
    files = {"model.py": source.read_bytes()}
    return files | ({"config.json": json.dumps(config).encode()} if config else {})


def spec_of(store: RunStore, name: str, *, consent: bool = True) -> RunSpec:
    """Bring a model in and plan a run of it, by the functions that the page calls."""
    animal = {**GOOD, **BROKEN}[name]
    library = CodeLibrary(store.root)
    code = from_files(files_of(name)).kept_in(library)
    if consent:
        library.allow(code)
    seen = brought(library, code)
    entry = "" if seen.found.sure else f"model.py:{animal.entry}"
    call = CallSpec.parse(animal.call)
    setup = Setup(entry=entry, data=animal.data, name=name, block_size=32, call=call)
    candidate = chosen_candidate(seen.found, setup)
    assert candidate is not None
    assert candidate.name == animal.entry
    plan = planned(seen, candidate, setup, Draft.of(BEFORE))
    assert plan.problems == []
    return plan.spec


TRAINING = {
    "length": {"amount": 20, "unit": "steps"},
    "optimizer": {"name": "adamw", "lr": 1e-3},
    "scheduler": {"name": "constant", "warmup_steps": 0},
    "batching": {"batch_size": 8},
    "evaluation": {"every_steps": 10, "max_samples": 16, "samples": 2},
    "checkpointing": {"every_steps": 10},
    "hardware": {"threads": 1, "device": "cpu"},
}
BEFORE = RunSpec.parse(
    {
        "task": {"kind": "causal-lm"},
        "data": {"source": "python-docs"},
        "model": {"kind": "gpt"},
        "training": TRAINING,
    }
)
"""What was in the Launch form before the model came."""
