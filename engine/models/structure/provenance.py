"""Provenance: which module's output each tensor of a forward pass was computed from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves
from torch.utils.weak import WeakTensorKeyDictionary

from engine.models.structure.document import call_key

Source = tuple[str, str]
"""A call, and by which module; the same twice: what that one was given."""
_NOWHERE: frozenset[Source] = frozenset()


def tensors_in(value: object) -> Iterator[Tensor]:
    """The tensors in what a function takes or gives, parameters left out."""
    for leaf in tree_leaves(value):
        if isinstance(leaf, Tensor) and not isinstance(leaf, nn.Parameter):
            yield leaf


@dataclass(eq=False)
class _Call:
    """One call of a module that has not come back yet."""

    path: str
    key: str
    """The path, with a number from the second call by the same forward on."""
    given: list[tuple[Tensor, frozenset[Source]]] = field(default_factory=list)
    """What it was given, and where that came from for its caller."""
    counts: dict[str, int] = field(default_factory=dict)
    """How often it has called each module."""


class Provenance(TorchFunctionMode):
    """Follows tensors through a forward pass; `enter` and `leave` tell it of the modules.

    Seen are the functions of PyTorch that Python calls, so also what a forward computes between
    its modules: sums, concatenations, views.
    """

    def __init__(self) -> None:
        super().__init__()
        self.edges: dict[tuple[str, str, str], None] = {}
        """(within, source, target) in the order in which they were met."""
        self.callers: dict[str, str] = {}
        """Which module made each call first."""
        self._sources: Any = WeakTensorKeyDictionary()  # untyped
        self._calls: list[_Call] = []

    def enter(self, path: str, given: object) -> None:
        """A module is called with this."""
        call = _Call(path, path)
        if self._calls:
            caller = self._calls[-1]
            call.key = call_key(path, caller.counts.get(path, 0) + 1)
            caller.counts[path] = caller.counts.get(path, 0) + 1
            if all(path != running.path for running in self._calls):
                self.callers.setdefault(call.key, caller.path)
            for tensor in tensors_in(given):
                self._tell(tensor, call.key)
        for tensor in tensors_in(given):
            call.given.append((tensor, self._of(tensor)))
        for tensor, _ in call.given:
            self._sources[tensor] = frozenset({(path, path)})
        self._calls.append(call)

    def leave(self, given_back: object) -> None:
        """The module that was called last gives this."""
        call = self._calls[-1]
        outputs = list(tensors_in(given_back))
        for tensor in outputs:
            self._tell(tensor, call.path)
        self._calls.pop()
        for tensor, before in call.given:
            self._sources[tensor] = before
        if self._calls:
            for tensor in outputs:
                self._sources[tensor] = frozenset({(call.key, self._calls[-1].path)})

    def _tell(self, tensor: Tensor, target: str) -> None:
        """An edge from all that the tensor was computed from, as the running module sees it."""
        within = self._calls[-1].path
        for source in self._of(tensor):
            path = self._seen_from(within, source)
            if path is not None and not path == target != within:
                self.edges[within, path, target] = None

    def _seen_from(self, within: str, source: Source) -> str | None:
        """The module called by `within` that a source is or is in; None where there is none."""
        path, caller = source
        while caller != within:
            if caller not in self.callers:
                return None
            path, caller = caller, self.callers[caller]
        return path

    def _of(self, tensor: Tensor) -> frozenset[Source]:
        found: frozenset[Source] = self._sources.get(tensor, _NOWHERE)
        return found

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        named = dict(kwargs or {})
        result = func(*args, **named)
        changed = list(tensors_in(args[:1] if func is Tensor.__setitem__ else result))
        if changed:
            sources = _NOWHERE.union(*(self._of(one) for one in tensors_in((args, named))))
            for tensor in changed if sources else ():
                self._sources[tensor] = sources
        return result
