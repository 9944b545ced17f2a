"""A `python` that has imported already what the commands of this project import.

Most of the time of a short command is that of its imports: torch alone takes over a second. Here
they are made once, by a process that forks for each command: with its own arguments, environment,
folder and standard streams, and an exit code of its own.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

_STREAMS = (0, 1, 2)
_LONGEST = 1_000_000


@contextlib.contextmanager
def warm_python(folder: Path, environment: dict[str, str], *imported: str) -> Iterator[Path]:
    """A folder for the PATH whose `python` has imported these modules, while the block runs."""
    place, command = folder / "warm", folder / "bin" / "python"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -SE {__file__} ask {place} "$@"\n')
    command.chmod(0o700)
    arguments = [sys.executable, __file__, "serve", str(place), *imported]
    with subprocess.Popen(arguments, env=environment, stdout=subprocess.PIPE) as server:
        try:
            assert server.stdout is not None
            assert server.stdout.readline() == b"ready\n"
            yield command.parent
        finally:
            server.terminate()


def _serve(place: str, imported: list[str]) -> None:
    """Fork for each command that is asked for; what follows here is done in the forked process."""
    sys.path.remove(str(Path(__file__).parent))
    for module in imported:
        __import__(module)
    gc.freeze()  # else each of them copies it all when it ends
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them here
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(place)
        listener.listen()
        os.write(1, b"ready\n")
        while True:
            asked, _ = listener.accept()
            if os.fork() == 0:
                break
            asked.close()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    message, streams, _, _ = socket.recv_fds(asked, _LONGEST, len(_STREAMS))
    command = json.loads(message)
    for theirs, ours in zip(streams, _STREAMS, strict=True):
        os.dup2(theirs, ours)
        os.close(theirs)
    os.chdir(command["folder"])
    os.environ.clear()
    os.environ.update(command["environment"])
    code = 1
    try:
        code = _run(command["arguments"])
    finally:
        asked.sendall(bytes([code]))  # and it is closed when all else has ended
    sys.exit(code)


def _run(arguments: list[str]) -> int:
    """What `python` does with `-m module` and `-c text`."""
    kind, what, *rest = arguments
    try:
        if kind == "-m":
            sys.argv = [what, *rest]
            sys.path.insert(0, os.getcwd())
            runpy.run_module(what, run_name="__main__", alter_sys=True)
        elif kind == "-c":
            sys.argv = ["-c", *rest]
            sys.path.insert(0, "")
            exec(compile(what, "<string>", "exec"), {"__name__": "__main__"})
        else:
            raise ValueError(f"only -m and -c are known here (got {kind!r})")
    except SystemExit as end:
        if isinstance(end.code, str):
            sys.stderr.write(f"{end.code}\n")
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def _ask(place: str, arguments: list[str]) -> int:
    command = {"arguments": arguments, "folder": os.getcwd(), "environment": dict(os.environ)}
    with socket.socket(socket.AF_UNIX) as asking:
        asking.connect(place)
        socket.send_fds(asking, [json.dumps(command).encode()], list(_STREAMS))
        code = asking.recv(1) or b"\xff"
        asking.recv(1)  # until it has ended
    return code[0]


if __name__ == "__main__":
    _, _what, _place, *_rest = sys.argv
    if _what == "serve":
        _serve(_place, _rest)
    else:
        sys.exit(_ask(_place, _rest))
