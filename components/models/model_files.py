"""ModelFiles: a model of Hugging Face that is being brought in, from an upload or a folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from engine.allowed_paths import resolved
from engine.models.hugging_face.files import CONFIG, ModelRefused
from engine.models.hugging_face.intake import (
    from_folder,
    from_uploads,
    is_model,
    is_model_folder,
)
from engine.models.hugging_face.library import HuggingFaceLibrary
from engine.models.registry import Registry
from engine.models.version import version_of


@dataclass(frozen=True)
class ModelFiles:
    """Where the files are."""

    place: Path | Mapping[str, bytes]
    """A folder, or what was uploaded, by name."""
    roots: Sequence[Path] | None = None
    """Where the folder may lie; None for anywhere."""

    def kept_in(self, runs: Path) -> str:
        """Keep it among the models; its version.

        Raises:
            ModelRefused: when it is not one that is taken.
        """
        library = HuggingFaceLibrary(runs)
        if isinstance(self.place, Path):
            files = from_folder(library, self.place, roots=self.roots)
        else:
            files = from_uploads(library, self.place)
        model = library.version(files)
        Registry(runs).add(model)
        return version_of(model)


def in_upload(files: Mapping[str, bytes]) -> ModelFiles | None:
    """The model that uploaded files are; None where they are something else."""
    configs = [data for name, data in files.items() if PurePosixPath(name).name == CONFIG]
    return ModelFiles(files) if len(configs) == 1 and is_model(files, configs[0]) else None


def in_folder(folder: Path, roots: Sequence[Path] | None) -> ModelFiles | None:
    """The model that a folder holds; None where it holds something else, or may not be read."""
    try:
        resolved(folder, roots, ModelRefused, what="models are")
    except ModelRefused:
        return None  # it is refused, in words, as a place of code
    return ModelFiles(folder, roots) if is_model_folder(folder) else None
