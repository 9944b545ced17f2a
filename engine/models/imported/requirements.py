"""What code imports, and the line that installs what is missing. Nothing is installed or run."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from engine.errors import Problem
from engine.models.imported.syntax import FileSeen, ImportSeen, module_of

PACKAGES = {
    "PIL": "pillow",
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python",
    "dateutil": "python-dateutil",
    "flash_attn": "flash-attn",
    "fla": "flash-linear-attention",
    "hydra": "hydra-core",
    "local_attention": "local-attention",
    "mamba_ssm": "mamba-ssm",
    "ml_collections": "ml-collections",
    "pytorch_lightning": "pytorch-lightning",
    "rotary_embedding_torch": "rotary-embedding-torch",
    "segmentation_models_pytorch": "segmentation-models-pytorch",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "torch_geometric": "torch-geometric",
    "vector_quantize_pytorch": "vector-quantize-pytorch",
    "x_transformers": "x-transformers",
    "yaml": "pyyaml",
}
"""Modules whose package has another name; all others are called alike."""
_OURS = ("engine", "components", "pages", "tests")
"""Names that Traindeck itself has; code of the user's cannot have them."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """A package that the code imports from outside."""

    module: str
    package: str
    installed: bool
    needed: bool
    """Whether the code cannot be loaded without it."""
    lines: tuple[tuple[str, int], ...]
    """(file, line) of each import."""

    @property
    def install(self) -> str:
        """What to type to install it; nobody does so by itself."""
        return f"python -m pip install {self.package}"


def requirements(files: Iterable[FileSeen]) -> tuple[Requirement, ...]:
    """Each package from outside once, what is missing first."""
    files = tuple(files)
    own = _own_names(files)
    found: dict[str, list[ImportSeen]] = {}
    for seen in files:
        for statement in seen.imports:
            top = statement.module.partition(".")[0]
            outside = top not in own and top not in sys.stdlib_module_names
            if top and outside and not statement.relative:
                found.setdefault(top, []).append(statement)
    made = [
        Requirement(
            module=name,
            package=PACKAGES.get(name, name),
            installed=_is_installed(name),
            needed=any(statement.needed for statement in statements),
            lines=tuple(sorted((s.file, s.line) for s in statements)),
        )
        for name, statements in found.items()
    ]
    return tuple(sorted(made, key=lambda r: (r.installed, not r.needed, r.module)))


def import_problems(files: Iterable[FileSeen], others: Collection[str]) -> Iterator[Problem]:
    """What cannot be imported: relative modules that are not there, names that are taken."""
    files = tuple(files)
    for seen in files:
        top = seen.name.partition("/")[0].removesuffix(".py")
        if top in _OURS:
            remedy = "Give it another name."
            yield Problem(seen.name, f"has the name {top!r}, which is Traindeck's own", "", remedy)
        for statement in seen.imports:
            if statement.relative and statement.needed and not _is_there(statement, files, others):
                message = f"imports {statement.module!r}, which is not in the code"
                remedy = "Bring in the whole folder or a zip of it."
                yield Problem(f"{seen.name}, line {statement.line}", message, "", remedy)
    for requirement in requirements(files):
        if requirement.needed and not requirement.installed:
            file, line = requirement.lines[0]
            yield Problem(
                f"{file}, line {line}",
                f"imports {requirement.module!r}, which is not installed here",
                remedy=f"Install it with `{requirement.install}`.",
            )


def _is_there(statement: ImportSeen, files: tuple[FileSeen, ...], others: Collection[str]) -> bool:
    modules = {module_of(seen.name) for seen in files}
    folders = {name.rpartition("/")[0].replace("/", ".") for name in others}
    names = {f"{statement.module}.{name}".strip(".") for name in statement.names}
    return bool(({statement.module} | names) & modules) or statement.module in folders


def _own_names(files: tuple[FileSeen, ...]) -> set[str]:
    return {seen.name.partition("/")[0].removesuffix(".py") for seen in files}


def _is_installed(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False
