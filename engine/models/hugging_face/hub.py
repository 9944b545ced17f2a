"""A model from the hub into the library: a name is resolved to a commit, and downloaded once."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from engine.models.hugging_face.extras import ExtraMissing, installed
from engine.models.hugging_face.files import ModelRefused, chosen, index_names
from engine.models.hugging_face.intake import (
    arriving,
    described,
    noted,
    quiet,
    refuse_too_large,
)
from engine.models.hugging_face.library import HuggingFaceLibrary, Progress

_NAME = re.compile(r"(?:[A-Za-z0-9][\w.-]*/)?[A-Za-z0-9][\w.-]*", re.ASCII)
_REVISION = re.compile(r"[A-Za-z0-9][\w./-]{0,127}", re.ASCII)
_FILE = re.compile(r"[\w.-]{1,200}", re.ASCII)
_COMMIT = re.compile(r"[0-9a-f]{40}")
_MOST_NAME = 96


@dataclass(frozen=True)
class Hub:
    """Where the hub is; tests bring a server of their own."""

    endpoint: str | None = None
    """The address; None for that of huggingface_hub (the public hub, or HF_ENDPOINT)."""
    token: str | bool | None = None
    """What to log in with; None for what huggingface_hub knows, False for nothing."""


def from_hub(  # noqa: PLR0913 - all by name
    library: HuggingFaceLibrary,
    name: str,
    *,
    revision: str = "main",
    pickled: bool = False,
    code: bool = False,
    progress: Progress = quiet,
    hub: Hub | None = None,
) -> str:
    """Download a model at a commit into the library, unless it is there already; its hash.

    What is taken is as in `from_folder`. This imports huggingface_hub: not in a server.

    Raises:
        ModelRefused: for a name or revision that is none or unknown, and what is not taken.
        ExtraMissing: without huggingface_hub.
    """
    if not _NAME.fullmatch(name) or len(name) > _MOST_NAME or ".." in name or "--" in name:
        reason = "is no name of a model on the hub, such as 'openai-community/gpt2'"
        raise ModelRefused(repr(name[:120]), reason)
    if not _REVISION.fullmatch(revision) or ".." in revision:
        raise ModelRefused(repr(revision[:120]), "is no branch, tag or commit")
    if not installed("huggingface_hub"):
        raise ExtraMissing("huggingface_hub")
    with _in_words(name, revision):
        repository = _Repository(hub or Hub(), name, revision)
        known = library.find(name, repository.commit)
        if known is not None and (library.held(known).code or not code):
            return known
        with arriving(library, 0) as part:
            names = repository.chosen(part, pickled=pickled, code=code)
            repository.fetch_all(names, part, progress)
            files = {file: noted(part / file) for file in names}
            held = described(part, files, library, name=name, revision=repository.commit)
            return library.keep(part, held)


class _Repository:
    """A model on the hub at one commit."""

    def __init__(self, hub: Hub, name: str, revision: str) -> None:
        from huggingface_hub import HfApi

        self._hub, self._name = hub, name
        api = HfApi(endpoint=hub.endpoint, token=hub.token)
        info = api.model_info(name, revision=revision, files_metadata=True)
        self.commit = str(info.sha)
        if not _COMMIT.fullmatch(self.commit):
            raise ModelRefused(name, "the hub names no commit of it")
        self._sizes = {
            sibling.rfilename: int(sibling.size or 0)
            for sibling in info.siblings or ()
            if _FILE.fullmatch(sibling.rfilename)  # what lies in folders is not needed
        }

    def chosen(self, part: Path, *, pickled: bool, code: bool) -> list[str]:
        """The files that make the model."""
        indices = {
            name: self._fetched(name, part).read_bytes() for name in index_names(self._sizes)
        }
        return chosen(self._sizes, indices, pickled=pickled, code=code)

    def fetch_all(self, names: list[str], part: Path, progress: Progress) -> None:
        """Download files into a new folder of the library."""
        total, done = sum(self._sizes[name] for name in names), 0
        refuse_too_large(total, part)
        progress(0, total)
        for name in names:
            self._fetched(name, part).rename(part / name)
            done += self._sizes[name]
            progress(done, total)
        shutil.rmtree(part / _ARRIVING)

    def _fetched(self, name: str, part: Path) -> Path:
        from huggingface_hub import hf_hub_download

        path = hf_hub_download(
            self._name,
            name,
            revision=self.commit,
            local_dir=part / _ARRIVING,
            endpoint=self._hub.endpoint,
            token=self._hub.token,
        )
        return Path(path)


_ARRIVING = ".arriving"


@contextmanager
def _in_words(name: str, revision: str) -> Iterator[None]:
    """What the hub, or the way to it, answers, in the user's words."""
    from huggingface_hub import errors

    try:
        yield
    except errors.GatedRepoError:
        reason = (
            "its owner gives access only to those who ask. Ask on its page on the hub, then log in "
            "with `hf auth login`."
        )
        raise ModelRefused(name, reason) from None
    except errors.RevisionNotFoundError:
        raise ModelRefused(name, f"has no branch, tag or commit {revision!r}") from None
    except errors.RepositoryNotFoundError:
        reason = "there is no such model on the hub, or it is private and you are not logged in"
        raise ModelRefused(name, reason) from None
    except (
        OSError,
        ValueError,
        RuntimeError,
        errors.HTTPError,
        errors.EntryNotFoundError,
        errors.RevisionResolutionError,
        errors.XetDownloadError,
    ) as error:
        text = " ".join(str(error).split())[:200]
        raise ModelRefused(name, f"cannot be downloaded from the hub ({text})") from None
