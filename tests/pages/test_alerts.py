"""The Alerts page and `Alert me`: rules are made, changed, removed; nothing typed is lost."""

import pytest

from components import alert_rules
from engine.alerting.journal import Fired, Journal
from engine.alerting.rule import Rule
from engine.alerting.rule_book import RuleBook
from engine.alerting.webhook import NotDelivered
from tests import fabricate

ABOVE_2 = {"kind": "compare", "metric": "val/loss", "is": ">", "value": 2}
SECRET = "https://hooks.slack.com/services/verysecret"


@pytest.fixture
def book(store):
    return RuleBook(store.root)


@pytest.fixture
def page(open_page):
    return lambda: open_page("alerts.py")


def rule(**fields):
    return Rule.parse({"name": "too high", "condition": ABOVE_2, **fields})


def field(app, kind, label):
    (found,) = [widget for widget in getattr(app, kind) if widget.label == label]
    return found


def texts(app):
    """What is read on the page, without the signs that keep it from being markdown."""
    shown = "\n".join(element.value for element in [*app.caption, *app.markdown])
    return shown.replace("\\", "").replace("\u2060", "")


def test_a_rule_is_made_from_nothing(page, click, book):
    app = click(page(), "New alert")
    field(app, "text_input", "Name").set_value("val too high").run()
    field(app, "number_input", "Value").set_value(2.5).run()
    field(app, "number_input", "For").set_value(5).run()
    click(app, "Save")
    (made,) = book.rules()
    assert (made.name, made.run, made.channels) == ("val too high", None, ("app",))
    assert made.condition.model_dump(by_alias=True) == {
        "kind": "compare", "metric": "val/loss", "is": ">", "value": 2.5, "amount": 5,
        "unit": "points",
    }  # fmt: skip
    assert "When val/loss > 2.5 for 5 points, in all runs" in texts(app)
    assert [button.label for button in app.button if button.label == "Save"] == []


def test_what_is_wrong_stands_at_its_field_and_nothing_typed_is_lost(page, click, book):
    app = click(page(), "New alert")
    field(app, "selectbox", "Is").set_value("<=").run()
    field(app, "multiselect", "Tell me").set_value(["app", "webhook"]).run()
    field(app, "text_input", "Address").set_value("http://10.0.0.1/x").run()
    click(app, "Save")
    assert book.rules() == ()
    shown = texts(app)
    assert shown.count("A value is needed") == 2  # the name, and what the metric is compared with
    assert "Must begin with https" in shown
    assert field(app, "selectbox", "Is").value == "<="
    assert field(app, "text_input", "Address").value == "http://10.0.0.1/x"


def test_another_kind_of_condition_and_back_keeps_what_was_filled_in(page, click):
    app = click(page(), "New alert")
    field(app, "number_input", "Value").set_value(7.0).run()
    field(app, "selectbox", "When").set_value("silent").run()
    field(app, "number_input", "No new value for (seconds)").set_value(33).run()
    field(app, "selectbox", "When").set_value("compare").run()
    assert field(app, "number_input", "Value").value == 7.0
    field(app, "selectbox", "When").set_value("silent").run()
    assert field(app, "number_input", "No new value for (seconds)").value == 33


def test_a_page_change_keeps_what_was_filled_in(page, click):
    app = click(page(), "New alert")
    field(app, "number_input", "Value").set_value(7.0).run()
    app.switch_page("overview.py").run()
    app.switch_page("alerts.py").run()
    assert field(app, "number_input", "Value").value == 7.0


@pytest.mark.parametrize(
    ("kind", "condition"),
    [
        ("not-finite", {"metric": "val/loss", "amount": 1, "unit": "points"}),
        ("no-improvement", {"metric": "val/loss", "better": "lower", "amount": 1000}),
        ("silent", {"metric": None, "seconds": 120}),
        ("status", {"becomes": ("failed", "interrupted")}),
    ],
)
def test_every_kind_of_condition_can_be_made_and_edited(page, click, book, kind, condition):
    app = click(page(), "New alert")
    field(app, "text_input", "Name").set_value("x").run()
    field(app, "selectbox", "When").set_value(kind).run()
    click(app, "Save")
    (made,) = book.rules()
    found = made.condition.model_dump(by_alias=True)
    assert {name: found[name] for name in condition} == condition
    click(click(app, "Edit"), "Save")
    assert book.rules() == (made,)


def test_a_query_that_cannot_be_understood_is_told_at_its_field(page, click, book):
    app = click(page(), "New alert")
    field(app, "text_input", "Name").set_value("x").run()
    field(app, "number_input", "Value").set_value(1.0).run()
    field(app, "selectbox", "About").set_value("The runs of a query").run()
    field(app, "text_input", "Query").set_value("tags ==").run()
    click(app, "Save")
    assert book.rules() == ()
    field(app, "text_input", "Query").set_value('tags contains "night"').run()
    click(app, "Save")
    assert book.rules()[0].query == 'tags contains "night"'


def test_an_edited_rule_keeps_its_webhook_which_is_never_shown(page, click, book):
    made = book.put(rule(channels=["webhook"]), SECRET)
    app = click(page(), "Edit")
    assert field(app, "text_input", "Address").value == ""
    field(app, "text_input", "Name").set_value("renamed").run()
    click(app, "Save")
    assert book.rules()[0].name == "renamed"
    assert book.webhook(made.id) == SECRET
    assert "told to https://hooks.slack.com/…" in texts(app)
    assert "verysecret" not in str(app)


def test_a_rule_is_switched_off_and_deleted(page, click, book):
    book.put(rule())
    app = page()
    app.toggle[0].set_value(False).run()
    assert not book.rules()[0].enabled
    click(app, "Delete the rule")
    assert book.rules() == ()


def test_what_another_tab_does_to_other_rules_is_kept(page, click, book):
    kept = book.put(rule())
    app = click(page(), "Edit")
    book.put(rule(name="from another tab"))
    field(app, "text_input", "Name").set_value("renamed").run()
    click(app, "Save")
    assert [one.name for one in book.rules()] == ["renamed", "from another tab"]
    assert book.rules()[0].id == kept.id


def test_a_test_message_tells_how_it_went(page, click, book, monkeypatch):
    book.put(rule(channels=["webhook"]), SECRET)
    sent = []

    def post(url, message, allowed):
        sent.append((url, message["text"]))
        if len(sent) > 1:
            raise NotDelivered("hooks.slack.com answered 404.", final=True)
        return 200

    monkeypatch.setattr(alert_rules, "post", post)
    app = click(page(), "Send a test")
    assert "The test arrived" in texts(app)
    click(app, "Send a test")
    assert "The test did not arrive" in texts(app)
    assert sent[0] == (SECRET, "too high · Traindeck: This is a test. The address works.")


def test_what_fired_over_all_runs_leads_to_its_run(store, page, book):
    made = book.put(rule(name="<b>high</b>"))
    run = fabricate.run_of(store)
    facts = {
        "rule": made.id, "revision": 0, "name": made.name, "run_name": run.name, "step": 1,
        "time": 1.0, "found_at": 1.0, "text": "val/loss was 3.",
    }  # fmt: skip
    Journal(store.root).append(Fired(id="a", run=run.id, **facts))
    Journal(store.root).append(Fired(id="b", run="20250101-000000-aaaaaa", **facts))
    app = page()
    assert not app.exception
    assert any("\\<b\\>high" in element.value for element in app.markdown)
    assert "(deleted)" in texts(app)
    assert [link.label for link in app.get("page_link")] == ["docs gpt"]


def test_rules_that_cannot_be_read_are_told_on_the_page(store, page, book):
    book.put(rule())
    (store.root / ".alerts" / "rules.json").write_text("{")
    assert "cannot be read" in page().error[0].value


def test_alert_me_is_about_the_run_that_is_looked_at(store, open_page, click, book):
    run = fabricate.run_of(store)
    app = open_page("live.py", run=run.id)
    assert [box for box in app.text_input if box.label == "Name"] == [], "drawn before it is opened"
    app.session_state["live.alert-me"] = True
    app.run()
    field(app, "number_input", "Value").set_value(2.0).run()
    click(app, "Save")
    (made,) = book.rules()
    assert (made.run, made.condition.metric, made.name) == (run.id, "val/loss", "Watch docs gpt")
