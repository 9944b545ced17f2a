"""A gist is fetched over https from hosts that are on a list, at addresses that were looked at."""

from __future__ import annotations

import http.server
import json
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from engine.models.imported import gist
from engine.models.imported.gist import Reach, from_gist, is_public
from engine.models.imported.library import CodeRefused

NET = "from torch import nn\n\n\nclass Net(nn.Module):\n    pass\n"
pytestmark = pytest.mark.skipif(not shutil.which("openssl"), reason="makes a certificate with it")


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers by its path: gists, files, redirects, and what never ends."""

    def do_GET(self) -> None:
        name = self.path.rpartition("/")[2]
        here = f"https://localhost:{self.server.server_address[1]}"
        if name.startswith("to-"):
            self.send_response(302)
            self.send_header("Location", self.server.targets[name])  # type: ignore[attr-defined]
            self.end_headers()
            return
        files = {
            "aaaaa": {"model.py": {"content": NET, "truncated": False}},
            "bbbbb": {"model.py": {"raw_url": f"{here}/raw/model.py", "truncated": True}},
            "ccccc": {"../model.py": {"content": NET}},
        }
        self.send_response(404 if name == "eeeee" else 200)
        self.end_headers()
        if name == "slow":
            self._drip()
        elif name == "huge":
            self._flood()
        elif name in files:
            self.wfile.write(json.dumps({"files": files[name]}).encode())
        else:
            self.wfile.write(NET.encode())

    def _drip(self) -> None:
        for _ in range(100):
            try:
                self.wfile.write(b"#")
            except OSError:
                return
            time.sleep(0.05)

    def _flood(self) -> None:
        try:
            for _ in range(400):
                self.wfile.write(b"#" * 100_000)
        except OSError:
            return

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[http.server.ThreadingHTTPServer]:
    folder = tmp_path_factory.mktemp("tls")
    files = ["-keyout", str(folder / "key"), "-out", str(folder / "cert")]
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    kind = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    subprocess.run(["openssl", "req", *kind, *files, *subject], check=True, capture_output=True)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.targets = {}  # type: ignore[attr-defined]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert", folder / "key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.certificate = folder / "cert"  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def reach(server: http.server.ThreadingHTTPServer) -> Reach:
    port = server.server_address[1]
    certificate: Path = server.certificate  # type: ignore[attr-defined]
    return Reach(
        hosts=(f"localhost:{port}",),
        api=f"https://localhost:{port}/gists/",
        resolve=lambda host, port: ("127.0.0.1",),
        is_allowed=lambda address: address == "127.0.0.1",
        context=ssl.create_default_context(cafile=certificate),
    )


def at(reach: Reach, path: str) -> str:
    return f"https://{reach.hosts[0]}/{path}"


@pytest.mark.parametrize("wanted", ["aaaaa", "bbbbb"])
def test_a_gist_by_its_id(wanted: str, reach: Reach) -> None:
    found = from_gist(wanted, reach)
    assert dict(found.files) == {"model.py": NET.encode()}
    assert (found.kind, found.place) == ("gist", wanted)


def test_a_gist_by_its_address_and_a_raw_file(reach: Reach) -> None:
    assert dict(from_gist(at(reach, "someone/aaaaa"), reach).files) == {"model.py": NET.encode()}
    raw = from_gist(at(reach, "someone/aaaaa/raw/net.py"), reach)
    assert list(raw.files) == ["net.py"]


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ("http://gist.github.com/x/aaaaa", "must begin with https://"),
        ("file:///etc/passwd", "must begin with https://"),
        ("https://example.com/aaaaa", "only fetched from gist.github.com"),
        ("https://gist.github.com.example.com/aaaaa", "only fetched from"),
        ("https://gist.github.com@example.com/aaaaa", "only fetched from"),
        ("https://user:secret@gist.github.com/aaaaa", "only fetched from"),
        ("https://gist.github.com:22/aaaaa", "another port"),
        ("https://gist.github.com:x/aaaaa", "not valid"),
        ("https://gist.github.com/someone", "is no id of a gist"),
        ("no gist", "is no id of a gist"),
    ],
)
def test_another_place_is_refused_without_asking_it(wanted: str, words: str) -> None:
    def asked(host: str, port: int) -> tuple[str, ...]:
        raise AssertionError(f"{host} was asked")

    with pytest.raises(CodeRefused, match=words):
        from_gist(wanted, Reach(resolve=asked))


def test_a_host_that_leads_into_the_local_network_is_refused(reach: Reach) -> None:
    inside = replace(reach, resolve=lambda host, port: ("127.0.0.1", "10.0.0.1"))
    with pytest.raises(CodeRefused, match=r"leads to \['10\.0\.0\.1'\]"):
        from_gist("aaaaa", inside)


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("https://example.com/raw/model.py", "only fetched from"),
        ("http://localhost/raw/model.py", "must begin with https://"),
        ("file:///etc/passwd", "must begin with https://"),
        ("/raw/to-itself", "without end"),
    ],
)
def test_each_redirect_is_checked(
    target: str, words: str, reach: Reach, server: http.server.ThreadingHTTPServer
) -> None:
    server.targets |= {"to-itself": target}  # type: ignore[attr-defined]
    with pytest.raises(CodeRefused, match=words):
        from_gist(at(reach, "x/raw/to-itself"), reach)


def test_a_redirect_to_an_allowed_place_is_followed(
    reach: Reach, server: http.server.ThreadingHTTPServer
) -> None:
    server.targets |= {"to-model": "/raw/model.py"}  # type: ignore[attr-defined]
    assert from_gist(at(reach, "x/raw/to-model"), reach).files["model.py"] == NET.encode()


def test_a_redirect_whose_host_has_moved_inside_is_refused(
    reach: Reach, server: http.server.ThreadingHTTPServer
) -> None:
    server.targets |= {"to-model": "/raw/model.py"}  # type: ignore[attr-defined]
    answers = iter([("127.0.0.1",), ("169.254.169.254",)])
    moving = replace(reach, resolve=lambda host, port: next(answers))
    with pytest.raises(CodeRefused, match=r"169\.254\.169\.254"):
        from_gist(at(reach, "x/raw/to-model"), moving)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("x/raw/huge", "more than 20 MB"),
        ("x/raw/slow", "takes too long"),
        ("eeeee", "answered 404"),
    ],
)
def test_what_is_too_large_too_slow_or_not_there(path: str, words: str, reach: Reach) -> None:
    with pytest.raises(CodeRefused, match=words):
        from_gist(at(reach, path), replace(reach, whole_s=0.5))


def test_names_that_a_server_gives_lead_nowhere(reach: Reach) -> None:
    with pytest.raises(CodeRefused, match="no name for a file inside"):
        from_gist("ccccc", reach)


def test_an_untrusted_certificate_is_refused(reach: Reach) -> None:
    with pytest.raises(CodeRefused, match="did not answer"):
        from_gist("aaaaa", replace(reach, context=ssl.create_default_context()))


def test_nobody_there_is_told(reach: Reach) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        place = f"localhost:{free.getsockname()[1]}"
    with pytest.raises(CodeRefused, match="did not answer"):
        from_gist(f"https://{place}/raw/model.py", replace(reach, hosts=(place,)))


@pytest.mark.parametrize(
    ("address", "public"),
    [("8.8.8.8", True), ("127.0.0.1", False), ("10.1.2.3", False), ("169.254.169.254", False)]
    + [
        ("::1", False),
        ("::ffff:127.0.0.1", False),
        ("2606:4700::1111", True),
        ("fe80::1%2", False),
    ],
)
def test_what_is_on_the_internet(address: str, public: bool) -> None:
    assert is_public(address) is public


def test_the_hosts_are_those_of_gists() -> None:
    assert gist.HOSTS == ("gist.github.com", "gist.githubusercontent.com", "api.github.com")
