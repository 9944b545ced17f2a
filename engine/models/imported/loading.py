"""Imported code, loaded and called. Only ever in a process of its own: here it is run."""

from __future__ import annotations

import importlib
import importlib.util
import os
import re
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic import JsonValue
from torch import nn

from engine.errors import EngineError
from engine.models.imported.spec import ImportedModel
from engine.models.imported.syntax import module_of, read

_PACKAGE = "imported_model"
_MOST_LINES = 6


class ImportedFailed(EngineError):
    """Imported code that failed: at which stage, with what, and where in it."""

    def __init__(self, stage: str, message: str, lines: Sequence[str] = ()) -> None:
        where = "\n".join(f"  {line}" for line in lines)
        super().__init__(f"{message}\n{where}" if lines else message)
        self.stage, self.message, self.lines = stage, message, tuple(lines)


class Settings(dict[str, Any]):
    """A configuration that is read both ways: `config["width"]` and `config.width`."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"config.json has no {name!r}") from None


def built(spec: ImportedModel, folder: Path) -> nn.Module:
    """The module that the code builds, with weights drawn from torch's global generator.

    Raises:
        ImportedFailed: when it cannot be loaded or built.
    """
    with code_errors("import", folder, f"{spec.file} could not be loaded"):
        module = _loaded(spec.file, folder)
        entry = _named(module, spec.entry, folder)
    with code_errors("build", folder, f"{spec.entry}(...) failed"):
        model = _called(entry, spec, module, folder)
    if not isinstance(model, nn.Module):
        message = f"{spec.entry}(...) gave {type(model).__name__}, not a torch.nn.Module"
        raise ImportedFailed("build", message)
    return model


@contextmanager
def code_errors(stage: str, folder: Path, what: str) -> Iterator[None]:
    """Say whatever the user's code raises in the user's words, with the lines of their files."""
    try:
        yield
    except EngineError:
        raise
    except (Exception, SystemExit) as error:
        raise ImportedFailed(stage, f"{what}: {_said(error)}", _lines(error, folder)) from error


class Importable:
    """The code's own modules can be imported, and relative paths mean its files.

    A process that trains one model enters this and stays in it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._finder = folder, _Finder(folder)
        self._before = set(sys.modules), Path.cwd(), sys.dont_write_bytecode

    def __enter__(self) -> None:
        sys.meta_path.insert(0, self._finder)
        sys.dont_write_bytecode = True
        os.chdir(self._folder)

    def __exit__(self, *_: object) -> None:
        modules, cwd, sys.dont_write_bytecode = self._before
        os.chdir(cwd)
        sys.meta_path.remove(self._finder)
        for name in set(sys.modules) - modules:
            if _is_from(sys.modules[name], self._folder):
                del sys.modules[name]


class _Finder:
    """Finds the code's modules before installed ones of the same name, but never takes the place
    of Python's own or of what runs already."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._own = {
            path.name.removesuffix(".py")
            for path in folder.iterdir()
            if path.is_dir() or path.suffix == ".py"
        } - (set(sys.stdlib_module_names) | {name.partition(".")[0] for name in sys.modules})

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if path is not None or name not in self._own:
            return None
        return PathFinder.find_spec(name, [str(self._folder)])


def _loaded(file: str, folder: Path) -> ModuleType:
    """The module of a file: as part of its package, of a made-up one, or by its place alone."""
    name = module_of(file)
    plain = all(part.isidentifier() for part in name.split("."))
    relative = any(seen.relative for seen in read(file, (folder / file).read_bytes()).imports)
    if plain and "/" not in file and relative:
        package = ModuleType(_PACKAGE)
        package.__path__ = [str(folder)]
        sys.modules[_PACKAGE] = package
        return importlib.import_module(f"{_PACKAGE}.{name}")
    if plain and name.partition(".")[0] not in sys.stdlib_module_names:
        importlib.invalidate_caches()
        module = importlib.import_module(name)
        if _is_from(module, folder):
            return module
    found = importlib.util.spec_from_file_location(re.sub(r"\W", "_", name), folder / file)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    sys.modules[found.name] = module
    found.loader.exec_module(module)
    return module


def _named(module: ModuleType, entry: str, folder: Path) -> Callable[..., Any]:
    found: Any = module
    for part in entry.split("."):
        if part not in vars(found):
            raise ImportedFailed("import", f"there is no {entry!r} in {module.__name__}")
        found = vars(found)[part]
    if not callable(found):
        raise ImportedFailed("import", f"{entry!r} is a {type(found).__name__}: nothing to call")
    called: Callable[..., Any] = found
    return called


def _called(
    entry: Callable[..., Any], spec: ImportedModel, module: ModuleType, folder: Path
) -> object:
    arguments = {name: _handed(value) for name, value in spec.arguments.items()}
    if not spec.config_class:
        return entry(**arguments)
    modules = [module, *(m for m in list(sys.modules.values()) if _is_from(m, folder))]
    holder = next((m for m in modules if spec.config_class in vars(m)), None)
    if holder is None:
        message = f"there is no class {spec.config_class!r} in the code that was loaded"
        raise ImportedFailed("build", message)
    return entry(vars(holder)[spec.config_class](**arguments))


def _handed(value: JsonValue) -> Any:
    """A configuration as code wants to read it; all else as it is."""
    return Settings(value) if isinstance(value, Mapping) else value


def _is_from(module: ModuleType, folder: Path) -> bool:
    file, paths = module.__dict__.get("__file__"), module.__dict__.get("__path__")
    places = [file] if isinstance(file, str) else [p for p in paths or [] if isinstance(p, str)]
    return any(Path(place).is_relative_to(folder) for place in places)


def _said(error: BaseException) -> str:
    text = " ".join(str(error).split())
    name = type(error).__name__
    if isinstance(error, MemoryError) and not text:
        text = "it needs more memory than it may take"
    return f"{name}: {text[:600]}" if text else name


def _lines(error: BaseException, folder: Path) -> list[str]:
    """The last lines of the traceback within the user's own files."""
    if isinstance(error, SyntaxError) and error.filename:
        return [f"{Path(error.filename).name}, line {error.lineno}: {(error.text or '').strip()}"]
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).is_relative_to(folder)]
    return [
        f"{Path(frame.filename).relative_to(folder)}, line {frame.lineno}, in {frame.name}: "
        f"{(frame.line or '').strip()[:120]}"
        for frame in own[-_MOST_LINES:]
    ]
