"""`alerts ...`: rules about when to be told of a run, and watching without a server."""

from __future__ import annotations

import os
import threading
from typing import Annotated

import typer

from engine.alerting.courier import deliveries
from engine.alerting.journal import Fired
from engine.alerting.phrases import FORMS, condition_of
from engine.alerting.rule import Rule
from engine.alerting.rule_book import RuleBook, masked
from engine.alerting.service import AlertService
from engine.alerting.webhook import fault_of, local_hosts
from engine.alerting.words import condition_words
from engine.commands.console import printable, remark, say, say_json
from engine.commands.options import DEFAULT_RUNS, AsJson, RunsFolder, find_run
from engine.commands.reports import table
from engine.errors import BadInput, EngineError, Problem
from engine.runs.store import RunStore

WEBHOOK_VARIABLE = "TRAINDECK_WEBHOOK"
_SWEEP_S = 1.0

Name = Annotated[str, typer.Argument(help="What the alert is called.")]
When = Annotated[str, typer.Option("--when", help=f"The condition, as in {FORMS}.")]
Lasting = Annotated[
    str | None, typer.Option("--for", help="For how long: '5 points', '100 steps', '60 seconds'.")
]
OfRun = Annotated[str | None, typer.Option("--run", help="Only this run; all without it.")]
Query = Annotated[str | None, typer.Option(help="Only runs that this search of the Runs page has.")]
Once = Annotated[bool, typer.Option("--once", help="Only once for each run.")]
Cooldown = Annotated[float, typer.Option(help="Minutes without another one about the same run.")]
Webhook = Annotated[
    bool,
    typer.Option(
        "--webhook",
        help=f"Send it to the address in the variable {WEBHOOK_VARIABLE}, which no history keeps.",
    ),
]


def list_rules(runs: RunsFolder = DEFAULT_RUNS, as_json: AsJson = False) -> None:
    """All rules, and how it went with what they sent."""
    book = RuleBook(runs)
    rules, sent = book.rules(), deliveries(runs)
    if as_json:
        say_json([rule.model_dump(mode="json", by_alias=True) for rule in rules])
        return
    rows = []
    for rule in rules:
        last = sent.get(rule.id)
        about = rule.run or rule.query or "all runs"
        told = "" if last is None else f"{last.outcome} {last.reason}".strip()
        state = "on" if rule.enabled else "off"
        cells = (rule.name, condition_words(rule.condition), about, ", ".join(rule.channels), told)
        rows.append([rule.id, state, *map(printable, cells)])
    for line in table(["RULE", "STATE", "NAME", "WHEN", "RUNS", "TOLD IN", "LAST SENT"], rows):
        say(line)


def add_rule(  # noqa: PLR0913 - one parameter an option
    name: Name,
    when: When,
    lasting: Lasting = None,
    run: OfRun = None,
    query: Query = None,
    once: Once = False,
    cooldown: Cooldown = 10.0,
    webhook: Webhook = False,
    runs: RunsFolder = DEFAULT_RUNS,
) -> None:
    """Add a rule; what is logged from now on is judged."""
    document = {
        "name": name,
        "condition": condition_of(when, lasting),
        "run": run,
        "query": query,
        "once": once,
        "cooldown_min": cooldown,
        "channels": ["app", "webhook"] if webhook else ["app"],
    }
    address = _address() if webhook else None
    store = RunStore(runs)
    if run is not None:
        find_run(runs, run)
    if query is not None:
        store.find(query)  # one that makes no sense would never find a run
    rule = RuleBook(store.root).put(Rule.parse(document), address)
    sent = "" if address is None else f", sent to {masked(address)}"
    say(f"Rule {rule.id}: {printable(rule.name)}, {condition_words(rule.condition)}{sent}.")


def remove_rule(
    rule_id: Annotated[str, typer.Argument(metavar="RULE", help="As `alerts list` shows it.")],
    runs: RunsFolder = DEFAULT_RUNS,
) -> None:
    """Take a rule out; what it has told stays."""
    book = RuleBook(runs)
    known = [rule.id for rule in book.rules()]
    if rule_id not in known:
        there = f"There are: {', '.join(known)}." if known else "There are none."
        raise BadInput([Problem("RULE", "no such rule", repr(rule_id), there)])
    book.remove(rule_id)
    say(f"Rule {rule_id} is removed.")


def watch(
    runs: RunsFolder = DEFAULT_RUNS,
    url: Annotated[
        str | None, typer.Option(help="Address of the app, for links to the runs.")
    ] = None,
) -> None:
    """Watch until Ctrl-C, print alerts and send them; while the app runs, it does that itself."""
    store = RunStore(runs)
    service = AlertService(store, page=url, on_fired=_say_fired)
    remark(f"Watching {store.root} for {len(RuleBook(store.root).rules())} rules; Ctrl-C ends it.")
    service.start()
    never, trouble = threading.Event(), ""
    try:
        while not never.wait(_SWEEP_S):
            trouble = _swept(store, trouble)
    except KeyboardInterrupt:
        pass  # how this command is ended
    finally:
        service.stop()


def _swept(store: RunStore, before: str) -> str:
    """Mark runs whose worker died, also where no server does; what was in the way of it.

    It is said once and tried again: a full disk does not end the watch.
    """
    try:
        store.sweep()
    except (OSError, EngineError) as error:
        if str(error) != before:
            remark(f"Dead runs are not marked: {printable(str(error))}")
        return str(error)
    return ""


def _say_fired(fired: Fired) -> None:
    say(f"{fired.run}  {printable(f'{fired.name}: {fired.text}')}")


def _address() -> str:
    address = os.environ.get(WEBHOOK_VARIABLE, "")
    if not address:
        raise BadInput([Problem(WEBHOOK_VARIABLE, "is not set", remedy="Put the address there.")])
    fault = fault_of(address, local_hosts())
    if fault is not None:
        raise BadInput([Problem(WEBHOOK_VARIABLE, fault.message, remedy=fault.remedy)])
    return address


commands = typer.Typer(no_args_is_help=True, help="Be told when something happens to a run.")
commands.command("list")(list_rules)
commands.command("add")(add_rule)
commands.command("remove")(remove_rule)
commands.command("watch")(watch)
