"""Asks an ASGI application without a server and without a HTTP client library."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlencode

import anyio
from starlette.types import ASGIApp


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    content: bytes

    def json(self) -> Any:
        return json.loads(self.content)


def get(app: ASGIApp, path: str, params: Any = (), host: str = "localhost:8501") -> Answer:
    """The answer to a GET request; list values of `params` are sent as repeated parameters."""
    return _asked(app, path, "GET", host, query=urlencode(params, doseq=True).encode())


def post(app: ASGIApp, path: str, body: bytes, host: str = "localhost:8501") -> Answer:
    """The answer to a POST request."""
    return _asked(app, path, "POST", host, body=body)


def _asked(
    app: ASGIApp, path: str, method: str, host: str, *, query: bytes = b"", body: bytes = b""
) -> Answer:
    sent: list[dict[str, Any]] = []
    asked = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict[str, Any]:
        if not asked:
            await anyio.sleep_forever()  # the visitor stays until the answer is there
        return asked.pop()

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query,
        "headers": [(b"host", host.encode())],
        "server": ("127.0.0.1", 8501),
        "client": ("127.0.0.1", 1),
    }
    anyio.run(app, scope, receive, send)
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    content = b"".join(message.get("body", b"") for message in sent[1:])
    return Answer(sent[0]["status"], headers, content)
