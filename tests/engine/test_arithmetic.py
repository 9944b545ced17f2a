"""Number formats, clipping, averages, splitting and compiling change how, never what is learned."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from engine.averaging import WeightAverage
from engine.checks.arithmetic import impossible
from engine.clipping import global_norm, scale_to
from engine.compiled import Compiled
from engine.config.averaging import EMAConfig
from engine.data.batching import ArraySource
from engine.errors import BadInput, NonFiniteLoss
from engine.memory import DoesNotFit, OutOfMemory, activations_computed_again, is_out_of_memory
from engine.models.build import build_model
from engine.models.specs import GPTSpec
from engine.precision import matrix_precision
from engine.task_spec import TaskSpec
from engine.trainer import Trainer
from engine.training_config import MemoryConfig, PrecisionConfig
from tests.engine.facts import TEXT
from tests.engine.training import TASK, config, loop_of, model, points, weights_of

SGD = {"name": "sgd", "lr": 0.5, "momentum": 0.0, "weight_decay": 0.0}
PLAIN = {"optimizer": SGD, "gradients": {"clip_norm": None}}


def source(count: int = 16) -> ArraySource:
    return ArraySource(dict(zip(("inputs", "targets"), points(count), strict=True)))


def linear() -> nn.Module:
    torch.manual_seed(4)
    return nn.Linear(2, 4)


class TestClipping:
    def test_values_are_limited_one_by_one(self):
        net, limit = linear(), 0.01
        before = weights_of(net)
        gradients = {"clip_norm": None, "clip_value": limit}
        training = config(optimizer={**SGD, "lr": 1.0}, gradients=gradients)
        result = loop_of(net, source(), training).update()
        moved = (weights_of(net) - before).abs()
        assert moved.max().item() == pytest.approx(limit, rel=1e-4)
        assert result.grad_norm > limit * math.sqrt(12), "the norm is the one before clipping"

    def test_values_are_limited_before_the_norm(self):
        net = linear()
        before = weights_of(net)
        gradients = {"clip_norm": 0.001, "clip_value": 0.01}
        training = config(optimizer={**SGD, "lr": 1.0}, gradients=gradients)
        loop_of(net, source(), training).update()
        assert (weights_of(net) - before).norm().item() == pytest.approx(0.001, rel=1e-2)


class TestHalfPrecision:
    """fp16 needs a GPU to be of use; the arithmetic is the same on a CPU."""

    FP16 = config(**PLAIN, precision={"dtype": "fp16"})

    def test_the_update_is_that_of_fp32_but_for_rounding(self):
        updated = []
        for training in (config(**PLAIN), self.FP16):
            net = linear()
            loop_of(net, source(), training).update()
            updated.append(weights_of(net))
        assert not torch.equal(*updated)
        assert torch.allclose(*updated, atol=2e-3)

    def test_a_scale_that_is_too_large_leaves_the_update_out_and_is_halved(self):
        net = linear()
        loop = loop_of(net, source(), self.FP16)
        net.weight.register_hook(lambda gradient: gradient * 1e38)
        before, scale = weights_of(net), loop.scaler.scale
        result = loop.update()
        assert math.isinf(result.grad_norm)
        assert torch.equal(weights_of(net), before)
        assert loop.scaler.scale == scale / 2
        assert loop.progress.step == 1

    def test_gradients_that_no_scale_makes_finite_are_a_divergence(self):
        net = linear()
        loop = loop_of(net, source(), self.FP16)
        net.weight.register_hook(lambda gradient: gradient * float("nan"))
        for _ in range(16):  # from 65,536 down to 1
            assert math.isnan(loop.update().grad_norm)
        with pytest.raises(NonFiniteLoss, match="optim/grad_norm"):
            loop.update()
        assert loop.scaler.scale == 1.0

    def test_the_scale_is_part_of_the_state(self):
        loop = loop_of(linear(), source(), self.FP16)
        loop.update()
        state = loop.state_dict()
        state["scaler"]["scale"] = 128.0
        again = loop_of(linear(), source(), self.FP16)
        again.load_state_dict(state)
        assert again.scaler.scale == 128.0

    def test_going_back_in_the_middle_of_an_update_is_possible(self):
        net = linear()
        loop = loop_of(net, source(), self.FP16)
        loop.update()
        good = loop.state_dict()
        net.weight.data.fill_(float("nan"))
        with pytest.raises(NonFiniteLoss):
            loop.update()
        net.weight.data.fill_(0.1)
        loop.load_state_dict(good)
        assert loop.update().step == 2

    def test_a_checkpoint_of_another_format_has_no_scale(self):
        state = loop_of(linear(), source(), config(**PLAIN)).state_dict()
        loop = loop_of(linear(), source(), self.FP16)
        loop.load_state_dict(state)
        assert loop.scaler.scale == 65_536.0

    @pytest.mark.parametrize(
        ("precision", "path"), [({"dtype": "fp16"}, "dtype"), ({"tf32": True}, "tf32")]
    )
    def test_without_a_gpu_it_is_refused_before_anything_is_made(self, precision, path, tmp_path):
        training = config(precision=precision)
        trainer = Trainer(model=model(), training_config=training, task_spec=TASK, run=tmp_path)
        with pytest.raises(BadInput, match=f"training.precision.{path}.*'cpu'"):
            trainer.train(train_data=points())
        assert not list(tmp_path.iterdir())

    def test_tf32_is_switched_for_the_run_and_back(self):
        before = torch.get_float32_matmul_precision()
        with matrix_precision(PrecisionConfig(tf32=True)):
            assert torch.get_float32_matmul_precision() == "high"
        assert torch.get_float32_matmul_precision() == before


class TestAverage:
    def test_it_is_the_recursion_with_a_short_memory_at_first(self):
        net = nn.Linear(1, 1, bias=False)
        nn.init.constant_(net.weight, 1.0)
        average = WeightAverage(net, EMAConfig(decay=0.9))
        for step, weight in ((1, 2.0), (2, 4.0)):
            nn.init.constant_(net.weight, weight)
            average.update(step)
        first = 1.0 + (1 - 2 / 11) * (2.0 - 1.0)
        assert average.tensors()["weight"].item() == pytest.approx(
            first + (1 - 3 / 12) * (4 - first)
        )
        for step in range(200, 300):
            nn.init.constant_(net.weight, 0.0)
            before = average.tensors()["weight"].item()
            average.update(step)
            assert average.tensors()["weight"].item() == pytest.approx(0.9 * before)

    def test_the_model_is_judged_with_it_and_trained_without(self):
        net = linear()
        average = WeightAverage(net, EMAConfig())
        first = weights_of(net)
        with torch.no_grad():
            for parameter in net.parameters():
                parameter.add_(1.0)
        last = weights_of(net)
        with average.judged():
            assert torch.equal(weights_of(net), first)
        assert torch.equal(weights_of(net), last)

    def test_validation_can_be_that_of_the_weights_themselves(self):
        net = linear()
        average = WeightAverage(net, EMAConfig(evaluate="weights"))
        with torch.no_grad():
            net.weight.add_(1.0)
        last = weights_of(net)
        with average.judged():
            assert torch.equal(weights_of(net), last)

    def test_tied_weights_stay_tied(self):
        net = build_model(GPTSpec(layers=1, heads=1, width=8, block_size=4), TEXT)
        average = WeightAverage(net, EMAConfig())
        average.update(1)
        with average.judged():
            assert net.head.weight is net.tokens.weight


class Hungry(nn.Module):
    """Runs out of memory with more than `most` samples at once."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.inner, self.most = linear(), most

    def forward(self, inputs):
        if len(inputs) > self.most:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 3.2 GiB.")
        return self.inner(inputs)


class TestOutOfMemory:
    @given(most=st.integers(1, 16), accumulate=st.sampled_from([1, 2]))
    def test_the_update_of_the_parts_is_that_of_the_whole(self, most: int, accumulate: int):
        batching = {"batch_size": 16 // accumulate, "accumulate": accumulate}
        updated, losses = [], []
        for room in (16, most):
            net = Hungry(room).double()
            data = source()
            data.tensors["inputs"] = data.tensors["inputs"].double()
            result = loop_of(net, data, config(**PLAIN, batching=batching)).update(measure=True)
            updated.append(weights_of(net))
            losses.append((result.loss, float(result.measures["accuracy"])))
        assert losses[0] == pytest.approx(losses[1])
        assert torch.allclose(*updated, rtol=1e-9, atol=1e-12)

    def test_what_was_done_is_said_with_the_numbers_and_kept(self):
        told = []
        loop = loop_of(Hungry(5), source(), config(**PLAIN), told=told)
        loop.update()
        assert [kind for kind, _ in told] == ["out-of-memory"] * 2
        assert "with 16 samples at once" in told[0][1]
        assert "3.2 GiB" in told[0][1]
        assert "4 parts of 4 samples" in told[1][1]
        loop.update()
        assert len(told) == 2
        assert loop.state_dict()["parts"] == 4

    def test_where_halving_is_off_it_says_what_to_change(self):
        training = config(**PLAIN, memory={"on_out_of_memory": "fail"})
        with pytest.raises(OutOfMemory, match="Use a batch size of 8 and twice the gradient acc"):
            loop_of(Hungry(5), source(), training).update()

    def test_a_single_sample_that_does_not_fit_ends_the_run(self):
        with pytest.raises(OutOfMemory, match="with 1 samples at once"):
            loop_of(Hungry(0), source(), config(**PLAIN)).update()

    def test_other_errors_of_a_model_are_its_own(self):
        assert is_out_of_memory(MemoryError())
        assert is_out_of_memory(
            RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried")
        )
        assert not is_out_of_memory(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))

    def test_a_whole_run_goes_on_in_halves(self, tmp_path: Path):
        training = config(evaluation={"every_steps": 10, "batch_size": 20})
        trainer = Trainer(model=Hungry(8), training_config=training, task_spec=TASK, run=tmp_path)
        results = trainer.train(train_data=points(), val_data=points(20))
        assert results.status == "completed"
        events = [e["text"] for e in trainer.run.events()[0] if e["kind"] == "out-of-memory"]
        assert len(events) == 3
        assert "10 samples at once" in events[1]


class TestActivationsComputedAgain:
    def gpt(self) -> nn.Module:
        torch.manual_seed(5)
        return build_model(GPTSpec(layers=2, heads=1, width=8, block_size=4, dropout=0.3), TEXT)

    def tokens(self) -> ArraySource:
        torch.manual_seed(6)
        return ArraySource({name: torch.randint(0, 7, (16, 4)) for name in ("inputs", "targets")})

    def test_the_update_is_the_same_bits_and_each_block_runs_twice(self):
        text, updated, calls = TaskSpec(kind="causal-lm"), [], []
        for on in (False, True):
            net, seen = self.gpt(), []
            net.blocks[0].norm_1.register_forward_hook(lambda *_, seen=seen: seen.append(1))
            torch.manual_seed(9)
            with activations_computed_again(net, MemoryConfig(activation_checkpointing=on)):
                loop_of(net, self.tokens(), config(**PLAIN), text).update()
            updated.append(weights_of(net))
            calls.append(len(seen))
        assert torch.equal(*updated)
        assert calls == [1, 2]

    def test_the_model_is_as_it_was_afterwards(self):
        net = self.gpt()
        with activations_computed_again(net, MemoryConfig(activation_checkpointing=True)):
            assert "forward" in vars(net.blocks[0])
        assert "forward" not in vars(net.blocks[0])

    def test_a_model_without_blocks_is_refused(self):
        with (
            pytest.raises(BadInput, match="no list of repeated blocks"),
            activations_computed_again(model(), MemoryConfig(activation_checkpointing=True)),
        ):
            pass


class TestCompiling:
    def test_a_failure_is_told_and_training_goes_on_with_the_same_random_numbers(self, monkeypatch):
        def broken(net, mode=None):
            def forward(*inputs):
                net(*inputs)  # draws its dropout before it fails
                raise torch._dynamo.exc.InternalTorchDynamoError("no C++ compiler")

            return forward

        updated, told = [], []
        for compile_mode in ("off", "default"):
            monkeypatch.setattr(torch, "compile", broken)
            net = model()
            training = config(**PLAIN, precision={"compile": compile_mode})
            torch.manual_seed(8)
            loop_of(net, source(), training, told=told).update()
            updated.append(weights_of(net))
        assert torch.equal(*updated)
        assert [kind for kind, _ in told] == ["compile-failed"]
        assert "no C++ compiler" in told[0][1]

    def test_cuda_graphs_and_accumulation_are_refused_together(self):
        batching = {"batch_size": 4, "accumulate": 2}
        training = config(precision={"compile": "reduce-overhead"}, batching=batching)
        (problem,) = impossible(training, "cuda")
        assert problem.path == "training.precision.compile"
        assert not list(impossible(training, "cpu"))

    @pytest.mark.filterwarnings("ignore:.*torch.jit.script_method:DeprecationWarning")
    def test_an_error_of_the_model_is_no_failure_of_the_compiler(self):
        forward = Compiled(model(), PrecisionConfig(compile="default"), lambda kind, text: None)
        assert not forward.gives_up(RuntimeError("shapes"))


@given(
    sizes=st.lists(st.integers(1, 40), min_size=1, max_size=6),
    seed=st.integers(0, 10_000),
    most=st.floats(1e-3, 10),
)
def test_clipping_is_that_of_pytorch_to_the_bit(sizes: list[int], seed: int, most: float) -> None:
    torch.manual_seed(seed)
    ours = [torch.randn(size, 3) for size in sizes]
    theirs = [nn.Parameter(torch.zeros_like(gradient)) for gradient in ours]
    for parameter, gradient in zip(theirs, ours, strict=True):
        parameter.grad = gradient.clone()
    norm = global_norm(ours)
    assert torch.equal(norm, nn.utils.clip_grad_norm_(theirs, most))
    scale_to(ours, norm, most)
    assert all(torch.equal(a, b.grad) for a, b in zip(ours, theirs, strict=True))


class TooLarge(nn.Module):
    """A model that does not even fit on the device."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = linear()

    def to(self, *_, **__):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 80 GiB.")


def test_a_model_that_does_not_fit_is_said_to_be_too_large(tmp_path: Path) -> None:
    trainer = Trainer(model=TooLarge(), training_config=config(), task_spec=TASK, run=tmp_path)
    with pytest.raises(DoesNotFit, match="80 GiB.*smaller batches would not help"):
        trainer.train(train_data=points())
    assert trainer.run.state().status == "failed"
    assert "Use a smaller model" in trainer.run.state().reason


def test_accumulating_more_than_the_data_is_refused(tmp_path: Path) -> None:
    training = config(batching={"batch_size": 16, "accumulate": 5})
    trainer = Trainer(model=model(), training_config=training, task_spec=TASK, run=tmp_path)
    with pytest.raises(BadInput, match=r"batching.accumulate: .*5 x 16 for 70 samples.*at most 4"):
        trainer.train(train_data=points())
