"""What encoding some bytes may be in, to be asked about."""

from __future__ import annotations

_USUAL = ("utf_16", "cp1252", "latin_1", "cp1251", "cp932", "gb18030", "big5")
"""Of encodings that fit about as well, that which is met most often."""
_ALIKE = 0.02


def guessed_encoding(sample: bytes) -> str | None:
    """The encoding that fits the bytes best; None when none does."""
    from charset_normalizer import from_bytes  # late: it takes long to import

    found = from_bytes(sample)
    best = found.best()
    if best is None or best.encoding in ("ascii", "utf_8"):
        return None
    alike = [match.encoding for match in found if match.chaos <= best.chaos + _ALIKE]
    usual = next((encoding for encoding in _USUAL if encoding in alike), best.encoding)
    return usual.replace("_", "-")
