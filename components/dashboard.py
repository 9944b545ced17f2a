"""Dashboard: the picture of a run, or of several, as one page; from Python and the command line.

Dashboard().plot(results).save("report.html")
python -m components.dashboard RUN_ID --out report.pdf
"""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from components.report.contents import Contents
from components.report.reading import contents_of
from components.report.sources import Source, runs_of
from engine.commands.console import BAD_INPUT, remark, say
from engine.commands.options import DEFAULT_RUNS, RunsFolder, find_run
from engine.errors import EngineError
from engine.runs.files import write_whole

if TYPE_CHECKING:
    import plotly.graph_objects as go

_FRAME_HEIGHT = 720


class UnknownFormat(EngineError):
    """A file name whose ending says no format."""

    def __init__(self, path: Path) -> None:
        got = f"ends in {path.suffix!r}" if path.suffix else "has no ending"
        super().__init__(f"The report cannot be saved as {path}: the name {got}. Use {_ENDINGS}.")


class NotSaved(EngineError):
    """A place where no file can be written."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"The report cannot be written to {path} ({reason}). "
            "Choose a folder that exists and that you may write to."
        )


@dataclass(frozen=True, slots=True)
class Report:
    """The picture of one run or several: shows itself in a notebook, saves itself as a file."""

    contents: Contents

    def to_html(self) -> str:
        """One page with everything in it, which needs no network."""
        from components.report.page import html_of  # late, as the others: each needs a library

        return html_of(self.contents)

    def to_pdf(self) -> bytes:
        """Pages of A4."""
        from components.report.sheets import pdf_of

        return pdf_of(self.contents)

    def to_png(self) -> bytes:
        """One tall picture."""
        from components.report.sheets import png_of

        return png_of(self.contents)

    def save(self, path: Path | str) -> Path:
        """Write the report; the ending of the name says as what: .html, .pdf or .png.

        Raises:
            UnknownFormat: for any other ending.
            NotSaved: where no file can be written.
        """
        path = Path(path).expanduser()
        make = _FORMATS.get(path.suffix.lower())
        if make is None:
            raise UnknownFormat(path)
        if not path.parent.is_dir():  # before the work
            raise NotSaved(path, "there is no such folder")
        content = make(self)
        try:
            write_whole(path, content)
        except OSError as error:
            raise NotSaved(path, error.strerror or str(error)) from None
        return path

    def figures(self) -> dict[str, go.Figure]:
        """Plotly figures to change or to show alone.

        Those of one run by quantity (`loss`), those of several by metric (`val/loss`).
        """
        import plotly.graph_objects as go

        from components.report.figures import figure_of

        charts = [chart for section in self.contents.sections for chart in section.charts]
        return {chart.key: go.Figure(figure_of(chart)) for chart in charts}

    def _repr_html_(self) -> str:
        page = html.escape(self.to_html())
        style = f"width:100%;height:{_FRAME_HEIGHT}px;border:0"
        return f'<iframe srcdoc="{page}" sandbox="allow-scripts" style="{style}"></iframe>'


_FORMATS: dict[str, Callable[[Report], str | bytes]] = {
    ".html": Report.to_html,
    ".pdf": Report.to_pdf,
    ".png": Report.to_png,
}
_ENDINGS = ", ".join(_FORMATS)


class Dashboard:
    """Makes reports."""

    def plot(self, results: Source | Iterable[Source]) -> Report:
        """The report of a run, as `Trainer.train` returns it, as a `Run`, or as its folder's path.

        Several of them are laid over one another. A run that still trains is shown as it is now.

        Raises:
            NoRunThere: for a path that is no run folder.
            DamagedRun: when the run, or every one of several, cannot be read.
        """
        return Report(contents_of(runs_of(results)))


app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def report(
    run_ids: Annotated[list[str], typer.Argument(metavar="RUN_ID...", help="One run or several.")],
    out: Annotated[Path, typer.Option("--out", help=f"The file to write: {_ENDINGS}.")],
    runs: RunsFolder = DEFAULT_RUNS,
) -> None:
    """Write the report of a run, or of several laid over one another."""
    try:
        found = [find_run(runs, run_id)[1] for run_id in run_ids]
        say(str(Dashboard().plot(found).save(out)))
    except EngineError as error:
        remark(str(error))
        raise typer.Exit(BAD_INPUT) from None


if __name__ == "__main__":
    app()
