"""The form in which people say when they want to be told about a run."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, get_args

import streamlit as st

from components import alert_state, session, trouble
from components.alert_draft import ALL, DEFAULTS, KINDS, ONE, SOME, draft_of, rule_of
from components.field_words import complaint
from components.plain_text import as_markdown
from engine.alerting.rule import Ending, Rule
from engine.alerting.rule_book import RuleBook, masked
from engine.alerting.webhook import HOSTS_VARIABLE, local_hosts
from engine.errors import BadInput

_MOST_RUNS = 500
_CHANNELS = {"app": "In the app", "browser": "Browser notification", "webhook": "Webhook"}
_IN_A_ROW = {
    "metric": "Metric",
    "is": "Is",
    "value": "Value",
    "amount": "For",
    "patience": "No better for",
    "seconds": "No new value for",
}
"""Fields beside others, whose complaints below them say which is meant."""
_COMMON_METRICS = ("train/loss", "val/loss", "val/accuracy", "optim/grad_norm", "optim/lr")


class AlertForm:
    """The fields of one rule; what is filled in stays until it is saved or cancelled."""

    def __init__(
        self, form: str, before: Rule | None, first: Mapping[str, Any], *, about: bool = True
    ) -> None:
        """`first` is what a new rule begins with; without `about` it stays about that."""
        self.form, self.before, self.about = form, before, about
        self.draft = alert_state.draft(form)
        if not self.draft:
            self.draft.update(draft_of(before) if before is not None else {**DEFAULTS, **first})

    def show(self, done: Callable[[], None], cancel: Callable[[], None] | None = None) -> None:
        """Draw the form; `done` is called when the rule was saved, `cancel` when it is left."""
        self._text("name", "Name", placeholder="Validation loss too high", max_chars=100)
        if self.draft["kind"] not in KINDS:
            self.draft["kind"] = "compare"
        if self.about:
            self._about()
        self._choice("kind", "When", list(KINDS), KINDS)
        with st.container(horizontal=True, vertical_alignment="bottom"):
            _CONDITION_FIELDS[self.draft["kind"]](self)
        self._complaints("metric", "any_metric", "is", "value", "amount", "unit", "better")
        self._complaints("patience", "patience_unit", "seconds", "becomes", "condition")
        self._telling()
        self._complaints("(document)")
        with st.container(horizontal=True):
            st.button(
                "Save",
                key=f"alerts.save.{self.form}",
                type="primary",
                icon=":material/notifications_active:",
                on_click=self._save,
                args=(done,),
            )
            if cancel is not None:
                st.button("Cancel", key=f"alerts.cancel.{self.form}", on_click=cancel)

    # -- groups of fields ----------------------------------------------------------------------

    def _about(self) -> None:
        self._choice("runs", "About", [ALL, ONE, SOME])
        if self.draft["runs"] == ONE:
            entries = session.store().index.entries()[:_MOST_RUNS]
            names = {entry.id: f"{entry.name} · {entry.id}" for entry in entries}
            if self.draft["run"]:
                names.setdefault(self.draft["run"], self.draft["run"])
            self._choice("run", "Run", list(names), names, placeholder="Choose a run")
            self._complaints("run")
        elif self.draft["runs"] == SOME:
            self._text("query", "Query", placeholder='tags contains "night"', max_chars=2000)

    def compare(self) -> None:
        self._metric("metric")
        self._choice("is", "Is", ["<", "<=", ">", ">="], width=90)
        self._number("value", "Value", format="%.10g", step=0.1, width=140)
        self._lasting()

    def not_finite(self) -> None:
        self._metric("metric")
        self._lasting()

    def no_improvement(self) -> None:
        self._metric("metric")
        self._choice("better", "Better is", ["lower", "higher"], width=120)
        self._number("patience", "No better for", step=1, width=140)
        self._choice("patience_unit", "Unit", ["steps", "minutes"], width=120)

    def silent(self) -> None:
        self._metric("any_metric", "Any metric")
        self._number("seconds", "No new value for (seconds)", step=10, width=220)

    def ending(self) -> None:
        self._many("becomes", "Ends as", list(get_args(Ending)))

    def _lasting(self) -> None:
        self._number("amount", "For", step=1, width=110)
        self._choice("unit", "Unit", ["points", "steps", "seconds"], width=120)

    def _telling(self) -> None:
        self._many("channels", "Tell me", list(_CHANNELS), _CHANNELS)
        self._complaints("channels")
        if "webhook" in self.draft["channels"]:
            known = None if self.before is None else _book().webhook(self.before.id)
            hint = "https://…" if known is None else f"{masked(known)} is kept if left empty"
            help_text = "Gets a POST with JSON, as Slack and Discord take it; not shown again."
            key = self._key("webhook")
            # A password field of Streamlit 1.67 forgets what was typed when Tab leaves it.
            self.draft["webhook"] = st.text_input(
                "Address", key=key, autocomplete="off", placeholder=hint, help=help_text
            )
            st.caption(where_words(local_hosts()))
            self._complaints("webhook")
        with st.container(horizontal=True, vertical_alignment="bottom"):
            self._number(
                "cooldown_min", "Then silent for (minutes)", step=5.0, format="%g", width=220
            )
            self.draft["once"] = st.checkbox("Once for each run", key=self._key("once"))
        self._complaints("cooldown_min")

    # -- fields --------------------------------------------------------------------------------

    def _key(self, field: str) -> str:
        return alert_state.seed(self.form, field, self.draft[field])

    def _text(self, field: str, label: str, **options: Any) -> None:
        self.draft[field] = st.text_input(label, key=self._key(field), **options)
        self._complaints(field)

    def _number(self, field: str, label: str, **options: Any) -> None:
        key = self._key(field)
        self.draft[field] = st.number_input(label, value=None, key=key, **options)  # may be empty

    def _choice(
        self,
        field: str,
        label: str,
        values: Sequence[str],
        names: Mapping[str, str] | None = None,
        **options: Any,
    ) -> None:
        shown = (names or {}).get
        self.draft[field] = st.selectbox(
            label,
            values,
            key=self._key(field),
            format_func=lambda value: shown(value, value),
            **options,
        )

    def _metric(self, field: str, empty: str = "val/loss, or layers/* for several") -> None:
        known = sorted({*_COMMON_METRICS, *self._metrics_of_run()})
        own = self.draft[field]
        self.draft[field] = st.selectbox(
            "Metric",
            known if own is None or own in known else [own, *known],
            key=self._key(field),
            index=None,
            placeholder=empty,
            accept_new_options=True,
            help="A name, or a pattern with * for any characters; type to write your own.",
        )

    def _metrics_of_run(self) -> Sequence[str]:
        entry = session.store().index.entry(self.draft["run"]) if self.draft["run"] else None
        return () if entry is None else session.store().open(entry.id).metrics()

    def _many(
        self,
        field: str,
        label: str,
        values: Sequence[str],
        names: Mapping[str, str] | None = None,
    ) -> None:
        shown = (names or {}).get
        self.draft[field] = st.multiselect(
            label, values, key=self._key(field), format_func=lambda value: shown(value, value)
        )

    def _complaints(self, *fields: str) -> None:
        for problem in alert_state.problems(self.form):
            if problem.path in fields:
                which = f"{_IN_A_ROW[problem.path]}: " if problem.path in _IN_A_ROW else ""
                st.markdown(f":small[:red[{as_markdown(which + complaint(problem))}]]")

    # -- saving --------------------------------------------------------------------------------

    def _save(self, done: Callable[[], None]) -> None:
        draft = self._filled_in()
        with trouble.shown():
            try:
                rule = rule_of(draft, self.before, session.store())
                _book().put(rule, draft["webhook"].strip() or None)
            except BadInput as error:
                alert_state.remember_problems(self.form, error.problems)
                return
            alert_state.close(self.form)
            done()

    def _filled_in(self) -> dict[str, Any]:
        """The draft with what the widgets hold by now: a click comes before they are drawn."""
        return {
            field: st.session_state.get(self._key(field), value)
            for field, value in self.draft.items()
        }


_CONDITION_FIELDS: Mapping[str, Callable[[AlertForm], None]] = {
    "compare": AlertForm.compare,
    "not-finite": AlertForm.not_finite,
    "no-improvement": AlertForm.no_improvement,
    "silent": AlertForm.silent,
    "status": AlertForm.ending,
}


def where_words(allowed: Collection[str]) -> str:
    """Where alerts may be sent, and how one tries that on the own machine."""
    if allowed:
        hosts = ", ".join(f"`{host}`" for host in sorted(allowed))
        where = f"An https:// address of the internet; to {hosts} also http://."
    else:
        where = (
            "An https:// address of the internet. To reach a program on this machine or in your "
            f"network, start the server with `{HOSTS_VARIABLE}=127.0.0.1` or other hosts."
        )
    return f"{where} Once it is saved, **Send a test** on the Alerts page tells whether it arrives."


def _book() -> RuleBook:
    return RuleBook(session.store().root)
