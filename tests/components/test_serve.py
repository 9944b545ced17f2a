"""make run: refusals before the server starts, and the server that starts."""

import http.client
import os
import socket
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest
from streamlit import config
from typer.testing import CliRunner

from components import open_browser, serve

ROOT = Path(__file__).parents[2]


@pytest.fixture
def taken_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


@pytest.fixture
def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def begin(*arguments):
    return CliRunner().invoke(serve.app, [str(argument) for argument in arguments])


def test_a_taken_port_is_one_clear_line(taken_port, tmp_path):
    done = begin("--port", taken_port, "--runs", tmp_path)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert done.stderr == (
        f"Port {taken_port} is taken. Choose another: make run PORT={taken_port + 1}\n"
    )


def test_an_unusable_runs_folder_is_one_clear_line(free_port, tmp_path):
    (tmp_path / "file").touch()
    done = begin("--port", free_port, "--runs", tmp_path / "file" / "runs")
    assert done.exit_code == 2
    assert done.stderr == (
        f"The runs folder {tmp_path}/file/runs cannot be used (Not a directory). Choose another "
        "with RUNS=/path make run, or --runs on the command line.\n"
    )


@pytest.mark.parametrize("port", ["0", "65536", "-1", "http", ""])
def test_what_is_no_port_is_bad_input(port, tmp_path):
    done = begin("--port", port, "--runs", tmp_path)
    assert done.exit_code == 2
    assert "Invalid value for '--port'" in done.stderr


def test_an_address_that_is_not_here_is_one_clear_line(free_port, tmp_path):
    done = begin("--port", free_port, "--runs", tmp_path, "--host", "203.0.113.7")
    assert done.exit_code == 2
    assert done.stderr.startswith(f"Port {free_port} cannot be used on 203.0.113.7 (")


def test_a_port_that_was_just_given_back_can_be_used(free_port):
    with (
        socket.create_server(("127.0.0.1", free_port)) as listener,
        socket.create_connection(("127.0.0.1", free_port)),
    ):
        listener.accept()[0].close()  # the side that closes first keeps the port for a minute
    serve.check_port("127.0.0.1", free_port)


def test_no_word_of_the_users_is_given_to_a_shell_or_taken_as_an_option():
    command = serve.server_command("--global.developmentMode=true", 8501)
    assert command[:4] == [sys.executable, "-m", "streamlit", "run"]
    assert "--server.address=--global.developmentMode=true" in command


def test_the_browser_is_opened_once_the_server_answers(taken_port, monkeypatch):
    opened = []
    monkeypatch.setattr("webbrowser.open", lambda url: opened.append(url) or True)
    url = f"http://127.0.0.1:{taken_port}"
    assert open_browser.open_when_ready(url)
    assert opened == [url]


def test_no_browser_is_opened_when_the_server_never_answers(free_port):
    url = f"http://127.0.0.1:{free_port}"
    assert not open_browser.open_when_ready(url, patience_s=0.3)


def health(port, process, patience_s=60):
    gives_up_at = time.monotonic() + patience_s
    while time.monotonic() < gives_up_at and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/_stcore/health")
            return connection.getresponse().status
        except OSError:
            time.sleep(0.1)
        finally:
            connection.close()
    return None


def test_the_server_takes_the_place_of_the_process_that_looked(free_port, tmp_path):
    environment = {**os.environ, "PORT": str(free_port), "CI": "1", "TRAINDECK_RUNS": "runs"}
    process = subprocess.Popen(
        [sys.executable, "-m", "components.serve"],
        cwd=tmp_path,
        env={**environment, "PYTHONPATH": str(ROOT)},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        answered = health(free_port, process)
    finally:
        process.terminate()
        output, _ = process.communicate(timeout=30)
    assert answered == 200, output
    assert output.splitlines()[0].startswith(
        f"Traindeck: http://127.0.0.1:{free_port}  (runs in {tmp_path}/runs;"
    )
    assert (tmp_path / "runs").is_dir()


def test_pages_never_stop_a_training_thread_to_collect_garbage():
    settings = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())
    assert settings["runner"]["postScriptGC"] is False
    assert "runner.postScriptGC" in config.get_config_options(), "Streamlit has renamed it"
