"""`fork`, `extend` and `runs checkpoints`: what they print, and with which exit code."""

import json

import pytest

from engine.commands.lineage import changes_of
from engine.frozen import with_changes
from engine.launch.worker import work
from engine.run_spec import RunSpec
from engine.runs.store import RunStore
from tests import fabricate
from tests.engine.test_command_line import TINY, engine
from tests.engine.test_lineage import content
from tests.engine.training import trained


@pytest.fixture(scope="module")
def trained_store(tmp_path_factory):
    """A runs folder with one run of 20 steps and checkpoints at 10 and 20."""
    store = RunStore(tmp_path_factory.mktemp("runs"))
    assert work(store, store.create(TINY).id).status == "completed"
    return store


@pytest.fixture
def parent(trained_store):
    oldest = min(trained_store.list(), key=lambda summary: summary.record.created_at)
    return trained_store.open(oldest.id)  # ids of one second are in no order


def forked(parent, *arguments):
    return engine("fork", parent.id, "--runs", parent.folder.parent, *arguments)


# -- fork ------------------------------------------------------------------------------------------


def test_a_fork_is_trained_here_and_now(parent):
    done = forked(
        parent, "--step", 10, "--set", "training.optimizer.lr=1e-4", "--name", "slower", "--json"
    )
    assert done.exit_code == 0, done.stderr
    facts = json.loads(done.stdout)
    assert (facts["name"], facts["status"], facts["step"]) == ("slower", "completed", 20)
    assert facts["origin"] == {
        "run_id": parent.id,
        "step": 10,
        "what": "fork",
        "fresh_optimizer": False,
    }
    child = RunStore(parent.folder.parent).open(facts["run_id"])
    assert child.record.spec.training.optimizer.lr == 1e-4
    assert "(slower) in " in done.stderr


def test_a_fork_can_be_left_to_the_server(parent, trained_store):
    done = forked(parent, "--step", 10, "--queue", "--json")
    assert done.exit_code == 0, done.stderr
    facts = json.loads(done.stdout)
    assert (facts["status"], facts["step"]) == ("queued", 10)
    assert (trained_store.queue / facts["run_id"]).exists()
    assert trained_store.unqueue(trained_store.open(facts["run_id"]))


def test_everything_wrong_with_a_fork_is_said_and_nothing_is_made(parent, trained_store):
    before = sorted(path.name for path in trained_store.root.iterdir())
    wrong = ["model.width=9", "training.optimizer.lr=fast", "training.optimiser=1", "colour=red"]
    settings = [part for text in wrong for part in ("--set", text)]
    done = forked(parent, "--step", 7, *settings)
    assert done.exit_code == 2
    assert [line.split(":")[0] for line in done.stderr.splitlines()] == [
        "model.width",
        "colour",
        "training.optimizer.lr",
        "training.optimiser",
        "step",
    ]
    assert sorted(path.name for path in trained_store.root.iterdir()) == before


def test_what_a_new_run_would_be_refused_for_a_fork_is_too(parent):
    done = forked(parent, "--step", 10, "--set", "training.batching.batch_size=90000")
    assert done.exit_code == 2
    assert done.stderr.startswith("training.batching.batch_size: is larger than the training data")


def test_a_completed_run_has_no_steps_left_for_a_fork_of_its_end(parent):
    done = forked(parent)
    assert done.exit_code == 2
    assert done.stderr == (
        "training.length.amount: the run would end at step 20, and the checkpoint is of step 20 "
        "(got 20 steps). Use more than 20 steps, or an earlier checkpoint.\n"
    )


@pytest.mark.parametrize(
    ("settings", "changes"),
    [
        (["name=x"], {"name": "x"}),
        (["training.optimizer.lr=1e-4"], {"training.optimizer.lr": 1e-4}),
        (["training.gradients.clip_norm=null"], {"training.gradients.clip_norm": None}),
        (["training.optimizer.name=sgd"], {"training.optimizer": {"name": "sgd"}}),
        (
            ["training.optimizer.momentum=0.5", "training.optimizer.name=sgd"],
            {"training.optimizer": {"name": "sgd", "momentum": 0.5}},
        ),
        (
            ['training.parameters.frozen=["*.bias"]', "training.length.amount=99"],
            {"training.parameters.frozen": ["*.bias"], "training.length.amount": 99},
        ),
    ],
)
def test_settings_are_changes_of_the_spec(settings, changes):
    assert with_changes(TINY, changes_of(TINY, settings)) == with_changes(TINY, changes)


@pytest.mark.parametrize("text", ["training.optimizer.lr", "=3", ""])
def test_settings_without_name_or_value_are_refused(parent, text):
    done = forked(parent, "--set", text)
    assert done.exit_code == 2
    assert done.stderr.startswith(f"--set: must be PATH=VALUE (got {text!r}). For example:")


def test_a_fork_says_where_it_comes_from(parent):
    child = json.loads(forked(parent, "--step", 10, "--queue", "--json").stdout)["run_id"]
    root = parent.folder.parent
    assert (
        f"fork of {parent.id} at step 10\n" in engine("runs", "show", child, "--runs", root).stdout
    )
    listed = engine("runs", "list", "--runs", root).stdout.splitlines()
    assert listed[0].split() == ["RUN", "STATUS", "STEP", "BEST", "CREATED", "FROM", "NAME"]
    assert any(f"{parent.id}@10" in line for line in listed if line.startswith(child))
    rows = json.loads(engine("runs", "list", "--runs", root, "--json").stdout)
    assert {row["run_id"]: row["origin"] for row in rows}[parent.id] is None


def test_a_run_in_memory_is_neither_forked_nor_extended(tmp_path):
    run_id = trained(tmp_path).run_id
    for command in (["fork", run_id], ["extend", run_id, "--steps", 5]):
        done = engine(*command, "--runs", tmp_path)
        assert done.exit_code == 2
        assert done.stderr.startswith(
            "run: its model and data were handed to the Trainer in memory"
        )
    assert RunStore(tmp_path).open(run_id).state().status == "completed"


# -- extend ----------------------------------------------------------------------------------------


def test_an_ended_run_is_extended_and_trained_here_and_now(tmp_path):
    store = RunStore(tmp_path)
    run = store.create(TINY)
    work(store, run.id)
    done = engine("extend", run.id, "--steps", 15, "--lr-factor", 0.5, "--runs", tmp_path, "--json")
    assert done.exit_code == 0, done.stderr
    facts = json.loads(done.stdout)
    assert (facts["status"], facts["step"], facts["total_steps"]) == ("completed", 35, 35)
    assert [act.act for act in run.acts()] == ["extend", "lr-factor"]


def test_an_extension_that_makes_no_sense_changes_nothing(parent):
    before = content(parent.folder)
    done = engine("extend", parent.id, "--steps", 0, "--runs", parent.folder.parent)
    assert done.exit_code == 2
    assert done.stderr == "steps: must be above 0 and at most 100,000,000 (got 0).\n"
    assert {
        name: digest for name, digest in content(parent.folder).items() if "lock" not in name
    } == {name: digest for name, digest in before.items() if "lock" not in name}


# -- runs checkpoints ------------------------------------------------------------------------------


def test_checkpoints_are_listed_with_what_they_are_worth(parent):
    done = engine("runs", "checkpoints", parent.id, "--runs", parent.folder.parent)
    assert done.exit_code == 0, done.stderr
    heading, *rows = [line.split() for line in done.stdout.splitlines()]
    assert heading == ["STEP", "MB", "val/accuracy", "BEST", "STATE"]
    assert [row[0] for row in rows] == ["10", "20"]
    assert rows[1][-2:] == ["best", "good"]
    facts = json.loads(
        engine("runs", "checkpoints", parent.id, "--runs", parent.folder.parent, "--json").stdout
    )
    assert [(row["step"], row["best"], row["rank"], row["problem"]) for row in facts] == [
        (10, False, None, None),
        (20, True, 1, None),
    ]
    assert all(row["bytes"] > 100_000 for row in facts)
    assert facts[1]["value"] == parent.last("val/accuracy")[1]


def test_a_damaged_checkpoint_is_listed_with_the_reason(tmp_path):
    store = RunStore(tmp_path)
    run = fabricate.run_of(store, with_changes(TINY, {"name": "odd"}), steps=20, total=20)
    fabricate.checkpoint_of(run, 10)
    (run.folder / "checkpoints" / "step-000000010" / "manifest.json").write_text("{}")
    (run.folder / "checkpoints" / "step-nine").mkdir()
    done = engine("runs", "checkpoints", run.id, "--runs", tmp_path)
    assert done.exit_code == 0, done.stderr
    _, ten, nine = done.stdout.splitlines()
    assert "Checkpoint step-000000010 is refused: manifest.json is damaged" in ten
    assert nine.startswith("step-nine")
    assert "manifest.json is missing" in nine


def test_a_run_without_checkpoints_has_only_a_header(tmp_path):
    store = RunStore(tmp_path)
    run = store.create(RunSpec.parse(TINY.model_dump()))
    done = engine("runs", "checkpoints", run.id, "--runs", tmp_path)
    assert done.stdout == "STEP  MB  val/accuracy  BEST  STATE\n"


@pytest.mark.parametrize("command", [["fork"], ["extend", "--steps", "5"], ["runs", "checkpoints"]])
def test_an_unknown_run_is_answered_with_those_that_there_are(parent, command):
    done = engine(*command, "20200101-000000-aaaaaa", "--runs", parent.folder.parent)
    assert done.exit_code == 2
    assert done.stderr.startswith("RUN_ID: no such run in ")
    assert f"{parent.id} (tiny)" in done.stderr
