"""Structures of models as they are measured, made by hand."""

from __future__ import annotations

import time

from engine.models.structure.document import Edge, ModuleFact, Structure, Weight
from engine.run_spec import RunSpec

DIGEST = "0" * 64


def structure_of(
    modules: list[ModuleFact],
    edges: list[tuple[str, str, str]] = (),
    *,
    spec: RunSpec | None = None,
    digest: str = DIGEST,
    weights: list[Weight] = (),
    loss_kept_bytes: int = 0,
) -> Structure:
    """A structure of these modules; edges are (within, source, target)."""
    callers = {}
    for within, source, target in edges:
        callers |= {end: within for end in (source, target) if end != within}
    order = [module.path for module in modules]
    return Structure(
        digest=digest,
        measured_at=time.time(),
        task={} if spec is None else spec.task.model_dump(mode="json"),
        model={} if spec is None else spec.model.model_dump(mode="json"),
        data={} if spec is None else spec.data.model_dump(mode="json"),
        batch_size=2,
        modules=tuple(modules),
        callers={path: callers[path] for path in order if path in callers},
        edges=tuple(Edge(within=w, source=s, target=t) for w, s, t in edges),
        weights=tuple(weights),
        loss_kept_bytes=loss_kept_bytes,
        printed="Net(...)",
        took_s=0.1,
    )


def module(path: str, kind: str = "Linear", **facts: object) -> ModuleFact:
    """A module that was called once."""
    shapes = {"inputs": ((2, 4),), "outputs": ((2, 4),)}
    return ModuleFact.parse({"path": path, "type": kind, "calls": 1, **shapes, **facts})


def residual(blocks: int = 3) -> Structure:
    """Blocks in a row, each adding what a layer gives to what it was given."""
    modules = [
        module("", "Net", parameters=100 + 20 * blocks, kept_bytes=10 * blocks, flops=80 * blocks),
        module("stem", parameters=100, own_parameters=100),
        module(
            "blocks",
            "ModuleList",
            calls=0,
            inputs=(),
            outputs=(),
            parameters=20 * blocks,
            kept_bytes=10 * blocks,
            flops=80 * blocks,
        ),  # fmt: skip
    ]
    edges = [("", "", "stem")]
    before = "stem"
    for number in range(blocks):
        path = f"blocks.{number}"
        modules += [
            module(path, "Block", parameters=20, kept_bytes=10, flops=80),
            module(f"{path}.norm", "LayerNorm", parameters=4, own_parameters=4),
            module(f"{path}.layer", parameters=16, own_parameters=16, own_kept_bytes=10, flops=80),
        ]
        edges += [
            ("", before, path),
            (path, path, f"{path}.norm"),
            (path, f"{path}.norm", f"{path}.layer"),
            (path, f"{path}.layer", path),
            (path, path, path),
        ]
        before = path
    return structure_of(modules, [*edges, ("", before, "")])
