"""Waits until the server answers, then opens it in the browser: `open_browser URL`."""

from __future__ import annotations

import socket
import sys
import time
import webbrowser
from urllib.parse import urlsplit


def open_when_ready(url: str, *, patience_s: float = 60.0) -> bool:
    """Open the URL once its port answers; False when it never did."""
    address = urlsplit(url)
    gives_up_at = time.monotonic() + patience_s
    while time.monotonic() < gives_up_at:
        try:
            socket.create_connection((address.hostname, address.port), timeout=1).close()
        except OSError:
            time.sleep(0.2)
        else:
            return webbrowser.open(url)
    return False


if __name__ == "__main__":
    open_when_ready(sys.argv[1])
