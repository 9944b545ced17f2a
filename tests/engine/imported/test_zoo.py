"""Models as different people write them: found, tried and trained, or refused in words."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from components.draft import Draft
from components.outlook import outlook
from engine.frozen import with_changes
from engine.models.imported.dry_run import DryRun, dry_run, dry_runs
from engine.models.imported.inspection import inspect
from engine.models.imported.library import CODE, CodeLibrary, CodeRefused
from engine.models.imported.limits import Limits
from engine.runs.lineage import fork
from engine.runs.store import RunStore
from tests.engine.imported.table import BROKEN, GOOD, files_of, spec_of

LIMITS = Limits(seconds=20, memory_bytes=3_000_000_000)
SMALL = Limits(seconds=10, memory_bytes=1_500_000_000)
ENDINGS = ("leaves", "endless", "hog")
"""What ends its process, or needs a limit: a process each."""

TRAINED = [name for name in GOOD if name != "starts_others"]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> RunStore:
    return RunStore(tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="module")
def verdicts(store: RunStore) -> dict[str, DryRun]:
    """Of all models that end by themselves, tried one after another in one process."""
    names = [*GOOD, *(name for name in BROKEN if name not in ENDINGS)]
    found = dry_runs(store, [spec_of(store, name) for name in names], LIMITS)
    return dict(zip(names, found, strict=True))


def text_of(verdict: DryRun) -> str:
    return " ".join((verdict.message, *verdict.lines, *verdict.found))


def test_the_zoo_is_large_enough() -> None:
    assert len(GOOD) >= 20
    assert len(BROKEN) >= 10


@pytest.mark.slow
@pytest.mark.parametrize("name", GOOD)
def test_a_good_model_is_called_as_it_wants(name: str, verdicts: dict[str, DryRun]) -> None:
    verdict, expected = verdicts[name], GOOD[name]
    assert verdict.ok, text_of(verdict)
    assert [words for words in expected.said if words not in text_of(verdict)] == []
    assert bool(verdict.warnings) == bool(expected.warns)
    assert expected.warns in " ".join(verdict.warnings)
    assert verdict.parameters
    assert verdict.loss


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in BROKEN if name not in ENDINGS])
def test_a_broken_model_is_refused_in_words(name: str, verdicts: dict[str, DryRun]) -> None:
    verdict, expected = verdicts[name], BROKEN[name]
    assert (verdict.ok, verdict.stage) == (False, expected.stage), text_of(verdict)
    assert [words for words in expected.said if words not in text_of(verdict)] == []


@pytest.mark.slow
def test_a_model_that_ends_its_process_takes_nothing_along(store: RunStore) -> None:
    specs = [spec_of(store, name) for name in (*ENDINGS, "lenet")]
    *verdicts, after = dry_runs(store, specs, SMALL)
    for name, verdict in zip(ENDINGS, verdicts, strict=True):
        expected = BROKEN[name]
        assert (verdict.ok, verdict.stage) == (False, expected.stage), text_of(verdict)
        assert [words for words in expected.said if words not in text_of(verdict)] == []
    assert after.ok


@pytest.mark.slow
def test_nothing_that_the_code_started_is_left(verdicts: dict[str, DryRun]) -> None:
    assert verdicts["starts_others"].ok
    commands = [process.info["cmdline"] for process in psutil.process_iter(["cmdline"])]
    assert ["sleep", "997"] not in commands


@pytest.mark.slow
def test_what_is_printed_is_kept_to_its_end(verdicts: dict[str, DryRun]) -> None:
    assert verdicts["chatty"].output.endswith("torch.Size([8, 13])\n")
    assert len(verdicts["chatty"].output) < 5_000


def test_a_file_that_is_no_python_is_refused_with_its_line() -> None:
    found = inspect(files_of("syntax_error"))
    assert [str(problem) for problem in found.problems] == [
        "model.py: is no valid Python: expected ':' (line 4) (got 'class Net(nn.Module)')."
    ]
    assert found.candidates == ()


def test_what_is_missing_is_named_with_the_line_that_installs_it() -> None:
    (problem,) = inspect(files_of("missing_import")).problems
    assert str(problem) == (
        "model.py, line 2: imports 'no_such_package_here', which is not installed here. "
        "Install it with `python -m pip install no_such_package_here`."
    )


@pytest.fixture(scope="module")
def trained(store: RunStore) -> dict[str, Path]:
    """A run of each good model, trained as the process launcher's child does, in one process."""
    runs = {name: store.create(spec_of(store, name)) for name in TRAINED}
    command = [sys.executable, "-m", "tests.engine.imported.train_all", str(store.root)]
    done = subprocess.run(
        [*command, *(run.id for run in runs.values())],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return {name: run.folder for name, run in runs.items()}


@pytest.mark.slow
@pytest.mark.parametrize("name", TRAINED)
def test_a_good_model_trains_for_20_steps(
    name: str, store: RunStore, trained: dict[str, Path]
) -> None:
    run = store.open(trained[name].name)
    state = run.state()
    assert (state.status, state.step) == ("completed", 20), state.reason
    assert run.last("val/loss") is not None
    assert len(run.samples(run.sample_steps()[-1])) == 2
    assert (run.folder / CODE / "model.py").read_bytes() == files_of(name)["model.py"]


@pytest.mark.slow
def test_a_run_is_forked_with_its_own_copy_of_the_code_while_it_may_run(
    store: RunStore, trained: dict[str, Path]
) -> None:
    run = store.open(trained["tabular"].name)
    library, code = CodeLibrary(store.root), run.spec.model.code
    step = run.checkpoint_steps()[0]
    longer = with_changes(run.spec, {"training.length.amount": 40})
    draft = Draft.of(run.spec).forking(run.id, step, longer)
    shutil.rmtree(library.folder(code))
    assert [*outlook(draft, store).problems] == []
    assert (fork(store, run, step, {}).folder / CODE / "model.py").exists()
    library.forbid(code)
    assert [problem.path for problem in outlook(draft, store).problems] == ["model.code"]


def test_nothing_is_tried_without_consent(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    with pytest.raises(CodeRefused, match="nobody has consented"):
        dry_run(store, spec_of(store, "lenet", consent=False))


def test_a_setting_keeps_all_imported_code_from_being_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = RunStore(tmp_path)
    spec = spec_of(store, "lenet")
    with monkeypatch.context() as patch:
        patch.setenv("TRAINDECK_IMPORTED_CODE", "off")
        with pytest.raises(CodeRefused, match="TRAINDECK_IMPORTED_CODE is set to 'off'"):
            dry_run(store, spec)
