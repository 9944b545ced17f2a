"""What stands in a box of a model's picture, and how large that makes it."""

from __future__ import annotations

from dataclasses import dataclass

from components.charts.module_flow import Node
from components.charts.module_likeness import family_of, shape_words
from components.readable import count
from engine.models.structure.document import ROOT, Structure

_LETTER, _SMALL_LETTER = 7.0, 6.1
_LONGEST = 34
_LEAST, _LINE = 96.0, 16.0


@dataclass(frozen=True)
class BoxWords:
    """The words of a box, its family, and the size that they need."""

    title: str
    lines: tuple[str, ...]
    family: str
    told: str
    """All of it, for those who point at it."""
    repeats: str = ""
    """How many are drawn as one: `× 4`, or `4 side by side`."""

    @property
    def width(self) -> float:
        widths = [self.head_width, *(len(line) * _SMALL_LETTER for line in self.lines)]
        return max(_LEAST, *widths) + 24

    @property
    def head_width(self) -> float:
        return (len(self.title) + len(self.repeats) + (2 if self.repeats else 0)) * _LETTER

    @property
    def height(self) -> float:
        return 18.0 + _LINE * len(self.lines) + 8.0


def words_of(
    node: Node, structure: Structure, *, given: bool = False, gives: bool = False
) -> BoxWords:
    """The words for a module, or for what the model is given or gives."""
    module = structure.called(node.path)
    if given or gives:
        shapes = module.inputs if given else module.outputs
        lines = tuple(shape_words(shape) for shape in shapes[:4])
        return BoxWords("Input" if given else "Output", lines, "other", "")
    shapes = module.outputs[:1]
    numbers = [shape_words(shape) for shape in shapes]
    if module.parameters:
        numbers.append(f"{count(module.parameters)} parameters")
    end = structure.called(node.paths[-1])
    last = f" … {end.name}" if end is not module else ""
    name = module.path.rpartition(".")[2] or "model"
    if name.isdigit():
        name = ".".join(module.path.split(".")[-2:])
    lines = (_cut(module.type), *map(_cut, numbers))
    told = f"{module.path or name}{last}: {module.type}({module.described})"
    return BoxWords(_cut(name + last), lines, family_of(module.type), told, _repeats(node))


def _repeats(node: Node) -> str:
    if len(node.paths) == 1 or node.path == ROOT:
        return ""
    return f"× {len(node.paths)}" if node.in_row else f"{len(node.paths)} side by side"


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
