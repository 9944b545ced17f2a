"""The rules about when somebody wants to be told: what they say, how it goes, and changing them."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

import streamlit as st

from components import alert_fired, alert_state, session, trouble
from components.alert_form import AlertForm
from components.durations import shown_age
from components.plain_text import as_markdown
from engine.alerting.courier import Delivery, deliveries
from engine.alerting.journal import Fired
from engine.alerting.rule import Rule
from engine.alerting.rule_book import RuleBook, masked
from engine.alerting.webhook import NotDelivered, is_slack, local_hosts, message_of, post
from engine.alerting.words import condition_words

_REFRESH_S = 5.0
_CHANNELS = {"app": "in the app", "browser": "as a notification", "webhook": "to {address}"}
_OUTCOMES = {
    "delivered": "delivered",
    "waiting": ":orange[not delivered yet]",
    "failed": ":red[not delivered]",
}


def show() -> None:
    """Draw the rules and, where one is added or edited, its form; what they do is kept fresh."""
    edited = alert_state.edited()

    @st.fragment(run_every=_REFRESH_S if edited is None else None)  # nobody is typing
    def _rules() -> None:
        if alert_state.edited() != edited:
            st.rerun()
        with trouble.shown():
            _list(alert_fired.recent())

    _rules()


def _list(recent: Sequence[Fired]) -> None:
    book = RuleBook(session.store().root)
    rules, sent = book.rules(), deliveries(session.store().root)
    edited = alert_state.edited()
    if edited == alert_state.NEW:
        with st.container(border=True):
            AlertForm(alert_state.NEW, None, {}).show(_saved, _cancel)
    else:
        st.button(
            "New alert",
            key="alerts.new",
            type="secondary" if rules else "primary",
            icon=":material/add_alert:",
            on_click=alert_state.edit,
            args=(alert_state.NEW,),
        )
    for rule in rules:
        with st.container(border=True, key=f"alert-rule-{rule.id}"):
            if edited == rule.id:
                AlertForm(rule.id, rule, {}).show(_saved, _cancel)
            else:
                _draw(rule, book, [one for one in recent if one.rule == rule.id], sent)


def _draw(rule: Rule, book: RuleBook, fired: Sequence[Fired], sent: Mapping[str, Delivery]) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        with st.container(gap="xsmall"):
            st.markdown(f"**{as_markdown(rule.name)}**")
            st.caption(as_markdown(sentence(rule, book.webhook(rule.id))))
        _buttons(rule)
    st.caption(last_words(fired, time.time()))
    if "webhook" in rule.channels:
        delivery = sent.get(rule.id)
        if delivery is not None:
            st.caption(delivery_words(delivery, time.time()))
        _told_test(rule)


def _buttons(rule: Rule) -> None:
    key = f"alerts.enabled.{rule.id}"
    st.session_state[key] = rule.enabled  # another tab may have changed it
    st.toggle("On", key=key, on_change=_switch, args=(rule.id,))
    if "webhook" in rule.channels:
        st.button("Send a test", key=f"alerts.test.{rule.id}", on_click=_send_test, args=(rule,))
    st.button(
        "Edit",
        key=f"alerts.edit.{rule.id}",
        icon=":material/edit:",
        on_click=alert_state.edit,
        args=(rule.id,),
    )
    with st.popover("", icon=":material/delete:", key=f"alerts.delete.{rule.id}", help="Delete"):
        st.write("Delete this rule? What it has told stays.")
        st.button(
            "Delete the rule",
            key=f"alerts.delete.{rule.id}.yes",
            on_click=_remove,
            args=(rule.id,),
        )


def sentence(rule: Rule, address: str | None) -> str:
    """What a rule says, in one line."""
    about = (
        f"run {rule.run}" if rule.run else f"runs with {rule.query}" if rule.query else "all runs"
    )
    host = "its webhook" if address is None else masked(address)
    told = ", ".join(_CHANNELS[channel].format(address=host) for channel in rule.channels)
    pause = f"then silent for {rule.cooldown_min:g} min" if rule.cooldown_min else "every time"
    rest = "once for each run" if rule.once else pause
    return f"When {condition_words(rule.condition)}, in {about}: told {told}, {rest}."


def last_words(fired: Sequence[Fired], now: float) -> str:
    """When a rule last fired, newest first."""
    if not fired:
        return "Has not fired lately."
    return f"Last fired {shown_age(now - fired[0].found_at)}, in {as_markdown(fired[0].run_name)}."


def delivery_words(delivery: Delivery, now: float) -> str:
    """How it went with the last message to a webhook."""
    tries = f", {delivery.tries} tries" if delivery.tries > 1 else ""
    reason = f": {as_markdown(delivery.reason)}" if delivery.reason else ""
    age = shown_age(now - delivery.at)
    return f"Last message {_OUTCOMES[delivery.outcome]} ({age}{tries}){reason}"


def _told_test(rule: Rule) -> None:
    told = alert_state.test(rule.id)
    if told is not None:
        arrived, words = told
        color, icon = ("green", "check") if arrived else ("red", "error")
        st.caption(f":{color}[:material/{icon}: {as_markdown(words)}]")


def _send_test(rule: Rule) -> None:
    address = RuleBook(session.store().root).webhook(rule.id)
    if address is None:
        alert_state.remember_test(rule.id, False, "The rule has no address.")
        return
    now = time.time()
    test = Fired(
        id="test",
        rule=rule.id,
        revision=rule.revision,
        name=rule.name,
        run="test",
        run_name="Traindeck",
        step=0,
        time=now,
        found_at=now,
        text="This is a test. The address works.",
    )
    try:
        status = post(address, message_of(test, None, slack=is_slack(address)), local_hosts())
    except NotDelivered as refusal:
        alert_state.remember_test(rule.id, False, f"The test did not arrive: {refusal}")
    else:
        alert_state.remember_test(rule.id, True, f"The test arrived (status {status}).")


def _switch(rule_id: str) -> None:
    enabled = bool(st.session_state[f"alerts.enabled.{rule_id}"])
    with trouble.shown():
        RuleBook(session.store().root).switch(rule_id, enabled)


def _remove(rule_id: str) -> None:
    with trouble.shown():
        RuleBook(session.store().root).remove(rule_id)


def _saved() -> None:
    alert_state.edit(None)
    st.toast("Saved.", icon=":material/check:")


def _cancel() -> None:
    alert_state.close(alert_state.edited() or alert_state.NEW)
    alert_state.edit(None)
