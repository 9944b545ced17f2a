"""Reports are kept by what they are about; a child process makes them and can be ended."""

from __future__ import annotations

import json
import math
import os
import time

import psutil
import pytest
from typer.testing import CliRunner

from engine.__main__ import app
from engine.data.sources import facts_of
from engine.examples import EXAMPLES
from engine.frozen import with_changes
from engine.health import child, kept
from engine.health.names import NAMES
from engine.health.report import Finding, HealthReport, Measured, value_of
from engine.runs.store import RunStore

SPEC = with_changes(EXAMPLES["digits-mlp"].spec, {"training.hardware.threads": 1})
DIGEST = kept.digest_of(SPEC.task, SPEC.model, facts_of(SPEC.data, SPEC.model))
REPORT = HealthReport(
    digest=DIGEST,
    checked_at=5.0,
    task=SPEC.task.model_dump(mode="json"),
    model=SPEC.model.model_dump(mode="json"),
    data=SPEC.data.model_dump(mode="json"),
    batch_size=32,
    findings=(
        Finding(
            check="noise",
            verdict="warn",
            text="Noise moves it.",
            measured=(Measured(name="share", value="NaN"),),
        ),
        Finding(check="padding", verdict="skipped", text="The data has no padding."),
        Finding(check="saving", verdict="pass", text="It is the same."),
    ),
)


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "runs")


def engine(*arguments, **options):
    return CliRunner().invoke(app, [str(argument) for argument in arguments], **options)


def waited(examined, until, limit_s=120):
    ends_at = time.monotonic() + limit_s
    while not until() and time.monotonic() < ends_at:
        examined.poll()
        time.sleep(0.02)
    assert until()


def test_a_report_is_read_back_as_it_was_kept(store):
    assert kept.read(store.root, DIGEST) is None
    file = kept.write(store.root, REPORT)
    assert file == store.root / ".models" / "health" / f"{DIGEST}.json"
    assert kept.read(store.root, DIGEST) == REPORT
    assert list(kept.read_all(store.root)) == [REPORT]
    assert (REPORT.verdict, REPORT.count("pass")) == ("warn", 1)


@pytest.mark.parametrize("text", ["", "{", '{"version": 1}', "[]", '{"version": 9}'])
def test_a_damaged_report_is_refused_in_words(store, text):
    file = kept.write(store.root, REPORT)
    file.write_text(text)
    with pytest.raises(kept.UnreadableReport, match="Delete it and make the health check again"):
        kept.read(store.root, DIGEST)
    assert [type(one) for one in kept.read_all(store.root)] == [kept.UnreadableReport]


def test_other_models_tasks_and_data_have_other_digests():
    facts = facts_of(SPEC.data, SPEC.model)
    others = [
        kept.digest_of(SPEC.task, with_changes(SPEC.model, {"width": 64}), facts),
        kept.digest_of(SPEC.task, SPEC.model, with_changes(facts, {"fingerprint": "other"})),
        kept.digest_of(with_changes(SPEC.task, {"loss": {"name": "focal"}}), SPEC.model, facts),
    ]
    assert len({DIGEST, *others}) == 4


@pytest.mark.parametrize(
    ("number", "value"),
    [(1, 1.0), (None, None), (math.nan, "NaN"), (math.inf, "Infinity"), (-math.inf, "-Infinity")],
)
def test_numbers_that_json_lacks_are_their_names(number, value):
    assert value_of(number) == value


def test_a_child_makes_the_report_of_all_checks(store):
    examined = child.start(store, SPEC)
    assert not examined.done
    waited(examined, lambda: examined.done)
    assert examined.problem == ""
    assert [one.check for one in examined.findings] == list(NAMES)
    assert examined.digest == DIGEST
    report = kept.read(store.root, DIGEST)
    assert report.findings == tuple(examined.findings)
    assert report.verdict == "pass"
    assert report.environment["threads"] == 1


def test_some_checks_alone_make_no_report(store):
    examined = child.start(store, SPEC, ["forward"])
    waited(examined, lambda: examined.done)
    assert [(one.check, one.verdict) for one in examined.findings] == [("forward", "pass")]
    assert (examined.digest, examined.problem) == ("", "")
    assert kept.read(store.root, DIGEST) is None


def test_a_child_is_ended_at_once_and_keeps_what_it_found(store):
    examined = child.start(store, SPEC)
    waited(examined, lambda: examined.findings)
    process = psutil.Process(examined._process.pid)
    examined.cancel()
    assert examined.done
    assert examined.problem == "It was cancelled."
    assert not process.is_running()
    assert not os.path.exists(examined._folder.name)
    assert kept.read(store.root, DIGEST) is None
    assert examined.poll()


def test_a_child_that_takes_too_long_is_ended(store, monkeypatch):
    monkeypatch.setattr(child, "LIMIT_S", 0.0)
    examined = child.start(store, SPEC)
    waited(examined, lambda: examined.done)
    assert examined.problem.startswith("It was ended after 0 s")


def test_what_breaks_a_child_off_is_told(store):
    mismatched = with_changes(SPEC, {"data": {"source": "python-docs"}})
    examined = child.start(store, mismatched)
    waited(examined, lambda: examined.done)
    assert examined.problem.startswith("The health check broke off: ")
    assert "context length" in examined.problem


def test_the_command_shows_a_line_a_check(store):
    done = engine("health", "-", "--runs", store.root, input=SPEC.to_json())
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    for line, name in zip(lines, NAMES.values(), strict=False):
        verdict, rest = line.split(maxsplit=1)
        assert verdict in ("PASS", "SKIPPED")
        assert rest.startswith(name.title)
    assert lines[-1].startswith("13 pass, 0 warn, 0 fail, 3 skipped")
    assert lines[-1].endswith(f"{DIGEST}.json")


def test_the_command_fails_where_a_check_does(store):
    hopeless = with_changes(SPEC, {"model.width": 1, "model.layers": 60})
    done = engine(
        "health",
        "-",
        "--runs",
        store.root,
        "--only",
        "gradient-flow",
        "--json",
        input=hopeless.to_json(),
    )
    assert done.exit_code == 1
    (line,) = done.stdout.splitlines()
    assert Finding.parse(json.loads(line)).verdict == "fail"


def test_an_unknown_check_is_refused_with_those_that_there_are(store):
    done = engine("health", "digits-mlp", "--runs", store.root, "--only", "speeed")
    assert done.exit_code == 2
    assert "no such check (got 'speeed'). Checks: instantiation, forward" in done.stderr
