"""Sending one alert to an address of the user's, and nowhere else."""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import json
import math
import os
import socket
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

from engine.alerting.journal import Fired
from engine.errors import EngineError, Problem

HOSTS_VARIABLE = "TRAINDECK_WEBHOOK_HOSTS"
"""Names the hosts (separated by commas) that may be inside the local network, and use http."""

_CONNECT_S, _WHOLE_S = 5.0, 15.0
_LONGEST_TEXT = 1800
_TRY_AGAIN = (408, 425, 429)


class NotDelivered(EngineError):
    """A webhook that did not take an alert; the message never holds its address."""

    def __init__(self, reason: str, *, final: bool) -> None:
        super().__init__(reason)
        self.final = final
        """Whether trying again is useless."""


@dataclass(frozen=True, slots=True)
class _Target:
    """Where to connect to: exactly the addresses that were looked at."""

    host: str
    port: int
    addresses: tuple[str, ...]
    path: str
    secure: bool


def local_hosts() -> frozenset[str]:
    """Hosts that this server's owner allows although they are not public."""
    named = os.environ.get(HOSTS_VARIABLE, "").lower().split(",")
    return frozenset(host.strip() for host in named if host.strip())


def fault_of(url: str, allowed: frozenset[str]) -> Problem | None:
    """What is wrong with an address, as far as that shows without asking anybody."""
    try:
        parts = urlsplit(url)
        host, _ = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return Problem("webhook", "not an address", remedy="It begins with https://.")
    if not url.isascii() or any(char.isspace() or not char.isprintable() for char in url):
        return Problem("webhook", "not an address", remedy="It has no spaces or accents.")
    if parts.scheme not in ("https", "http") or not host:
        return Problem("webhook", "not an address", remedy="It begins with https://.")
    if parts.username is not None or parts.password is not None:
        return Problem("webhook", "must not hold a user or password before the host")
    if parts.scheme == "http" and host not in allowed:
        return Problem("webhook", "must begin with https://", remedy=_remedy(host))
    if _is_number(host) and not _is_public(host) and host not in allowed:
        return Problem("webhook", "is not a public address", remedy=_remedy(host))
    return None


def post(url: str, message: Mapping[str, Any], allowed: frozenset[str]) -> int:
    """Send a message as JSON and give the status of the answer, which is a good one.

    Nothing but the status of the answer is read. No redirect is followed, no proxy used.

    Raises:
        NotDelivered: when it was not taken.
    """
    fault = fault_of(url, allowed)
    if fault is not None:
        raise NotDelivered(f"The address {fault.message}. {fault.remedy}".strip(), final=True)
    target = _resolved(urlsplit(url), allowed)
    try:
        status = _send(target, json.dumps(message, allow_nan=False).encode())
    except (OSError, http.client.HTTPException) as error:
        reason = _reason(error)
        raise NotDelivered(f"{target.host} did not answer ({reason}).", final=False) from None
    if 200 <= status < 300:
        return status
    if 300 <= status < 400:
        text = f"{target.host} answered {status}, which leads elsewhere; that is not followed."
        raise NotDelivered(text, final=True)
    final = 400 <= status < 500 and status not in _TRY_AGAIN
    raise NotDelivered(f"{target.host} answered {status}.", final=final)


def message_of(fired: Fired, page: str | None, *, slack: bool = False) -> dict[str, Any]:
    """What is sent; `page` is the address of this application, to link to the run.

    Slack shows `text`, Discord `content`; neither may take what users wrote for commands.
    """
    sentence = f"{fired.name} · {fired.run_name}: {fired.text}"
    text = sentence if len(sentence) <= _LONGEST_TEXT else f"{sentence[:_LONGEST_TEXT]}…"
    link = None if page is None else f"{page.rstrip('/')}/live?run={fired.run}"
    shown = text if link is None else f"{text} {link}"
    return {
        "text": _for_slack(shown) if slack else shown,
        "content": shown,
        "allowed_mentions": {"parse": []},
        "id": fired.id,
        "run": fired.run,
        "run_name": fired.run_name,
        "rule": fired.name,
        "metric": fired.metric,
        "value": _number(fired.value),
        "bound": _number(fired.bound),
        "step": fired.step,
        "time": _number(fired.time),
        "url": link,
    }


def is_slack(url: str) -> bool:
    """Whether an address is one of Slack's, which reads its own signs in a text."""
    return (urlsplit(url).hostname or "").endswith(".slack.com")


def _resolved(parts: SplitResult, allowed: frozenset[str]) -> _Target:
    host = (parts.hostname or "").lower()
    secure = parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise NotDelivered(f"The host {host} was not found.", final=False) from None
    addresses = tuple(dict.fromkeys(str(entry[4][0]) for entry in found))
    if host not in allowed and not all(_is_public(address) for address in addresses):
        reason = f"{host} is not public, so nothing is sent there. {_remedy(host)}"
        raise NotDelivered(reason, final=True)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return _Target(host, port, addresses, path, secure)


class _Connection(http.client.HTTPConnection):
    """Connects to an address that was checked, whatever the name leads to by now."""

    def __init__(self, target: _Target) -> None:
        super().__init__(target.host, target.port, timeout=_CONNECT_S)
        self._target = target

    def connect(self) -> None:
        self.sock = plain = self._connected()
        if self._target.secure:
            secure = ssl.create_default_context().wrap_socket(
                plain, server_hostname=self._target.host, do_handshake_on_connect=False
            )
            self.sock = secure  # before the handshake, so that it can be hung up on
            secure.do_handshake()

    def _connected(self) -> socket.socket:
        """A connection to the first address that answers."""
        *others, last = self._target.addresses
        for address in others:
            with contextlib.suppress(OSError):
                return socket.create_connection((address, self.port), timeout=_CONNECT_S)
        return socket.create_connection((last, self.port), timeout=_CONNECT_S)


def _send(target: _Target, body: bytes) -> int:
    connection = _Connection(target)
    hung_up = threading.Event()
    overtime = threading.Timer(_WHOLE_S, _hang_up, (connection, hung_up))
    overtime.daemon = True
    overtime.start()
    headers = {"Content-Type": "application/json", "User-Agent": "Traindeck"}
    try:
        connection.request("POST", target.path, body, headers)
        status = connection.getresponse().status
        if hung_up.is_set():
            raise TimeoutError
        return status
    finally:
        overtime.cancel()
        connection.close()


def _hang_up(connection: http.client.HTTPConnection, hung_up: threading.Event) -> None:
    """End a conversation that goes on byte by byte."""
    hung_up.set()
    if connection.sock is not None:
        with contextlib.suppress(OSError):  # it has ended by itself just now
            socket.socket.shutdown(connection.sock, socket.SHUT_RDWR)  # also in a handshake


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _is_public(address: str) -> bool:
    """Whether an address is one of the internet, whatever wrapping it comes in."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo or (None, None))[1]
        if found in _NAT64:
            inner = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if inner is not None:
            return _is_public(str(inner))
        if found not in _IPV6:
            return False
    return found.is_global and not found.is_multicast


_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_IPV6 = ipaddress.ip_network("2000::/3")
"""What of IPv6 has been given out for the internet; all else is local, or was once."""


def _remedy(host: str) -> str:
    return f"To send inside your own network, start the server with {HOSTS_VARIABLE}={host}."


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not valid: {error.verify_message}"
    if isinstance(error, TimeoutError):
        return "it took too long"
    return error.strerror if isinstance(error, OSError) and error.strerror else str(error)


def _for_slack(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _number(value: float | None) -> float | str | None:
    if value is None or math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
