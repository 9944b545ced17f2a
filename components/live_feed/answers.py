"""Answers of the feed: failures that a user can cause become their message, as JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import orjson
from starlette.exceptions import HTTPException
from starlette.responses import Response

from engine.errors import BadInput, EngineError, UnknownRun

COMPRESSED: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}
HEADERS: Mapping[str, str] = {
    **COMPRESSED,
    # the numbers hardly shrink, and compressing them would cost more than sending them
    "Content-Encoding": "identity",
}


def as_json(document: object, status: int = 200, headers: Mapping[str, str] = HEADERS) -> Response:
    """A JSON answer."""
    body = orjson.dumps(document)
    return Response(body, status, headers, media_type="application/json")


def explained(answer: Callable[[], Response]) -> Response:
    """The answer, or why there is none."""
    try:
        return answer()
    except BadInput as error:
        return as_json({"error": str(error)}, 400)
    except UnknownRun as error:
        return as_json({"error": str(error)}, 404)
    except HTTPException as error:
        return as_json({"error": error.detail}, error.status_code)
    except (EngineError, OSError) as error:
        return as_json({"error": str(error)}, 409)
