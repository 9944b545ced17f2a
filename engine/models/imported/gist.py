"""Code from a gist: https only, only from GitHub's hosts for gists, each address checked."""

from __future__ import annotations

import http.client
import ipaddress
import json
import re
import socket
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urljoin, urlsplit

from engine.models.imported.library import CodeRefused
from engine.models.imported.sources import MOST_BYTES, MOST_FILES, Collected, from_files

HOSTS = ("gist.github.com", "gist.githubusercontent.com", "api.github.com")
_MOST_REDIRECTS = 4
_CONNECT_S, _WHOLE_S = 10.0, 30.0
_ID = re.compile(r"[0-9a-f]{5,40}")
_CHUNK = 1 << 16

Resolver = Callable[[str, int], Sequence[str]]
"""(host, port) -> its addresses."""


def resolved(host: str, port: int) -> Sequence[str]:
    """The addresses of a host, as the system knows them."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


def is_public(address: str) -> bool:
    """Whether an address is one of the internet and not of this machine or network."""
    found = ipaddress.ip_address(address.partition("%")[0])
    inner = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    known = inner or found
    return known.is_global and not known.is_multicast


@dataclass(frozen=True)
class Reach:
    """Where code may be fetched from; tests bring a server of their own."""

    hosts: Sequence[str] = HOSTS
    api: str = "https://api.github.com/gists/"
    resolve: Resolver = resolved
    is_allowed: Callable[[str], bool] = is_public
    """Whether an address may be connected to."""
    context: ssl.SSLContext = field(default_factory=ssl.create_default_context)
    whole_s: float = _WHOLE_S


def from_gist(wanted: str, reach: Reach | None = None) -> Collected:
    """The files of a gist, by its id or any of its addresses.

    Raises:
        CodeRefused: for other hosts, other schemes, what is too large or slow, and bad answers.
    """
    reach = reach or Reach()
    parts = urlsplit(wanted) if "/" in wanted or ":" in wanted else None
    if parts is not None:
        _refuse_elsewhere(parts, reach)
        if "/raw/" in parts.path:
            name = parts.path.rpartition("/")[2]
            files = {name if name.endswith(".py") else "model.py": _fetched(wanted, reach)}
            return from_files(files, kind="gist", place=wanted)
    found = _ID.findall(parts.path.rstrip("/").rpartition("/")[2] if parts else wanted)
    if len(found) != 1:
        reason = "is no id of a gist (hexadecimal digits), nor an address that ends with one"
        raise CodeRefused(repr(wanted[:120]), reason)
    answer = _fetched(reach.api + found[0], reach)
    return from_files(_files_of(answer, reach), kind="gist", place=wanted)


def _files_of(answer: bytes, reach: Reach) -> dict[str, bytes]:
    try:
        listed = json.loads(answer)["files"]
        if not isinstance(listed, Mapping) or len(listed) > MOST_FILES:
            raise ValueError("too many files")
        return {str(name): _content(entry, reach) for name, entry in listed.items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CodeRefused("The gist", f"the answer is not that of a gist ({error!r})") from None


def _content(entry: Mapping[str, object], reach: Reach) -> bytes:
    if entry.get("truncated"):
        return _fetched(str(entry["raw_url"]), reach)
    return str(entry["content"]).encode()


def _fetched(url: str, reach: Reach) -> bytes:
    """What an address gives; each redirect is checked as the first address was."""
    deadline = time.monotonic() + reach.whole_s
    for _ in range(_MOST_REDIRECTS + 1):
        parts = urlsplit(url)
        _refuse_elsewhere(parts, reach)
        try:
            status, location, body = _answer(parts, reach, deadline)
        except (OSError, http.client.HTTPException) as error:
            raise CodeRefused(parts.hostname or url, f"did not answer ({error})") from None
        if status in (301, 302, 303, 307, 308) and location:
            url = urljoin(url, location)
            continue
        if status != 200:
            raise CodeRefused(parts.hostname or url, f"answered {status}")
        return body
    raise CodeRefused("The address", "it leads from one address to the next without end")


def _refuse_elsewhere(parts: SplitResult, reach: Reach) -> None:
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        raise CodeRefused("The address", "it is not valid") from None
    if parts.scheme != "https":
        raise CodeRefused("The address", f"it must begin with https:// (got {parts.scheme!r})")
    allowed = [name.partition(":")[0] for name in reach.hosts]
    if host not in allowed or parts.username or parts.password:
        reason = f"code is only fetched from {', '.join(reach.hosts)}"
        raise CodeRefused(f"{host!r}", reason)
    if port not in (None, 443) and f"{host}:{port}" not in reach.hosts:
        raise CodeRefused(f"{host}:{port}", "another port than 443 is not asked")


def _answer(parts: SplitResult, reach: Reach, deadline: float) -> tuple[int, str, bytes]:
    host, port = parts.hostname or "", parts.port or 443
    addresses = reach.resolve(host, port)
    wrong = [address for address in addresses if not reach.is_allowed(address)]
    if wrong or not addresses:
        raise CodeRefused(host, f"leads to {wrong or 'no address'}, which is not on the internet")
    connection = _Connection(host, port, addresses[0], reach.context)
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        headers = {"User-Agent": "Traindeck", "Accept": "*/*", "Accept-Encoding": "identity"}
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.getheader("Location") or "", _body(answer, host, deadline)
    finally:
        connection.close()


def _body(answer: http.client.HTTPResponse, host: str, deadline: float) -> bytes:
    data = bytearray()
    while chunk := answer.read1(_CHUNK):
        data += chunk
        if len(data) > MOST_BYTES:
            raise CodeRefused(host, f"sends more than {MOST_BYTES // 1_000_000} MB")
        if time.monotonic() > deadline:
            raise CodeRefused(host, "takes too long")
    return bytes(data)


class _Connection(http.client.HTTPSConnection):
    """Connects to the address that was checked, whatever the name leads to by now."""

    def __init__(self, host: str, port: int, address: str, context: ssl.SSLContext) -> None:
        super().__init__(host, port, timeout=_CONNECT_S, context=context)
        self._address, self._secure = address, context

    def connect(self) -> None:
        plain = socket.create_connection((self._address, self.port), timeout=_CONNECT_S)
        self.sock = self._secure.wrap_socket(plain, server_hostname=self.host)
