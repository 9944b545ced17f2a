"""What a Python file defines, read from its syntax tree; nothing of it is run."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Any

from engine.errors import Problem

_UNKNOWN = "..."


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument of a function, or one field of a configuration class."""

    name: str
    annotation: str = ""
    """As it is written; empty for none."""
    required: bool = True
    default: str = ""
    """As it is written; empty for none."""
    starred: bool = False
    """Whether it takes whatever is left (`*args`, `**kwargs`)."""

    @property
    def literal(self) -> Any:
        """The default as a value; None where it is no plain number, text or the like."""
        try:
            return ast.literal_eval(self.default)
        except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
            return None


@dataclass(frozen=True, slots=True)
class ClassSeen:
    """A class at the top of a file."""

    file: str
    name: str
    line: int
    bases: tuple[str, ...]
    """With the names that the file has imported written out: `torch.nn.Module`."""
    constructor: tuple[Parameter, ...] | None
    """Without self; None where the class has none of its own."""
    forward: tuple[Parameter, ...] | None
    fields: tuple[Parameter, ...]
    """The annotated names in its body: what a dataclass is made from."""
    uses: frozenset[str]
    """All names in its body."""
    text: str = ""
    """The first line of its docstring."""


@dataclass(frozen=True, slots=True)
class FunctionSeen:
    """A function at the top of a file."""

    file: str
    name: str
    line: int
    parameters: tuple[Parameter, ...]
    returns: str
    uses: frozenset[str]
    text: str = ""


@dataclass(frozen=True, slots=True)
class ImportSeen:
    """One import statement's module."""

    file: str
    line: int
    module: str
    """With its relative dots made absolute within the code."""
    names: tuple[str, ...]
    relative: bool
    needed: bool
    """Whether the file cannot be loaded without it: not inside a function or a try."""


@dataclass(frozen=True, slots=True)
class FileSeen:
    """What a Python file holds."""

    name: str
    classes: tuple[ClassSeen, ...] = ()
    functions: tuple[FunctionSeen, ...] = ()
    imports: tuple[ImportSeen, ...] = ()
    aliases: tuple[tuple[str, str], ...] = ()
    """Names at the top of the file -> what they were imported as."""
    problem: Problem | None = None


@lru_cache(maxsize=512)
def read(name: str, data: bytes) -> FileSeen:
    """Read one file; a problem with its line where it is no Python."""
    try:
        text = _text(data)
        tree = ast.parse(text, filename=name)
        return _seen(name, tree)
    except SyntaxError as error:
        where = f"line {error.lineno}" if error.lineno else "the file"
        shown = (error.text or "").strip()[:80]
        message = f"is no valid Python: {error.msg} ({where})"
        return FileSeen(name, problem=Problem(name, message, repr(shown) if shown else ""))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        message = f"is not UTF-8 text (line {line}, byte {data[error.start]:#x})"
        remedy = "Save it as UTF-8, or name its encoding in its first line."
        return FileSeen(name, problem=Problem(name, message, remedy=remedy))
    except (ValueError, RecursionError, MemoryError) as error:
        message = f"cannot be read as Python: {error or type(error).__name__}"
        return FileSeen(name, problem=Problem(name, message))


def module_of(file: str) -> str:
    """The dotted name of a file within the code."""
    parts = PurePosixPath(file.removesuffix(".py")).parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _text(data: bytes) -> str:
    """The source as Python itself decodes it: by its byte-order mark or its first lines."""
    encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    return data.decode(encoding)


def _seen(name: str, tree: ast.Module) -> FileSeen:
    imports = tuple(_imports(name, tree))
    aliases = dict(_aliases(name, tree))
    classes, functions = [], []
    for node in _at_the_top(tree):
        if isinstance(node, ast.ClassDef):
            classes.append(_class(name, node, aliases))
        else:
            functions.append(_function(name, node, aliases))
    return FileSeen(name, tuple(classes), tuple(functions), imports, tuple(aliases.items()))


def _at_the_top(tree: ast.Module) -> Iterator[ast.ClassDef | ast.FunctionDef]:
    """Definitions of the module itself, also those in an `if` or `try` of it."""
    open_ones: list[ast.stmt] = list(reversed(tree.body))
    while open_ones:
        node = open_ones.pop()
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            yield node
        elif isinstance(node, ast.If | ast.Try | ast.With) and not _is_main(node):
            open_ones += reversed([*node.body, *getattr(node, "orelse", [])])


def _is_main(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and "__name__" in _written(node.test)


def _class(file: str, node: ast.ClassDef, aliases: dict[str, str]) -> ClassSeen:
    methods = {n.name: n for n in node.body if isinstance(n, ast.FunctionDef)}
    init, forward = methods.get("__init__"), methods.get("forward")
    return ClassSeen(
        file=file,
        name=node.name,
        line=node.lineno,
        bases=tuple(_resolved(_written(base), aliases) for base in node.bases),
        constructor=None if init is None else _parameters(init)[1:],
        forward=None if forward is None else _parameters(forward)[1:],
        fields=tuple(_field(n) for n in node.body if isinstance(n, ast.AnnAssign)),
        uses=_names(node),
        text=_doc(node),
    )


def _function(file: str, node: ast.FunctionDef, aliases: dict[str, str]) -> FunctionSeen:
    returns = "" if node.returns is None else _written(node.returns).strip("'\"")
    return FunctionSeen(
        file=file,
        name=node.name,
        line=node.lineno,
        parameters=_parameters(node),
        returns=_resolved(returns, aliases),
        uses=_names(node),
        text=_doc(node),
    )


def _parameters(node: ast.FunctionDef) -> tuple[Parameter, ...]:
    arguments = node.args
    plain = [*arguments.posonlyargs, *arguments.args]
    without = [None] * (len(plain) - len(arguments.defaults))
    found = [
        _parameter(argument, default)
        for argument, default in zip(plain, [*without, *arguments.defaults], strict=True)
    ]
    found += [
        _parameter(argument, default)
        for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    ]
    starred = [argument for argument in (arguments.vararg, arguments.kwarg) if argument]
    return (*found, *(Parameter(a.arg, required=False, starred=True) for a in starred))


def _parameter(argument: ast.arg, default: ast.expr | None) -> Parameter:
    return Parameter(
        name=argument.arg,
        annotation="" if argument.annotation is None else _written(argument.annotation),
        required=default is None,
        default="" if default is None else _written(default),
    )


def _field(node: ast.AnnAssign) -> Parameter:
    return Parameter(
        name=_written(node.target),
        annotation=_written(node.annotation),
        required=node.value is None,
        default="" if node.value is None else _written(node.value),
    )


def _imports(file: str, tree: ast.Module) -> Iterator[ImportSeen]:
    open_ones: list[tuple[ast.AST, bool]] = [(tree, True)]
    while open_ones:
        node, needed = open_ones.pop()
        if isinstance(node, ast.Import):
            for entry in node.names:
                yield ImportSeen(file, node.lineno, entry.name, (), False, needed)
        elif isinstance(node, ast.ImportFrom):
            names = tuple(entry.name for entry in node.names)
            module = _absolute(file, node)
            yield ImportSeen(file, node.lineno, module, names, node.level > 0, needed)
        else:
            inner = needed and not _is_optional(node)
            open_ones += [(child, inner) for child in ast.iter_child_nodes(node)]


def _is_optional(node: ast.AST) -> bool:
    """Whether what is inside is not run, or may fail, when the file is loaded."""
    if isinstance(node, ast.If):
        return _is_main(node) or "TYPE_CHECKING" in _written(node.test)
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.Try)


def _absolute(file: str, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    folder = PurePosixPath(file).parent.parts
    kept = folder[: len(folder) - (node.level - 1)] if node.level <= len(folder) + 1 else ()
    return ".".join([*kept, *([node.module] if node.module else [])])


def _aliases(file: str, tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for entry in node.names:
                top = entry.name.partition(".")[0]
                yield (entry.asname, entry.name) if entry.asname else (top, top)
        elif isinstance(node, ast.ImportFrom):
            for entry in node.names:
                yield entry.asname or entry.name, f"{_absolute(file, node)}.{entry.name}"


def _resolved(written: str, aliases: dict[str, str]) -> str:
    first, dot, rest = written.partition(".")
    return f"{aliases.get(first, first)}{dot}{rest}"


def _names(node: ast.AST) -> frozenset[str]:
    return frozenset(n.id for n in ast.walk(node) if isinstance(n, ast.Name)) | frozenset(
        n.attr for n in ast.walk(node) if isinstance(n, ast.Attribute)
    )


def _doc(node: ast.ClassDef | ast.FunctionDef) -> str:
    return (ast.get_docstring(node) or "").strip().partition("\n")[0][:200]


def _written(node: ast.expr) -> str:
    try:
        text = ast.unparse(node)
    except RecursionError:
        return _UNKNOWN
    return text if len(text) <= 500 else _UNKNOWN
