"""What the web server does beside pages: start and stop the queue, and guard its responses."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from components import session
from engine.errors import RunsFolderUnusable
from engine.launch.dispatcher import Dispatcher

_SECURITY_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"x-frame-options", b"SAMEORIGIN"),
    (b"content-security-policy", b"frame-ancestors 'self'; object-src 'none'; base-uri 'self'"),
]


@asynccontextmanager
async def lifespan(app: Any) -> AsyncIterator[dict[str, Any]]:
    """Run the queue while the server runs; without a runs folder the pages say so instead."""
    try:
        dispatcher = Dispatcher(session.store())
    except RunsFolderUnusable:
        yield {}
        return
    dispatcher.start()
    try:
        yield {}
    finally:
        await run_in_threadpool(dispatcher.stop)


class _Headers:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *_SECURITY_HEADERS]
            await send(message)

        await self._app(scope, receive, send_with_headers)


HEADERS = Middleware(_Headers)
"""Adds headers against framing, sniffing and foreign base addresses to every response."""
