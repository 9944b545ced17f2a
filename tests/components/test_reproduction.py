"""The commands that make a run again really do, to the bit."""

from __future__ import annotations

import shlex

import pytest
from typer.testing import CliRunner

from components import reproduction, spec_text
from engine.__main__ import app
from engine.data.specs import InMemoryData
from engine.examples import EXAMPLES
from engine.frozen import with_changes
from engine.launch.worker import work
from engine.runs import lineage
from engine.runs.record import Imported, Origin, RunRecord
from engine.runs.store import RunStore
from engine.steering import Act
from tests import fabricate
from tests.engine.equality import assert_same_bits

TINY = with_changes(
    EXAMPLES["digits-mlp"].spec,
    {
        "name": "tiny 'quoted' $(name)",
        "training.length": {"amount": 8, "unit": "steps"},
        "training.scheduler": {"name": "constant"},
        "training.evaluation.every_steps": 4,
        "training.evaluation.samples": 0,
        "training.checkpointing.every_steps": 4,
        "training.hardware.threads": 1,
    },
)


def typed(command: str) -> None:
    """Run a shell command as if it were typed: `python -m engine` commands in a pipe."""
    text = ""
    for part in shlex.join(shlex.split(command)).split(" '|' "):
        python, m, engine, *arguments = shlex.split(part)
        assert (python, m, engine) == ("python", "-m", "engine")
        result = CliRunner().invoke(app, arguments, input=text)
        assert result.exit_code == 0, result.output
        text = result.stdout


def newest(store: RunStore, but: set[str]):
    (run_id,) = {summary.id for summary in store.list()} - but
    return store.open(run_id)


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "runs 'with' quotes")


@pytest.fixture
def trained(store):
    run = store.create(TINY)
    assert work(store, run.id).status == "completed"
    return run


def test_a_run_is_made_again_from_its_folder(store, trained):
    typed(reproduction.command(trained.record, None, store.root))
    again = newest(store, but={trained.id})
    assert again.spec == trained.spec
    assert_same_bits(again, trained)


@pytest.mark.parametrize(
    "changes",
    [
        {"training.optimizer.lr": 1e-4, "training.early_stopping.patience": 7},
        {"training.optimizer": {"name": "sgd", "lr": 0.05, "momentum": 0.5}},
    ],
    ids=["fields", "variant"],
)
def test_a_fork_is_made_again_from_its_parent(store, trained, changes):
    fork = lineage.planned(trained, 4, changes, name="a fork").made(store)
    work(store, fork.id)
    typed(reproduction.command(fork.record, trained.spec, store.root))
    again = newest(store, but={trained.id, fork.id})
    assert again.spec == fork.spec
    assert again.record.origin == fork.record.origin
    assert_same_bits(again, fork)


def test_the_script_holds_the_same_spec(store):
    script = spec_text.as_python(TINY, store.root)
    begun = {}
    document = script.partition("state = train_spec")[0]
    exec(compile(document, "script", "exec"), begun)
    assert begun["spec"] == TINY


def test_the_code_is_that_of_the_commit():
    record = RunRecord(run_id="a", created_at=0, spec=TINY, environment={"git_commit": "ab12"})
    assert reproduction.checkout(record) == "git checkout ab12"
    assert reproduction.checkout(record.model_copy(update={"environment": {}})) == ""
    odd = record.model_copy(update={"environment": {"git_commit": "x; rm -rf /"}})
    assert shlex.split(reproduction.checkout(odd)) == ["git", "checkout", "x; rm -rf /"]


@pytest.mark.parametrize("wrong", [None, 3, "", ["a"]])
def test_a_commit_that_is_none_is_left_out(wrong):
    record = RunRecord(run_id="a", created_at=0, spec=TINY, environment={"git_commit": wrong})
    assert reproduction.checkout(record) == ""


def test_what_only_a_program_has_cannot_be_made_again():
    in_memory = with_changes(TINY, {"data": InMemoryData().model_dump()})
    of_program = RunRecord(run_id="a", created_at=0, spec=in_memory)
    assert "exists only in the program" in reproduction.why_not(of_program)
    imported = RunRecord(run_id="a", created_at=0, imported=Imported(source="csv"))
    assert "was not trained here" in reproduction.why_not(imported)
    assert reproduction.why_not(RunRecord(run_id="a", created_at=0, spec=TINY)) == ""


def test_what_would_not_be_done_again_is_said():
    record = RunRecord(run_id="a", created_at=0, spec=TINY)
    acts = [Act(step=3, act="lr-factor", value=0.5), Act(step=5, act="more-steps", value=10)]
    (said,) = reproduction.left_out(record, None, acts)
    assert "Learning rate multiplied by 0.5 after step 3." in said
    fork = record.model_copy(update={"origin": Origin(run_id="p", step=3)})
    gone, said = reproduction.left_out(fork, None, acts)
    assert "is gone" in gone
    assert "multiplied" not in said
    assert "10 more steps" in said
    assert reproduction.left_out(record, None, []) == []


def test_the_environment_of_then_stands_beside_that_of_now():
    then = {"python": "3.10", "packages": {"torch": "2.0", "gone": "1"}, "git_commit": None}
    now = {"python": "3.11", "packages": {"torch": "2.0"}, "git_commit": "ab"}
    assert reproduction.environment_rows(then, now) == [
        ("python", "3.10", "3.11"),
        ("torch", "2.0", "2.0"),
        ("gone", "1", "–"),
        ("git commit", "–", "ab"),
    ]
    assert reproduction.environment_rows({}, now) == []


def test_fabricated_runs_say_their_environment(store):
    record = fabricate.run_of(store).record
    rows = reproduction.environment_rows(record.environment, record.environment)
    assert "torch" in {name for name, _, _ in rows}
