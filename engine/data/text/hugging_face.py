"""HuggingFaceTokenizer: a tokenizer that exists, from a folder or from the hub."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer as Library

from engine.data.text.subwords import byte_pieces
from engine.data.text.tokenizer import (
    NOT_KNOWN,
    UNKNOWN,
    Lengths,
    NoSuchToken,
    Pieces,
    Tokens,
    joined,
)
from engine.errors import EngineError

_FILE = "tokenizer.json"
_NAMING = ("tokenizer_config.json", "special_tokens_map.json")
"""Files that say what the special tokens are."""
_MOST_BYTES = 200_000_000
_NAMES = {
    "padding": ("pad_token",),
    "unknown": ("unk_token",),
    "begin": ("bos_token", "cls_token", "eos_token", "sep_token"),
    "end": ("eos_token", "sep_token", "bos_token", "cls_token"),
    "mask": ("mask_token",),
}
"""Special tokens, and under which names tokenizers have them, the best first."""
_USUAL = {
    "padding": ("[PAD]", "<pad>", "<|padding|>"),
    "unknown": ("[UNK]", "<unk>"),
    "begin": ("[CLS]", "<s>", "<|begin_of_text|>", "<|endoftext|>"),
    "end": ("[SEP]", "</s>", "<|end_of_text|>", "<|endoftext|>"),
    "mask": ("[MASK]", "<mask>"),
}
"""How they are usually written, for a tokenizer.json without the file that names them."""


class NoTokenizer(EngineError):
    """A tokenizer that is not there or cannot be read."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(
            f"The tokenizer {name!r} cannot be used: {reason} Give a folder that holds {_FILE}, "
            "or a name on the Hugging Face hub, such as 'gpt2'."
        )


class HuggingFaceTokenizer:
    """The tokens that a pretrained model knows, under its own numbers.

    Special tokens that it lacks and the task needs are added behind its own.
    """

    def __init__(
        self,
        library: Library,
        specials: Mapping[str, int],
        added: Iterable[str],
        *,
        digest: str | None = None,
    ) -> None:
        library.no_padding()
        library.no_truncation()
        library.encode_special_tokens = True  # what only looks like one in a text is text
        self.digest = digest
        """SHA-256 of the file that it was read from."""
        self._library = library
        self._own_size = max(library.get_vocab().values(), default=-1) + 1
        self._own = dict(specials)
        self.added = tuple(added)
        behind = enumerate(self.added, self._own_size)
        self._specials = self._own | {name: token for token, name in behind}

    kind = "hugging-face"

    def __len__(self) -> int:
        return self._own_size + len(self.added)

    @property
    def special_tokens(self) -> dict[str, int]:
        return dict(self._specials)

    @cached_property
    def lengths(self) -> Lengths | None:
        """Known of byte-level tokenizers that change nothing in a text."""
        if not _keeps_every_byte(json.loads(self._library.to_str())):
            return None
        added = {
            token.content: b"" if token.special else token.content.encode()
            for token in self._library.get_added_tokens_decoder().values()
        }
        pieces = Pieces((), byte_pieces(self._library, added))
        if len(pieces) != self._own_size:
            return None
        chars, size = pieces.lengths()
        extra = np.zeros(len(self.added), np.int64)
        found = Lengths(np.append(chars, extra), np.append(size, extra))
        if "unknown" in self._specials:
            found.chars[self._specials["unknown"]] = NOT_KNOWN
            found.bytes[self._specials["unknown"]] = NOT_KNOWN
        return found

    def special(self, name: str) -> int:
        if name not in self._specials:
            raise NoSuchToken(name, list(self._specials))
        return self._specials[name]

    def encode(self, text: str) -> Tokens:
        return np.array(self._library.encode(text, add_special_tokens=False).ids, np.int64)

    def encode_all(self, texts: Sequence[str]) -> tuple[Tokens, Tokens]:
        found = self._library.encode_batch_fast(list(texts), add_special_tokens=False)
        return joined([encoding.ids for encoding in found])

    def decode(self, tokens: NDArray[np.integer[Any]], *, special: str = "") -> str:
        shown = dict.fromkeys(self._specials.values(), special)
        if "unknown" in self._specials:
            shown[self._specials["unknown"]] = UNKNOWN
        parts: list[str] = []
        run: list[int] = []
        for token in tokens.tolist():
            if token in shown:
                parts += [self._text(run), shown[token]]
                run = []
            else:
                run.append(token)
        return "".join([*parts, self._text(run)])

    def piece(self, token: int) -> str:
        names = [name for name, place in self._specials.items() if place == token]
        if names:
            return f"⟨{names[0]}⟩"
        text = self._text([token])
        return self._library.id_to_token(token) or text if "\ufffd" in text or not text else text

    def document(self) -> dict[str, Any]:
        library = json.loads(self._library.to_str())
        return {
            "kind": self.kind,
            "specials": self._own,
            "added": list(self.added),
            "digest": self.digest,
            "library": library,
        }

    def _text(self, tokens: list[int]) -> str:
        return self._library.decode(tokens, skip_special_tokens=False) if tokens else ""


def existing(name: str, needed: Iterable[str]) -> HuggingFaceTokenizer:
    """The tokenizer of this name or in this folder, with all special tokens that are needed.

    Raises:
        NoTokenizer: when it is not there, or cannot be read.
    """
    folder = folder_of(name)
    path = folder / _FILE
    if path.stat().st_size > _MOST_BYTES:
        raise NoTokenizer(name, f"its {_FILE} is larger than 200 MB.")
    content = path.read_bytes()
    try:
        library = Library.from_str(content.decode("utf-8", errors="replace"))
    except Exception as error:
        raise NoTokenizer(name, f"the library cannot read it ({error}).") from error
    named = (_named(library, folder / other) for other in _NAMING)
    specials = next((found for found in named if found), None) or _usual(library)
    missing = [name for name in needed if name not in specials]
    return HuggingFaceTokenizer(
        library, specials, missing, digest=hashlib.sha256(content).hexdigest()
    )


def digest_of(name: str) -> str:
    """SHA-256 of all files that make a tokenizer.

    Raises:
        NoTokenizer: when it is not there.
    """
    folder, digest = folder_of(name), hashlib.sha256()
    for file in (_FILE, *_NAMING):
        path = folder / file
        if path.is_file():
            digest.update(file.encode() + path.read_bytes())
    return digest.hexdigest()


def folder_of(name: str) -> Path:
    """Where the files of a tokenizer are, which are fetched for a name on the hub.

    Raises:
        NoTokenizer: when it is not there.
    """
    path = Path(name).expanduser()
    if not name.strip():
        raise NoTokenizer(name, "no name is given.")
    if path.name == _FILE and path.is_file():
        return path.parent
    if not path.is_dir():
        return _fetched(name)
    if not (path / _FILE).is_file():
        raise NoTokenizer(name, f"there is no {_FILE} in that folder.")
    return path


def _fetched(name: str) -> Path:
    """The folder on this machine with the files of a name on the hub."""
    import huggingface_hub  # late: it takes a while, and is for names alone

    try:
        found = Path(huggingface_hub.hf_hub_download(name, _FILE))
        for other in _NAMING:
            if huggingface_hub.file_exists(name, other):
                huggingface_hub.hf_hub_download(name, other)
    except Exception as error:
        raise NoTokenizer(
            name, f"it is no folder here, and the hub does not give it ({_first_line(error)})."
        ) from error
    return found.parent


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]


def _named(library: Library, path: Path) -> dict[str, int]:
    """The special tokens that a file beside the tokenizer names."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(document, dict):
        return {}
    found = {}
    for special, names in _NAMES.items():
        for name in names:
            token = document.get(name)
            text = token.get("content") if isinstance(token, dict) else token
            number = library.token_to_id(text) if isinstance(text, str) else None
            if number is not None:
                found[special] = number
                break
    return found


def _usual(library: Library) -> dict[str, int]:
    found = {}
    for special, texts in _USUAL.items():
        numbers = (library.token_to_id(text) for text in texts)
        number = next((number for number in numbers if number is not None), None)
        if number is not None:
            found[special] = number
    return found


def _keeps_every_byte(document: Mapping[str, Any]) -> bool:
    """Whether tokens are written in the letters of bytes, and no text is changed before."""
    before = document.get("pre_tokenizer") or {}
    steps = before.get("pretokenizers", [before])
    byte_level = [step for step in steps if step.get("type") == "ByteLevel"]
    return (
        document.get("normalizer") is None
        and (document.get("decoder") or {}).get("type") == "ByteLevel"
        and len(byte_level) == 1
        and not byte_level[0].get("add_prefix_space")
        and all(step.get("type") in ("ByteLevel", "Split", "Digits") for step in steps)
        and all(step.get("behavior") != "Removed" for step in steps)
    )
