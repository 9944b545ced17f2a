"""What checks find in datasets with known faults, and versions without them."""

import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from engine.__main__ import app
from engine.data.intake.source import Incoming
from engine.data.library.columns import field_of
from engine.data.library.library import DataLibrary
from engine.data.library.proposal import proposed
from engine.data.progress import Cancelled
from engine.data.quality import kept
from engine.data.quality.examination import CHECKS, examine
from engine.data.quality.filtering import change_of, filtered, left_out
from engine.data.quality.names import NAMES
from engine.data.quality.report import Limits
from engine.data.quality.suspects import CHECK, Doubts, suspects, suspicious
from engine.errors import BadInput
from engine.frozen import with_changes
from engine.launch.worker import train_spec
from engine.runs.store import RunStore
from engine.starting_point import run_on
from tests.engine.data.files import picture

_WORDS = (
    "film plot actor scene music story camera light moment town sea night loved hated never "
    "always ending start middle house river dream stone winter letter garden bridge window"
)
WORDS = _WORDS.split()


class Made:
    """Rows of a test as a source."""

    name = place = "made"

    def __init__(self, columns, types, kind="csv"):
        self._columns, self._types, self._kind = columns, types, kind

    def read(self, options, progress):
        schema = pa.schema([field_of(name, type) for name, type in self._types.items()])
        arrays = [pa.array(self._columns[field.name], field.type) for field in schema]
        rows = pa.record_batch(arrays, schema=schema)
        halves = [rows.slice(0, len(rows) // 2), rows.slice(len(rows) // 2)]
        return Incoming("made", self._kind, schema, iter(halves))


def texts(count, seed=0):
    """Texts of 14 words that have little in common."""
    rng = np.random.default_rng(seed)
    return [" ".join(rng.choice(WORDS, 14)) for _ in range(count)]


def made(folder, columns, types, roles=None, kind="csv"):
    library = DataLibrary(folder)
    dataset = library.take_in(Made(columns, types, kind))
    return library.assign(dataset.fingerprint, roles) if roles else dataset


def labelled(folder, inputs, labels):
    roles = {"text": "text", "label": "label"}
    types = {"text": "text", "label": "text"}
    return made(folder, {"text": inputs, "label": labels}, types, roles)


PLAIN = texts(40)
SIDES = {"text": "text", "label": "text", "group": "text", "split": "text"}


def _text_case(change, labels=None):
    inputs = list(PLAIN)
    marks = labels or ["a", "b"] * 20
    for row, value in change.items():
        inputs[row] = value
    return {"text": inputs, "label": marks}


MISREAD = "schÃ¶ne GrÃ¼ÃŸe aus der groÃŸen Stadt am Meer"
FAULTS = {
    "empty": (_text_case({3: " \n", 8: None}), "empty", "warn", [3, 8]),
    "encoding": (_text_case({4: MISREAD, 6: PLAIN[6] + " \ufffd"}), "encoding", "fail", [4, 6]),
    "accents are no fault": (_text_case({4: "schöne Grüße, ça va, NÃO"}), "encoding", "pass", []),
    "length": (_text_case({2: "film", 9: " ".join(PLAIN[:9])}), "length", "warn", [2, 9]),
    "duplicates": (_text_case({10: PLAIN[2], 12: PLAIN[2]}), "duplicates", "warn", [10, 12]),
    "conflicts": (_text_case({7: PLAIN[2]}), "conflicts", "fail", [2, 7]),
    "no label is no other one": (
        _text_case({8: PLAIN[2]}, ["a", "b"] * 4 + [None] + ["a", "b"] * 15 + ["b"]),
        "conflicts",
        "pass",
        [],
    ),
    "a repeat is no conflict": (_text_case({8: PLAIN[2]}), "conflicts", "pass", []),
    "near": (
        _text_case({10: PLAIN[2].upper() + " !", 12: PLAIN[3]}),
        "near-duplicates",
        "warn",
        [10],
    ),
    "rare": (_text_case({}, ["a"] * 20 + ["b"] * 18 + ["c"] * 2), "balance", "warn", [38, 39]),
    "even": (_text_case({}), "balance", "pass", []),
    "missing": (_text_case({}, [None, *"ba" * 19, "b"]), "missing", "warn", [0]),
    "mixed": (_text_case({}, ["1", "2"] * 19 + ["two", "2.5"]), "mixed-types", "warn", [38]),
    "words are not mixed": (_text_case({1: "12"}), "mixed-types", "pass", []),
}


@pytest.mark.parametrize("name", FAULTS)
def test_planted_faults_are_found_and_nothing_else(tmp_path, name):
    columns, check, verdict, rows = FAULTS[name]
    dataset = labelled(tmp_path, columns["text"], columns["label"])
    examined = examine(dataset, tmp_path, checks=[check])
    [finding] = examined.report.findings
    assert (finding.check, finding.verdict) == (check, verdict), finding.text
    assert np.flatnonzero(examined.leaves_out[check]).tolist() == rows
    assert finding.leaves_out == len(rows)
    assert bool(finding.remedy) is (verdict != "pass")


def test_letters_that_cannot_be_seen_are_spelled_out(tmp_path):
    inputs = [PLAIN[0] + " lot of fun to shoot\x97 TOO much", *PLAIN[1:4], PLAIN[4] + "\ufffd"]
    dataset = labelled(tmp_path, inputs, list("ababa"))
    [finding] = examine(dataset, tmp_path, checks=["encoding"]).report.findings
    assert [example.row for example in finding.examples] == [0, 4]
    assert r"lot of fun to shoot\x97 TOO much" in finding.examples[0].excerpt
    assert "\ufffd" in finding.examples[1].excerpt


def test_one_class_or_one_value_fails(tmp_path):
    dataset = labelled(tmp_path, PLAIN, ["a"] * 40)
    report = examine(dataset, tmp_path, checks=["constant", "balance"]).report
    assert [finding.verdict for finding in report.findings] == ["fail", "fail"]
    assert [finding.leaves_out for finding in report.findings] == [None, None]
    assert "All rows have one label, 'a'" in report.findings[1].text


def test_images_that_are_broken_grey_or_large_are_found(tmp_path):
    images = [picture((9 * n, 0, 0)) for n in range(20)]
    images[4] = images[4][:40]
    images[5] = b"no image"
    images[6] = picture((0, 0, 9), (60, 40))
    images[7] = _grey()
    roles = {"image": "image", "label": "label"}
    columns = {"image": images, "label": ["a", "b"] * 10}
    dataset = made(tmp_path, columns, {"image": "image", "label": "text"}, roles)
    wanted = ["images", "channels", "image-size", "near-duplicates"]
    examined = examine(dataset, tmp_path, checks=wanted)
    rows = {name: np.flatnonzero(mask).tolist() for name, mask in examined.leaves_out.items()}
    assert rows == {"images": [4, 5], "channels": [7], "image-size": [6]}
    assert [finding.verdict for finding in examined.report.findings] == [
        "skipped",
        "fail",
        "warn",
        "warn",
    ]


def _grey():
    import io

    from PIL import Image

    written = io.BytesIO()
    Image.new("L", (6, 4)).save(written, "PNG")
    return written.getvalue()


@pytest.fixture(scope="module")
def leaking(tmp_path_factory):
    """Rows 30 to 39 are held out; 30 repeats row 0, 31 nearly row 1, their group is that of 2."""
    folder = tmp_path_factory.mktemp("leaking")
    inputs = list(PLAIN)
    inputs[30], inputs[31] = inputs[0], inputs[1] + "!"
    groups = [f"g{n}" for n in range(40)]
    groups[32] = groups[2]
    columns = {
        "text": inputs,
        "label": ["a", "b"] * 20,
        "group": groups,
        "split": ["train"] * 30 + ["val"] * 10,
    }
    roles = {"text": "text", "label": "label", "group": "group", "split": "split"}
    return folder, made(folder, columns, SIDES, roles)


def test_leaks_between_the_sides_are_found_with_both_rows(leaking):
    folder, dataset = leaking
    names = ["leakage", "near-leakage", "group-leakage"]
    report = examine(dataset, folder, checks=names).report
    found = [
        (f.count, f.of, f.unit, [(e.row, e.other) for e in f.examples]) for f in report.findings
    ]
    assert found == [
        (1, 10, "rows", [(30, 0)]),
        (1, 10, "rows", [(31, 1)]),
        (1, 39, "groups", [(32, 2)]),
    ]
    assert {finding.verdict for finding in report.findings} == {"fail"}


def test_without_its_leaks_a_dataset_has_none(leaking):
    folder, dataset = leaking
    library = DataLibrary(folder)
    names = ["leakage", "near-leakage", "group-leakage"]
    examined = examine(dataset, folder, checks=names)
    version = filtered(library, dataset, examined, names)
    assert {check: list(rows) for check, rows in left_out(version).items()} == {
        "leakage": [0],
        "near-leakage": [1],
        "group-leakage": [2],
    }
    again = examine(version, folder, checks=names).report
    assert {finding.verdict for finding in again.findings} == {"pass"}


@pytest.mark.parametrize("kind", ["ratio", "stratified", "last"])
def test_a_split_that_is_drawn_anew_has_no_leaks_either(tmp_path, kind):
    rng = np.random.default_rng(1)
    inputs = [PLAIN[n] + "!" * int(rng.random() < 0.3) for n in rng.integers(0, 40, 120)]
    dataset = labelled(tmp_path, inputs, ["a", "b"] * 60)
    data = with_changes(proposed(dataset), {"split": {"kind": kind, "val_fraction": 0.2}})
    names = ["leakage", "near-leakage"]
    examined = examine(dataset, tmp_path, data=data, checks=names)
    assert {finding.verdict for finding in examined.report.findings} == {"fail"}
    version = filtered(DataLibrary(tmp_path), dataset, examined, names)
    again = with_changes(data, {"dataset": version.fingerprint})
    report = examine(version, tmp_path, data=again, checks=names).report
    assert {finding.verdict for finding in report.findings} == {"pass"}
    assert 30 < len(version) <= 40


def test_a_split_that_cannot_be_made_skips_leakage_with_the_reason(leaking):
    folder, dataset = leaking
    data = with_changes(proposed(dataset), {"split": {"kind": "given", "val": ["nothing"]}})
    report = examine(dataset, folder, data=data, checks=["leakage"]).report
    assert report.verdict == "skipped"
    assert "no row says 'nothing' in the split column" in report.findings[0].text


def test_a_version_names_its_parent_and_what_it_is_without(tmp_path):
    dataset = labelled(tmp_path, [*PLAIN, PLAIN[0]], [*"ab" * 20, "a"])
    library = DataLibrary(tmp_path)
    dataset = library.assign(dataset.fingerprint, {"label": "category"})
    dataset = library.assign(dataset.fingerprint, {"label": "label"})
    examined = examine(dataset, tmp_path, checks=["duplicates"])
    version = filtered(library, dataset, examined, ["duplicates"])
    assert library.dataset(dataset.fingerprint).rows() == dataset.rows()
    assert version.record.parent == dataset.fingerprint != version.fingerprint
    assert version.name == "made without duplicates"
    assert version.rows() == dataset.rows(0, 40)
    assert [c.role for c in version.columns] == [c.role for c in dataset.columns]
    change = change_of(version)
    assert (change.rows_before, change.rows_after) == (41, 40)
    assert change.left_out == {"duplicates": 1}
    assert [(c.label, c.before, c.after) for c in change.classes] == [("a", 21, 20), ("b", 20, 20)]
    assert change_of(dataset) is None
    assert filtered(library, dataset, examined, ["duplicates"]).fingerprint == version.fingerprint


@pytest.mark.parametrize(
    ("without", "message"),
    [
        ("duplicates", "no row has this"),
        ("constant", "leaves out no rows"),
        ("empty", "was not checked"),
    ],
)
def test_a_filter_that_changes_nothing_is_refused(tmp_path, without, message):
    dataset = labelled(tmp_path, PLAIN, ["a", "b"] * 20)
    examined = examine(dataset, tmp_path, checks=["duplicates", "constant"])
    with pytest.raises(BadInput, match=message):
        filtered(DataLibrary(tmp_path), dataset, examined, [without])
    assert len(DataLibrary(tmp_path).datasets()) == 1


def test_a_check_can_be_cancelled(tmp_path):
    def stop(doing, done, total):
        raise Cancelled(doing)

    dataset = labelled(tmp_path, PLAIN, ["a", "b"] * 20)
    with pytest.raises(Cancelled):
        examine(dataset, tmp_path, progress=stop)
    assert kept.read(dataset) is None


def test_lines_of_a_text_may_repeat(tmp_path):
    lines = {"text": ["so it goes on", "", "so it goes on", ""] * 5}
    dataset = made(tmp_path, lines, {"text": "text"}, {"text": "text"}, kind="text")
    report = examine(dataset, tmp_path).report
    assert report.data.task == "causal-lm"
    for name in ("empty", "length", "duplicates", "near-duplicates", "leakage"):
        assert report.finding(name).verdict == "skipped", name


def test_rows_of_a_table_may_be_equal_by_chance(tmp_path):
    columns = {"x": [True, False] * 20, "label": ["a", "a", "b", "b"] * 10}
    roles = {"x": "category", "label": "label"}
    dataset = made(tmp_path, columns, {"x": "boolean", "label": "text"}, roles)
    report = examine(dataset, tmp_path, checks=["conflicts", "leakage"]).report
    assert [finding.verdict for finding in report.findings] == ["warn", "warn"]
    assert all("may be chance" in finding.text for finding in report.findings)


def test_a_row_that_no_label_fits_misses_none(tmp_path):
    columns = {"text": PLAIN[:6], "label": [["a"], ["b"], [], ["a", "b"], None, ["a"]]}
    roles = {"text": "text", "label": "label"}
    dataset = made(tmp_path, columns, {"text": "text", "label": "list of texts"}, roles)
    examined = examine(dataset, tmp_path, checks=["missing"])
    assert np.flatnonzero(examined.leaves_out["missing"]).tolist() == [4]


@settings(max_examples=20)
@given(
    rows=st.lists(
        st.tuples(st.sampled_from([None, "", "one", "two", "three"]), st.sampled_from("ab")),
        min_size=4,
        max_size=12,
    )
)
def test_kept_and_left_out_rows_are_the_parents(tmp_path_factory, rows):
    folder = tmp_path_factory.mktemp("law")
    dataset = labelled(folder, [text for text, _ in rows], [label for _, label in rows])
    chosen = ["empty", "duplicates", "conflicts"]
    examined = examine(dataset, folder, checks=chosen)
    gone = np.any([examined.leaves_out[name] for name in chosen], axis=0)
    if not gone.any() or gone.all():
        return
    version = filtered(DataLibrary(folder), dataset, examined, chosen)
    out = {row for found in left_out(version).values() for row in found}
    back = iter(version.rows())
    parents = dataset.rows()
    assert [parents[n] if n in out else next(back) for n in range(len(dataset))] == parents
    assert next(back, None) is None
    again = examine(version, folder, checks=chosen).report
    assert {finding.verdict for finding in again.findings} == {"pass"}


@settings(max_examples=15)
@given(seed=st.integers(0, 2**31), row=st.integers(0, 59), mark=st.sampled_from([" ", "!", " ok"]))
def test_planted_near_duplicates_are_found_and_unrelated_texts_are_not(
    tmp_path_factory, seed, row, mark
):
    folder = tmp_path_factory.mktemp("near")
    inputs = texts(60, seed)
    dataset = labelled(folder, [*inputs, inputs[row].title() + mark], ["a", "b"] * 30 + ["a"])
    limits = Limits(seed=seed % 97)
    [finding] = examine(dataset, folder, checks=["near-duplicates"], limits=limits).report.findings
    assert [(example.row, example.other) for example in finding.examples] == [(60, row)]
    assert finding.count == 1


def test_names_are_near_others_by_chance(tmp_path):
    names = [f"Anna{letter}lena" for letter in "abcdefgh"]
    dataset = labelled(tmp_path, names, ["a", "b"] * 4)
    report = examine(dataset, tmp_path, checks=["near-duplicates", "near-leakage"]).report
    assert [finding.verdict for finding in report.findings] == ["skipped", "skipped"]
    assert "too short" in report.findings[0].text


def test_too_many_texts_are_compared_in_part_and_that_is_said(tmp_path):
    dataset = labelled(tmp_path, [*PLAIN, PLAIN[0] + "!"], [*"ab" * 20, "a"])
    limits = Limits(most_compared=10)
    report = examine(dataset, tmp_path, checks=["near-duplicates"], limits=limits).report
    assert "10 texts that were drawn to be compared" in report.findings[0].text


def test_every_check_has_a_name():
    assert [*CHECKS, CHECK] == list(NAMES)


def data(*arguments):
    return CliRunner().invoke(app, ["data", *map(str, arguments)])


def test_the_command_line_checks_and_filters(tmp_path):
    dataset = labelled(tmp_path, [*PLAIN, PLAIN[0]], [*"ab" * 20, "a"])
    runs = ("--runs", tmp_path)
    checked = data("check", "made", *runs, "--json")
    report = json.loads(checked.stdout)
    assert checked.exit_code == 3, checked.stdout
    assert kept.read(dataset).model_dump(mode="json") == report
    warned = [found["check"] for found in report["findings"] if found["verdict"] == "warn"]
    assert warned == ["duplicates"]
    done = data("filter", "made", "--without", "duplicates", *runs, "--name", "once")
    assert done.exit_code == 0, done.stderr
    assert DataLibrary(tmp_path).find("once").fingerprint == done.stdout.strip()
    assert "41 rows before, 40 after." in done.stderr
    assert data("check", "once", *runs).exit_code == 0
    refused = data("filter", "once", "--without", "twins", *runs)
    assert "no such check" in refused.stderr
    assert refused.exit_code == 2
    refused = data("check", "once", "--limit", "similarity=2", *runs)
    assert refused.exit_code == 2, refused.stdout


def test_a_damaged_report_is_named(tmp_path):
    dataset = labelled(tmp_path, PLAIN, ["a", "b"] * 20)
    kept.file_of(dataset).write_text('{"version": 9}')
    with pytest.raises(kept.UnreadableQuality, match="Check the dataset again"):
        kept.read(dataset)


def test_a_class_that_is_likelier_than_usual_for_it_makes_a_label_doubtful():
    probabilities = np.array([[0.9, 0.1], [0.7, 0.3], [0.85, 0.15], [0.6, 0.4], [0.2, 0.8]])
    labels = np.array([0, 0, 1, 1, 1])
    guesses, rows = probabilities.argmax(axis=1), np.arange(5)
    loss = -np.log(probabilities[rows, labels])
    doubts = Doubts(rows, labels, guesses, loss, probabilities.max(axis=1), rows > 3)
    assert suspicious(doubts).tolist() == [False, False, True, False, False]


def test_a_trained_model_finds_swapped_labels(tmp_path):
    rng = np.random.default_rng(0)
    labels = np.arange(200) % 2
    points = rng.normal(0, 1, 200) + 8 * labels - 4
    said = labels.copy()
    said[[10, 51, 120]] ^= 1
    columns = {"x": points, "label": [f"class {n}" for n in said]}
    made(tmp_path, columns, {"x": "number", "label": "text"}, {"x": "number", "label": "label"})
    [dataset] = DataLibrary(tmp_path).datasets()
    spec = run_on(proposed(dataset), len(dataset))
    changes = {"training.length": {"amount": 60, "unit": "steps"}}
    state = train_spec(with_changes(spec, changes), tmp_path)
    assert state.status == "completed", state.reason
    store = RunStore(tmp_path)
    run = store.open(store.ids()[0])
    found, examined = suspects(run, tmp_path)
    assert found.fingerprint == dataset.fingerprint
    assert np.flatnonzero(examined.leaves_out[CHECK]).tolist() == [10, 51, 120]
    assert {example.row for example in examined.report.findings[0].examples} == {10, 51, 120}
    done = data("suspects", run.id, "--runs", tmp_path, "--leave-out")
    assert done.exit_code == 3, done.stderr
    assert kept.read(dataset).finding(CHECK).count == 3
    [version] = [d for d in DataLibrary(tmp_path).datasets() if d.record.parent]
    assert (len(version), change_of(version).left_out) == (197, {CHECK: 3})
