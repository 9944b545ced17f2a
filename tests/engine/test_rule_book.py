"""The rule book: several change it at once, and whatever its file holds is told."""

import json
import multiprocessing
import os
import threading
import time

import pytest

from engine.alerting.rule import Rule
from engine.alerting.rule_book import RuleBook, RulesUnreadable
from engine.errors import BadInput
from engine.runs.run import Run
from engine.runs.store import RunStore
from tests.engine.alerting_runs import Bench

ABOVE_2 = {"kind": "compare", "metric": "val/loss", "is": ">", "value": 2}


def rule(name="r", **fields):
    return Rule.parse({"name": name, "condition": ABOVE_2, **fields})


@pytest.fixture
def root(tmp_path):
    return RunStore(tmp_path / "runs").root


def test_a_rule_comes_back_as_it_was_put_in(root):
    kept = RuleBook(root).put(rule("a"))
    assert RuleBook(root).rules() == (kept,)
    assert (kept.name, kept.revision) == ("a", 0)
    assert kept.condition == rule().condition


def test_two_tabs_lose_none_of_each_others_rules(root):
    one, other = RuleBook(root), RuleBook(root)
    first = one.put(rule("first"))
    other.put(rule("second"))
    one.put(first.model_copy(update={"name": "renamed"}))
    other.remove("ffffffff")
    assert [kept.name for kept in one.rules()] == ["renamed", "second"]


def test_what_one_tab_changes_after_another_removed_it_is_there_again(root):
    one, other = RuleBook(root), RuleBook(root)
    kept = one.put(rule())
    other.remove(kept.id)
    one.put(kept.model_copy(update={"name": "still wanted"}))
    assert [left.name for left in other.rules()] == ["still wanted"]


def test_a_webhook_without_an_address_is_refused(root):
    with pytest.raises(BadInput, match="webhook: an address is needed"):
        RuleBook(root).put(rule(channels=["webhook"]))


def test_an_edited_rule_keeps_its_address_and_a_removed_one_leaves_none(root):
    book = RuleBook(root)
    kept = book.put(rule(channels=["webhook"]), "https://example.com/x")
    book.put(kept.model_copy(update={"name": "other"}))
    assert book.webhook(kept.id) == "https://example.com/x"
    book.remove(kept.id)
    assert book.webhook(kept.id) is None


def test_a_rule_that_sends_nothing_any_more_keeps_no_secret(root):
    book = RuleBook(root)
    kept = book.put(rule(channels=["webhook"]), "https://example.com/x")
    book.put(kept.model_copy(update={"channels": ("app",)}))
    assert "example" not in (root / ".alerts" / "webhooks.json").read_text()


def test_a_switch_takes_back_nothing_that_another_tab_has_changed(root):
    one, other = RuleBook(root), RuleBook(root)
    kept = one.put(rule())
    other.put(kept.model_copy(update={"name": "renamed"}))
    one.switch(kept.id, False)
    (found,) = one.rules()
    assert (found.name, found.enabled) == ("renamed", False)


def test_a_switch_waits_for_a_change_that_another_tab_makes_meanwhile(root):
    one, other = RuleBook(root), RuleBook(root)
    kept = one.put(rule())
    with other._changing():
        switching = threading.Thread(target=one.switch, args=(kept.id, False))
        switching.start()
        switching.join(0.2)  # it waits: what it switches may be changed before
        other._put(kept.model_copy(update={"name": "renamed"}), None)
    switching.join()
    (found,) = RuleBook(root).rules()
    assert (found.name, found.enabled) == ("renamed", False)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "rules.json"),
        ("[]", "rules.json"),
        ('{"version": 2, "rules": []}', "it has version 2"),
        ('{"version": 1, "rules": [{"name": ""}]}', "required field is missing"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_and_not_written_over(root, text, reason):
    book = RuleBook(root)
    book.put(rule())
    path = root / ".alerts" / "rules.json"
    path.write_text(text)
    for act in (book.rules, lambda: book.put(rule("b"))):
        with pytest.raises(RulesUnreadable, match=reason):
            act()
    assert path.read_text() == text


def test_bad_rules_are_refused_with_the_field():
    condition = {"kind": "compare", "metric": "", "is": "=", "value": None}
    with pytest.raises(BadInput) as refusal:
        Rule.parse({"name": "", "condition": condition, "channels": []})
    paths = {problem.path for problem in refusal.value.problems}
    assert paths == {"name", "condition.metric", "condition.is", "condition.value", "channels"}


# -- two writers of one event log ------------------------------------------------------------------


def _write(folder, name, count):
    run = Run(folder)
    for number in range(count):
        run.add_event("note", f"{name} {number} " + "x" * (number % 50))


def test_two_processes_write_one_event_log_without_loss(root):
    bench = Bench(RunStore(root))
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=_write, args=(bench.run.folder, name, 300)) for name in "ab"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    events = bench.run.events()[0]
    for name in "ab":
        mine = [int(event["text"].split()[1]) for event in events if event["text"][0] == name]
        assert mine == list(range(300))


# -- what watching costs ---------------------------------------------------------------------------


def test_ten_thousand_ended_runs_are_not_read_again(root):
    bench = Bench(RunStore(root))
    bench.end()
    ended = bench.run.state().model_dump_json()
    for number in range(10_000):
        folder = root / f"20250101-000000-{number:06x}"
        folder.mkdir()
        (folder / "state.json").write_text(ended)
    bench.clock.now += 3600
    bench.rule(ABOVE_2)
    live = bench.live()
    for path in root.glob("2025*"):
        os.utime(path / "state.json", (1, 1))
    began = time.process_time()
    bench.tick()
    first_s = time.process_time() - began
    began = time.process_time()
    for _ in range(20):
        bench.tick()
    tick_s = (time.process_time() - began) / 20
    assert first_s < 2
    assert tick_s < 0.01
    assert json.loads((live.folder / "state.json").read_text())["status"] == "running"
