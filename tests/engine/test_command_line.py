"""python -m engine: what it prints, where, and with which exit code."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from engine.__main__ import app
from engine.commands.signals import signals_become_requests
from engine.data.specs import InMemoryData
from engine.examples import EXAMPLES
from engine.frozen import with_changes
from engine.run_spec import RunSpec
from engine.runs.series import MetricFiles, records_of
from engine.runs.store import RunStore
from tests import fabricate

ROOT = Path(__file__).parents[2]
TINY = with_changes(
    EXAMPLES["digits-mlp"].spec,
    {
        "name": "tiny",
        "training.length": {"amount": 20, "unit": "steps"},
        "training.scheduler": {"name": "constant"},
        "training.evaluation.every_steps": 10,
        "training.evaluation.samples": 0,
        "training.checkpointing.every_steps": 10,
        "training.hardware.threads": 1,
    },
)


@pytest.fixture
def runs(tmp_path):
    return tmp_path / "runs"


@pytest.fixture
def store(runs):
    return RunStore(runs)


@pytest.fixture
def spec_file(tmp_path):
    path = tmp_path / "spec.json"
    path.write_text(TINY.to_json())
    return path


def engine(*arguments, **options):
    return CliRunner().invoke(app, [str(argument) for argument in arguments], **options)


def started(*arguments, **options):
    """The command line as a process of its own."""
    command = [sys.executable, "-m", "engine", *map(str, arguments)]
    options |= {"stderr": subprocess.PIPE, "preexec_fn": _with_usual_signals}
    return subprocess.Popen(command, cwd=ROOT, text=True, **options)


def _with_usual_signals():
    """A shell that runs the tests in its background has them ignore Ctrl-C and hang-ups."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def changed(tmp_path, change):
    """A spec file with something done to its plain document."""
    document = json.loads(TINY.to_json())
    change(document)
    path = tmp_path / "changed.json"
    path.write_text(json.dumps(document))
    return path


# -- examples --------------------------------------------------------------------------------------


def test_examples_are_listed_by_the_word_that_trains_them():
    done = engine("examples")
    assert done.exit_code == 0
    assert [line.split(":")[0] for line in done.stdout.splitlines() if line[0] != " "] == [
        "gpt-python-docs",
        "digits-vision",
        "digits-mlp",
        "python-highlighter",
        "masked-docs",
        "restore-text",
        "cancer-table",
        "diabetes-table",
    ]


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_prints_the_document_that_train_takes(name):
    done = engine("example", name)
    assert done.exit_code == 0
    assert RunSpec.parse_json(done.stdout) == EXAMPLES[name].spec


def test_an_unknown_example_is_answered_with_those_that_there_are():
    done = engine("example", "mnist")
    assert done.exit_code == 2
    assert done.stdout == ""
    assert done.stderr == (
        f"NAME: no such example (got 'mnist'). Examples: {', '.join(EXAMPLES)}.\n"
    )


# -- train -----------------------------------------------------------------------------------------


def test_training_a_file_ends_with_its_metrics_and_code_0(spec_file, runs, store):
    done = engine("train", spec_file, "--runs", runs)
    assert done.exit_code == 0, done.stderr
    (row,) = store.list()
    lines = done.stdout.splitlines()
    assert lines[0] == f"Run {row.id} (tiny) in {runs / row.id}"
    assert "Completed all 20 steps. (0:0" in done.stdout
    assert any(line.split()[0] == "val/loss" for line in lines if line.startswith("  "))
    assert row.state.status == "completed"
    assert row.state.launcher == "foreground"


def test_json_is_one_object_on_the_last_line_and_the_rest_goes_to_stderr(spec_file, runs, store):
    done = engine("train", spec_file, "--runs", runs, "--json")
    assert done.exit_code == 0, done.stderr
    (line,) = done.stdout.splitlines()
    facts = json.loads(line)
    assert facts["run_id"] == store.list()[0].id
    assert (facts["status"], facts["step"], facts["total_steps"]) == ("completed", 20, 20)
    assert 0 < facts["metrics"]["val/loss"] < 3
    assert "Completed all 20 steps. (0:0" in done.stderr


def test_a_document_can_come_from_stdin_and_be_named(runs, store):
    done = engine("train", "-", "--runs", runs, "--name", "from a pipe", input=TINY.to_json())
    assert done.exit_code == 0, done.stderr
    assert store.list()[0].name == "from a pipe"


def test_the_runs_folder_comes_from_the_environment(spec_file, runs):
    done = engine("train", spec_file, env={"TRAINDECK_RUNS": str(runs)})
    assert done.exit_code == 0, done.stderr
    assert len(RunStore(runs).list()) == 1


def test_a_diverged_run_fails_with_code_1_and_can_be_resumed(tmp_path, runs):
    def diverge(document):
        document["training"]["optimizer"] = {"name": "sgd", "lr": 100, "momentum": 0.99}
        document["training"]["gradients"] = {"clip_norm": None}
        document["training"]["length"]["amount"] = 1000

    done = engine("train", changed(tmp_path, diverge), "--runs", runs, "--json")
    assert done.exit_code == 1
    facts = json.loads(done.stdout.splitlines()[-1])
    assert facts["status"] == "failed"
    assert "Training diverged at step" in facts["reason"]
    assert set(facts["metrics"]) >= {"train/loss", "optim/grad_norm"}
    assert "Go on with: python -m engine resume" in done.stderr


# -- bad input -------------------------------------------------------------------------------------


def several_errors(document):
    document["colour"] = "red"
    document["training"]["batching"]["batch_size"] = "many"
    document["training"]["optimizer"]["lr"] = -1
    document["training"]["evaluation"]["evry_steps"] = 5
    del document["task"]


def test_all_errors_of_a_document_come_at_once_each_with_its_field(tmp_path, runs):
    done = engine("train", changed(tmp_path, several_errors), "--runs", runs)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert sorted(done.stderr.splitlines()) == [
        "colour: unknown field (got 'red'). Remove it or correct its name.",
        "task: required field is missing. Add it.",
        "training.batching.batch_size: input should be a valid integer, unable to parse string "
        "as an integer (got 'many').",
        "training.evaluation.evry_steps: unknown field (got 5). Remove it or correct its name.",
        "training.optimizer.lr: input should be greater than 0 (got -1).",
    ]
    assert not runs.exists()


def heads_that_do_not_divide(document):
    document["model"] = {"kind": "vit", "heads": 5, "width": 64}


def test_an_impossible_size_is_refused_with_a_possible_one(tmp_path, runs):
    done = engine("train", changed(tmp_path, heads_that_do_not_divide), "--runs", runs)
    assert done.exit_code == 2
    assert done.stderr == (
        "model.width: width 64 cannot be divided among 5 attention heads; "
        "use a multiple of 5, such as 65.\n"
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "(document): not valid JSON: Expecting property name enclosed in double quotes"),
        (b"", "(document): not valid JSON: Expecting value: line 1 column 1 (char 0)"),
        (b"[]", "(document): expected an object with fields, as in {...} (got [])."),
        (b"\xff\xfe{}", "SPEC: not UTF-8 text: invalid start byte at byte 0."),
        (b"[" * 200_000, "(document): not valid JSON: "),
        (b" " * 10_000_001, "SPEC: larger than 10 MB"),
    ],
    ids=["torn", "empty", "list", "binary", "deep", "huge"],
)
def test_what_is_no_document_is_refused(tmp_path, runs, content, message):
    path = tmp_path / "bad.json"
    path.write_bytes(content)
    done = engine("train", path, "--runs", runs)
    assert done.exit_code == 2
    assert done.stderr.startswith(message)
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("mnist", "SPEC: no such file or example (got 'mnist'). Examples: gpt-python-docs, "),
        ("no.json", "SPEC: cannot read the file: No such file or directory (got 'no.json')."),
        ("/", "SPEC: cannot read the file: Is a directory (got '/')."),
    ],
)
def test_what_is_no_file_is_refused(runs, source, message):
    done = engine("train", source, "--runs", runs)
    assert done.exit_code == 2
    assert done.stderr.startswith(message)


def test_a_run_of_another_programs_data_cannot_be_trained_from_here(tmp_path, runs):
    def in_memory(document):
        document["data"] = InMemoryData().model_dump()

    done = engine("train", changed(tmp_path, in_memory), "--runs", runs)
    assert done.exit_code == 2
    assert done.stderr.startswith("data.source: ")
    assert RunStore(runs).list() == []


@pytest.mark.parametrize("name", ["\ud800", "x" * 301])
def test_a_name_that_cannot_be_kept_is_refused(spec_file, runs, name):
    done = engine("train", spec_file, "--runs", runs, "--name", name)
    assert done.exit_code == 2
    assert done.stderr.startswith("name: ")
    assert RunStore(runs).list() == []


def impossible_here(document):
    document["model"]["kind"] = "cnn"
    del document["model"]["width"], document["model"]["layers"]
    document["model"]["stages"] = 9
    document["training"]["batching"]["batch_size"] = 100_000


def test_what_does_not_fit_the_data_is_refused_before_a_run_is_made(tmp_path, runs):
    done = engine("train", changed(tmp_path, impossible_here), "--runs", runs)
    assert done.exit_code == 2
    assert {line.split(":")[0] for line in done.stderr.splitlines()} == {
        "model.stages",
        "training.batching.batch_size",
    }
    assert RunStore(runs).list() == []


def test_an_unusable_runs_folder_is_named(tmp_path, spec_file):
    (tmp_path / "file").touch()
    done = engine("train", spec_file, "--runs", tmp_path / "file" / "runs")
    assert done.exit_code == 2
    assert done.stderr == (
        f"The runs folder {tmp_path}/file/runs cannot be used (Not a directory). Choose another "
        "with RUNS=/path make run, or --runs on the command line.\n"
    )


@pytest.mark.parametrize("command", ["resume", "runs show", "runs metrics", "runs stop"])
@pytest.mark.parametrize("run_id", ["../../etc", "20200101-000000-aaaaaa", "", "a\0b", ".queue"])
def test_an_unknown_run_is_answered_with_those_that_there_are(store, command, run_id):
    known = fabricate.run_of(store).id
    done = engine(*command.split(), run_id, "--runs", store.root)
    assert done.exit_code == 2
    assert done.stderr == (
        f"RUN_ID: no such run in {store.root} (got {run_id!r}). There are: {known} (docs gpt).\n"
    )


def test_a_missing_runs_folder_is_not_made_by_reading(runs):
    done = engine("runs", "show", "20200101-000000-aaaaaa", "--runs", runs)
    assert done.exit_code == 2
    listed = engine("runs", "list", "--runs", runs, "--json")
    assert (listed.exit_code, listed.stdout) == (0, "[]\n")
    assert listed.stderr.startswith(f"There is no runs folder {runs} yet")
    assert not runs.exists()


@pytest.mark.parametrize("arguments", [["train"], ["nonsense"], ["runs", "list", "--colour"]])
def test_wrong_usage_is_bad_input(arguments):
    assert engine(*arguments).exit_code == 2


# -- stop, interrupt, resume -----------------------------------------------------------------------


def test_a_stopped_run_is_done_and_resume_brings_it_to_its_end(store):
    longer = {"training.length.amount": 1000}  # requests are looked for every tenth of a second
    run = store.create(with_changes(TINY, longer))
    run.request("stop-and-save")
    assert engine("work", run.id, "--runs", store.root).exit_code == 0
    assert run.state().status == "stopped"
    done = engine("resume", run.id, "--runs", store.root, "--json")
    assert done.exit_code == 0, done.stderr
    facts = json.loads(done.stdout)
    assert (facts["run_id"], facts["status"], facts["step"]) == (run.id, "completed", 1000)
    assert run.state().attempt == 2


def test_a_request_left_for_an_ended_attempt_does_not_end_the_next(store):
    run = fabricate.run_of(store, TINY, status="stopped", steps=0)
    run.request("stop")
    assert engine("resume", run.id, "--runs", store.root).exit_code == 0
    assert run.state().status == "completed"


def test_a_queued_run_is_taken_out_of_the_queue_when_it_is_trained_here(store):
    run = store.create(TINY)
    store.enqueue(run)
    assert engine("resume", run.id, "--runs", store.root).exit_code == 0
    assert list(store.queue.iterdir()) == []


def test_a_completed_run_cannot_be_resumed(store):
    run = fabricate.run_of(store, status="completed")
    done = engine("resume", run.id, "--runs", store.root)
    assert done.exit_code == 2
    assert done.stderr == f"Run '{run.id}' cannot be resumed: it has made all its steps.\n"


def test_a_run_with_a_worker_cannot_get_a_second_one(store):
    run = fabricate.run_of(store, status="running")
    with run.owned():
        done = engine("resume", run.id, "--runs", store.root)
    assert done.exit_code == 2
    assert done.stderr == f"Run '{run.id}' is already being trained by another process.\n"


def wait_until_training(store, process, patience_s=60):
    gives_up_at = time.monotonic() + patience_s
    while time.monotonic() < gives_up_at and process.poll() is None:
        runs = store.list()
        if runs and runs[0].state.step > 5:
            return runs[0].id
        time.sleep(0.05)
    process.kill()
    pytest.fail(f"no training: {process.communicate()}")


def test_ctrl_c_saves_and_says_how_to_go_on(tmp_path, store):
    def long(document):
        document["training"]["length"]["amount"] = 1_000_000

    spec = changed(tmp_path, long)
    process = started("train", spec, "--runs", store.root, "--json", stdout=subprocess.PIPE)
    run_id = wait_until_training(store, process)
    process.send_signal(signal.SIGINT)
    output, remarks = process.communicate(timeout=60)
    assert process.returncode == 130, remarks
    facts = json.loads(output.splitlines()[-1])
    assert (facts["run_id"], facts["status"]) == (run_id, "interrupted")
    assert store.open(run_id).checkpoint_steps()[-1] == facts["step"]
    command = ["python", "-m", "engine", "resume", run_id, "--runs", str(store.root)]
    assert remarks.splitlines()[-1] == f"Go on with: {shlex.join(command)}"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_closed_terminal_and_a_shutdown_ask_for_the_same(store, number):
    before, run = signal.signal(number, signal.SIG_DFL), store.create(TINY)
    try:
        with signals_become_requests(run):
            signal.raise_signal(number)
        assert run.waiting_requests() == ["interrupt"]
        assert signal.getsignal(number) == signal.SIG_DFL
    finally:
        signal.signal(number, before)


def test_the_second_signal_ends_at_once(store):
    run = store.create(TINY)
    with signals_become_requests(run):
        signal.raise_signal(signal.SIGINT)
        assert run.waiting_requests() == ["interrupt"]
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert run.waiting_requests() == ["interrupt"]


def test_signals_are_put_back_and_those_to_be_ignored_stay_ignored(store):
    before = signal.getsignal(signal.SIGINT), signal.signal(signal.SIGHUP, signal.SIG_IGN)
    run = store.create(TINY)
    try:
        with signals_become_requests(run):
            signal.raise_signal(signal.SIGHUP)
        assert run.waiting_requests() == []
        assert signal.getsignal(signal.SIGINT) == before[0]
    finally:
        signal.signal(signal.SIGHUP, before[1])


# -- runs ------------------------------------------------------------------------------------------


def test_runs_are_listed_with_their_state(store):
    run = fabricate.run_of(store, status="stopped", steps=100)
    done = engine("runs", "list", "--runs", store.root)
    assert done.exit_code == 0
    heading, row = done.stdout.splitlines()
    assert heading.split() == ["RUN", "STATUS", "STEP", "BEST", "CREATED", "NAME"]
    assert row.split()[:3] == [run.id, "stopped", "100/200"]
    assert row.endswith("docs gpt")
    (facts,) = json.loads(engine("runs", "list", "--runs", store.root, "--json").stdout)
    assert (facts["run_id"], facts["status"], facts["step"]) == (run.id, "stopped", 100)
    assert facts["best"]["metric"] == "val/loss"


def test_a_damaged_run_is_listed_beside_the_others(store):
    fabricate.run_of(store)
    damaged = fabricate.run_of(store)
    (damaged.folder / "state.json").write_text("{")
    table = engine("runs", "list", "--runs", store.root)
    assert table.exit_code == 0
    assert {line.split()[1] for line in table.stdout.splitlines()[1:]} == {"damaged", "completed"}
    rows = json.loads(engine("runs", "list", "--runs", store.root, "--json").stdout)
    assert {row["status"] for row in rows} == {"damaged", "completed"}
    shown = engine("runs", "show", damaged.id, "--runs", store.root)
    assert shown.exit_code == 2
    assert shown.stderr.startswith(f"Run '{damaged.id}' is damaged: state.json cannot be read")


def test_names_cannot_write_to_the_terminal(store):
    fabricate.run_of(store, with_changes(fabricate.TEXT, {"name": "\x1b[2Jred\nline\u202e"}))
    table = engine("runs", "list", "--runs", store.root).stdout
    assert table.splitlines()[1].endswith("\\x1b[2Jred\\nline\\u202e")


def test_a_run_is_shown_with_its_metrics_events_and_spec(store):
    run = fabricate.run_of(store)
    done = engine("runs", "show", run.id, "--runs", store.root)
    assert done.exit_code == 0
    assert f"{run.id}  docs gpt\ncompleted at step 200/200" in done.stdout
    assert "val/perplexity" in done.stdout
    assert "Training began on cpu with 2 threads." in done.stdout
    facts = json.loads(engine("runs", "show", run.id, "--runs", store.root, "--json").stdout)
    assert RunSpec.parse(facts["spec"]) == fabricate.TEXT


@pytest.fixture
def measured(store):
    run = store.create(TINY)
    files = MetricFiles(run.metrics_folder)
    nan, infinity = float("nan"), float("inf")
    files.append("train/loss", records_of([(1, 10.0, 0.1), (2, 11.5, nan), (3, 12.0, infinity)]))
    files.append("a,b", records_of([(2, 11.5, 1 / 3)]))
    files.close()
    return run


def test_metrics_as_csv_tell_not_logged_from_not_a_number(store, measured):
    done = engine("runs", "metrics", measured.id, "--runs", store.root, "--format", "csv")
    assert done.exit_code == 0
    assert done.stdout == ('step,"a,b",train/loss\n1,,0.1\n2,0.3333333333333333,NaN\n3,,Infinity\n')


def test_metrics_as_json_are_whole(store, measured):
    done = engine("runs", "metrics", measured.id, "--runs", store.root, "--format", "json")
    assert json.loads(done.stdout) == {
        "a,b": {"step": [2], "time": [11.5], "value": [1 / 3]},
        "train/loss": {
            "step": [1, 2, 3],
            "time": [10.0, 11.5, 12.0],
            "value": [0.1, "NaN", "Infinity"],
        },
    }


def test_a_run_without_points_has_only_a_header(store):
    run = store.create(TINY)
    assert engine("runs", "metrics", run.id, "--runs", store.root).stdout == "step\n"


@pytest.mark.parametrize(
    ("command", "request_left"),
    [
        (["stop"], "stop"),
        (["stop", "--save"], "stop-and-save"),
        (["pause"], "pause"),
        (["continue"], "resume"),
    ],
)
def test_requests_are_left_for_the_worker(store, command, request_left):
    run = fabricate.run_of(store, status="running")
    done = engine("runs", *command, run.id, "--runs", store.root)
    assert done.exit_code == 0, done.stderr
    assert run.waiting_requests() == [request_left]


def test_an_ended_run_takes_no_requests(store):
    run = fabricate.run_of(store, status="completed")
    done = engine("runs", "pause", run.id, "--runs", store.root)
    assert done.exit_code == 2
    assert done.stderr.startswith("RUN_ID: the run has ended (got completed).")
    assert run.waiting_requests() == []


def test_stopping_a_queued_run_takes_it_out_of_the_queue(store):
    run = store.create(TINY)
    store.enqueue(run)
    assert engine("runs", "stop", run.id, "--runs", store.root).exit_code == 0
    assert run.state().status == "stopped"
    assert list(store.queue.iterdir()) == []


# -- as a process ----------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [["examples"], ["example", "digits-mlp"], ["runs", "list"]])
def test_reading_commands_do_not_wait_for_heavy_imports(store, arguments):
    fabricate.run_of(store)
    command = [sys.executable, "-X", "importtime", "-m", "engine", *arguments]
    environment = {**os.environ, "TRAINDECK_RUNS": str(store.root)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "engine.commands" in loaded
    assert loaded & {"torch", "streamlit", "plotly", "pandas", "sklearn", "scipy"} == set()


def test_a_reader_that_goes_away_is_no_error(store):
    run = fabricate.run_of(store, steps=200)
    reader, writer = os.pipe()
    os.close(reader)
    process = started("runs", "metrics", run.id, "--runs", store.root, stdout=writer)
    os.close(writer)
    _, remarks = process.communicate(timeout=60)
    assert (process.returncode, remarks) == (0, "")


def test_training_outlives_the_reader_of_its_progress(spec_file, store):
    reader, writer = os.pipe()
    os.close(reader)
    process = started("train", spec_file, "--runs", store.root, stdout=writer)
    os.close(writer)
    _, remarks = process.communicate(timeout=60)
    assert (process.returncode, remarks) == (0, "")
    assert store.list()[0].state.status == "completed"
