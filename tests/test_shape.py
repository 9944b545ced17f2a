"""The code stays in pieces that fit on a screen or two."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = [
    ROOT / "app.py",
    *(
        path
        for folder in ("engine", "components", "pages", "benchmarks", "examples")
        for path in sorted((ROOT / folder).rglob("*.py"))
    ),
]
MOST_LINES_OF_A_FILE = 400
MOST_LINES_OF_A_FUNCTION = 50
MOST_LINES_OF_A_PAGE = 80


def long_files(paths, most):
    sizes = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in paths}
    return [f"{path.name}: {size} lines" for path, size in sizes.items() if size > most]


def long_functions(path, most):
    functions = (
        node
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    sizes = {f"{path.name}:{f.lineno} {f.name}": f.end_lineno - f.lineno + 1 for f in functions}
    return [f"{name}: {size} lines" for name, size in sizes.items() if size > most]


def test_no_file_is_over_400_lines():
    assert long_files(SOURCES, MOST_LINES_OF_A_FILE) == []


def test_no_function_is_over_50_lines():
    assert [
        long for path in SOURCES for long in long_functions(path, MOST_LINES_OF_A_FUNCTION)
    ] == []


def test_no_page_is_over_80_lines():
    assert long_files((ROOT / "pages").glob("*.py"), MOST_LINES_OF_A_PAGE) == []


@pytest.mark.parametrize(("lines", "found"), [(50, []), (51, ["x.py:1 f: 51 lines"])])
def test_a_long_function_is_named(tmp_path, lines, found):
    path = tmp_path / "x.py"
    path.write_text("def f():\n" + "    pass\n" * (lines - 1))
    assert long_functions(path, MOST_LINES_OF_A_FUNCTION) == found


def test_a_long_file_is_named(tmp_path):
    path = tmp_path / "x.py"
    path.write_text("a = 1\n" * 401)
    assert long_files([path], MOST_LINES_OF_A_FILE) == ["x.py: 401 lines"]
