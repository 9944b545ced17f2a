"""The tables of a report: events, lineage, configuration, environment, and how to run it again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from components import readable
from components.log_lines import Line, of_event
from components.numbers import DASH, shown_number
from components.report.cards import moment
from components.report.contents import Row, Table, Tone
from components.spec_text import FILE_NAME
from engine.documents.differences import Setting, differing, settings
from engine.errors import EngineError
from engine.run_spec import RunSpec
from engine.runs.record import RunRecord
from engine.runs.run import Run
from engine.runs.state import RESUMABLE

MOST_EVENTS = 60
_TEXT_MOST = 600
_TONES: dict[str, Tone] = {"warning": "warning", "error": "bad"}
"""Of the levels of events."""
_LEFT_OUT = {"name", "version"}
_IN_MEMORY = "in-memory"


def events(run: Run) -> Iterator[Table]:
    """What happened, oldest first; of many events those that were trouble, and the newest."""
    found, _ = run.events()
    if not found:
        return
    lines = [of_event(event) for event in found]
    tones: list[Tone] = [_TONES.get(line.level, "") for line in lines]
    order = sorted(range(len(lines)), key=lambda at: (tones[at] != "", at))
    kept = sorted(order[-MOST_EVENTS:])
    rows = tuple(Row(_event_cells(lines[at]), tones[at]) for at in kept)
    note = f"{MOST_EVENTS} of {len(found):,} events." if len(found) > MOST_EVENTS else ""
    yield Table("Events and alerts", rows, ("Time (UTC)", "What", "Step", ""), note)


def lineage(run: Run) -> Iterator[Table]:
    """What the run comes from, how often it was begun, and how it was steered."""
    origin, state, imported = run.record.origin, run.state(), run.record.imported
    rows = []
    if imported is not None:
        rows.append(Row(("Imported from", f"{imported.source_name}: {imported.place}")))
    if origin is not None:
        fresh = ", with a fresh optimizer" if origin.fresh_optimizer else ""
        where = f"{_name_of(run, origin.run_id)}, step {origin.step:,}{fresh}"
        rows.append(Row(("Forked from", where)))
    if state.attempt > 1:
        begun = "" if state.resumed_from is None else f", last from step {state.resumed_from:,}"
        rows.append(Row(("Resumed", f"{state.attempt - 1} ×{begun}")))
    for act in run.acts():
        value = "" if act.value is None else f" {readable.shortest(act.value)}"
        by = "after a divergence" if act.by == "divergence" else "by hand"
        rows.append(Row((f"Step {act.step:,}", f"{act.act.replace('-', ' ')}{value}, {by}")))
    if rows:
        yield Table("Lineage", tuple(rows))


def settings_of(record: RunRecord) -> dict[str, Setting]:
    """Every setting by its dotted path; of an imported run what its source says about it."""
    if record.spec is not None:
        flat = settings(record.spec)
        return {path: setting for path, setting in flat.items() if path not in _LEFT_OUT}
    assert record.imported is not None, "it has a spec or was imported"
    return {name: Setting(name, value) for name, value in record.imported.config.items()}


def configuration(record: RunRecord) -> Iterator[Table]:
    """Every setting of a run, in the order of the form."""
    rows = (Row((path, shown(setting))) for path, setting in settings_of(record).items())
    if found := tuple(rows):
        yield Table("Configuration", found)


def differences(records: Mapping[str, RunRecord]) -> Table:
    """The settings that are not the same in all runs, a column a run."""
    sides = [settings_of(record) for record in records.values()]
    rows = tuple(
        Row((path, *(shown(side.get(path)) for side in sides))) for path in differing(sides)
    )
    note = "" if rows else "These runs have the same configuration."
    return Table("Differences in configuration", rows, ("Setting", *records), note)


def environment(run: Run) -> Iterator[Table]:
    """Versions, machine and data, as far as they were recorded."""
    record = run.record
    known = {**record.environment, "host": run.state().host}
    if record.data_fingerprint is not None:
        known["data_fingerprint"] = record.data_fingerprint
    rows = tuple(
        Row((name.replace("_", " "), text)) for name, text in _flat(known) if text not in ("", DASH)
    )
    if rows:
        yield Table("Environment", rows)


def commands(run: Run) -> tuple[tuple[str, str], ...]:
    """What to type to make this run again, to go on with it, and to get at its numbers."""
    read = ("Its metrics as a table", f"python -m engine runs metrics {run.id} --format csv")
    spec = run.record.spec
    if spec is None or _only_in_a_program(spec):
        return (read,)
    lines = [("Train the document below again", f"python -m engine train {FILE_NAME}")]
    if run.state().status in RESUMABLE:
        lines.append(("Go on with this run", f"python -m engine resume {run.id}"))
    if run.checkpoint_steps():
        fork = f"python -m engine fork {run.id} --set training.optimizer.lr=1e-4"
        lines.append(("Branch off its newest checkpoint with a change", fork))
    return (*lines, read)


def shown(setting: Setting | None) -> str:
    """The value of a setting; a dash where a variant was chosen that does not have it."""
    if setting is None:
        return DASH
    match setting.value:
        case None | False:
            return "off"
        case True:
            return "on"
        case float() as number:
            return readable.shortest(number)
        case int() as number:
            return f"{number:,}"
        case str() as text:
            return text or DASH
        case list() as items:
            return ", ".join(map(str, items)) or DASH
        case other:
            return _plain(other)


def _only_in_a_program(spec: RunSpec) -> bool:
    return _IN_MEMORY in (spec.model.kind, spec.data.source)


def _event_cells(line: Line) -> tuple[str, ...]:
    step = "" if line.step is None else f"{line.step:,}"
    return moment(line.time).removesuffix(" UTC"), line.kind, step, line.text[:_TEXT_MOST]


def _name_of(run: Run, parent: str) -> str:
    """The parent's name, where it lies beside the run."""
    if Path(parent).name != parent:
        return parent  # no id of ours: not to be looked for anywhere
    try:
        return f"{Run(run.folder.parent / parent).name} ({parent})"
    except EngineError:
        return parent


def _flat(facts: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    for name, value in facts.items():
        here = f"{path} {name}".strip()
        if isinstance(value, Mapping):
            yield from _flat(value, "" if name == "packages" else here)
        else:
            yield here, _plain(value)


def _plain(value: object) -> str:
    match value:
        case None:
            return DASH
        case str():
            return value
        case bool():
            return "on" if value else "off"
        case int() | float():
            return shown_number(value)
    return json.dumps(value, ensure_ascii=False, default=str)


def headings(names: Sequence[str], ids: Sequence[str]) -> list[str]:
    """The names of runs; with the id where a name is not the only one."""
    return [
        f"{name} · {run_id}" if names.count(name) > 1 else name
        for name, run_id in zip(names, ids, strict=True)
    ]
