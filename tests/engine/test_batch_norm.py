"""Batch norm's running statistics: part of every checkpoint, and counted once a batch."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from engine import attempt as attempts
from engine.data.batching import ArraySource
from engine.memory import activations_computed_again
from engine.models.build import build_model
from engine.models.specs import ResNetSpec
from engine.runs.run import Run
from engine.runs.store import RunStore
from engine.trainer import Trainer
from engine.training_config import MemoryConfig, TrainingConfig
from tests.engine.equality import assert_same_bits
from tests.engine.facts import IMAGES
from tests.engine.test_resume import Crash, CrashingLoop
from tests.engine.training import TASK, config, loop_of


def resnet() -> nn.Module:
    torch.manual_seed(0)
    return build_model(ResNetSpec(stages=2, blocks=1, channels=4, dropout=0.2), IMAGES)


def images(count: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(count)
    shown = torch.rand(count, 1, 8, 8, generator=generator)
    return shown, torch.randint(10, (count,), generator=generator)


def trained(runs: Path | Run, training: TrainingConfig) -> None:
    trainer = Trainer(model=resnet(), training_config=training, task_spec=TASK, run=runs)
    trainer.train(train_data=images(70), val_data=images(20))


def statistics(model: nn.Module) -> dict[str, Tensor]:
    return {name: buffer.clone() for name, buffer in model.named_buffers()}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"averaging": {"name": "ema", "decay": 0.9}},
        {"batching": {"batch_size": 16, "accumulate": 3}},
    ],
    ids=str,
)
def test_a_resumed_run_ends_with_the_same_bits(tmp_path: Path, changes: dict[str, object]) -> None:
    training = config(length={"amount": 12}, checkpointing={"every_steps": 4}, **changes)
    stores = RunStore(tmp_path / "whole"), RunStore(tmp_path / "resumed")
    trained(tmp_path / "whole", training)
    CrashingLoop.crash_at = 10
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(attempts, "TrainingLoop", CrashingLoop)
        with pytest.raises(Crash):
            trained(tmp_path / "resumed", training)
    whole, resumed = (store.open(store.list()[0].id) for store in stores)
    trained(resumed, training)
    assert_same_bits(resumed, whole)
    weights = load_file(resumed.folder / "checkpoints" / "step-000000012" / "model.safetensors")
    batches = 12 * training.batching.accumulate
    assert weights["stem_norm.num_batches_tracked"] == batches
    assert weights["stem_norm.running_mean"].any()


def test_validation_counts_nothing() -> None:
    model = resnet()
    before = statistics(model)
    model.eval()(images(8)[0])
    assert all(torch.equal(before[name], now) for name, now in model.named_buffers())


def test_an_image_does_not_change_the_outputs_of_another_once_trained() -> None:
    model, (shown, _) = resnet().eval(), images(4)
    changed = shown.clone()
    changed[0] = 1 - changed[0]
    assert torch.allclose(model(shown)[1:], model(changed)[1:], atol=1e-6)


def test_activations_that_are_computed_again_are_counted_once() -> None:
    shown, targets = images(16)
    source, ends = ArraySource({"inputs": shown, "targets": targets}), []
    for on in (False, True):
        net = resnet()
        torch.manual_seed(9)
        with activations_computed_again(net, MemoryConfig(activation_checkpointing=on)):
            loop_of(net, source, config(scheduler={"name": "constant", "warmup_steps": 0})).update()
        ends.append(net.state_dict())
        assert net.blocks[0].norm_1.momentum == 0.1
    assert [name for name in ends[0] if not torch.equal(ends[0][name], ends[1][name])] == []
    assert ends[0]["blocks.0.norm_1.num_batches_tracked"] == 1
