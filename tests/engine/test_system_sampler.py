"""The machine is measured beside training, and no run is another one for it."""

from __future__ import annotations

import errno
import threading
from pathlib import Path

import pytest

from engine.errors import BadInput
from engine.launch.worker import work
from engine.run_spec import RunSpec
from engine.runs.lineage import extend
from engine.runs.reporter import reporting
from engine.runs.run import Run
from engine.runs.series import MetricFiles, records_of
from engine.runs.store import RunStore
from engine.system import sampler
from engine.system.cuda_devices import CUDAFailed, bus_ids
from engine.system.gpu_reader import opened
from engine.system.machine_reader import MachineReader
from engine.system.sampler import SystemSampler, sampling
from tests.engine.equality import assert_same_bits
from tests.engine.every_field import BASES

PLACES = ["0000:17:00.0", "0000:65:00.0", "0000:b3:00.0"]
"""Of the GPUs on the bus, in the order of nvidia-smi."""


class Clock:
    """Waits for nothing, and is over after so many pauses."""

    def __init__(self, pauses: int) -> None:
        self.left = pauses
        self.pauses: list[float] = []
        self.over = threading.Event()

    def wait(self, closing: threading.Event, pause_s: float) -> bool:
        self.pauses.append(pause_s)
        self.left -= 1
        if self.left < 0:
            self.over.set()
            return True
        return False


class NVML:
    """Stands for the driver's library."""

    class NVMLError(Exception):
        pass

    NVML_TEMPERATURE_GPU = 0

    def __init__(self, init: Exception | None = None, power: Exception | None = None) -> None:
        self._init, self.power = init, power

    def nvmlInit(self) -> None:
        if self._init:
            raise self._init

    def nvmlDeviceGetHandleByPciBusId(self, place: str) -> int:
        if place not in PLACES:
            raise self.NVMLError("Not Found")
        return PLACES.index(place)

    def nvmlDeviceGetIndex(self, handle: int) -> int:
        return handle

    def nvmlDeviceGetUtilizationRates(self, handle: int) -> object:
        return type("Rates", (), {"gpu": 40 + handle})

    def nvmlDeviceGetMemoryInfo(self, handle: int) -> object:
        return type("Memory", (), {"used": 3_000_000_000})

    def nvmlDeviceGetPowerUsage(self, handle: int) -> int:
        if self.power:
            raise self.power
        return 250_500

    def nvmlDeviceGetTemperature(self, handle: int, sensor: int) -> int:
        return 61


def sampled(read, clock: Clock, every_s: float = 5.0) -> list[dict[str, float]]:
    logged: list[dict[str, float]] = []
    with SystemSampler(lambda: read, logged.append, every_s, wait=clock.wait):
        assert clock.over.wait(10)
    return logged


def test_the_first_reading_comes_early_and_the_others_at_their_pace():
    clock = Clock(pauses=3)
    assert sampled(lambda: {"system/cpu_percent": 7.0}, clock) == [{"system/cpu_percent": 7.0}] * 3
    assert clock.pauses == [1.0, 5.0, 5.0, 5.0]


def test_a_shorter_pace_holds_from_the_beginning():
    clock = Clock(pauses=1)
    sampled(dict, clock, every_s=0.25)
    assert clock.pauses == [0.25, 0.25]


def test_a_reading_that_fails_leaves_a_gap():
    answers = iter([OSError("gone"), {"a": 1.0}])

    def read() -> dict[str, float]:
        answer = next(answers)
        if isinstance(answer, OSError):
            raise answer
        return answer

    assert sampled(read, Clock(pauses=2)) == [{"a": 1.0}]


def test_nothing_is_measured_when_the_block_is_left():
    with SystemSampler(lambda: dict, [].append, 5.0):
        pass
    assert "system" not in {thread.name for thread in threading.enumerate()}


def test_the_machine_has_values_that_can_be(tmp_path: Path):
    reading = MachineReader(tmp_path)()
    assert set(reading) == {
        "system/cpu_percent",
        "system/memory_percent",
        "system/disk_free_gb",
        "system/process_cpu_percent",
        "system/process_memory_mb",
    }
    assert 0 <= reading["system/cpu_percent"] <= 100
    assert 0 < reading["system/memory_percent"] < 100
    assert reading["system/process_memory_mb"] > 10


class CUDA:
    """Stands for the driver: it counts as CUDA does, and shows what it was told to."""

    def __init__(self, places: list[str], code: int = 0) -> None:
        self.places, self.code = places, code

    def cuInit(self, flags: int) -> int:
        return self.code

    def cuDeviceGetCount(self, count) -> int:
        count._obj.value = len(self.places)
        return 0

    def cuDeviceGet(self, device, number: int) -> int:
        device._obj.value = 70 + number
        return 0

    def cuDeviceGetPCIBusId(self, name, length: int, device) -> int:
        name.value = self.places[device.value - 70].encode()
        return 0


FASTEST_FIRST = [PLACES[2], PLACES[0], PLACES[1]]


@pytest.mark.parametrize(
    ("seen", "numbers"),
    [
        (PLACES, [0, 1, 2]),
        (FASTEST_FIRST, [0, 1, 2]),
        (FASTEST_FIRST[:1], [2]),  # CUDA_VISIBLE_DEVICES=0
        ([FASTEST_FIRST[2], FASTEST_FIRST[0]], [1, 2]),  # CUDA_VISIBLE_DEVICES=2,0
        ([PLACES[1], PLACES[1]], [1]),  # two parts of one GPU
    ],
)
def test_the_gpus_that_cuda_sees_are_measured_under_their_numbers_in_nvidia_smi(seen, numbers):
    reader = opened(NVML(), bus_ids(CUDA(seen)), [].append)
    assert reader is not None
    reading = reader()
    measured = [name for name in reading if name.endswith("utilisation_percent")]
    assert measured == [f"gpu/{number}/utilisation_percent" for number in numbers]
    assert [reading[name] for name in measured] == [40 + number for number in numbers]


def test_no_visible_gpu_is_none_and_asks_nothing_of_the_driver():
    assert bus_ids(CUDA([], code=100)) == []
    assert bus_ids(CUDA([])) == []
    assert opened(None, [], [].append) is None


def test_a_cuda_that_does_not_answer_says_so():
    with pytest.raises(CUDAFailed, match="error 803"):
        bus_ids(CUDA(PLACES, code=803))


def test_a_gpu_is_read_with_all_its_values():
    reader = opened(NVML(), PLACES[2:], [].append)
    assert reader is not None
    assert reader() == {
        "gpu/2/utilisation_percent": 42.0,
        "gpu/2/memory_mb": 3000.0,
        "gpu/2/power_w": 250.5,
        "gpu/2/temperature_c": 61.0,
    }


def test_what_the_driver_does_not_tell_is_a_gap_and_said_once():
    said: list[str] = []
    nvml = NVML(power=NVML.NVMLError("Not Supported"))
    reader = opened(nvml, PLACES[:1], said.append)
    assert reader is not None
    assert "gpu/0/power_w" not in reader()
    assert "gpu/0/power_w" not in reader()
    assert said == ["The NVIDIA driver does not tell gpu/0/power_w now: Not Supported."]
    nvml.power = None
    assert reader()["gpu/0/power_w"] == 250.5


def test_a_driver_that_does_not_answer_is_said():
    said: list[str] = []
    nvml = NVML(init=NVML.NVMLError("Unknown Error"))
    assert opened(nvml, PLACES, said.append) is None
    assert "Unknown Error" in said[0]


def test_what_is_to_be_told_of_a_gpu_waits_for_a_full_disk(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(sampler, "gpu_reader", lambda tell: tell("The GPUs are not measured."))
    run = RunStore(tmp_path).create(RunSpec.parse(BASES["mlp"]))

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with reporting(run, "foreground") as reporter, monkeypatch.context() as full:
        full.setattr(run, "add_event", refuse)
        with sampling(reporter, [].append, 60.0):
            pass
    told = [(event["kind"], event["text"]) for event in run.events()[0]]
    assert told == [("system", "The GPUs are not measured.")]


def trained(root: Path, every_s: float | None) -> Run:
    training = BASES["mlp"]["training"] | {"logging": {"system_every_s": every_s}}
    store = RunStore(root)
    run = store.create(RunSpec.parse(BASES["mlp"] | {"training": training}))
    assert work(store, run.id).status == "completed"
    return run


def test_a_run_has_the_same_bits_with_it_and_without_it(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(sampler, "FIRST_S", 0.0)
    measured, plain = trained(tmp_path, 0.1), trained(tmp_path, None)
    assert_same_bits(measured, plain)
    assert "system/cpu_percent" in measured.metrics()
    assert not [name for name in plain.metrics() if name.startswith(("system/", "gpu/"))]
    steps = measured.series("system/cpu_percent").step.tolist()
    assert steps == sorted(steps)


@pytest.mark.parametrize("every_s", [0, -1, 0.01, "often"])
def test_a_pace_that_would_cost_something_is_refused(every_s):
    with pytest.raises(BadInput, match="system_every_s"):
        RunSpec.parse(BASES["mlp"] | {"training": {"logging": {"system_every_s": every_s}}})


def test_a_resume_cuts_what_was_measured_later(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(sampler, "FIRST_S", 0.0)
    run = trained(tmp_path, 0.1)
    files = MetricFiles(run.metrics_folder)
    files.append("system/cpu_percent", records_of([(10_000, 1.0, 5.0)]))
    files.close()
    store = RunStore(tmp_path)
    extend(store, run, 5)
    assert work(store, run.id).status == "completed"
    steps = run.series("system/cpu_percent").step.tolist()
    assert steps == sorted(steps)
    assert steps[-1] <= run.state().step
