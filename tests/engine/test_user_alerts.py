"""Rules of the user's: what they find, exactly once, whatever happens to runs and servers."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.alerting import journal
from engine.alerting.judges import Points, judge_of
from engine.alerting.rule import Compare, NoImprovement, NotFinite
from engine.runs.run import Run
from engine.runs.store import RunStore
from tests.engine.alerting_runs import Bench

NAN = math.nan
ABOVE_2 = {"kind": "compare", "metric": "val/loss", "is": ">", "value": 2}


@pytest.fixture
def bench(tmp_path):
    return Bench(RunStore(tmp_path / "runs"))


# -- what a condition means ------------------------------------------------------------------------


def points_of(values, first=0):
    steps = np.arange(first, first + len(values))
    return Points(steps, 10.0 * steps, np.array(values, float))


def places(condition, values):
    return [found.step for found in judge_of(condition).judge(points_of(values))]


@pytest.mark.parametrize(
    ("condition", "values", "steps"),
    [
        (Compare(metric="m", is_=">", value=2), [1, 3, 4, 1, 5], [1, 4]),
        (Compare(metric="m", is_=">", value=2), [2, NAN, 2.1, NAN, math.inf], [2, 4]),
        (Compare(metric="m", is_=">=", value=2, amount=3), [2, 2, 2, 2, 1, 2, 2, 2], [2, 7]),
        (Compare(metric="m", is_="<", value=2, amount=2), [1, NAN, 1, 1], [3]),
        (Compare(metric="m", is_="<=", value=2, amount=2, unit="steps"), [2, 2, 2, 2], [2]),
        (Compare(metric="m", is_=">", value=2, amount=25, unit="seconds"), [3, 3, 3, 3], [3]),
        (NotFinite(metric="m"), [1, NAN, NAN, 1, -math.inf], [1, 4]),
        (NotFinite(metric="m", amount=2), [NAN, 1, math.inf, NAN], [3]),
        (NoImprovement(metric="m", amount=2), [3, 3, 3, 3, 2, 2, NAN], [2, 6]),
        (NoImprovement(metric="m", amount=3, better="higher"), [1, 2, 1, 1, 1, 1], [4]),
        (NoImprovement(metric="m", amount=1, unit="minutes"), [1] * 8, [6]),
        (NoImprovement(metric="m", amount=2), [NAN] * 6, []),
        (NoImprovement(metric="m", amount=2), [NAN, NAN, NAN, 1, 1, 1], [5]),
    ],
)
def test_a_condition_begins_to_hold_at_these_points(condition, values, steps):
    assert places(condition, values) == steps


CONDITIONS = st.one_of(
    st.builds(
        Compare,
        metric=st.just("m"),
        is_=st.sampled_from(["<", "<=", ">", ">="]),
        value=st.integers(-1, 1),
        amount=st.integers(1, 5),
        unit=st.sampled_from(["points", "steps", "seconds"]),
    ),
    st.builds(
        NotFinite,
        metric=st.just("m"),
        amount=st.integers(1, 4),
        unit=st.sampled_from(["points", "steps", "seconds"]),
    ),
    st.builds(
        NoImprovement,
        metric=st.just("m"),
        better=st.sampled_from(["lower", "higher"]),
        amount=st.integers(1, 5),
        unit=st.sampled_from(["steps", "minutes"]),
    ),
)
VALUES = st.lists(st.sampled_from([-2.0, -1.0, 0.0, 1.0, 2.0, NAN, math.inf, -math.inf]))


@given(condition=CONDITIONS, values=VALUES, cuts=st.lists(st.integers(0, 60), max_size=8))
def test_in_which_portions_points_come_changes_nothing(condition, values, cuts):
    everything = points_of(values)
    whole = judge_of(condition).judge(everything)
    state, found = None, []
    edges = [0, *sorted(min(cut, len(values)) for cut in cuts), len(values)]
    for begin, end in zip(edges, edges[1:], strict=False):
        judge = judge_of(condition, state)
        found += judge.judge(Points(*(column[begin:end] for column in everything)))
        state = judge.state()
    assert repr(found) == repr(whole)  # NaN equals itself as text


def plainly(condition, values):
    """The meaning of a streak, point by point."""
    steps, since, count, told = [], None, 0, False
    for step, value in enumerate(values):
        if not value > condition.value:
            since, count, told = None, 0, False
            continue
        since, count = step if since is None else since, count + 1
        lasted = {"points": count, "steps": step - since, "seconds": 10 * (step - since)}
        if not told and lasted[condition.unit] >= condition.amount:
            told = True
            steps.append(step)
    return steps


@given(
    values=VALUES,
    amount=st.integers(1, 30),
    unit=st.sampled_from(["points", "steps", "seconds"]),
)
def test_a_streak_is_what_it_is_point_by_point(values, amount, unit):
    condition = Compare(metric="m", is_=">", value=0, amount=amount, unit=unit)
    assert places(condition, values) == plainly(condition, values)


# -- what is judged, once --------------------------------------------------------------------------


def test_an_alert_stands_in_the_log_of_its_run_with_number_bound_and_since_when(bench):
    bench.rule(ABOVE_2 | {"amount": 2}, name="too high")
    bench.log([1, 3, 4.5])
    assert bench.tick() == [3]
    (alert,) = bench.alerts()
    assert alert["text"] == "too high: val/loss was 4.5 at step 3, above 2 since step 2."
    assert (alert["alert"], alert["step"], alert["metric"]) == ("too high", 3, "val/loss")


def test_what_holds_on_is_told_once_and_again_after_it_was_over(bench):
    bench.rule(ABOVE_2)
    for values, first, steps in [([3], 1, [1]), ([4, 5], 2, []), ([1], 4, []), ([3], 5, [5])]:
        bench.log(values, first=first)
        assert bench.tick() == steps
    assert bench.tick() == []


def test_what_was_logged_before_the_rule_was_made_is_not_judged(bench):
    bench.log([9, 9, 9])
    bench.clock.now += 1
    bench.rule(ABOVE_2 | {"amount": 2})
    assert bench.tick() == []
    bench.log([9], first=4)
    assert bench.tick() == []
    bench.log([9], first=5)
    assert bench.tick() == [5]


def test_points_that_came_while_no_server_ran_are_judged_by_the_next_one(bench):
    bench.rule(ABOVE_2)
    bench.log([3, 1])
    assert bench.tick() == [1]
    bench.watcher.keep()
    bench.log([1, 7, 1], first=3)
    bench.end()
    bench.clock.now += 3600
    bench.restarted()
    assert bench.tick() == [4]
    assert [event["step"] for event in bench.alerts()] == [1, 4]


def test_a_run_that_began_and_ended_while_no_server_ran_is_judged(bench):
    bench.rule(ABOVE_2)
    bench.tick()
    other = bench.live()
    bench.log([5], run=other)
    bench.end("failed", run=other)
    bench.restarted()
    assert bench.tick() == [1]
    assert len(bench.alerts(other)) == 1


@pytest.mark.parametrize("keep", [True, False])
def test_a_restart_fires_nothing_twice(bench, keep):
    bench.rule(ABOVE_2)
    bench.rule({"kind": "status", "becomes": ["failed"]})
    bench.log([3, 1, 3])
    assert bench.tick() == [1, 3]
    bench.end("failed", "out of memory")
    assert len(bench.tick()) == 1
    if not keep:  # the server died before it could save anything
        for path in (bench.store.root / ".alerts" / "judged").iterdir():
            path.unlink()
        (bench.store.root / ".alerts" / "watched-until").unlink()
    bench.restarted()
    assert bench.tick() == []
    assert len(bench.alerts()) == 3


@given(
    values=st.lists(st.sampled_from([1.0, 3.0, NAN]), min_size=1, max_size=12),
    acts=st.lists(st.sampled_from(["tick", "restart", "crash"]), min_size=12, max_size=12),
)
def test_every_crossing_fires_exactly_once_over_restarts(tmp_path_factory, values, acts):
    bench = Bench(RunStore(tmp_path_factory.mktemp("law") / "runs"))
    bench.rule(ABOVE_2)
    fired = []
    for step, (value, act) in enumerate(zip(values, acts, strict=False), start=1):
        bench.log([value], first=step)
        if act == "restart":
            bench.watcher.keep()
        if act != "tick":
            bench.restarted()
        else:
            fired += bench.tick()
    fired += bench.restarted() and bench.tick()
    high = [value > 2 for value in values]
    assert fired == [at + 1 for at, now in enumerate(high) if now and not (at and high[at - 1])]
    assert [event["step"] for event in bench.alerts()] == fired


def test_an_alert_that_was_not_told_before_a_crash_is_told_after_it(bench):
    bench.rule(ABOVE_2)
    bench.log([3])
    assert len(bench.watcher.tick()) == 1  # and the server dies
    assert bench.alerts() == []
    bench.restarted()
    assert bench.tick() == []
    assert len(bench.alerts()) == 1
    (bench.store.root / ".alerts" / "told-until").unlink()
    bench.tick()
    assert len(bench.alerts()) == 1


# -- resumes and forks -----------------------------------------------------------------------------


def test_a_resume_that_makes_the_same_points_again_alarms_nobody_again(bench):
    bench.rule(ABOVE_2)
    bench.log([1, 1, 3, 1, 4])
    assert bench.tick() == [3, 5]
    bench.resume_from(2)
    bench.log([3, 1], first=3)
    assert bench.tick() == []
    bench.log([4, 1, 5], first=5)
    assert bench.tick() == [7]


def test_a_resume_that_takes_another_way_is_judged_anew_without_a_double_alarm(bench):
    bench.rule(ABOVE_2)
    bench.log([1, 1, 3, 1, 1, 1])
    assert bench.tick() == [3]
    bench.resume_from(2)
    bench.log([1, 3, 1, 3, 1, 3], first=3)
    assert bench.tick() == [6, 8]


def test_what_a_fork_took_over_is_not_judged_again(bench):
    from engine.runs.record import Origin

    bench.rule(ABOVE_2)
    child = bench.store.create(bench.run.record.spec, origin=Origin(run_id=bench.run.id, step=2))
    (bench.store.active / child.id).touch()
    child.write_state(child.state().model_copy(update={"status": "running", "attempt": 1}))
    bench.log([9, 9, 1, 9], run=child)
    assert bench.tick() == [4]


# -- runs that end, that are silent, that are not there --------------------------------------------


def test_how_a_run_ends_is_told_with_the_reason(bench):
    bench.rule({"kind": "status", "becomes": ["failed", "interrupted"]}, name="ended badly")
    assert bench.tick() == []
    bench.end("failed", "Training diverged at step 7")
    assert bench.tick() == [0]
    assert bench.alerts()[0]["text"] == (
        "ended badly: The run failed at step 0: Training diverged at step 7."
    )


def test_a_run_that_had_failed_before_the_rule_was_made_is_not_told(bench):
    bench.end("failed")
    bench.clock.now += 1
    bench.rule({"kind": "status", "becomes": ["failed"]})
    assert bench.tick() == []


def test_a_running_run_without_new_values_is_silent_once_until_it_speaks_again(bench):
    bench.rule({"kind": "silent", "metric": "val/loss", "seconds": 60})
    bench.log([1])
    assert bench.tick() == []
    bench.clock.now += 59
    assert bench.tick() == []
    bench.clock.now += 1
    assert len(bench.tick()) == 1
    assert "No new value of val/loss for 60 s" in bench.alerts()[0]["text"]
    bench.clock.now += 1000
    assert bench.tick() == []
    bench.log([1], first=2)
    assert bench.tick() == []
    bench.clock.now += 60
    assert len(bench.tick()) == 1


def test_a_paused_run_is_not_silent(bench):
    bench.rule({"kind": "silent", "seconds": 60})
    bench.tick()
    bench.run.write_state(bench.run.state().model_copy(update={"status": "paused"}))
    bench.clock.now += 1000
    assert bench.tick() == []


def test_a_run_that_is_deleted_does_not_hinder_the_others(bench):
    bench.rule(ABOVE_2)
    other = bench.live()
    bench.log([1])
    bench.tick()
    bench.run.folder.rename(bench.store.trash_folder / bench.run.id)
    bench.log([3], run=other)
    assert bench.tick() == [1]


def test_a_run_that_cannot_be_read_does_not_hinder_the_others(bench, caplog):
    bench.rule({"kind": "not-finite", "metric": "*"})
    other = bench.live()
    broken = sorted([bench.run, other], key=lambda run: run.id)
    (broken[0].metrics_folder / f"{'a' * 180}~0123456789abcdef.bin").write_bytes(b"")
    bench.log([NAN], run=broken[1])
    assert bench.tick() == [1]
    bench.tick()
    assert caplog.text.count(f"alerts of run {broken[0].id} wait") == 1


def test_a_metric_with_half_a_character_in_its_name_is_told_with_what_can_be_shown(bench):
    bench.rule({"kind": "not-finite", "metric": "*"})
    bench.log([NAN], metric="odd/\ud800")
    assert bench.tick() == [1]
    assert bench.alerts()[0]["metric"] == "odd/?"


def test_garbage_in_a_metric_file_does_not_end_the_watch(bench):
    bench.rule(ABOVE_2)
    bench.rule({"kind": "no-improvement", "metric": "val/loss", "amount": 3, "unit": "minutes"})
    path = bench.run.metrics_folder / "val%2floss.bin"
    path.write_bytes(np.random.default_rng(0).bytes(24 * 500 + 7))
    bench.tick()
    other = bench.live()
    bench.log([3], run=other)
    assert 1 in bench.tick()


@pytest.mark.parametrize("judge", [{"streak": 1}, {"count": "many"}, {"count": 1}])
def test_what_another_version_remembered_is_judged_anew_and_told_once(bench, judge):
    bench.rule(ABOVE_2)
    bench.log([3, 1])
    assert bench.tick() == [1]
    bench.watcher.keep()
    path = bench.store.root / ".alerts" / "judged" / f"{bench.run.id}.json"
    document = json.loads(path.read_text())
    (metrics,) = document["metrics"].values()
    metrics["val/loss"]["judge"] = judge
    path.write_text(json.dumps(document))
    bench.restarted()
    bench.log([3], first=3)
    assert bench.tick() == [3]


def test_a_run_folder_that_takes_no_event_holds_up_no_other(bench, monkeypatch):
    bench.rule(ABOVE_2)
    other = bench.live()
    add_event = Run.add_event

    def refuse(run, *args, **facts):
        if run.id == bench.run.id:
            raise PermissionError(13, "Permission denied")
        add_event(run, *args, **facts)

    monkeypatch.setattr(Run, "add_event", refuse)
    bench.log([3])
    bench.log([3], run=other)
    bench.tick()
    assert len(bench.alerts(other)) == 1


def test_on_a_full_disk_an_alert_waits(bench, monkeypatch):
    bench.rule(ABOVE_2)
    bench.log([1, 3, 1])
    append = journal.append_line

    def full(path, document):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(journal, "append_line", full)
    assert bench.tick() == []
    monkeypatch.setattr(journal, "append_line", append)
    assert bench.tick() == [2]


# -- which runs, which metrics, how often ----------------------------------------------------------


def test_a_rule_about_one_run_says_nothing_of_others(bench):
    other = bench.live()
    bench.rule(ABOVE_2, run=other.id)
    bench.log([3])
    bench.log([3], run=other)
    assert bench.tick() == [1]
    assert bench.alerts() == []


def test_a_rule_about_a_query_is_about_its_runs(bench):
    other = bench.live()
    other.write_labels(other.labels().model_copy(update={"tags": ("night",)}))
    bench.rule(ABOVE_2, query='tags == "night"')
    bench.log([3])
    bench.log([3], run=other)
    assert bench.tick() == [1]
    assert len(bench.alerts(other)) == 1


def test_a_pattern_is_every_metric_that_it_fits(bench):
    bench.rule({"kind": "not-finite", "metric": "layers/*"})
    bench.log([NAN], metric="layers/a")
    bench.log([NAN], metric="layers/b[0]")
    bench.log([NAN], metric="train/loss")
    bench.tick()
    assert [alert["metric"] for alert in bench.alerts()] == ["layers/a", "layers/b[0]"]


def test_the_cooldown_holds_back_what_comes_soon_after(bench):
    bench.rule(ABOVE_2, cooldown_min=1)
    bench.log([3, 1] * 35)
    assert bench.tick() == [1, 61]


def test_once_is_once_for_each_run(bench):
    other = bench.live()
    bench.rule(ABOVE_2, once=True)
    bench.log([3, 1, 3, 1, 3])
    bench.log([1, 3], run=other)
    assert sorted(bench.tick()) == [1, 2]


def test_a_changed_rule_begins_anew_and_one_with_another_name_goes_on(bench):
    rule = bench.rule(ABOVE_2)
    bench.log([3])
    assert bench.tick() == [1]
    bench.book.put(rule.model_copy(update={"name": "other"}))
    bench.log([3], first=2)
    assert bench.tick() == []
    condition = rule.condition.model_copy(update={"value": 1.0})
    bench.clock.now += 1
    bench.book.put(rule.model_copy(update={"condition": condition}))
    bench.log([3], first=3)
    assert bench.tick() == [3]


def test_a_rule_that_is_switched_off_and_on_does_not_judge_what_came_between(bench):
    rule = bench.rule(ABOVE_2)
    bench.book.put(rule.model_copy(update={"enabled": False}))
    bench.log([3])
    assert bench.tick() == []
    bench.clock.now += 1
    bench.book.put(bench.book.rules()[0].model_copy(update={"enabled": True}))
    bench.log([1], first=2)
    assert bench.tick() == []
