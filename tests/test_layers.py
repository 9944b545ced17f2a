"""Imports point one way: pages -> components -> engine; what is drawn first needs no torch."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LIGHT_ENGINE = ("runs", "commands", "training_config", "task_spec", "run_spec", "examples")
LIGHT_ENGINE += ("preflight", "errors", "frozen", "__main__", "launch.dispatcher", "launch.worker")
LIGHT_ENGINE += ("schema", "versions", "spec_files", "differences", "observers", "presets")
LIGHT_ENGINE += ("training_config_builder", "keywords", "reference", "alerting", "comparison")
LIGHT_ENGINE += ("health.report", "health.kept", "health.names", "health.child")
HEAVY = ("torch", "torchmetrics", "transformers", "peft", "huggingface_hub")


def sources(folder):
    return sorted((ROOT / folder).rglob("*.py"))


def module_of(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def is_light(path):
    name = module_of(path).removeprefix("engine.")
    return any(name == light or name.startswith(f"{light}.") for light in LIGHT_ENGINE)


def imported(tree, *, late):
    """Modules that a tree imports; without `late` only those that importing it imports too."""
    found = set()
    for node in ast.iter_child_nodes(tree):
        match node:
            case ast.Import():
                found |= {name.name for name in node.names}
            case ast.ImportFrom():
                found |= {f"{node.module}.{name.name}" for name in node.names} | {node.module}
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda() if not late:
                pass
            case ast.If(test=ast.Name(id="TYPE_CHECKING")):
                pass
            case _:
                found |= imported(node, late=late)
    return found


def offences(paths, forbidden, *, late):
    return [
        f"{module_of(path)} imports {name}"
        for path in paths
        for name in sorted(imported(ast.parse(path.read_text(encoding="utf-8")), late=late))
        if any(name == wrong or name.startswith(f"{wrong}.") for wrong in forbidden)
    ]


@pytest.mark.parametrize(
    ("folder", "forbidden"),
    [
        ("engine", ("components", "pages", "app", "streamlit", "plotly")),
        ("components", ("pages", "app")),
        ("components/charts", ("streamlit", "torch", "pages", "engine.launch")),
        ("pages", ("app",)),
    ],
)
def test_imports_point_one_way(folder, forbidden):
    assert sources(folder), f"{folder} has moved; correct this test"
    assert offences(sources(folder), forbidden, late=True) == []


def test_what_is_drawn_first_names_no_torch_at_its_top():
    light = [path for path in sources("engine") if is_light(path)]
    screens = [ROOT / "app.py", *sources("pages"), *sources("components")]
    assert offences([*light, *screens], HEAVY, late=False) == []


def loaded_by(modules, watched):
    """Which of `watched` a fresh Python has loaded after importing `modules`."""
    script = (
        "import importlib, sys\n"
        f"for name in {sorted(modules)!r}: importlib.import_module(name)\n"
        f"print([name for name in {watched!r} if name in sys.modules])"
    )
    command = [sys.executable, "-W", "ignore", "-c", script]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return ast.literal_eval(done.stdout.strip().splitlines()[-1])


def test_importing_the_light_engine_loads_neither_torch_nor_streamlit():
    light = [module_of(path) for path in sources("engine") if is_light(path)]
    assert loaded_by(light, [*HEAVY, "streamlit", "plotly"]) == []


def test_importing_what_the_pages_import_loads_no_torch():
    needed = {module_of(path) for path in sources("components")}
    for page in sources("pages"):
        names = imported(ast.parse(page.read_text(encoding="utf-8")), late=False)
        needed |= {name for name in names if (ROOT / f"{name.replace('.', '/')}.py").exists()}
    assert loaded_by(needed, list(HEAVY)) == []


@pytest.mark.parametrize(
    ("text", "late", "found"),
    [
        ("import torch.nn", False, {"torch.nn"}),
        ("from a import b", False, {"a", "a.b"}),
        ("def f():\n    import torch", False, set()),
        ("def f():\n    import torch", True, {"torch"}),
        ("class C:\n    import torch", False, {"torch"}),
        ("try:\n    import torch\nexcept ImportError:\n    pass", False, {"torch"}),
        ("if TYPE_CHECKING:\n    import torch", True, set()),
    ],
)
def test_imports_are_found_wherever_they_stand(text, late, found):
    assert imported(ast.parse(text), late=late) == found
