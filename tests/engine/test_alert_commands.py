"""python -m engine alerts: rules made, listed and removed; watching without a server."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from engine.__main__ import app
from engine.alerting.rule_book import RuleBook
from engine.runs.store import RunStore
from tests.engine.alerting_runs import Bench

ROOT = Path(__file__).parents[2]


@pytest.fixture
def runs(tmp_path):
    return RunStore(tmp_path / "runs").root


def alerts(runs, *arguments, **options):
    return CliRunner().invoke(app, ["alerts", *arguments, "--runs", str(runs)], **options)


@pytest.mark.parametrize(
    ("when", "lasting", "condition"),
    [
        ("val/loss > 2.5", "5 points", {"is": ">", "value": 2.5, "amount": 5, "unit": "points"}),
        ("val/loss<=1e-3", "1 step", {"is": "<=", "value": 0.001, "amount": 1, "unit": "steps"}),
        ("a not-finite", None, {"kind": "not-finite", "metric": "a", "unit": "points"}),
        ("a no-improvement higher", "9 minutes", {"better": "higher", "unit": "minutes"}),
        ("silent", "2 minutes", {"kind": "silent", "metric": None, "seconds": 120}),
        ("a silent", "30 seconds", {"kind": "silent", "metric": "a", "seconds": 30}),
        ("failed,stopped", None, {"kind": "status", "becomes": ["failed", "stopped"]}),
    ],
)
def test_a_condition_is_said_in_words(runs, when, lasting, condition):
    done = alerts(runs, "add", "r", "--when", when, *(["--for", lasting] if lasting else []))
    assert done.exit_code == 0, done.output
    (rule,) = json.loads(alerts(runs, "list", "--json").stdout)
    assert {name: rule["condition"][name] for name in condition} == condition


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--when", "val/loss high"], "--when: not a condition"),
        (["--when", "a > b"], "condition.value: input should be a valid number"),
        (["--when", "a > 1", "--for", "long"], "--for: not a duration"),
        (["--when", "silent", "--for", "5 steps"], "silence is not counted in steps"),
        (["--when", "a no-improvement"], "condition.amount: required field is missing"),
        (["--when", "silent", "--run", "20250101-000000-aaaaaa"], "RUN_ID: no such run"),
        (["--when", "silent", "--query", "tags contains ("], "query, column 15"),
        (["--when", "silent", "--webhook"], "TRAINDECK_WEBHOOK: is not set"),
    ],
)
def test_what_makes_no_sense_is_refused_in_plain_words(runs, arguments, message):
    done = alerts(runs, "add", "r", *arguments)
    assert done.exit_code == 2
    assert message in done.stderr
    assert RuleBook(runs).rules() == ()


def test_a_webhook_address_is_taken_from_the_environment_and_never_shown(runs):
    secret = {"TRAINDECK_WEBHOOK": "https://hooks.slack.com/verysecret"}
    made = alerts(runs, "add", "r", "--when", "silent", "--webhook", env=secret)
    listed = alerts(runs, "list").output + alerts(runs, "list", "--json").output
    assert "https://hooks.slack.com/…" in made.output
    assert "verysecret" not in made.output + listed
    (rule,) = RuleBook(runs).rules()
    assert RuleBook(runs).webhook(rule.id) == secret["TRAINDECK_WEBHOOK"]


def test_a_rule_is_removed_by_its_id(runs):
    alerts(runs, "add", "r", "--when", "silent")
    (rule,) = RuleBook(runs).rules()
    assert alerts(runs, "remove", "ffffffff").exit_code == 2
    assert alerts(runs, "remove", rule.id).exit_code == 0
    assert RuleBook(runs).rules() == ()


def test_a_full_disk_does_not_end_the_watch(runs, monkeypatch):
    answers = iter([OSError(errno.ENOSPC, "No space left on device")] * 3 + [KeyboardInterrupt()])

    def sweep(store):
        raise next(answers)

    monkeypatch.setattr(RunStore, "sweep", sweep)
    monkeypatch.setattr("engine.commands.alerts._SWEEP_S", 0.01)
    done = alerts(runs, "watch")
    assert done.exit_code == 0, done.output
    assert done.stderr.count("No space left on device") == 1


def interruptible():
    """Ctrl-C reaches the child even where the tests run in the background of a shell."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_watching_prints_what_fires_until_ctrl_c(runs):
    bench = Bench(RunStore(runs))
    bench.rule({"kind": "compare", "metric": "val/loss", "is": ">", "value": 2}, name="high")
    bench.log([3])
    command = [sys.executable, "-m", "engine", "alerts", "watch", "--runs", str(runs)]
    with (
        bench.run.owned(),
        subprocess.Popen(
            command,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            preexec_fn=interruptible,
        ) as process,
    ):
        try:
            line = process.stdout.readline()
            time.sleep(0.1)
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=20) == 0
        finally:
            process.kill()
    assert line == f"{bench.run.id}  high: val/loss was 3 at step 1, above 2 since step 1.\n"
