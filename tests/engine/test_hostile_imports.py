"""Damaged, truncated, huge and hostile input: named, never half imported, never outside."""

import os
import sqlite3
import stat
import struct
import tempfile
import zipfile
import zlib
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c

from engine.exchange import archives, folders, staging
from engine.exchange.crc32c import checksums
from engine.exchange.foreign import LONGEST_NAME, Unreadable
from engine.exchange.importers import IMPORTERS, importer_for
from engine.exchange.intake import bring_in, preview
from engine.exchange.tfrecord import Records, framed
from engine.exchange.wandb_log import LogRecords
from engine.exchange.wire import NotAMessage, fields, signed
from engine.runs.store import RunStore

FOREIGN = Path(__file__).parent / "foreign"


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "runs")


def event(tag="loss", value=1.0, step=0, time=1.7e9):
    made = Event(wall_time=time, step=step)
    made.summary.value.add(tag=tag, simple_value=value)
    return made.SerializeToString()


def event_file(folder, content):
    folder.mkdir(exist_ok=True)
    path = folder / "events.out.tfevents.1700000000.host"
    path.write_bytes(content)
    return path


def outcome_of(store, path):
    (outcome,) = bring_in(store, importer_for(path), path)
    return outcome


def refused(store, path):
    """Import what must be refused, as a whole or in its one run."""
    raise Unreadable(outcome_of(store, path).text, "")


def nothing_is_left(store):
    return store.list() == [] and list((store.root / ".importing").iterdir()) == []


def varint(number):
    parts = []
    while number > 0x7F:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*parts, number])


def sized(number, content):
    """A field of a message."""
    return varint(number << 3 | 2) + varint(len(content)) + content


def wandb_log(record):
    checksum = zlib.crc32(record, zlib.crc32(b"\x01"))
    return b":W&B\xe1\xbe\0" + struct.pack("<IHB", checksum, len(record), 1) + record


# -- records ---------------------------------------------------------------------------------------


@given(st.binary(max_size=300))
def test_checksums_are_those_of_tensorboard(data):
    found = checksums([b"before", data])[1]
    assert int(found) == masked_crc32c(data)


@given(st.lists(st.binary(max_size=50), min_size=1, max_size=20))
def test_framed_records_are_read_back(tmp_path_factory, records):
    path = tmp_path_factory.mktemp("records") / "file"
    path.write_bytes(framed(records))
    assert [record for batch in Records(path) for record in batch] == records


def test_a_record_longer_than_what_is_read_at_once_is_whole(tmp_path):
    path = tmp_path / "file"
    records = [b"a", b"b" * (9 * 1024**2), b"c"]
    path.write_bytes(framed(records))
    assert [record for batch in Records(path) for record in batch] == records


@given(st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False), st.text(max_size=20))
def test_messages_are_read_without_a_schema(step, time, version):
    message = Event(wall_time=time, step=step, file_version=version).SerializeToString()
    said = dict(fields(message))
    assert signed(said.get(2, 0)) == step
    assert said.get(1, 0.0) == time
    assert said.get(3, b"").decode() == version


@given(st.binary(max_size=60))
def test_bytes_that_are_no_message_are_said_to_be_none(data):
    with suppress(NotAMessage):
        list(fields(data))


# -- files that are damaged ------------------------------------------------------------------------


def test_a_torn_last_event_is_left_out_and_named(store, tmp_path):
    whole = framed([event(step=0), event(step=1)])
    path = event_file(tmp_path / "logs", whole[:-3])
    outcome = outcome_of(store, path.parent)
    at = len(framed([event(step=0)]))
    said = f"{path.name}: the last record, at byte {at}, is torn; all before it was read."
    assert (outcome.kind, outcome.points, outcome.remarks) == ("imported", 1, (said,))


@pytest.mark.parametrize("offset", [0, 9, 20, 34])
def test_a_flipped_bit_is_found_wherever_it_is(store, tmp_path, offset):
    good, second = framed([event(step=0)]), bytearray(framed([event(step=1)]))
    second[offset] ^= 4
    path = event_file(tmp_path / "logs", good + bytes(second) + good)
    outcome = outcome_of(store, path.parent)
    assert outcome.kind == "refused"
    assert outcome.text.startswith(f"{path.name}: the record at byte {len(good)} is damaged")
    assert nothing_is_left(store)


def test_a_length_of_an_exabyte_takes_no_memory(store, tmp_path):
    head = struct.pack("<Q", 2**60)
    event_file(tmp_path / "logs", head + struct.pack("<I", masked_crc32c(head)) + b"x" * 20)
    outcome = outcome_of(store, tmp_path / "logs")
    assert (outcome.kind, "damaged" in outcome.text) == ("refused", True)


def test_a_copy_of_a_run_in_the_same_folder_is_the_same_run(store, tmp_path):
    logs = tmp_path / "logs"
    logs.mkdir()
    for name in ("a", "copy of a"):
        event_file(logs / name, framed([event()]))
    for again in (False, True):
        outcomes = list(bring_in(store, importer_for(logs), logs, again=again))
        assert [outcome.kind for outcome in outcomes] == ["imported", "known"]
    assert len(store.list()) == 1


def log_of(records):
    """A log of W&B: blocks of 32,768 bytes, records cut into pieces where they do not fit."""
    log = bytearray(b":W&B\xe1\xbe\x00")
    for record in records:
        rest, first = record, True
        while first or rest:
            left = 32_768 - len(log) % 32_768
            if left < 7:
                log += bytes(left)
                left = 32_768
            piece, rest = rest[: left - 7], rest[left - 7 :]
            kind = {(True, True): 1, (True, False): 2, (False, False): 3, (False, True): 4}
            number = kind[first, not rest]
            checksum = zlib.crc32(piece, zlib.crc32(bytes([number])))
            log += struct.pack("<IHB", checksum, len(piece), number) + piece
            first = False
    return bytes(log)


@given(st.lists(st.integers(0, 80_000), max_size=8), st.integers(0, 60_000))
def test_a_wandb_log_is_read_across_its_blocks_and_up_to_where_it_is_torn(sizes, cut):
    records = [bytes([number + 1]) * size for number, size in enumerate(sizes)]
    content = log_of(records)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run-x.wandb"
        path.write_bytes(content)
        whole = LogRecords(path)
        assert list(whole) == records
        assert not whole.torn
        path.write_bytes(content[: 7 + cut])
        assert list(LogRecords(path)) == records[: len(list(LogRecords(path)))]


def test_records_that_are_no_events_are_refused(store, tmp_path):
    event_file(tmp_path / "logs", framed([b"\xff\xff\xff"]))
    outcome = outcome_of(store, tmp_path / "logs")
    assert outcome.kind == "refused"
    assert "a record in it is no event" in outcome.text


def test_one_damaged_run_keeps_no_other_out(store, tmp_path):
    logs = tmp_path / "logs"
    logs.mkdir()
    event_file(logs / "bad", b"not records at all, but long enough")
    event_file(logs / "good", framed([event()]))
    kinds = {one.title: one.kind for one in bring_in(store, importer_for(logs), logs)}
    assert kinds == {"bad": "refused", "good": "imported"}


@pytest.mark.parametrize("offset", [2, 500, 6_000])
def test_a_changed_byte_in_a_wandb_log_is_found(store, tmp_path, offset):
    content = bytearray((FOREIGN / "run-jk7c0nk8.wandb").read_bytes())
    content[offset] ^= 1
    path = tmp_path / "run-bad.wandb"
    path.write_bytes(bytes(content))
    outcome = outcome_of(store, path)
    assert outcome.kind == "refused"
    assert "run-bad.wandb" in outcome.text
    assert nothing_is_left(store)


@pytest.mark.parametrize("content", [b"SQLite format 3\0" + b"x" * 200, b"SQLite format 3\0"])
def test_a_damaged_database_is_named(store, tmp_path, content):
    path = tmp_path / "mlflow.db"
    path.write_bytes(content)
    with pytest.raises(Unreadable, match="mlflow.db: it cannot be read as MLflow's database"):
        list(bring_in(store, importer_for(path), path))


def test_a_database_of_something_else_is_named(store, tmp_path):
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE other (x)")
    connection.close()
    with pytest.raises(Unreadable, match="no such table: runs"):
        list(bring_in(store, importer_for(path), path))


def test_a_value_in_a_database_that_is_no_number_is_named(store, tmp_path):
    path = tmp_path / "mlflow.db"
    with sqlite3.connect(path) as connection:
        connection.executescript((FOREIGN / "mlflow.sql").read_text(encoding="utf-8"))
        connection.execute("UPDATE metrics SET value = 'high' WHERE key = 'val'")
    connection.close()
    kinds = {one.title: one.kind for one in bring_in(store, importer_for(path), path)}
    assert kinds == {"first ✨": "refused", "second": "imported"}


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"step,loss\n0,\x80\n", b"", b"\0\0\0"])
def test_bytes_that_are_no_table_are_refused(store, tmp_path, content):
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    with pytest.raises(Unreadable, match="table.csv"):
        refused(store, path)
    assert nothing_is_left(store)


# -- names, numbers and times from anywhere --------------------------------------------------------


def test_names_are_kept_as_they_are_but_not_without_end(store, tmp_path):
    names = ["../../etc/passwd", "<b>x</b>", "", "✨" * 300]
    event_file(tmp_path / "a", framed([event(name) for name in names]))
    outcome = outcome_of(store, tmp_path / "a")
    run = store.open(outcome.run_id)
    assert sorted(run.metrics()) == sorted(["(no name)", *names[:2], names[3]])
    assert {path.parent for path in run.metrics_folder.iterdir()} == {run.metrics_folder}
    event_file(tmp_path / "b", framed([event("x" * (LONGEST_NAME + 1))]))
    assert (
        "the name has 1,001 characters; at most 1,000 are" in outcome_of(store, tmp_path / "b").text
    )


WANDB_STEPS = ["Infinity", "NaN", "1e30", "9" * 30, "[" * 20_000]


@pytest.mark.parametrize("step", WANDB_STEPS, ids=range(len(WANDB_STEPS)))
def test_a_step_that_no_number_can_be_is_refused(store, tmp_path, step):
    rows = b"".join(
        sized(1, sized(1, name) + sized(16, value))
        for name, value in ((b"_step", step.encode()), (b"loss", b"1.0"))
    )
    (tmp_path / "run-x.wandb").write_bytes(wandb_log(sized(2, rows)))
    with pytest.raises(Unreadable, match="run-x.wandb: "):
        refused(store, tmp_path / "run-x.wandb")
    assert nothing_is_left(store)


def test_mlflow_steps_and_settings_that_no_number_can_be(store, tmp_path):
    run = tmp_path / "mlruns" / "0" / "abc"
    for folder in ("metrics", "params"):
        (run / folder).mkdir(parents=True)
    (run / "meta.yaml").write_text("run_id: abc\nstatus: 3\n")
    (run / "params" / "digits").write_text("1" * 400)
    (run / "params" / "deep").write_text("[" * 100_000)
    (run / "metrics" / "loss").write_text(f"1700000000000 1.0 {'9' * 30}\n")
    assert outcome_of(store, tmp_path / "mlruns").kind == "refused"
    (run / "metrics" / "loss").write_text("1700000000000 1.0 1\n")
    imported = outcome_of(store, tmp_path / "mlruns")
    config = store.open(imported.run_id).record.imported.config
    assert config["digits"] == int("1" * 400)
    assert config["deep"].startswith("[[[")


def hparams(value):
    value.metadata.plugin_data.plugin_name = "hparams"
    value.metadata.plugin_data.content = b"\xff\xff"


def scalar_text(value):
    value.metadata.plugin_data.plugin_name = "scalars"
    value.tensor.dtype = 7
    value.tensor.string_val.append(b"text")


def scalar_of_no_type(value):
    value.metadata.plugin_data.plugin_name = "scalars"
    value.tensor.dtype = 99


@pytest.mark.parametrize("spoil", [hparams, scalar_text, scalar_of_no_type])
def test_tensorboard_values_that_make_no_sense_are_refused(store, tmp_path, spoil):
    made = Event(wall_time=1.7e9, step=1)
    spoil(made.summary.value.add(tag="odd"))
    path = event_file(tmp_path / "logs", framed([made.SerializeToString()]))
    with pytest.raises(Unreadable, match="makes no sense"):
        refused(store, path)
    assert nothing_is_left(store)


@pytest.mark.parametrize("time", [-5.0, 0.0, 1e18, float("inf"), float("nan")])
def test_a_time_that_cannot_be_is_not_known(store, tmp_path, time):
    event_file(tmp_path / "logs", framed([event(time=time)]))
    run = store.open(outcome_of(store, tmp_path / "logs").run_id)
    assert np.isnan(run.series("loss").time).all()
    assert run.state().started_at is None


def test_too_many_metrics_are_refused(store, tmp_path, monkeypatch):
    monkeypatch.setattr(staging, "MOST_METRICS", 3)
    event_file(tmp_path / "logs", framed([event(str(number)) for number in range(4)]))
    assert "more than 3 metrics" in outcome_of(store, tmp_path / "logs").text
    assert nothing_is_left(store)


# -- folders and archives --------------------------------------------------------------------------


def test_links_are_not_followed(store, tmp_path):
    secret = event_file(tmp_path / "elsewhere", framed([event()]))
    logs = tmp_path / "logs"
    logs.mkdir()
    os.symlink(secret, logs / secret.name)
    os.symlink(secret.parent, logs / "inner")
    with pytest.raises(Unreadable, match="nothing of TensorBoard"):
        importer_for(logs)
    os.symlink(secret.parent, tmp_path / "link")
    with pytest.raises(Unreadable, match="link: it is a link"):
        importer_for(tmp_path / "link")
    with archives.opened(tmp_path / "link") as named:  # by who imports
        assert outcome_of(store, named).kind == "imported"


def test_a_folder_with_too_many_files_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(folders, "MOST_FILES", 2)
    for number in range(3):
        (tmp_path / f"{number}.txt").touch()
    with pytest.raises(Unreadable, match="more than 2 files"):
        IMPORTERS["tensorboard"].recognises(tmp_path)


def zipped(path, members):
    with zipfile.ZipFile(path, "w") as archive:
        for member, content in members:
            archive.writestr(member, content)
    return path


def test_an_archive_is_imported_and_nothing_of_it_stays(store, tmp_path):
    path = zipped(tmp_path / "logs.zip", [("a/events.out.tfevents.1", framed([event()]))])
    with archives.opened(path) as inside:
        (outcome,) = bring_in(store, importer_for(inside), inside)
    assert (outcome.kind, outcome.title) == ("imported", "a")
    assert not inside.exists()


@pytest.mark.parametrize(
    "name", ["../evil", "/etc/evil", "a/../../evil", "a\\..\\evil", "C:evil", "line\nbreak"]
)
def test_an_archive_writes_nowhere_else(tmp_path, name):
    path = zipped(tmp_path / "bad.zip", [(name, b"x")])
    with (
        pytest.raises(Unreadable, match="no name for a file inside of a folder"),
        archives.opened(path),
    ):
        pass
    assert not list(tmp_path.rglob("*evil*"))


def test_a_link_in_an_archive_is_refused(tmp_path):
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    path = zipped(tmp_path / "bad.zip", [(link, b"/etc/passwd")])
    with pytest.raises(Unreadable, match="is a link"), archives.opened(path):
        pass


def test_an_archive_that_would_fill_the_disk_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "LARGEST", 1_000)
    path = zipped(tmp_path / "bomb.zip", [("a", b"\0" * 5_000)])
    with pytest.raises(Unreadable, match="the archive has more than"), archives.opened(path):
        pass


def test_an_archive_that_is_none_is_named(tmp_path):
    path = tmp_path / "bad.zip"
    path.write_bytes(b"PK nothing")
    with (
        pytest.raises(Unreadable, match="bad.zip: the archive cannot be unpacked"),
        archives.opened(path),
    ):
        pass


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_an_archive_with_wrong_bytes_is_named_however_it_was_packed(tmp_path, method):
    path = tmp_path / "bad.zip"
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("a.csv", "step,loss\n" * 1_000)
    content = bytearray(path.read_bytes())
    content[50:60] = bytes(byte ^ 0xFF for byte in content[50:60])
    path.write_bytes(content)
    with pytest.raises(Unreadable, match="cannot be unpacked"), archives.opened(path):
        pass


@pytest.mark.parametrize("names", [("a", "a/b"), ("a/b", "a"), ("x" * 300,)])
def test_an_archive_whose_names_cannot_be_files_is_named(tmp_path, names):
    path = zipped(tmp_path / "bad.zip", [(name, b"x") for name in names])
    with pytest.raises(Unreadable, match="bad.zip: the archive cannot be"), archives.opened(path):
        pass


def test_an_archive_with_a_name_that_is_no_text_is_named(tmp_path):
    path = zipped(tmp_path / "bad.zip", [("é.csv", b"x")])
    path.write_bytes(path.read_bytes().replace("é".encode(), b"\xff\xfe"))
    with pytest.raises(Unreadable, match="bad.zip: the archive cannot be"), archives.opened(path):
        pass


def test_a_preview_names_what_is_wrong_and_writes_nothing(store, tmp_path):
    event_file(tmp_path / "logs", framed([event()]) + b"garbage, and more than a header")
    (found,) = importer_for(tmp_path / "logs").runs(tmp_path / "logs")
    assert "is damaged" in preview(found).problem
    assert store.list() == []
