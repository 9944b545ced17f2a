"""worker.log has what the engine logs while a run is worked on, whoever works on it."""

import logging
import re

import pytest

from engine.launch.worker import work
from engine.run_spec import RunSpec
from engine.runs.store import RunStore
from engine.runs.worker_log import FILE, kept
from tests.engine.every_field import BASES

LINE = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (\w+) ([\w.]+): (.*)"


@pytest.mark.parametrize("launcher", ["thread", "process", "foreground"])
def test_a_worker_says_in_it_that_it_began_and_how_it_ended(tmp_path, launcher):
    store = RunStore(tmp_path)
    run = store.create(RunSpec.parse(BASES["mlp"]))
    work(store, run.id, launcher=launcher)
    lines = (run.folder / FILE).read_text().splitlines()
    first, last = (re.fullmatch(LINE, line) for line in (lines[0], lines[-1]))
    assert first
    assert last
    assert first[1] == "INFO"
    assert "is worked on by process" in first[3]
    assert "Completed all" in last[3]


def test_only_the_engine_is_written_down_and_only_meanwhile(tmp_path):
    engine, other = logging.getLogger("engine.some.part"), logging.getLogger("other")
    before = logging.getLogger("engine").level
    with kept(tmp_path, "thread"):
        engine.info("of the engine")
        other.warning("of others")
    engine.warning("too late")
    assert re.fullmatch(LINE, (tmp_path / FILE).read_text().strip())[3] == "of the engine"
    assert logging.getLogger("engine").level == before


def test_a_terminal_still_sees_warnings(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(logging.getLogger(), "handlers", [])  # pytest's
    with kept(tmp_path, "foreground"):
        logging.getLogger("engine.part").info("for the file")
        logging.getLogger("engine.part").warning("for both")
    assert capsys.readouterr().err == "for both\n"
    assert len((tmp_path / FILE).read_text().splitlines()) == 2


def test_what_was_there_is_kept(tmp_path):
    (tmp_path / FILE).write_text("printed before\n")
    with kept(tmp_path, "process"):
        logging.getLogger("engine").info("logged")
    assert (tmp_path / FILE).read_text().startswith("printed before\n")
