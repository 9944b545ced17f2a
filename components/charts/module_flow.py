"""Flow: which modules stand in a picture, what flows between them, and what is drawn once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from components.charts.module_likeness import likeness
from engine.models.structure.document import ROOT, Structure

IN, OUT = "<in>", "<out>"
"""What a module is given, and what it gives, as ends of what flows within it."""
MOST = 300
"""Boxes of a picture; beyond, modules stay closed."""


@dataclass
class Node:
    """One module in the picture, or several that are alike."""

    paths: tuple[str, ...]
    """The calls; what is told is that of the first."""
    in_row: bool = True
    """Of several: whether each is given what the one before gives."""
    parts: list[Node] = field(default_factory=list)
    """What is drawn within; empty for a closed one."""
    flow: list[tuple[str, str]] = field(default_factory=list)
    """Between parts, by their first paths, `IN` and `OUT`."""

    @property
    def path(self) -> str:
        return self.paths[0]


def flow_of(structure: Structure, depth: int) -> Node:
    """The whole model with so many levels of modules within modules."""
    alike = likeness(structure)
    root = Node((ROOT,))
    level, drawn = [root], 1
    for _ in range(depth):
        for node in level:
            _open(node, structure, alike)
            if drawn + len(node.parts) > MOST:
                node.parts, node.flow = [], []
            drawn += len(node.parts)
        level = [part for node in level for part in node.parts]
    return root


def _open(node: Node, structure: Structure, alike: dict[str, int]) -> None:
    """Find what is within a module, those that are alike folded."""
    within = structure.called(node.path).path
    called = [path for path, caller in structure.callers.items() if caller == within]
    if not called:
        return
    flow = [
        (
            IN if edge.source == within else edge.source,
            OUT if edge.target == within else edge.target,
        )
        for edge in structure.edges
        if edge.within == within
    ]
    known = set(flow)
    kinds = {path: alike[structure.called(path).path] for path in called}
    node.parts = list(_folded(called, kinds, known))
    first = {path: part.path for part in node.parts for path in part.paths} | {IN: IN, OUT: OUT}
    ends = ((first.get(source), first.get(target)) for source, target in flow)
    kept = dict.fromkeys((s, t) for s, t in ends if s is not None and t is not None and s != t)
    node.flow = list(kept)


def _folded(
    called: Sequence[str], alike: dict[str, int], flow: set[tuple[str, str]]
) -> Sequence[Node]:
    """The modules in their order; neighbours that are alike are one, in a row or side by side."""
    found: list[Node] = []
    for path in called:
        last = found[-1] if found else None
        if last is None or alike[last.path] != alike[path]:
            found.append(Node((path,)))
            continue
        follows = (last.paths[-1], path) in flow
        apart = not any((one, path) in flow for one in last.paths)
        if follows and (last.in_row or len(last.paths) == 1):
            last.paths, last.in_row = (*last.paths, path), True
        elif apart and (not last.in_row or len(last.paths) == 1):
            last.paths, last.in_row = (*last.paths, path), False
        else:
            found.append(Node((path,)))
    return found
