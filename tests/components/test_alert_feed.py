"""The feed of alerts: nothing at first, then what is new, and nothing when nothing is."""

import pytest
from starlette.applications import Starlette

from components import live_feed
from engine.alerting.journal import Journal
from engine.runs.store import RunStore
from tests.asgi import get
from tests.engine.test_webhooks import fired


@pytest.fixture
def store(tmp_path):
    (tmp_path / ".alerts").mkdir()
    return RunStore(tmp_path)


@pytest.fixture
def ask(store):
    app = Starlette(routes=live_feed.routes(store))
    return lambda **asked: get(app, "/traindeck/alerts", asked)


def test_a_page_that_opens_is_not_told_of_what_is_over(store, ask):
    Journal(store.root).append(fired(id="a"))
    opened = ask().json()
    assert opened["alerts"] == []
    assert ask(since=opened["cursor"]).status == 204


def test_what_is_new_is_told_once_without_anything_that_is_not_shown(store, ask):
    cursor = ask().json()["cursor"]
    Journal(store.root).append(fired(id="a", name="<b>high</b>", channels=("app", "browser")))
    answer = ask(since=cursor).json()
    assert answer["alerts"] == [
        {
            "id": "a",
            "name": "<b>high</b>",
            "run": "r1",
            "run_name": "docs & gpt",
            "text": "val/loss was 3.",
            "channels": ["app", "browser"],
        }
    ]
    assert ask(since=answer["cursor"]).status == 204


def test_of_very_many_only_the_newest_are_told(store, ask):
    cursor = ask().json()["cursor"]
    for number in range(25):
        Journal(store.root).append(fired(id=f"{number}"))
    told = ask(since=cursor).json()["alerts"]
    assert [alert["id"] for alert in told] == [f"{number}" for number in range(5, 25)]


def test_a_cursor_of_another_journal_begins_anew(store, ask):
    Journal(store.root).append(fired(id="a"))
    assert ask(since=10_000).json()["alerts"] == []


@pytest.mark.parametrize("since", ["-1", "x"])
def test_a_cursor_that_is_none_is_refused(ask, since):
    assert ask(since=since).status == 400
