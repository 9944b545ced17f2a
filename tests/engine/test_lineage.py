"""A fork goes on from a checkpoint of another run; an extended run goes on from its end."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from engine.data.specs import DigitsSpec
from engine.errors import BadInput, RunIsBusy
from engine.launch.worker import work
from engine.models.specs import MLPSpec
from engine.run_spec import RunSpec
from engine.runs.lineage import extend, fork, planned
from engine.runs.run import Run
from engine.runs.store import RunStore
from engine.steering import Act, append
from engine.task_spec import TaskSpec
from tests import fabricate
from tests.engine.equality import assert_same_bits, curves
from tests.engine.training import config, trained

KEPT = {"every_steps": 20, "keep_last": 9}


def spec(**changes: object) -> RunSpec:
    often = {"evaluation": {"every_steps": 20}, "checkpointing": KEPT}
    training = {"length": {"amount": 60}, **often} | changes
    return RunSpec(
        name="parent",
        task=TaskSpec(kind="image-classification"),
        model=MLPSpec(width=16, dropout=0.1),
        data=DigitsSpec(),
        training=config(**training),
    )


def made(store: RunStore, wanted: RunSpec, *acts: Act) -> Run:
    """A run of that spec, trained to its end."""
    run = store.create(wanted, data_fingerprint=None)
    for act in acts:
        append(run.folder, act)
    assert work(store, run.id).status == "completed", run.state()
    return run


@pytest.fixture(scope="module")
def parent(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return made(RunStore(tmp_path_factory.mktemp("parent")), spec())


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore(tmp_path)


def content(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def model_files(run: Run) -> dict[str, str]:
    """The weights and, where there is one, their average in the newest checkpoint."""
    folder = run.folder / "checkpoints" / f"step-{run.checkpoint_steps()[-1]:09d}"
    return {name: digest for name, digest in content(folder).items() if "safetensors" in name}


def problems(*arguments: Any, **options: Any) -> list[str]:
    with pytest.raises(BadInput) as refused:
        planned(*arguments, **options)
    return [str(problem) for problem in refused.value.problems]


# -- what a fork is --------------------------------------------------------------------------------


@pytest.mark.parametrize("step", [20, 40])
def test_a_fork_without_changes_makes_the_bits_of_its_parent(
    parent: Run, store: RunStore, step: int
) -> None:
    child = fork(store, parent, step, {})
    assert work(store, child.id).status == "completed"
    assert_same_bits(child, parent)


def test_a_fork_of_a_steered_run_is_steered_as_it_was(store: RunStore) -> None:
    acts = [Act(step=step, act="lr-factor", value=0.3) for step in (10, 20, 50)]
    steered = made(store, spec(), *acts)
    child = fork(store, steered, 20, {})
    assert child.acts() == tuple(acts[:2])
    append(child.folder, acts[2])  # what was done to the parent later is not inherited
    work(store, child.id)
    assert_same_bits(child, steered)


def test_a_fork_begins_with_what_the_parent_had_at_the_step(parent: Run, store: RunStore) -> None:
    before = content(parent.folder)
    child = fork(store, parent, 40, {}, name="mine")
    assert child.name == child.record.spec.name == "mine"
    assert child.checkpoint_steps() == [s for s in parent.checkpoint_steps() if s <= 40]
    state = child.state()
    assert (state.status, state.step, state.total_steps) == ("stopped", 40, 60)
    assert state.threads == parent.state().threads
    assert {step for steps, _ in curves(child).values() for step in steps} == {*range(1, 41)}
    assert child.sample_steps() == [step for step in parent.sample_steps() if step <= 40]
    assert child.evaluation_steps() == [s for s in parent.evaluation_steps() if s <= 40]
    origin = child.record.origin
    assert origin is not None
    assert origin.model_dump() == {
        "run_id": parent.id,
        "step": 40,
        "what": "fork",
        "fresh_optimizer": False,
    }
    (event,) = child.events()[0]
    assert event["kind"] == "forked"
    assert event["text"] == f"Forked from run {parent.id} (parent) at step 40."
    work(store, child.id)
    assert content(parent.folder) == before


def test_the_newest_checkpoint_is_taken_where_none_is_named(parent: Run, store: RunStore) -> None:
    child = fork(store, parent, None, {"training.length.amount": 61})
    assert child.state().step == 60
    assert child.name == "parent (fork at 60)"


def test_a_fork_can_be_forked_and_its_own_seed_decides(parent: Run, store: RunStore) -> None:
    child = fork(store, parent, 20, {"training.reproducibility.seed": 7})
    work(store, child.id)
    grandchild = fork(store, child, 40, {})
    work(store, grandchild.id)
    assert_same_bits(grandchild, child)
    assert curves(child)["train/loss"] != curves(parent)["train/loss"]


def test_where_files_cannot_be_linked_they_are_copied(
    parent: Run, store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr("os.link", refused)
    child = fork(store, parent, 40, {})
    for step in child.checkpoint_steps():
        folder = f"checkpoints/step-{step:09d}"
        assert content(child.folder / folder) == content(parent.folder / folder)


def test_a_fork_that_fails_leaves_nothing(
    parent: Run, store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.link", full)
    monkeypatch.setattr("shutil.copyfile", full)
    with pytest.raises(OSError, match="No space"):
        fork(store, parent, 40, {})
    assert [path.name for path in store.root.iterdir() if path.name[0] != "."] == []


def test_a_checkpoint_that_goes_while_the_parent_trains_on_is_no_crash(
    parent: Run, store: RunStore
) -> None:
    plan = planned(parent, 40, {})
    gone = Run(Path(str(parent.folder)))
    vanishing = type(plan)(
        Run(store.root / "nowhere"), plan.spec, plan.origin, (), 60, plan.steps_per_epoch
    )
    (store.root / "nowhere").mkdir()
    (store.root / "nowhere" / "run.json").write_bytes((gone.folder / "run.json").read_bytes())
    with pytest.raises(BadInput, match="manifest.json is missing"):
        vanishing.made(store)


# -- what changes do -------------------------------------------------------------------------------

CHANGES: dict[str, tuple[dict[str, object], bool]] = {
    "lr": ({"training.optimizer.lr": 0.1}, False),
    "decay": ({"training.optimizer.weight_decay": 0.9}, False),
    "betas": ({"training.optimizer.beta1": 0.1}, False),
    "groups alike": ({"training.parameters.decay_biases": True}, True),
    "frozen": ({"training.parameters.frozen": ["*.bias"]}, True),
    "factors": ({"training.parameters.lr_factors": ["*.bias=3"]}, False),
    "amsgrad": ({"training.optimizer.amsgrad": True}, True),
    "optimizer": ({"training.optimizer": {"name": "sgd", "lr": 0.1}}, True),
    "muon": ({"training.optimizer": {"name": "muon"}}, True),
    "plateau": ({"training.scheduler": {"name": "plateau", "warmup_steps": 0}}, False),
    "batch": ({"training.batching.batch_size": 8}, False),
    "average": ({"training.averaging": {"name": "ema"}}, False),
    "clip": ({"training.gradients.clip_norm": 0.01}, False),
    "length": ({"training.length.amount": 100}, False),
}


@pytest.mark.parametrize(("changes", "fresh"), CHANGES.values(), ids=CHANGES)
def test_what_a_fork_changes_holds_from_the_checkpoint_on(
    parent: Run, store: RunStore, changes: dict[str, object], fresh: bool
) -> None:
    child = fork(store, parent, 40, changes)
    assert child.record.origin is not None
    assert child.record.origin.fresh_optimizer == fresh
    state = work(store, child.id)
    assert state.status == "completed", state.reason
    mine, theirs = child.series("train/loss"), parent.series("train/loss")
    assert (mine.value[:40] == theirs.value[:40]).all()
    assert model_files(child) != model_files(parent)


def test_a_fork_with_a_fresh_optimizer_can_go_back_to_any_checkpoint_and_be_forked(
    parent: Run, store: RunStore
) -> None:
    child = fork(store, parent, 40, CHANGES["optimizer"][0])
    grandchild = fork(store, child, 40, {})
    assert grandchild.record.origin is not None
    assert grandchild.record.origin.fresh_optimizer
    newest = child.folder / "checkpoints" / "step-000000040" / "trainer.pt"
    newest.unlink()  # the others have it still under their own names
    state = work(store, child.id)
    assert (state.status, child.checkpoint_steps()[0]) == ("completed", 20), state.reason
    assert work(store, grandchild.id).status == "completed"
    later = fork(store, child, 60, {"training.length.amount": 70})
    assert later.record.origin is not None
    assert not later.record.origin.fresh_optimizer
    assert later.checkpoint_steps() == [60]
    assert work(store, later.id).status == "completed"


def test_what_is_not_frozen_any_more_begins_an_average_of_its_own(store: RunStore) -> None:
    averaged = spec(averaging={"name": "ema"}, parameters={"frozen": ["*.bias"]})
    child = fork(store, made(store, averaged), 40, {"training.parameters.frozen": []})
    state = work(store, child.id)
    assert state.status == "completed", state.reason


def test_other_metrics_begin_a_judgement_of_their_own(parent: Run, store: RunStore) -> None:
    child = fork(store, parent, 40, {"training.evaluation.monitor": "val/accuracy"})
    assert child.state().best is None
    best = work(store, child.id).best
    assert best is not None
    assert (best.metric, best.step > 40) == ("val/accuracy", True)


STEERED = (
    Act(step=10, act="lr-factor", value=0.5),
    Act(step=10, act="more-steps", value=30),
    Act(step=10, act="patience", value=50),
    Act(step=10, act="validate"),
)


@pytest.mark.parametrize(
    ("changes", "left"),
    [
        ({}, ["lr-factor", "more-steps", "patience", "validate"]),
        ({"training.optimizer.lr": 0.5}, ["more-steps", "patience", "validate"]),
        ({"training.length.amount": 70}, ["lr-factor", "patience", "validate"]),
        ({"training.early_stopping.patience": 9}, ["lr-factor", "more-steps", "validate"]),
    ],
)
def test_what_a_fork_says_anew_no_act_of_the_parent_overrules(
    store: RunStore, changes: dict[str, object], left: list[str]
) -> None:
    run = fabricate.run_of(store, spec(), steps=60, total=60)
    for act in STEERED:
        append(run.folder, act)
    fabricate.checkpoint_of(run, 40)
    plan = planned(run, 40, changes)
    assert [act.act for act in plan.acts] == left
    planned_steps = 70 if "training.length.amount" in changes else 60
    assert plan.total_steps == planned_steps + (30 if "more-steps" in left else 0)


# -- what is refused -------------------------------------------------------------------------------


def test_everything_in_the_way_of_a_fork_is_said_at_once(parent: Run) -> None:
    found = problems(
        parent,
        33,
        {
            "model.width": 32,
            "data.split_seed": 3,
            "task.kind": "causal-lm",
            "training.optimizer.lr": -1,
            "training.optimiser.lr": 1,
        },
    )
    fixed = "cannot change in a fork: "
    assert found == [
        f"model.width: {fixed}the checkpoint has the weights of this model (got 32). Leave it at "
        "16, or start a new run.",
        f"data.split_seed: {fixed}samples that are held out now may have been trained on before "
        "(got 3). Leave it at 0, or start a new run.",
        f"task.kind: {fixed}the weights have learned this task (got 'causal-lm'). Leave it at "
        "'image-classification', or start a new run.",
        "training.optimiser.lr: unknown field (got 1). Remove it or correct its name.",
        "training.optimizer.lr: input should be greater than 0 (got -1).",
        "step: there is no checkpoint of this step (got 33). There are: 20, 40, 60.",
    ]


def test_a_whole_group_that_stays_the_same_is_no_change(parent: Run, store: RunStore) -> None:
    document = parent.record.spec.model_dump(mode="json")
    plan = planned(parent, 20, {part: document[part] for part in ("task", "model", "data")})
    assert plan.spec.model == parent.record.spec.model


def test_another_model_is_refused_setting_by_setting(parent: Run) -> None:
    model = {"kind": "mlp", "width": 32, "layers": 5, "dropout": 0.1}
    found = problems(parent, 20, {"model": model})
    assert [line.split(":")[0] for line in found] == ["model.layers", "model.width"]


@pytest.mark.parametrize(
    ("amount", "unit", "ends", "least"),
    [(60, "steps", 60, 60), (59, "steps", 59, 60), (2, "epochs", 58, 2), (1, "epochs", 29, 2)],
)
def test_a_fork_must_end_after_it_begins(
    parent: Run, amount: int, unit: str, ends: int, least: int
) -> None:
    length = {"amount": amount, "unit": unit}
    changes = {"training.length": length, "training.batching.batch_size": 50}
    (found,) = problems(parent, 60, changes)
    assert found == (
        f"training.length.amount: the run would end at step {ends}, and the checkpoint is of step "
        f"60 (got {amount} {unit}). Use more than {least} {unit}, or an earlier checkpoint."
    )
    enough = {"amount": least + 1, "unit": unit}
    assert planned(parent, 60, changes | {"training.length": enough}).total_steps > 60


def test_a_damaged_checkpoint_is_refused_and_the_others_named(store: RunStore) -> None:
    run = fabricate.run_of(store, spec(), steps=60, total=60)
    for step in (20, 40):
        fabricate.checkpoint_of(run, step)
    (run.folder / "checkpoints" / "step-000000040" / "trainer.pt").write_bytes(b"y")
    (found,) = problems(run, None, {})
    assert found == (
        "step: Checkpoint step-000000040 is refused: trainer.pt is not what was saved (its SHA-256 "
        "differs) (got 40). Try another: 20."
    )


def test_a_checkpoint_is_read_again_only_when_a_file_of_it_was_touched(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = fabricate.run_of(store, spec(), steps=60, total=60)
    fabricate.checkpoint_of(run, 40)
    read: list[object] = []
    digest = hashlib.file_digest

    def counted(file: Any, name: str) -> Any:
        read.append(file)
        return digest(file, name)

    monkeypatch.setattr("hashlib.file_digest", counted)
    for lr in (0.1, 0.2, 0.3):
        planned(run, 40, {"training.optimizer.lr": lr})
    assert len(read) == 2
    weights = run.folder / "checkpoints/step-000000040/model.safetensors"
    before = weights.stat()
    weights.write_bytes(b"x" * before.st_size)
    os.utime(weights, ns=(before.st_atime_ns, before.st_mtime_ns))
    for _ in range(2):
        with pytest.raises(BadInput, match="SHA-256 differs"):
            planned(run, 40, {})


def test_a_run_without_checkpoints_cannot_be_forked(store: RunStore) -> None:
    run = fabricate.run_of(store, spec(), steps=10, total=60)
    (found,) = problems(run, None, {})
    assert found.startswith("step: the run has no checkpoint yet.")


def test_a_run_in_memory_cannot_be_forked(tmp_path: Path) -> None:
    run = RunStore(tmp_path).open(trained(tmp_path).run_id)
    (found,) = problems(run, None, {})
    assert found.startswith("run: its model and data were handed to the Trainer in memory")


def test_a_plateau_schedule_is_not_judged_by_another_metric(store: RunStore) -> None:
    run = fabricate.run_of(store, spec(scheduler={"name": "plateau"}), steps=60, total=60)
    fabricate.checkpoint_of(run, 40)
    (found,) = problems(run, 40, {"training.evaluation.monitor": "val/accuracy"})
    assert found.startswith("training.evaluation.monitor: cannot change in a fork")


# -- extending -------------------------------------------------------------------------------------


def test_a_completed_run_goes_on_when_it_is_extended(store: RunStore) -> None:
    run = made(store, spec())
    extend(store, run, 25, 0.5)
    state = run.state()
    assert (state.status, state.reason) == ("stopped", "extended by 25 steps")
    assert (state.step, state.total_steps) == (60, 85)
    assert run.events()[0][-1]["text"] == (
        "Extended by 25 steps, with 0.5 times the learning rate."
    )
    store.enqueue(run)
    assert store.unqueue(run)
    assert work(store, run.id).status == "completed"
    assert run.state().step == 85
    assert run.checkpoint_steps()[-1] == 85
    assert run.series("train/loss").step.tolist() == [*range(1, 86)]


def test_an_extended_run_can_be_extended_and_forked(store: RunStore) -> None:
    run = made(store, spec())
    for _ in range(2):
        extend(store, run, 10)
        work(store, run.id)
    assert run.state().step == 80
    child = fork(store, run, 60, {})
    assert child.state().total_steps == 70
    work(store, child.id)
    assert child.state().step == 70
    assert curves(child)["train/loss"][1] == curves(run)["train/loss"][1][: 70 * 8]


def test_a_run_that_stopped_early_or_was_stopped_can_be_extended(store: RunStore) -> None:
    for status in ("completed", "stopped"):
        run = fabricate.run_of(store, spec(), status=status, steps=40, total=60)
        extend(store, run, 5)
        assert run.acts() == (Act(step=40, act="extend", value=5, trained_s=40 * 0.05),)
        assert run.state().total_steps == 45


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("running", "run: has not ended yet (got running)."),
        ("paused", "run: has not ended yet (got paused)."),
        ("failed", "run: ended before its time (got failed). Resume it"),
        ("interrupted", "run: ended before its time (got interrupted). Resume it"),
    ],
)
def test_only_what_has_ended_is_extended(store: RunStore, status: Any, words: str) -> None:
    run = fabricate.run_of(store, spec(), status=status, steps=40, total=60)
    with pytest.raises(BadInput) as refused:
        extend(store, run, 0, float("nan"))
    lines = str(refused.value).splitlines()
    assert lines[0].startswith(words)
    assert [line.split(":")[0] for line in lines] == ["run", "steps", "lr_factor"]
    assert run.acts() == ()


def test_a_range_test_and_a_run_at_work_are_not_extended(store: RunStore) -> None:
    test = fabricate.run_of(store, spec(scheduler={"name": "range-test"}), steps=60, total=60)
    with pytest.raises(BadInput, match="range test"):
        extend(store, test, 5)
    run = fabricate.run_of(store, spec(), steps=60, total=60)
    with run.owned(), pytest.raises(RunIsBusy):
        extend(store, run, 5)


def test_an_extension_that_cannot_be_written_down_is_none(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = fabricate.run_of(store, spec(), steps=60, total=60)
    extend(store, run, 5)
    before = content(run.folder)
    calls: list[object] = []

    def full(folder: Path, act: Act) -> None:
        calls.append(act)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        append(folder, act)

    monkeypatch.setattr("engine.runs.lineage.append", full)
    with pytest.raises(OSError, match="No space"):
        extend(store, run, 7, 0.5)
    assert content(run.folder) == before
