"""`models list`, `show`, `tag` and `stage`: versions of models, as the Models page has them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from engine.commands.console import printable, remark, say, say_json
from engine.commands.options import DEFAULT_RUNS, AsJson, RunsFolder, existing_store
from engine.commands.reports import table
from engine.errors import BadInput, Problem
from engine.health.summaries import newest_by_version, summaries, unreadable
from engine.models.collection import KnownModel, best_of, known_models, rivals, spec_of
from engine.models.registry import STAGES, Registry
from engine.runs.store import RunStore

VersionArgument = Annotated[
    str, typer.Argument(metavar="VERSION", help="The version, how it begins, or its name.")
]
_LEAST = 4


def list_versions(runs: RunsFolder = DEFAULT_RUNS, as_json: AsJson = False) -> None:
    """All models that are kept or that runs were made with, the one that was used last first."""
    store = existing_store(runs)
    models = [] if store is None else known_models(store)
    if store is not None:
        for problem in (*Registry(store.root).damaged(), *unreadable(store.root)):
            remark(str(problem))
    if as_json:
        say_json([] if store is None else [_facts(store, model) for model in models])
        return
    for line in table(_HEADS, [] if store is None else _rows(store, models)):
        say(line)


def show_version(store: RunStore, model: KnownModel, as_json: bool) -> None:
    """Print what is known of a version."""
    if as_json:
        document = spec_of(store, model).model_dump(mode="json")
        say_json({**_facts(store, model), "model": document})
        return
    remark(f"{printable(model.name)}: {printable(model.words)}, {model.stage}")
    if model.tags:
        remark(f"Tags: {printable(', '.join(model.tags))}")
    if model.kept is not None and model.kept.notes:
        remark(printable(model.kept.notes))
    found = newest_by_version(summaries(store.root)).get(model.digest)
    counts = found.counts if found else {}
    health = ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count)
    remark(f"Health: {health or 'not checked'}")
    for best in best_of(model.runs):
        remark(
            f"Best {best.metric} on {best.data}: {best.value:.6g} at step {best.step:,} of "
            f"{best.run_id} ({printable(best.run_name)})"
        )
    remark(f"Runs: {', '.join(entry.id for entry in model.runs[:20]) or 'none'}")
    say(spec_of(store, model).to_json())


def tag(
    version: VersionArgument,
    tags: Annotated[list[str] | None, typer.Argument(metavar="TAG...")] = None,
    runs: RunsFolder = DEFAULT_RUNS,
    remove: Annotated[bool, typer.Option("--remove", help="Take these tags away.")] = False,
    name: Annotated[str, typer.Option("--name", help="Also give it this name.")] = "",
) -> None:
    """Give a model tags, or a name; what it was called and tagged before stays."""
    store, model = _found(runs, version)
    registry, given = Registry(store.root), tags or []
    if not given and not name:
        raise BadInput([Problem("TAG", "name a tag, or --name", remedy="See `models tag --help`.")])
    registry.add(spec_of(store, model), name)
    kept = [one for one in model.tags if one not in given]
    after = registry.label(model.digest, tags=kept if remove else [*model.tags, *given])
    say(f"{model.digest[:12]}  {printable(after.name or model.words)}  {', '.join(after.tags)}")


def stage(
    version: VersionArgument,
    to: Annotated[str, typer.Argument(metavar="STAGE", help=" or ".join(STAGES) + ".")],
    runs: RunsFolder = DEFAULT_RUNS,
) -> None:
    """Move a model to a stage. Others that are in production for its task are named, not moved."""
    store, model = _found(runs, version)
    wanted = next((one for one in STAGES if one == to), None)
    if wanted is None:
        allowed = f"Allowed: {', '.join(STAGES)}."
        raise BadInput([Problem("STAGE", "there is no such stage", repr(to), allowed)])
    registry = Registry(store.root)
    registry.add(spec_of(store, model))
    registry.move(model.digest, wanted)
    say(f"{model.digest[:12]}  {printable(model.name)}  {wanted}")
    for other in rivals(known_models(store), model) if wanted == "production" else ():
        remark(
            f"{printable(other.name)} is in production for the same task, too. To move it back: "
            f"python -m engine models stage {other.digest[:12]} candidate"
        )


def found_in(store: RunStore, asked: str) -> list[KnownModel]:
    """The models that somebody may mean: by how the version begins, else by the name."""
    models = known_models(store)
    begun = [one for one in models if len(asked) >= _LEAST and one.digest.startswith(asked)]
    return begun or [one for one in models if one.name == asked]


_HEADS = ["VERSION", "NAME", "MODEL", "STAGE", "HEALTH", "RUNS", "BEST", "TAGS"]


def _rows(store: RunStore, models: Sequence[KnownModel]) -> list[list[str]]:
    health = newest_by_version(summaries(store.root))
    rows = []
    for model in models:
        report, best = health.get(model.digest), next(iter(best_of(model.runs)), None)
        rows.append(
            [
                model.digest[:12],
                printable(model.name),
                printable(model.words),
                model.stage,
                report.verdict if report else "-",
                str(len(model.runs)),
                f"{best.metric} {best.value:.4g}" if best else "-",
                printable(", ".join(model.tags)),
            ]
        )
    return rows


def _facts(store: RunStore, model: KnownModel) -> dict[str, object]:
    report = newest_by_version(summaries(store.root)).get(model.digest)
    return {
        "version": model.digest,
        "name": model.name,
        "words": model.words,
        "kind": model.kind,
        "stage": model.stage,
        "tags": list(model.tags),
        "kept": model.kept is not None,
        "health": None if report is None else dict(report.counts),
        "runs": [entry.id for entry in model.runs],
        "best": [
            {
                "metric": best.metric,
                "value": best.value,
                "step": best.step,
                "run": best.run_id,
                "data": best.data,
            }
            for best in best_of(model.runs)
        ],
    }


def _found(runs: RunsFolder, asked: str) -> tuple[RunStore, KnownModel]:
    store = existing_store(runs)
    fitting = [] if store is None else found_in(store, asked)
    if store is not None and len(fitting) == 1:
        return store, fitting[0]
    message = "several models are meant" if fitting else "there is no such model"
    raise BadInput([Problem("VERSION", message, repr(asked), "See `models list`.")])
