"""What this machine has, in one line."""

from __future__ import annotations

from components import readable
from engine.machine import MachineFacts


def machine_words(facts: MachineFacts) -> str:
    """Cores, memory, GPUs and free disk."""
    gpus = [f"{gpu.name} ({readable.size(gpu.memory_bytes)})" for gpu in facts.gpus]
    if facts.mps:
        gpus.append("Apple GPU")
    free = readable.size(facts.memory_available_bytes)
    parts = [
        f"{facts.cores} CPU {'core' if facts.cores == 1 else 'cores'}",
        f"{readable.size(facts.memory_bytes)} memory, {free} free",
        ", ".join(gpus) or "no GPU",
        f"{readable.size(facts.disk_free_bytes)} free for runs",
    ]
    return " · ".join(parts)
