"""Scripts that the browser loads once: plotly.js from its wheel, and our own chart board."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from hashlib import blake2b
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse

PREFIX = "/traindeck"
"""Where the routes of the feed are mounted."""

_FOLDER = Path(__file__).parent.parent / "live_chart"
_HEADERS = {
    "Cache-Control": "public, max-age=31536000, immutable",
    # keeps Streamlit's middleware from compressing 4.7 MB anew for every browser
    "Content-Encoding": "identity",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@cache
def _files() -> Mapping[str, Path]:
    """The files that may be served, by name. Nothing else is."""
    plotly = find_spec("plotly")
    assert plotly is not None
    assert plotly.origin is not None
    own = {path.name: path for path in _FOLDER.iterdir() if path.suffix in (".js", ".css")}
    return {**own, "plotly.js": Path(plotly.origin).parent / "package_data" / "plotly.min.js"}


@cache
def assets_url() -> str:
    """The address of the folder of scripts; another one whenever any of them changes."""
    digest = blake2b(version("plotly").encode(), digest_size=6)
    for name, path in sorted(_files().items()):
        if name != "plotly.js":
            digest.update(path.read_bytes())
    return f"{PREFIX}/assets/{digest.hexdigest()}"


def serve_asset(request: Request) -> FileResponse:
    """One of our scripts, to be kept by the browser for good."""
    path = _files().get(request.path_params["name"])
    if path is None:
        raise HTTPException(404, "There is no such script.")
    kind = "text/css" if path.suffix == ".css" else "text/javascript"
    return FileResponse(path, media_type=kind, headers=_HEADERS)
