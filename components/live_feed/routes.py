"""The HTTP routes of the feed. Plain functions, so that reading files never blocks the server."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from urllib.parse import urlsplit

import orjson
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from components.live_feed.assets import PREFIX, serve_asset
from components.live_feed.layout import laid_out
from components.live_feed.query import BoardQuery, SeriesQuery, plain
from components.live_feed.refresh import Caches, refresh
from engine.errors import BadInput, EngineError, UnknownRun
from engine.runs.store import RunStore

LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")

_HEADERS = {
    "Cache-Control": "no-store",
    # the numbers hardly shrink, and compressing them would cost more than sending them
    "Content-Encoding": "identity",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}

Endpoint = Callable[[Request], Response]


def routes(store: RunStore, *, allowed_hosts: Sequence[str] = LOCAL_HOSTS) -> list[BaseRoute]:
    """Everything the chart board asks the server for.

    `allowed_hosts` are the names under which the server is reached (`*.example.com` for all below
    a domain, `*` for any): a request with another Host comes from a page that only pretends to be
    ours (DNS rebinding) and is refused.
    """
    caches = Caches()

    @_explained
    def series(request: Request) -> Response:
        query = SeriesQuery.parse(plain(request.query_params))
        news = refresh(store, caches, query)
        if news is None:
            return Response(status_code=204, headers=_HEADERS)
        return Response(news, media_type="application/octet-stream", headers=_HEADERS)

    @_explained
    def board(request: Request) -> Response:
        query = BoardQuery.parse(plain(request.query_params))
        return _json({"charts": laid_out(query, {*query.metric, *_metrics(store, query.run)})})

    mounted = [
        Route("/series", series),
        Route("/board", board),
        Route("/assets/{version}/{name}", _explained(serve_asset)),
    ]
    guard = Middleware(_HostGuard, allowed_hosts=tuple(allowed_hosts))
    return [Mount(PREFIX, routes=mounted, middleware=[guard])]


def _metrics(store: RunStore, run_ids: Sequence[str]) -> set[str]:
    """Metrics of the runs that can be read."""
    found: set[str] = set()
    failure: EngineError | None = None
    readable = 0
    for run_id in run_ids:
        try:
            found.update(store.open(run_id).metrics())
            readable += 1
        except EngineError as error:
            failure = failure or error
    if failure is not None and not readable:
        raise failure
    return found


def _explained(endpoint: Endpoint) -> Endpoint:
    """Answer failures that a user can cause with their message, as JSON."""

    @wraps(endpoint)
    def answer(request: Request) -> Response:
        try:
            return endpoint(request)
        except BadInput as error:
            return _json({"error": str(error)}, 400)
        except UnknownRun as error:
            return _json({"error": str(error)}, 404)
        except HTTPException as error:
            return _json({"error": error.detail}, error.status_code)
        except (EngineError, OSError) as error:
            return _json({"error": str(error)}, 409)

    return answer


def _json(document: object, status: int = 200) -> Response:
    body = orjson.dumps(document)
    return Response(body, status, _HEADERS, media_type="application/json")


class _HostGuard:
    """Refuses requests that were sent to a host name which is not ours."""

    def __init__(self, app: ASGIApp, allowed_hosts: tuple[str, ...]) -> None:
        self._app = app
        self._allowed = tuple(
            host.strip().strip("[]").lower().rstrip(".") for host in allowed_hosts
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        host = dict(scope["headers"]).get(b"host", b"").decode("latin-1")
        if self._is_allowed(host):
            await self._app(scope, receive, send)
            return
        message = f"This server does not answer to the host name {host!r}."
        remedy = "Add it to server.allowedHosts in .streamlit/config.toml if it is yours."
        await _json({"error": f"{message} {remedy}"}, 403)(scope, receive, send)

    def _is_allowed(self, host: str) -> bool:
        if "@" in host or "/" in host:
            return False
        try:
            name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
        except ValueError:
            return False
        return any(_matches(name, pattern) for pattern in self._allowed)


def _matches(name: str, pattern: str) -> bool:
    below = pattern.startswith("*.") and name.endswith(pattern[1:])
    return pattern == "*" or name == pattern or below
