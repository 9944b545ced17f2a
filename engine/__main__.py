"""The command line: `python -m engine --help`."""

from __future__ import annotations

import io
import sys

import typer

from engine.commands import (
    alerts,
    batch_size,
    catalog,
    data,
    exchange,
    health,
    lineage,
    lr_test,
    models,
    reference,
    runs,
    structure,
    train,
)
from engine.commands.console import Commands

app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Train models and read runs. Exit codes: 0 done, 1 failed, 2 bad input, 130 Ctrl-C.",
)
app.command("examples")(catalog.list_examples)
app.command("example")(catalog.show_example)
app.command("docs")(reference.docs)
app.command("train")(train.train)
app.command("resume")(train.resume)
app.command("fork")(lineage.fork)
app.command("extend")(lineage.extend)
app.command("restore")(lineage.restore)
app.command("import")(exchange.import_)
app.command("export")(exchange.export_)
app.command("health")(health.health)
app.command("health-child", hidden=True)(health.health_child)
app.command("structure-child", hidden=True)(structure.structure_child)
app.command("lr-test")(lr_test.lr_test)
app.command("batch-size")(batch_size.batch_size)
app.command("batch-trials", hidden=True)(batch_size.batch_trials)
app.command("work", hidden=True)(train.work)
app.command("model-check")(models.model_check)
app.add_typer(models.commands, name="models")
app.add_typer(data.commands, name="data")
app.add_typer(runs.commands, name="runs")
app.add_typer(alerts.commands, name="alerts")

if __name__ == "__main__":
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a folder's name may be any bytes
    app(prog_name="python -m engine")
