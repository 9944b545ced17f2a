"""What the documents tell people to type works, and what they name exists."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from engine.data.specs import DATA_TASKS
from engine.documents.reference import configuration
from engine.runs.store import RunStore
from tests import fabricate
from tests.warm import warm_python

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(path, language):
    found = _BLOCK.findall(path.read_text(encoding="utf-8"))
    return [text for name, text in found if name == language]


IMPORTED = (
    *("torch._dynamo", "torchmetrics.classification", "sklearn.datasets", "pandas", "scipy.stats"),
    *("plotly.graph_objects", "matplotlib.figure", "pyarrow.parquet"),
    *("engine.commands", "engine.launch.worker", "engine.comparison", "engine.health.examination"),
)
COMMANDS = {"python": ["python", "-c"], "bash": ["bash", "-eu", "-o", "pipefail", "-c"]}


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """That of a user of this project, but that torch and the like have been imported already."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)}
    environment.pop("TRAINDECK_RUNS", None)
    with warm_python(tmp_path_factory.mktemp("warm"), environment, *IMPORTED) as folder:
        yield environment | {"PATH": f"{folder}{os.pathsep}{path}"}


def run_block(language, text, folder, environment):
    return subprocess.run(
        [*COMMANDS[language], text],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


RUNNABLE = [
    pytest.param(language, text, id=f"{path.stem}-{language}-{number}")
    for path in DOCUMENTS
    for language in ("python", "bash")
    for number, text in enumerate(blocks(path, language), start=1)
]


@pytest.mark.parametrize(("language", "text"), RUNNABLE)
def test_a_code_block_runs_as_it_stands(language, text, tmp_path, environment):
    fabricate.run_of(RunStore(tmp_path / "runs"), fabricate.IMAGES)
    done = run_block(language, text, tmp_path, environment)
    assert done.returncode == 0, done.stderr


def test_the_commands_of_make_that_documents_name_exist():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):.*##", makefile, re.MULTILINE))
    named = {
        target
        for path in DOCUMENTS
        for target in re.findall(r"(?:^|`)make ([a-z]+)", path.read_text(encoding="utf-8"), re.M)
    }
    assert {"run", "test"} <= named <= targets


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_and_pictures_lead_somewhere(path):
    targets = re.findall(r"\]\((?!https?://)([^)#]+)", path.read_text(encoding="utf-8"))
    assert [target for target in targets if not (path.parent / target).exists()] == []


def test_the_readme_names_every_source_of_data():
    table = re.findall(r"^\| (`.*?) +\|", (ROOT / "README.md").read_text(encoding="utf-8"), re.M)
    named = {name for cell in table for name in re.findall(r"`([a-z-]+)`", cell)}
    assert set(DATA_TASKS) <= named


def test_the_reference_of_the_configuration_is_that_of_the_schema():
    written = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    assert written == configuration(), "the schema has changed: run `make docs`"


def test_the_newest_version_in_the_changelog_is_the_projects():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(r"^## \[(\d+\.\d+\.\d+)\] - \d{4}-\d\d-\d\d$", changelog, re.MULTILINE)
    assert versions[0] == project["version"]
    assert versions == sorted(versions, key=lambda v: [*map(int, v.split("."))], reverse=True)
