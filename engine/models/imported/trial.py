"""One model tried on one real batch, and what is known of it afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import nn

from engine.data.batching import BatchPlan, BatchSource, batch_sources
from engine.data.sources import load_for
from engine.data.specs import DataFacts
from engine.data.workers import Prepared
from engine.errors import EngineError
from engine.frozen import with_changes
from engine.losses import loss_for
from engine.models.hugging_face.building import hugging_face_model
from engine.models.hugging_face.lora import begins_without_gradient
from engine.models.hugging_face.net import HuggingFaceNet
from engine.models.imported.adapters import Adapted
from engine.models.imported.building import fitted
from engine.models.imported.library import checked_files
from engine.models.imported.loading import Importable, ImportedFailed, code_errors
from engine.models.specs import HuggingFaceModel, ImportedModel, ModelSpec
from engine.optimizer_factory import OptimizerFactory
from engine.parameters.groups import frozen
from engine.reproducibility import seed_everything
from engine.run_spec import RunSpec
from engine.training_loop import StepResult, TrainingLoop

Tell = Callable[[str], None]
"""Is told each stage as it begins."""
_MOST_NAMES = 8


def tried(spec: RunSpec, folder: Path, tell: Tell, runs: Path | None = None) -> dict[str, Any]:
    """Build the model, and make one update from one real batch; the answer as plain data."""
    model = spec.model
    stage = "load"
    try:
        tell(stage)
        if isinstance(model, ImportedModel):
            checked_files(folder, model.code)
        loaded = load_for(spec.data, model, runs)
        seed_everything(spec.training.reproducibility.seed)
        stage = "build"
        with _built(model, loaded.facts, folder, tell) as net:
            stage = "update"
            tell(stage)
            source, _ = batch_sources(loaded, seed=0)
            with frozen(net, spec.training.parameters):
                loop = _loop(spec, net, source)
                with code_errors("backward", folder, "one update failed"):
                    result = loop.update()
            return _answer(net, loop, result)
    except ImportedFailed as failed:
        return _refused(failed.stage, failed.message, failed.lines)
    except EngineError as error:
        return _refused(stage, str(error), ())


@contextmanager
def _built(
    model: ModelSpec, facts: DataFacts, folder: Path, tell: Tell
) -> Iterator[Adapted | HuggingFaceNet]:
    """The model; its own modules can be imported as long as it is tried."""
    if isinstance(model, HuggingFaceModel):
        tell("build")
        yield hugging_face_model(model, facts, folder)
        return
    assert isinstance(model, ImportedModel)
    with Importable(folder):
        tell("build")
        yield fitted(model, facts, folder)


def _plan(spec: RunSpec, samples: int) -> BatchPlan:
    size = min(spec.training.batching.batch_size, samples)
    return BatchPlan(samples, size, shuffle=True, seed=0)


def _loop(spec: RunSpec, net: nn.Module, source: BatchSource) -> TrainingLoop:
    quiet = {
        "batching.accumulate": 1,
        "memory.on_out_of_memory": "fail",
        "logging.layers_every_steps": None,
        "logging.histograms_every_steps": None,
        "precision.compile": "off",
        "precision.dtype": "fp32",
        "precision.tf32": False,
    }
    training = with_changes(spec.training, dict(quiet))
    return TrainingLoop(
        net,
        OptimizerFactory.build(net, training.optimizer, training.parameters),
        lambda step: 1.0,
        Prepared(source, _plan(spec, len(source)), workers=0, seed=0),
        training,
        spec.task,
        loss=loss_for(spec.task, source),
        tell=lambda kind, text: None,
    )


def _answer(
    net: Adapted | HuggingFaceNet, loop: TrainingLoop, result: StepResult
) -> dict[str, Any]:
    trained = [(name, p) for name, p in net.model.named_parameters() if p.requires_grad]
    still = [
        name
        for name, p in trained
        if (p.grad is None or not bool(torch.any(p.grad != 0)))
        and not begins_without_gradient(name)
    ]
    warnings = list(net.warnings)
    if still:
        shown = ", ".join(still[:_MOST_NAMES]) + (" and others" if len(still) > _MOST_NAMES else "")
        warnings.append(
            f"{len(still)} of {len(trained)} parameters got no gradient from one batch, so they "
            f"do not learn: {shown}."
        )
    return {
        "ok": True,
        "found": list(net.found),
        "warnings": warnings,
        "parameters": sum(p.numel() for p in net.model.parameters()),
        "trained_parameters": sum(p.numel() for _, p in trained),
        "loss": result.loss,
        "grad_norm": result.grad_norm,
    }


def _refused(stage: str, message: str, lines: tuple[str, ...]) -> dict[str, Any]:
    return {"ok": False, "stage": stage, "message": message, "lines": list(lines)}
