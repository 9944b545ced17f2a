"""What the machine has, asked without torch."""

import subprocess
import sys

import psutil

from engine.machine import GPU, MachineFacts, gpus, machine_facts


def test_this_machine_is_measured(tmp_path):
    facts = machine_facts(tmp_path / "not" / "there" / "yet")
    assert facts.cores == len(psutil.Process().cpu_affinity())
    assert facts.memory_bytes == psutil.virtual_memory().total
    assert 0 < facts.memory_available_bytes < facts.memory_bytes
    assert facts.disk_free_bytes > 0
    assert facts.gpus == gpus()


def test_devices_that_can_be_asked_for():
    plain = MachineFacts(2, 1, 1, 1)
    assert plain.devices() == ("cpu",)
    assert MachineFacts(2, 1, 1, 1, gpus=(GPU("H100", 1),)).devices() == ("cpu", "cuda")
    assert MachineFacts(2, 1, 1, 1, mps=True).devices() == ("cpu", "mps")


def test_the_form_needs_no_torch():
    script = (
        "import sys\n"
        "import engine.examples, engine.machine, engine.preflight, engine.presets\n"
        "engine.machine.gpus()\n"
        "assert not {'torch', 'sklearn'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
