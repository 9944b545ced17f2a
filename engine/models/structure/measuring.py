"""Measuring a structure: a model built, and one real batch sent through it under observation."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode, sdpa_flop_count

from engine.health.kept import digest_of
from engine.health.report import value_of
from engine.health.subject import Subject, isolated
from engine.models.hugging_face.net import HuggingFaceNet
from engine.models.imported.adapters import Adapted
from engine.models.structure.document import Edge, ModuleFact, Shape, Structure, Weight
from engine.models.structure.provenance import Provenance, tensors_in
from engine.optimizer_memory import state_floats
from engine.parameters.groups import facts_of_model, frozen
from engine.parameters.plan import ParameterFact, treatments
from engine.run_spec import RunSpec
from engine.runs.record import environment

_ATTENTION_ON_CPU = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
"""An attention that torch's own table of operations does not have."""


def measured(spec: RunSpec, subject: Subject) -> Structure:
    """Build the model and send one batch through it, as in training: forward, and the loss.

    The batch is that of training, or smaller for a model that takes long.
    """
    began = time.perf_counter()
    with isolated():
        net = subject.model()
        model = net.model if isinstance(net, Adapted | HuggingFaceNet) else net
        samples = subject.affordable(subject.batch_size)
        with frozen(net, spec.training.parameters):
            seen = _watched(subject, net, model, samples)
            modules, weights = _modules(model, seen), tuple(_weights(net, spec))
    edges = (Edge(within=w, source=s, target=t) for w, s, t in seen.provenance.edges)
    return Structure(
        digest=digest_of(spec.task, spec.model, subject.facts),
        measured_at=time.time(),
        task=spec.task.model_dump(mode="json"),
        model=spec.model.model_dump(mode="json"),
        data=spec.data.model_dump(mode="json"),
        batch_size=samples,
        environment={**environment(), "threads": torch.get_num_threads()},
        modules=tuple(modules),
        callers=dict(seen.provenance.callers),
        edges=tuple(edges),
        weights=weights,
        loss_kept_bytes=seen.loss_kept,
        printed=str(model),
        found=(*net.found, *net.warnings) if isinstance(net, Adapted | HuggingFaceNet) else (),
        took_s=round(time.perf_counter() - began, 3),
    )


@dataclass(eq=False)
class _Calls:
    """What was seen of one module."""

    count: int = 0
    inputs: tuple[Shape, ...] = ()
    outputs: tuple[Shape, ...] = ()
    flops: int = 0
    kept: int = 0
    """Bytes that operations of its own keep for the backward pass."""


@dataclass(eq=False)
class _Seen:
    """What is seen while a batch goes through."""

    provenance: Provenance = field(default_factory=Provenance)
    counter: FlopCounterMode = field(
        default_factory=lambda: FlopCounterMode(
            display=False, custom_mapping={_ATTENTION_ON_CPU: _attention_flops}
        )
    )
    calls: dict[str, _Calls] = field(default_factory=dict)
    loss_kept: int = 0
    running: list[tuple[str, int]] = field(default_factory=list)
    """The modules that were called and have not come back, and the operations before."""
    storages: set[int] = field(default_factory=set)
    """Memory that is there anyway, or counted already."""

    def before(self, path: str, module: nn.Module, args: Any, kwargs: Any) -> None:
        """A module is called."""
        known = self.calls.setdefault(path, _Calls())
        if not known.count:
            known.inputs = _shapes((args, kwargs))
        known.count += 1
        self.provenance.enter(path, (args, kwargs))
        self.running.append((path, self.counter.get_total_flops()))

    def after(self, path: str, module: nn.Module, args: Any, kwargs: Any, output: Any) -> None:
        """It gives its output."""
        known = self.calls[path]
        if known.count == 1:
            known.outputs = _shapes(output)
        _, flops = self.running.pop()
        if all(path != running for running, _ in self.running):  # else it called itself
            known.flops += self.counter.get_total_flops() - flops
        self.provenance.leave(output)

    def keep(self, tensor: Tensor) -> Tensor:
        """Autograd keeps a tensor for the backward pass."""
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in self.storages:
            self.storages.add(storage.data_ptr())
            if self.running:
                self.calls[self.running[-1][0]].kept += storage.nbytes()
            else:
                self.loss_kept += storage.nbytes()
        return tensor


def _watched(subject: Subject, net: nn.Module, model: nn.Module, samples: int) -> _Seen:
    batch, seen = subject.batch(samples), _Seen()
    there = [*net.parameters(), *net.buffers(), *batch.values()]
    seen.storages = {t.untyped_storage().data_ptr() for t in there if isinstance(t, Tensor)}
    hooks = torch.autograd.graph.saved_tensors_hooks(seen.keep, lambda tensor: tensor)
    with _told(model, seen), seen.counter, hooks:
        with seen.provenance:
            outputs = subject.outputs(net, batch)
        loss = subject.mean_loss(outputs, batch)
    assert loss.ndim == 0  # and held until here: a freed address would be counted once for two
    return seen


@contextmanager
def _told(model: nn.Module, seen: _Seen) -> Iterator[None]:
    with ExitStack() as stack:
        for path, module in model.named_modules():
            before, after = partial(seen.before, path), partial(seen.after, path)
            for handle in (
                module.register_forward_pre_hook(before, with_kwargs=True),
                module.register_forward_hook(after, with_kwargs=True),
            ):
                stack.callback(handle.remove)
        yield


def _shapes(value: object) -> tuple[Shape, ...]:
    return tuple(tuple(tensor.shape) for tensor in tensors_in(value))


def _modules(model: nn.Module, seen: _Seen) -> list[ModuleFact]:
    """All modules; what a module holds is added up from the innermost outwards."""
    owners = _owners(model)
    found: dict[str, ModuleFact] = {}
    for path, module in reversed(list(model.named_modules())):
        calls = seen.calls.get(path, _Calls())
        own = [p for name, p in module.named_parameters(recurse=False) if owners[p][0] == path]
        parts = [found[part] for part in _parts(path, module, found)]
        numbers = sum(p.numel() for p in own)
        found[path] = ModuleFact(
            path=path,
            type=type(module).__name__,
            described=" ".join(module.extra_repr().split()),
            calls=calls.count,
            inputs=calls.inputs,
            outputs=calls.outputs,
            own_parameters=numbers,
            parameters=numbers + sum(part.parameters for part in parts),
            trained=sum(p.numel() for p in own if p.requires_grad)
            + sum(part.trained for part in parts),
            buffers=sum(b.numel() for b in module.buffers(recurse=False))
            + sum(part.buffers for part in parts),
            shares=tuple(_shared(path, module, owners)),
            flops=calls.flops if calls.count else sum(part.flops for part in parts),
            own_kept_bytes=calls.kept,
            kept_bytes=calls.kept + sum(part.kept_bytes for part in parts),
        )
    return list(reversed(found.values()))


def _owners(model: nn.Module) -> dict[nn.Parameter, tuple[str, str]]:
    """The module that each parameter is met in first, and its name there."""
    found: dict[nn.Parameter, tuple[str, str]] = {}
    for name, parameter in model.named_parameters(remove_duplicate=False):
        found.setdefault(parameter, (name.rpartition(".")[0], name))
    return found


def _parts(path: str, module: nn.Module, found: dict[str, ModuleFact]) -> list[str]:
    """The paths of what a module holds; what is held twice counts where it is met first."""
    paths = [f"{path}.{name}" if path else name for name, _ in module.named_children()]
    return [part for part in paths if part in found]


def _shared(
    path: str, module: nn.Module, owners: dict[nn.Parameter, tuple[str, str]]
) -> Iterator[str]:
    for _, parameter in module.named_parameters(recurse=False):
        owner, name = owners[parameter]
        if owner != path:
            yield name


def _weights(net: nn.Module, spec: RunSpec) -> Iterator[Weight]:
    facts, parameters = facts_of_model(net), list(net.parameters())
    around = "model." if isinstance(net, Adapted | HuggingFaceNet) else ""
    treated = treatments(facts, spec.training.optimizer, spec.training.parameters)
    decay = spec.training.optimizer.weight_decay > 0
    for fact, parameter, treatment in zip(facts, parameters, treated, strict=True):
        numbers = parameter.detach().float()
        yield Weight(
            name=fact.name.removeprefix(around),
            shape=fact.shape,
            dtype=str(parameter.dtype).removeprefix("torch."),
            role=fact.role,
            decayed=decay and treatment.decayed and parameter.requires_grad,
            trained=parameter.requires_grad,
            aliases=tuple(name.removeprefix(around) for name in fact.aliases),
            mean=value_of(float(numbers.mean())) if fact.count else None,
            std=value_of(float(numbers.std())) if fact.count > 1 else None,
            training_bytes=_training_bytes(fact, parameter, spec),
        )


def _training_bytes(fact: ParameterFact, parameter: nn.Parameter, spec: RunSpec) -> int:
    if not parameter.requires_grad:
        return parameter.nbytes
    training = spec.training
    remembered = state_floats([fact], training.optimizer, training.parameters)
    return 2 * parameter.nbytes + 4 * remembered


def _attention_flops(query: Shape, key: Shape, value: Shape, *rest: Any, **named: Any) -> int:
    counted: Any = sdpa_flop_count  # untyped
    return int(counted(query, key, value))
