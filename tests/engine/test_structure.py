"""The structure of a model is what one real batch shows of it."""

from __future__ import annotations

import time

import pytest
import torch
from torch import nn

from engine.data.sources import load_for
from engine.data.specs import DATA_TASKS
from engine.estimate import estimate
from engine.examples import EXAMPLES
from engine.frozen import with_changes
from engine.health import kept as health_kept
from engine.health.checks.memory import kept_bytes
from engine.health.subject import Subject, copies_of, subject_of
from engine.models.size import size_of
from engine.models.specs import MEASURED, MODEL_TASKS
from engine.models.structure import kept
from engine.models.structure.child import Measurement
from engine.models.structure.document import Structure
from engine.models.structure.measuring import measured
from engine.run_spec import RunSpec
from engine.runs.store import RunStore
from tests.engine.facts import usual_facts
from tests.engine.imported.table import spec_of
from tests.structures import residual

TABLE = EXAMPLES["cancer-table"].spec
TEXT = with_changes(
    EXAMPLES["gpt-python-docs"].spec,
    {
        "model": {"kind": "gpt", "layers": 2, "heads": 2, "width": 16, "block_size": 8},
        "training.batching.batch_size": 3,
    },
)
PRESETS = {
    "gpt": TEXT,
    "gpt, dropout": with_changes(TEXT, {"model.dropout": 0.1}),
    "mlp": TABLE,
    "resnet": with_changes(EXAMPLES["digits-vision"].spec, {"model": {"kind": "resnet"}}),
    "tabular": with_changes(TABLE, {"model": {"kind": "tabular-transformer"}}),
}


def structure(net: nn.Module) -> Structure:
    """Of a model for the table of tumours."""
    subject = subject_of(TABLE)
    own = Subject(copies_of(net), subject.task, subject.facts, subject.source, 4)
    return measured(TABLE, own)


def flow(found: Structure, within: str) -> set[tuple[str, str]]:
    edges = (edge for edge in found.edges if edge.within == within)
    return {(edge.source or "in", edge.target or "out") for edge in edges}


@pytest.mark.parametrize("name", PRESETS)
def test_the_numbers_are_those_in_closed_form(name):
    spec = PRESETS[name]
    subject = subject_of(spec)
    found, size = measured(spec, subject), size_of(spec.model, subject.facts)
    assert found.whole.parameters == size.parameters == sum(w.count for w in found.weights)
    assert found.whole.flops / found.batch_size == size.forward_flops
    kept_floats = (found.whole.kept_bytes + found.loss_kept_bytes) / 4 / found.batch_size
    assert kept_floats == pytest.approx(size.activation_floats, rel=0.12)


def test_what_is_kept_is_what_the_health_check_counts():
    subject = subject_of(TEXT)
    found = measured(TEXT, subject)
    whole = kept_bytes(subject, subject.model(), found.batch_size)
    assert found.whole.kept_bytes + found.loss_kept_bytes == whole
    assert sum(module.own_kept_bytes for module in found.modules) == found.whole.kept_bytes


def test_random_numbers_are_left_alone():
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    measured(TABLE, subject_of(TABLE))
    assert torch.rand(1) == expected


def test_arrows_go_around_what_is_added_to():
    found = measured(TEXT, subject_of(TEXT))
    assert flow(found, "") == {
        ("in", "tokens"), ("tokens", "drop"), ("drop", "blocks.0"), ("blocks.0", "blocks.1"),
        ("blocks.1", "norm"), ("norm", "head"), ("head", "out"),
    }  # fmt: skip
    into = {source for source, target in flow(found, "blocks.0") if target == "blocks.0.norm_2"}
    assert into == {"blocks.0", "blocks.0.drop"}
    assert ("blocks.0", "blocks.0") in flow(found, "blocks.0")
    assert found.callers["blocks.0.drop#2"] == "blocks.0"


def test_shared_weights_are_counted_once_and_told():
    found = measured(TEXT, subject_of(TEXT))
    head = found.by_path["head"]
    assert (head.own_parameters, head.shares) == (0, ("tokens.weight",))
    (tokens,) = [weight for weight in found.weights if weight.name == "tokens.weight"]
    assert (tokens.aliases, tokens.role, tokens.decayed) == (("head.weight",), "embedding", True)
    (norm,) = [weight for weight in found.weights if weight.name == "norm.weight"]
    assert (norm.decayed, norm.mean, norm.std) == (False, 1.0, 0.0)
    assert norm.training_bytes == 16 * 4 * 4  # itself, its gradient, two averages of AdamW


class Twice(nn.Module):
    """Calls one layer twice, never another, and uses the weights of a third."""

    def __init__(self) -> None:
        super().__init__()
        self.shared, self.idle, self.bare = nn.Linear(30, 30), nn.Linear(3, 3), nn.Linear(30, 2)
        self.idle.requires_grad_(False)
        self.register_buffer("scale", torch.ones(5))

    def forward(self, x):
        around = torch.zeros_like(x)
        around[:, :10] = self.shared(x)[:, :10]
        once = self.shared(around)
        return nn.functional.linear(torch.cat([once]), self.bare.weight, self.bare.bias)


def test_calls_are_told_apart_also_through_what_is_written_into():
    found = structure(Twice())
    assert flow(found, "") == {("in", "shared"), ("shared", "shared#2"), ("shared#2", "out"),
                               ("in", "shared#2")}  # fmt: skip
    calls = {module.path: module.calls for module in found.modules}
    assert calls == {"": 1, "shared": 2, "idle": 0, "bare": 0}
    whole = found.whole
    assert (whole.parameters, whole.trained, whole.buffers) == (930 + 12 + 62, 930 + 62, 5)
    assert found.by_path["shared"].flops == 2 * 4 * 2 * 30 * 30
    assert whole.flops - found.by_path["shared"].flops == 4 * 2 * 30 * 2


class Nested(nn.Module):
    """Hands on a mapping, takes what a part within a part has left, and calls itself."""

    def __init__(self) -> None:
        super().__init__()
        self.inner, self.head = Inner(), nn.Linear(30, 2)

    def forward(self, x, again=True):
        if again:
            return self(x, again=False)
        self.inner({"x": x})
        return self.head(self.inner.left)


class Inner(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(30, 30)

    def forward(self, given):
        self.left = self.layer(given["x"])


def test_what_a_part_leaves_behind_comes_from_that_part():
    found = structure(Nested())
    assert ("inner", "head") in flow(found, "")
    assert found.whole.calls == 2
    assert found.whole.flops == 4 * 2 * (30 * 30 + 30 * 2)


# -- kept ------------------------------------------------------------------------------------------


def test_structures_are_kept_by_what_they_are_about(tmp_path):
    found = measured(TABLE, subject_of(TABLE))
    facts = load_for(TABLE.data, TABLE.model).facts
    assert found.digest == health_kept.digest_of(TABLE.task, TABLE.model, facts)
    kept.write(tmp_path, found)
    assert kept.read(tmp_path, found.digest) == found
    assert kept.newest_sizes(tmp_path) == {found.version_of_model: found.whole.parameters}
    assert kept.read(tmp_path, "1" * 64) is None


@pytest.mark.parametrize("text", ["", "{", '{"version": 2}'])
def test_a_damaged_structure_is_refused_by_name(tmp_path, text):
    file = kept.write(tmp_path, residual())
    file.write_text(text)
    with pytest.raises(kept.UnreadableStructure, match=f"{file.name}.*measure again"):
        kept.read(tmp_path, file.stem)
    assert kept.newest_sizes(tmp_path) == {}


def test_a_child_measures_code_of_the_users_own(tmp_path):
    store = RunStore(tmp_path / "runs")
    spec = spec_of(store, "chatty")
    child = Measurement(store, spec)
    while not child.poll():
        time.sleep(0.02)
    assert child.problem == ""
    found = kept.read(store.root, child.digest)
    assert found.modules[0].type == spec.model.entry
    assert found.found  # how it is called, in sentences
    assert all(not module.path.startswith("model.") for module in found.modules)


def test_what_keeps_a_model_from_being_measured_is_told(tmp_path):
    store = RunStore(tmp_path / "runs")
    child = Measurement(store, spec_of(store, "raising"))
    while not child.poll():
        time.sleep(0.02)
    assert "width 10 is not divisible by 3" in child.problem
    assert not child.digest


@pytest.mark.parametrize("kind", [kind for kind in MODEL_TASKS if kind not in MEASURED])
def test_every_preset_tells_what_it_takes_while_it_is_typed(kind):
    task = MODEL_TASKS[kind][0]
    data = next(source for source, made_for in DATA_TASKS.items() if made_for == task)
    document = {"task": {"kind": task}, "model": {"kind": kind}, "data": {"source": data}}
    spec = RunSpec.parse(document)
    known = estimate(spec, usual_facts(spec.model))
    assert None not in (known.parameters, known.flops, known.memory_bytes)
