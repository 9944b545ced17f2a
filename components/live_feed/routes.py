"""The HTTP routes of the feed. Files are read in threads, so that this never blocks the server."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route

from components.live_feed.alerts import AlertsQuery, fresh_alerts
from components.live_feed.answers import COMPRESSED, HEADERS, as_json, explained
from components.live_feed.assets import PREFIX, serve_asset
from components.live_feed.download import download
from components.live_feed.host_guard import HostGuard
from components.live_feed.layout import brief, laid_out
from components.live_feed.query import BoardQuery, PointsQuery, SeriesQuery, plain
from components.live_feed.refresh import Caches, refresh
from engine.errors import EngineError
from engine.frozen import Frozen
from engine.runs.store import RunStore

LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")

_MOST_ASKED = 4 * 1024**2
"""Bytes of a question; one about 100 runs with 100 curves each has about one million."""

Asked = bytes | Mapping[str, object]
"""A JSON document, or the parameters of an address."""
Query = TypeVar("Query", bound=Frozen)


def routes(store: RunStore, *, allowed_hosts: Sequence[str] = LOCAL_HOSTS) -> list[BaseRoute]:
    """Everything the chart board asks the server for.

    `allowed_hosts` are the names under which the server is reached (`*.example.com` for all below
    a domain, `*` for any): a request with another Host comes from a page that only pretends to be
    ours (DNS rebinding) and is refused.
    """
    caches = Caches()

    def series(asked: Asked) -> Response:
        news = refresh(store, caches, _parsed(SeriesQuery, asked))
        if news is None:
            return Response(status_code=204, headers=HEADERS)
        return Response(news, media_type="application/octet-stream", headers=HEADERS)

    def board(asked: Asked) -> Response:
        query = _parsed(BoardQuery, asked)
        charts = laid_out(query, {*query.metric, *_metrics(store, query.run)})
        return as_json({"charts": [brief(chart) for chart in charts]}, headers=COMPRESSED)

    def points(asked: Asked) -> Response:
        return download(store, _parsed(PointsQuery, asked))

    def alerts(asked: Asked) -> Response:
        news = fresh_alerts(store, _parsed(AlertsQuery, asked))
        return Response(status_code=204, headers=HEADERS) if news is None else as_json(news)

    def asset(request: Request) -> Response:
        return explained(partial(serve_asset, request))

    mounted = [
        Route("/series", _answering(series), methods=["GET", "POST"]),
        Route("/board", _answering(board), methods=["GET", "POST"]),
        Route("/points", _answering(points)),
        Route("/alerts", _answering(alerts)),
        Route("/assets/{version}/{name}", asset),
    ]
    guard = Middleware(HostGuard, allowed_hosts=tuple(allowed_hosts))
    return [Mount(PREFIX, routes=mounted, middleware=[guard])]


def _answering(answer: Callable[[Asked], Response]) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint that is asked by parameters or, where these are too many, by a JSON document."""

    async def endpoint(request: Request) -> Response:
        asked: Asked = plain(request.query_params)
        if request.method == "POST":
            asked = b""
            async for part in request.stream():
                asked += part
                if len(asked) > _MOST_ASKED:
                    return as_json({"error": "Too much was asked at once. Show fewer runs."}, 413)
        return await run_in_threadpool(explained, partial(answer, asked))

    return endpoint


def _parsed(kind: type[Query], asked: Asked) -> Query:
    return kind.parse_json(asked) if isinstance(asked, bytes) else kind.parse(asked)


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
