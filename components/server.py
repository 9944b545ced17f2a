"""What the web server does beside pages: start and stop the queue, and guard its responses."""

from __future__ import annotations

import os
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import streamlit as st
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from components import downloads, live_feed, model_state, session
from engine.alerting.service import AlertService
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
    """Run the queue and watch for alerts; without a runs folder the pages say so instead."""
    try:
        dispatcher = Dispatcher(session.store())
    except RunsFolderUnusable:
        yield {}
        return
    alerts = AlertService(session.store(), page=page_address())
    dispatcher.start()
    alerts.start()
    try:
        yield {}
    finally:
        await run_in_threadpool(model_state.trials(session.store()).stop)
        await run_in_threadpool(alerts.stop)
        await run_in_threadpool(dispatcher.stop)


def page_address() -> str:
    """Where people reach this application, for links in messages to them."""
    host = str(st.get_option("server.address"))
    shown = socket.gethostname() if host in ("0.0.0.0", "::", "None") else host
    return os.environ.get("TRAINDECK_URL") or f"http://{shown}:{st.get_option('server.port')}"


def feed_routes() -> Sequence[BaseRoute]:
    """The live feed of the runs folder and its downloads; none when that cannot be used, as the
    pages then say."""
    try:
        store = session.store()
    except RunsFolderUnusable:
        return ()
    hosts = st.get_option("server.allowedHosts") or live_feed.LOCAL_HOSTS
    feed = live_feed.routes(store, allowed_hosts=hosts)
    return [*feed, *downloads.routes(store, allowed_hosts=hosts)]


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
