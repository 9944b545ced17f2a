"""What encoding some bytes may be in, to be asked about."""

from __future__ import annotations


def guessed_encoding(sample: bytes) -> str | None:
    """The encoding that fits the bytes best; None when none does."""
    from charset_normalizer import from_bytes  # late: it takes long to import

    best = from_bytes(sample).best()
    if best is None or best.encoding in ("ascii", "utf_8"):
        return None
    return best.encoding.replace("_", "-")
