"""The wire format: a JSON header and, behind it, arrays of numbers exactly as they are.

    uint32 length of the header | header (UTF-8 JSON) | padding to 8 | arrays, each padded to 8

Everything is little-endian; the header names each array as [type, offset behind the padding,
count], so that a browser wraps it in a typed array without copying. NaN and infinity stay what
they are, which JSON could not do.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

_ALIGN = 8


class Frame:
    """Arrays collected for one answer."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0

    def add(self, array: NDArray[Any]) -> tuple[str, int, int]:
        """Put an array into the frame; how the header names it."""
        data = array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
        place = array.dtype.str[1:], self._size, len(array)
        padding = -len(data) % _ALIGN
        self._parts += [data, b"\0" * padding]
        self._size += len(data) + padding
        return place

    def encoded(self, header: dict[str, Any]) -> bytes:
        """The bytes to send."""
        text = orjson.dumps(header, default=tuple)
        text += b" " * (-(4 + len(text)) % _ALIGN)
        return b"".join([len(text).to_bytes(4, "little"), text, *self._parts])


def decoded(data: bytes) -> tuple[dict[str, Any], bytes]:
    """Header and body of a frame, as the browser reads them."""
    length = int.from_bytes(data[:4], "little")
    return orjson.loads(data[4 : 4 + length]), data[4 + length :]


def array_at(body: bytes, place: tuple[str, int, int]) -> NDArray[Any]:
    """An array of a decoded frame."""
    kind, offset, count = place
    return np.frombuffer(body, f"<{kind}", count, offset)


def narrow(values: NDArray[np.float64]) -> NDArray[np.float32] | NDArray[np.float64]:
    """Half the bytes where that changes no number (most losses are computed in 32 bits)."""
    with np.errstate(over="ignore"):
        half = values.astype(np.float32)
    return half if np.array_equal(half, values, equal_nan=True) else values
