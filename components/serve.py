"""What `make run` starts: looks at the port and the runs folder, then becomes the web server."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from engine.errors import EngineError, RunsFolderUnusable
from engine.runs import RUNS_VARIABLE
from engine.runs.store import RunStore

_ROOT = Path(__file__).parents[1]
_BAD_INPUT = 2
LOCAL = "127.0.0.1"


class PortUnusable(EngineError):
    """A port on which the server cannot listen."""

    def __init__(self, port: int, reason: str) -> None:
        other = port + 1 if 1024 <= port < 65_535 else 8501
        super().__init__(f"Port {port} {reason}. Choose another: make run PORT={other}")


def check_port(host: str, port: int) -> None:
    """Find out whether the server can listen there.

    Raises:
        PortUnusable: when it cannot.
    """
    with socket.socket() as probe:
        if os.name != "nt":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does
        try:
            probe.bind((host, port))
            probe.listen()
        except OSError as error:
            taken = error.errno == errno.EADDRINUSE
            reason = "is taken" if taken else f"cannot be used on {host} ({error.strerror})"
            raise PortUnusable(port, reason) from None


def server_command(host: str, port: int) -> list[str]:
    """The arguments that start Streamlit."""
    open_to = [] if host in (LOCAL, "localhost") else [f"--server.allowedHosts={host}"]
    return [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        str(_ROOT / "app.py"),
        f"--server.port={port}",
        f"--server.address={host}",
        "--logger.hideWelcomeMessage=true",
        *open_to,
    ]


app = typer.Typer(rich_markup_mode=None, add_completion=False, pretty_exceptions_enable=False)


@app.command()
def serve(
    port: Annotated[int, typer.Option(envvar="PORT", min=1, max=65_535, help="Port.")] = 8501,
    runs: Annotated[Path, typer.Option(envvar=RUNS_VARIABLE, help="The runs folder.")] = Path(
        "runs"
    ),
    host: Annotated[str, typer.Option(help="Address to listen on.")] = LOCAL,
) -> None:
    """Start the web application and open it in a browser."""
    try:
        check_port(host, port)
        root = RunStore(runs).root
    except (PortUnusable, RunsFolderUnusable) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(_BAD_INPUT) from None
    if host not in (LOCAL, "localhost"):
        warning = f"Warning: there is no login; everyone who can reach {host}:{port} can use it."
        typer.echo(warning, err=True)
    url = f"http://{LOCAL if host == '0.0.0.0' else host}:{port}"
    typer.echo(f"Traindeck: {url}  (runs in {root}; Ctrl-C ends the server)")
    os.environ[RUNS_VARIABLE] = str(root)
    _open_when_ready(url)
    os.chdir(_ROOT)  # where .streamlit/config.toml lies
    command = server_command(host, port)
    os.execv(command[0], command)


def _open_when_ready(url: str) -> None:
    """Leave a small process behind that opens the browser as soon as the server answers."""
    has_screen = sys.platform in ("darwin", "win32") or {"DISPLAY", "WAYLAND_DISPLAY"} & {
        *os.environ
    }
    if has_screen and "CI" not in os.environ:
        command = [sys.executable, "-m", "components.open_browser", url]
        subprocess.Popen(command, cwd=_ROOT, start_new_session=True)


if __name__ == "__main__":
    app(prog_name="make run")
