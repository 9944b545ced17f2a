"""Refuses requests that another website makes its visitors send."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from components.live_feed.answers import as_json


class HostGuard:
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
        await as_json({"error": f"{message} {remedy}"}, 403)(scope, receive, send)

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
