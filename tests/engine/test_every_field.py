"""No field of a RunSpec is accepted and then ignored."""

from __future__ import annotations

import json
import multiprocessing
import threading
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn.modules.module import register_module_forward_pre_hook

from engine.checkpoint import CheckpointKeeper
from engine.commands.documents import checked_facts
from engine.data.sources import facts_of
from engine.documents.schema import groups
from engine.errors import BadInput
from engine.launch.worker import work
from engine.machine import machine_facts
from engine.preflight import preflight
from engine.run_spec import RunSpec
from engine.runs.run import Run
from engine.runs.store import RunStore
from engine.trainer import Trainer
from tests.engine.equality import curves, final_weights
from tests.engine.every_field import BASES, CASES, Case
from tests.engine.training import TASK, config, model, points

FIELDS = [group.at(name) for group in groups(RunSpec) for name in group.fields()]
TAGS = {group.path: (group.tag, group.choice) for group in groups(RunSpec) if group.tag}


class Lab:
    """Trains tiny runs, each once, and tells all that can be seen of them."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._seen: dict[str, dict[str, Any]] = {}

    def observed(self, document: dict[str, Any]) -> dict[str, Any]:
        key = json.dumps(document, sort_keys=True)
        if key not in self._seen:
            self._seen[key] = self.fresh(document)
        return self._seen[key]

    def fresh(self, document: dict[str, Any]) -> dict[str, Any]:
        try:
            spec = RunSpec.parse(document)
            checked_facts(spec, self._root)
        except BadInput as wrong:
            return {"refused": {problem.path for problem in wrong.problems}}
        store = RunStore(self._root)
        run = store.create(spec)
        with Watch(spec.name) as watch:
            work(store, run.id)
        return _shown_by(run) | watch.seen


class Watch:
    """Sees what a run does beside writing files, and brings about the accidents it is named for.

    `hungry`: more than four samples at once do not fit. `diverging`: the second and third
    training pass, and after going back others, give no numbers. `spike`: one batch late in the
    run is far from all others. `overfitting`: held-out data fits less and less.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._passes = 0
        self.seen: dict[str, Any] = {
            "batches": set(),
            "deterministic": set(),
            "threads": set(),
            "processes": set(),
            "beside": set(),
            "compiled": [],
            "forwards": 0,
        }

    def __enter__(self) -> Watch:
        self._hook = register_module_forward_pre_hook(self._before)
        self._patch = pytest.MonkeyPatch()
        self._patch.setattr(torch, "compile", self._compile)
        self._patch.setattr(CheckpointKeeper, "_save", self._saved(CheckpointKeeper._save))
        return self

    def __exit__(self, *_: object) -> None:
        self._hook.remove()
        self._patch.undo()

    def _compile(self, model: torch.nn.Module, mode: str | None) -> torch.nn.Module:
        self.seen["compiled"].append(mode)
        return model

    def _saved(self, save: Any) -> Any:
        def saved(keeper: CheckpointKeeper, snapshot: Any) -> Any:
            self.seen["threads"].add(threading.current_thread().name.partition("_")[0])
            return save(keeper, snapshot)

        return saved

    def _before(self, module: torch.nn.Module, inputs: tuple[Any, ...]) -> Any:
        self.seen["forwards"] += 1
        self.seen["batches"].add(len(inputs[0]))
        self.seen["deterministic"].add(torch.get_deterministic_debug_mode())
        self.seen["processes"].add(len(multiprocessing.active_children()))
        self.seen["beside"] |= {t.name for t in threading.enumerate() if t.name == "system"}
        if type(module).__name__ != "MLP":
            return None
        if not module.training:
            worse = self._name == "overfitting"
            return inputs[0] * (-1.0 - self._passes / 10) if worse else None
        return self._accident(inputs[0])

    def _accident(self, inputs: torch.Tensor) -> torch.Tensor | None:
        self._passes += 1
        if self._name == "hungry" and len(inputs) > 4:
            raise torch.OutOfMemoryError("Tried to allocate more than there is.")
        if self._name == "diverging" and self._passes in (2, 3):
            return inputs * float("nan")
        if self._name == "spike" and self._passes == 75:
            return inputs * 1e4
        return None


def _shown_by(run: Run) -> dict[str, Any]:
    state = run.state()
    drawn = curves(run)
    events = run.events()[0]
    return {
        "name": run.name,
        "curves": drawn,
        "rates": drawn.get("optim/lr"),
        "weights": final_weights(run) if run.checkpoint_steps() else None,
        "checkpoints": [e["text"] for e in events if e["kind"] == "checkpoint"]
        + [str(step) for step in run.checkpoint_steps()],
        "alerts": [(e["alert"], e["step"]) for e in events if e["kind"] == "alert"],
        "samples": [len(run.samples(step)) for step in run.sample_steps()],
        "texts": [run.samples(step) for step in run.sample_steps()],
        "histograms": run.histogram_steps(),
        "state": (state.status, state.step, state.total_steps, state.reason)
        + (state.best and state.best.metric, state.device, state.threads),
    }


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    return Lab(tmp_path_factory.mktemp("runs"))


def plain(path: str) -> str:
    """The path as it stands in a document."""
    return ".".join(part.partition("[")[0] for part in path.split("."))


def base_of(path: str, case: Case) -> dict[str, Any]:
    """The tiny run that has the field, by the names of variants in its path."""
    group = path.rpartition(".")[0]
    tag, choice = TAGS.get(group, ("", ""))
    document = BASES[choice if choice in BASES else case.on]
    if tag and choice not in BASES:
        document = with_value(document, plain(group), {tag: choice})
    for name, value in case.beside.items():
        document = with_value(document, name, value)
    return document


def with_value(document: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    name, _, rest = path.partition(".")
    inner = with_value(document.get(name, {}), rest, value) if rest else value
    return {**document, name: inner}


def test_every_field_has_a_case() -> None:
    assert sorted(set(FIELDS) - set(CASES)) == [], "say in every_field.py where a run shows them"
    assert sorted(set(CASES) - set(FIELDS)) == [], "there are no such fields any more"


@pytest.mark.parametrize("path", CASES)
def test_another_value_is_seen_in_a_run_or_refused(path: str, lab: Lab) -> None:
    case = CASES[path]
    base = base_of(path, case)
    changed = lab.observed(with_value(base, plain(path), case.value))
    if "refused" in changed:
        assert (case.refused_at or plain(path)) in changed["refused"]
    else:
        assert "refused" not in lab.observed(base)
        assert changed[case.seen] != lab.observed(base)[case.seen]


@pytest.mark.parametrize("kind", BASES)
def test_the_same_document_shows_the_same_again(kind: str, lab: Lab) -> None:
    assert lab.fresh(BASES[kind]) == lab.observed(BASES[kind])


def test_patience_without_anything_to_validate_on_is_refused(tmp_path: Path) -> None:
    training = config(early_stopping={"patience": 3})
    trainer = Trainer(model=model(), training_config=training, task_spec=TASK, run=tmp_path)
    with pytest.raises(BadInput, match=r"early_stopping\.patience: counts validations"):
        trainer.train(train_data=points())
    spec = RunSpec.parse(with_value(BASES["mlp"], "training.early_stopping.patience", 1))
    facts = facts_of(spec.data, spec.model).model_copy(update={"val_samples": 0})
    errors = [f for f in preflight(spec, facts, machine_facts(tmp_path)) if f.severity == "error"]
    assert [finding.problem.path for finding in errors] == ["training.early_stopping.patience"]
