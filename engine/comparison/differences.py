"""What runs have otherwise, by aspect: configuration, data, environment, code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from engine.comparison.chosen import Compared
from engine.documents.differences import Setting, differing, settings

Aspect = Literal["configuration", "data", "environment", "code"]

ASPECTS: tuple[Aspect, ...] = ("configuration", "data", "environment", "code")
_LEFT_OUT = frozenset({"name", "version"})


@dataclass(frozen=True, slots=True)
class Row:
    """One setting in all runs; one that a run does not have is None there."""

    path: str
    label: str
    values: tuple[Setting | None, ...]
    differs: bool

    def others(self, place: int | None = None) -> tuple[bool, ...]:
        """Which runs have it otherwise than the one at a place, or than most where that is None."""
        shown = ["" if one is None else repr(one.value) for one in self.values]
        usual = max(shown, key=shown.count) if place is None else shown[place]
        return tuple(value != usual for value in shown)


def rows(runs: Sequence[Compared], aspect: Aspect, *, all_of_it: bool = False) -> tuple[Row, ...]:
    """The settings that are not the same in all runs; with `all_of_it` every one."""
    sides = [settings_of(run, aspect) for run in runs]
    differ = differing(sides)
    order = differing([*sides, {}]) if all_of_it else differ  # from nothing, everything differs
    return tuple(
        Row(
            path,
            next(side[path].label for side in sides if path in side),
            tuple(side.get(path) for side in sides),
            path in differ,
        )
        for path in order
    )


def settings_of(run: Compared, aspect: Aspect) -> dict[str, Setting]:
    """What is known about an aspect of a run, by path.

    A setting that is None is one that is off; of all else, what is None is not known and left out.
    """
    match aspect:
        case "configuration":
            found = _configuration(run)
            return {path: found[path] for path in found if not path.startswith("data.")}
        case "data":
            found = _configuration(run)
            of_data = {path: found[path] for path in found if path.startswith("data.")}
            return (
                _known({"data_fingerprint": ("Fingerprint", run.record.data_fingerprint)}) | of_data
            )
        case "environment":
            return _environment(run)
        case "code":
            return _known({"git_commit": ("Git commit", run.record.environment.get("git_commit"))})


def _configuration(run: Compared) -> dict[str, Setting]:
    """The settings of the spec; of an imported run what it brought along."""
    spec = run.record.spec
    if spec is None:
        imported = run.record.imported
        assert imported is not None, "a run was made here or imported"
        return {name: Setting(name, value) for name, value in imported.config.items()}
    return {path: one for path, one in settings(spec).items() if path not in _LEFT_OUT}


def _environment(run: Compared) -> dict[str, Setting]:
    known, state = run.record.environment, run.state
    packages = known.get("packages")
    found: dict[str, tuple[str, object]] = {
        "device": ("Device", state.device or None),
        "threads": ("Threads", state.threads),
        "host": ("Host", state.host or None),
        "launcher": ("Launcher", state.launcher),
        "python": ("Python", known.get("python")),
        "platform": ("Platform", known.get("platform")),
    }
    if isinstance(packages, dict):
        found |= {f"packages.{name}": (str(name), value) for name, value in packages.items()}
    return _known(found)


def _known(found: Mapping[str, tuple[str, object]]) -> dict[str, Setting]:
    return {
        _text(path): Setting(_text(label), value if _is_plain(value) else _text(str(value)))
        for path, (label, value) in found.items()
        if value is not None
    }


def _is_plain(value: object) -> bool:
    return isinstance(value, bool | int | float)


def _text(text: str) -> str:
    """Without halves of characters: a file may hold them, no screen takes them."""
    return text.encode("utf-8", "replace").decode()
