"""What a report says of runs of every kind, and that no spike is lost on the way."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.charts.sampling import Window, visible
from components.dashboard import Dashboard, NotSaved, UnknownFormat
from components.report import sections
from components.report.lines import COLUMNS, line_of, thinned
from components.report.sources import NoRunThere, NothingToPlot
from engine.errors import DamagedRun
from engine.frozen import with_changes
from engine.runs.record import Imported, RunRecord
from engine.runs.run import Labels
from engine.runs.series import RECORD, Cursor, MetricFiles, Series
from engine.runs.store import RunStore
from tests import fabricate

ROOT = Path(__file__).parents[2]
NASTY = "<img src=x onerror=alert(1)> & 😀 $x^2$ %{y} " + "long" * 60


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "runs")


@pytest.fixture
def run(store):
    return fabricate.run_of(store, fabricate.IMAGES)


def series_of(values, steps=None):
    steps = np.arange(len(values), dtype=np.int64) if steps is None else np.asarray(steps, np.int64)
    values = np.asarray(values, np.float64)
    return Series(steps, np.zeros(len(values)), values, Cursor(1, len(values)), restarted=False)


def log(run, metric, values, every=1):
    records = np.zeros(len(values), RECORD)
    records["step"] = np.arange(1, len(values) + 1) * every
    records["value"] = values
    files = MetricFiles(run.metrics_folder)
    files.append(metric, records)
    files.close()


def titles(contents):
    return [section.title for section in contents.sections]


def table(contents, title):
    (found,) = [one for one in contents.tables if one.title == title]
    return {row.cells[0]: row.cells[1:] for row in found.rows}


# -- curves ----------------------------------------------------------------------------------------


@given(
    st.integers(1, 40_000),
    st.integers(0, 2**32 - 1),
    st.sampled_from([100, 5_000, 72_000]),
)
def test_highest_and_lowest_survive_any_thinning(points, seed, most):
    values = np.random.default_rng(seed).normal(size=points)
    (line,) = thinned([line_of(series_of(values), "a", "#000", smooth=True)], most)
    assert line.raw.y.max() == values.max()
    assert line.raw.y.min() == values.min()
    assert (line.raw.x[0], line.raw.x[-1]) == (0, points - 1)
    assert np.isin(line.raw.y, values).all()


def test_thinning_ends_where_the_points_fit():
    lines = [line_of(series_of(np.sin(np.arange(9_000.0))), "a", "#000", smooth=True)] * 20
    assert sum(line.size for line in lines) > 72_000
    assert sum(line.size for line in thinned(lines)) <= 72_000


def test_halving_the_columns_keeps_what_fewer_columns_would_have_chosen():
    values = np.random.default_rng(0).normal(size=50_000)
    (line,) = thinned([line_of(series_of(values), "a", "#000", smooth=False)], 600)
    directly = visible(np.arange(50_000), values, Window(0, 49_999), COLUMNS // 4)
    assert line.raw.x.tolist() == directly.tolist()


def test_points_out_of_order_are_drawn_in_order_and_told(run):
    line = line_of(series_of([1.0, 2.0, 3.0], [5, 3, 9]), "a", "#000", smooth=False)
    assert line.shuffled
    assert line.raw.x.tolist() == [3, 5, 9]
    assert line.raw.y.tolist() == [2.0, 1.0, 3.0]


def test_a_short_curve_is_not_smoothed():
    assert line_of(series_of([1.0] * 19), "a", "#000", smooth=True).smooth is None
    assert line_of(series_of([1.0] * 20), "a", "#000", smooth=True).smooth is not None


# -- sections --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("metric", "section"),
    [
        ("train/loss", "Loss"),
        ("loss", "Loss"),
        ("eval_loss", "Loss"),
        ("val/f1_macro", "Quality metrics"),
        ("optim/lr", "Learning rate"),
        ("optim/grad_norm", "Gradients"),
        ("layers/grad_norm/head.weight", "Gradients"),
        ("speed/tokens_per_s", "Throughput and memory"),
        ("memory/process_mb", "Throughput and memory"),
        ("drift/psi", "Drift"),
        ("gpu/0/power_w", "System"),
        ("rewards/mean", "Other metrics"),
    ],
)
def test_a_metric_is_in_the_section_where_people_look_for_it(metric, section):
    for several in (False, True):
        layout = sections.layout_of([metric], several=several)
        assert [title for title, _ in layout.sections] == [section]


def test_metrics_without_room_are_named():
    metrics = [f"custom/{n:04d}" for n in range(2_000)]
    layout = sections.layout_of(metrics, several=True)
    assert sum(len(charts) for _, charts in layout.sections) == 60
    assert len(layout.left_out) == 1_940


# -- contents --------------------------------------------------------------------------------------


def test_a_report_says_what_a_run_was(run):
    contents = Dashboard().plot(run).contents
    (card,) = contents.cards
    facts = dict(card.facts)
    assert (card.name, card.status) == ("digits vit", "completed")
    assert facts["Steps"] == "200 of 200"
    assert facts["Best val/loss"] == "1.55 at step 200"
    assert facts["Model"] == "ViT 4×64"
    assert facts["Parameters"] == "202,058"
    assert titles(contents) == [
        "Loss",
        "Quality metrics",
        "Learning rate",
        "Gradients",
        "Throughput and memory",
    ]
    assert table(contents, "Configuration")["training.optimizer.lr"] == ("1e-3",)
    assert [row.cells[1] for row in contents.tables[0].rows] == ["started", "completed"]


def test_the_results_of_a_training_are_plotted_by_their_folder(run):
    class Results:
        folder = run.folder

    for given_ in (Results(), run, run.folder, str(run.folder)):
        assert Dashboard().plot(given_).contents.title == "digits vit"


def test_several_runs_lie_over_one_another_and_only_differences_are_told(store):
    other = with_changes(fabricate.IMAGES, {"name": "faster", "training.optimizer.lr": 0.01})
    runs = [fabricate.run_of(store, spec) for spec in (fabricate.IMAGES, other)]
    contents = Dashboard().plot(runs).contents
    assert contents.title == "2 runs"
    assert table(contents, "Differences in configuration") == {
        "training.optimizer.lr": ("1e-3", "0.01")
    }
    (loss,) = [chart for chart in contents.sections[0].charts if "train" in chart.title]
    assert [line.label for line in loss.lines] == ["digits vit", "faster"]
    assert len({line.color for line in loss.lines}) == 2


def test_the_gpus_of_several_runs_share_a_chart_and_are_told_apart_by_name(store):
    runs = [
        fabricate.run_of(store, with_changes(fabricate.IMAGES, {"name": name})) for name in "ab"
    ]
    for number, run in enumerate(runs):
        log(run, f"gpu/{number}/power_w", [250.0, 260.0])
    charts = [
        chart for section in Dashboard().plot(runs).contents.sections for chart in section.charts
    ]
    (power,) = [chart for chart in charts if chart.title == "GPU power"]
    assert [line.label for line in power.lines] == ["a, GPU 0", "b, GPU 1"]


def test_runs_of_one_name_are_told_apart(store):
    runs = [fabricate.run_of(store, fabricate.IMAGES) for _ in range(2)]
    names = [card.name for card in Dashboard().plot(runs).contents.cards]
    assert names == [f"digits vit · {run.id}" for run in runs]


def test_a_run_without_metrics_says_so_and_has_no_charts(store):
    contents = Dashboard().plot(fabricate.run_of(store, steps=0, status="queued")).contents
    assert contents.sections == ()
    assert contents.notes == ("No metrics were recorded, so there are no curves.",)


def test_an_imported_run_has_the_configuration_of_its_source(store, run):
    imported = Imported(source="mlflow", place="mlruns", config={"lr": 0.1})
    record = RunRecord(run_id=run.id, created_at=0.0, imported=imported)
    (run.folder / "run.json").write_text(record.to_json())
    contents = Dashboard().plot(run.folder).contents
    assert table(contents, "Configuration") == {"lr": ("0.1",)}
    assert dict(contents.cards[0].facts)["Imported from"] == "MLflow"
    assert table(contents, "Lineage")["Imported from"] == ("MLflow: mlruns",)
    assert (contents.document, len(contents.commands)) == ("", 1)


def test_a_failed_run_says_why(store):
    failed = fabricate.run_of(store, status="failed", reason="CUDA ran out of memory")
    assert Dashboard().plot(failed).contents.cards[0].reason == "CUDA ran out of memory"


def test_a_damaged_run_is_refused_alone_and_left_out_beside_others(store, run):
    broken = fabricate.run_of(store)
    (broken.folder / "state.json").write_text("{")
    with pytest.raises(DamagedRun, match=r"state\.json cannot be read"):
        Dashboard().plot(broken.folder)
    contents = Dashboard().plot([broken.folder, run.folder]).contents
    assert [card.name for card in contents.cards] == ["digits vit"]
    assert contents.notes[0].startswith(f"Left out: Run '{broken.id}' is damaged")


def test_parts_that_cannot_be_read_are_noted_and_the_rest_is_there(run):
    run.write_evaluation(50, {"kind": "poetry"})
    run.write_samples(50, [])
    (run.folder / "samples" / "step-000000050.json").write_text("[")
    contents = Dashboard().plot(run).contents
    assert (contents.judged, contents.shown) == (None, None)
    assert [note.split(" cannot")[0] for note in contents.notes] == [
        "The last evaluation",
        "The last samples",
    ]
    assert "Loss" in titles(contents)


def test_trouble_is_kept_among_many_events(run):
    for step in range(300):
        run.add_event("checkpoint", f"Saved {step}.", step=step)
        if step == 5:
            run.add_event("alert", "A spike.", step=step, alert="loss spike")
    (events,) = [t for t in Dashboard().plot(run).contents.tables if t.title == "Events and alerts"]
    assert events.note == "60 of 303 events."
    assert [row.cells[3] for row in events.rows if row.tone == "warning"] == ["A spike."]


def test_a_fork_names_its_parent_but_no_folder_elsewhere_is_read(store, run):
    record = run.record.model_dump(mode="json")
    for parent in (run.id, "../../secret"):
        fork = fabricate.run_of(store, fabricate.IMAGES)
        origin = {"run_id": parent, "step": 50}
        document = {**record, "run_id": fork.id, "origin": origin}
        (fork.folder / "run.json").write_text(RunRecord.parse(document).to_json())
        lineage = table(Dashboard().plot(fork.folder).contents, "Lineage")
        known = f"digits vit ({run.id})" if parent == run.id else parent
        assert lineage["Forked from"] == (f"{known}, step 50",)


# -- files -----------------------------------------------------------------------------------------


def test_what_is_no_run_is_refused_in_plain_words(tmp_path):
    with pytest.raises(NoRunThere, match=r"there is no run\.json in it"):
        Dashboard().plot(tmp_path)
    with pytest.raises(NoRunThere, match="there is no such folder"):
        Dashboard().plot(tmp_path / "nothing")
    with pytest.raises(NothingToPlot):
        Dashboard().plot([])
    with pytest.raises(TypeError, match="not of int"):
        Dashboard().plot([3])


def test_a_file_that_cannot_be_written_is_refused_in_plain_words(run, tmp_path):
    report = Dashboard().plot(run)
    with pytest.raises(UnknownFormat, match=r"ends in '\.docx'.*\.html, \.pdf, \.png"):
        report.save(tmp_path / "report.docx")
    with pytest.raises(UnknownFormat, match="has no ending"):
        report.save(tmp_path / "report")
    with pytest.raises(NotSaved, match="there is no such folder"):
        report.save(tmp_path / "nowhere" / "report.html")
    (tmp_path / "folder.html").mkdir()
    with pytest.raises(NotSaved):
        report.save(tmp_path / "folder.html")


def test_a_plain_script_that_plots_loads_neither_streamlit_nor_torch(run, tmp_path):
    script = (
        "import sys\n"
        "from components.dashboard import Dashboard\n"
        f"Dashboard().plot({str(run.folder)!r}).save({str(tmp_path / 'r.html')!r})\n"
        "print([name for name in ('streamlit', 'torch', 'matplotlib') if name in sys.modules])"
    )
    command = [sys.executable, "-W", "error", "-c", script]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def test_the_command_line_writes_a_report(run, store, tmp_path):
    command = [sys.executable, "-m", "components.dashboard"]
    options = ["--runs", str(store.root), "--out"]
    out = tmp_path / "report.html"
    done = subprocess.run(
        [*command, run.id, *options, out], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{out}\n", "")
    assert "digits vit" in out.read_text()
    unknown = subprocess.run(
        [*command, "nothing", *options, out], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert unknown.returncode == 2
    assert "RUN_ID: no such run in" in unknown.stderr


def test_a_million_steps_lose_no_spike_and_fit_into_six_megabytes(run, tmp_path):
    values = np.random.default_rng(0).normal(size=1_000_000).cumsum()
    values[123_456] = 1e6
    for metric in ("train/loss", "optim/grad_norm", "speed/step_ms"):
        (run.metrics_folder / f"{metric.replace('/', '%2f')}.bin").unlink(missing_ok=True)
        log(run, metric, values)
    report = Dashboard().plot(run)
    loss = report.contents.sections[0].charts[0].lines[0]
    assert loss.points == 1_000_000
    assert loss.raw.y.max() == 1e6
    assert report.save(tmp_path / "r.html").stat().st_size < 6e6


def test_names_of_any_kind_are_shown_as_what_they_are(run, tmp_path):
    run.write_labels(Labels(name=NASTY, notes=NASTY, tags=("<b>",)))
    log(run, f"custom/{NASTY}", [1.0, float("nan"), float("inf"), 2.0])
    run.add_event("alert", NASTY, step=100, alert="<script>")
    report = Dashboard().plot(run)
    page = report.to_html()
    assert "<img src=x" not in page
    assert "&lt;img src=x onerror=alert(1)&gt; &amp; 😀" in page
    assert report.to_pdf().startswith(b"%PDF-")


def test_marks_on_the_curves_are_explained(run):
    assert Dashboard().plot(run).contents.marks_words() == "Marks on the curves: ★ best step."
    run.add_event("alert", "A spike.", step=100, alert="loss spike")
    run.add_event("checkpoint", "Saved.", step=100)
    contents = Dashboard().plot(run).contents
    assert contents.marks_words() == "Marks on the curves: ▼ alert, ★ best step."
    (loss,) = contents.sections[0].charts
    assert [(mark.x, mark.text) for mark in loss.marks] == [
        (100.0, "A spike"),
        (200.0, "Best val/loss: 1.55 at step 200"),
    ]


def test_what_the_points_are_is_told(run):
    words = Dashboard().plot(run).contents.points_words()
    assert words.startswith("All 632 points are drawn. Smoothed curves are drawn over")
    log(run, "custom/long", np.zeros(100_000) + np.arange(100_000) % 7)
    words = Dashboard().plot(run).contents.points_words()
    assert "of 100,632 points are drawn: in every column" in words


def test_figures_are_there_for_programs_by_quantity_or_metric(store, run):
    other = fabricate.run_of(store, fabricate.IMAGES)
    one, several = Dashboard().plot(run).figures(), Dashboard().plot([run, other]).figures()
    assert list(one)[:2] == ["loss", "accuracy"]
    assert {"train/loss", "val/loss"} <= set(several)
    assert one["loss"].data[0].name == "Train"


def test_charts_of_one_title_are_told_apart(store, run):
    for metric in ("test/loss", "valid/loss"):
        log(run, metric, [1.0, 0.5])
    other = fabricate.run_of(store, fabricate.IMAGES)
    (loss, *_) = Dashboard().plot([run, other]).contents.sections
    titles = [chart.title for chart in loss.charts]
    assert len(titles) == len(set(titles)) == 4


def test_a_metric_file_with_garbage_is_drawn_as_what_it_is_beside_the_rest(run, tmp_path):
    garbage = np.random.default_rng(0).bytes(24 * 500 + 7)
    (run.metrics_folder / "garbage.bin").write_bytes(garbage)
    log(run, "custom/still", [1.0] * 5_000, every=0)
    report = Dashboard().plot(run)
    for ending in ("html", "pdf", "png"):
        assert report.save(tmp_path / f"r.{ending}").stat().st_size > 10_000
    assert any("not in the order of their steps" in note for note in report.contents.notes)
    (loss,) = report.contents.sections[0].charts
    assert loss.window == (0, 200)


def test_of_two_runs_of_which_one_is_damaged_the_other_is_told_whole(store, run):
    broken = fabricate.run_of(store)
    (broken.folder / "run.json").write_text("{")
    contents = Dashboard().plot([run, broken]).contents
    assert "Configuration" in [one.title for one in contents.tables]
    assert contents.title == "digits vit"


@pytest.mark.parametrize("status", ["running", "paused", "queued"])
def test_a_run_that_is_worked_on_is_told_as_it_is_now(store, status):
    running = fabricate.run_of(store, status=status, steps=60)
    contents = Dashboard().plot(running).contents
    assert (contents.cards[0].status, dict(contents.cards[0].facts)["Steps"]) == (
        status,
        "60 of 200",
    )
    assert all("resume" not in command for _, command in contents.commands)


def test_of_many_runs_the_first_are_read_and_that_is_said(store):
    runs = [fabricate.run_of(store, steps=1) for _ in range(43)]
    contents = Dashboard().plot(runs).contents
    assert (len(contents.cards), contents.notes) == (40, ("The first 40 of 43 runs.",))


def test_an_event_is_as_grave_as_it_says(run):
    run.add_event("alert", "Somebody's rule.", alert="rule", level="error")
    run.add_event("note", "A word.", step=3)
    (events, *_) = Dashboard().plot(run).contents.tables
    assert [(row.cells[1], row.tone) for row in events.rows[2:]] == [("alert", "bad"), ("note", "")]
