"""The journal of alerts when it is trimmed: everybody reads on where they were, nothing is lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.alerting import journal as journal_module
from engine.alerting.journal import Fired, Journal
from engine.alerting.service import AlertService
from engine.runs.store import RunStore
from tests.engine.alerting_runs import Bench

ABOVE_2 = {"kind": "compare", "metric": "val/loss", "is": ">", "value": 2}


def alert(number, rule="00000000"):
    about = {"rule": rule, "revision": 0, "name": "high", "run": "r", "run_name": "é"}
    return Fired(id=str(number), step=number, time=number, found_at=number, text="x", **about)


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(journal_module, "LARGE", 1_000)
    monkeypatch.setattr(journal_module, "KEPT", 5)


@pytest.fixture
def journal(small, tmp_path):
    journal = Journal(tmp_path)
    journal.path.parent.mkdir()
    for number in range(20):
        journal.append(alert(number))
    return journal


def ids(journal, offset=0):
    return [int(fired.id) for _, fired in journal.read(offset)[0]]


def never(fired):
    return False


def test_the_newest_and_what_is_needed_stay(journal):
    before = journal.path.stat().st_size
    journal.trim(journal.size(), lambda fired: fired.id in ("3", "7"))
    assert ids(journal) == [3, 7, 15, 16, 17, 18, 19]
    assert [int(fired.id) for fired in journal.newest(3)] == [19, 18, 17]
    assert journal.path.stat().st_size < before / 2


def test_what_somebody_has_still_to_read_stays(journal):
    (offset, _), *_ = journal.read()[0][11:]
    journal.trim(offset, never)
    assert ids(journal) == list(range(12, 20))


def test_a_small_journal_is_left_alone(journal, monkeypatch):
    monkeypatch.setattr(journal_module, "LARGE", 1_000_000)
    before = journal.path.read_bytes()
    journal.trim(journal.size(), never)
    assert journal.path.read_bytes() == before


def test_a_torn_line_and_a_damaged_head_hide_no_alert(journal):
    with journal.path.open("ab") as file:
        file.write(b'{"id": "torn')
    journal.trim(journal.size(), never)
    journal.append(alert(20))
    assert ids(journal) == [15, 16, 17, 18, 19, 20]
    journal.path.write_bytes(journal.path.read_bytes().replace(b'"base":', b'"bass":', 1))
    assert ids(journal) == [15, 16, 17, 18, 19, 20]


@given(
    st.lists(st.sampled_from(["append", "read", "trim"]) | st.sampled_from(["append", "append"])),
    st.sets(st.integers(0, 30)),
)
def test_a_reader_meets_each_alert_once_whenever_it_reads(tmp_path_factory, acts, needed):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(journal_module, "LARGE", 300)
        patch.setattr(journal_module, "KEPT", 2)
        journal = Journal(tmp_path_factory.mktemp("journal"))
        journal.path.parent.mkdir()
        count, cursor, seen = 0, 0, []
        for act in (*acts, "read"):
            if act == "append":
                journal.append(alert(count))
                count += 1
            elif act == "trim":
                journal._trimmed_to = 0
                journal.trim(cursor, lambda fired: int(fired.id) in needed)
            else:
                found, cursor = journal.read(cursor)
                seen += [int(fired.id) for _, fired in found]
                assert cursor == journal.size()
        assert seen == list(range(count))
        assert set(ids(journal)) >= set(range(count)) & needed


def test_an_alert_that_was_trimmed_is_not_told_again(small, tmp_path):
    bench = Bench(RunStore(tmp_path))
    bench.rule(ABOVE_2)
    gone = bench.live()
    bench.log([1, 3] * 12)
    bench.log([1, 3] * 12, run=gone)
    assert len(bench.tick()) == 24
    gone.folder.rename(tmp_path / "elsewhere")
    (tmp_path / ".active" / gone.id).unlink()
    journal = Journal(tmp_path)
    service = AlertService(bench.store)
    journal.trim(journal.size(), service._is_needed)
    kept = [fired.run for _, fired in journal.read()[0]]
    assert kept.count(bench.run.id) == 12
    assert len(kept) < 24
    for path in (tmp_path / ".alerts" / "judged").iterdir():
        path.unlink()
    bench.restarted()
    assert bench.tick() == []
