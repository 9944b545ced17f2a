"""Runs of models of Hugging Face: with LoRA too they resume bit for bit, and all options work."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from engine import attempt as attempts
from engine.batch_size.search import TrialsFailed, find_batch_size
from engine.commands import hugging_face
from engine.data.sources import facts_of
from engine.documents.spec_files import load_spec
from engine.errors import BadInput
from engine.estimate import estimate
from engine.frozen import with_changes
from engine.launch.launchers import RunsApart, ThreadLauncher, begun
from engine.launch.worker import work
from engine.models.hugging_face.intake import from_folder
from engine.models.hugging_face.library import HuggingFaceLibrary
from engine.models.hugging_face.spec import LoRATuning
from engine.models.imported.library import CODE, CodeLibrary, CodeRefused
from engine.models.imported.trial import tried
from engine.models.registry import Registry
from engine.models.specs import foreign_code
from engine.run_spec import RunSpec
from engine.runs.lineage import fork
from engine.runs.run import Run
from engine.runs.spec_words import model_words
from engine.runs.store import RunStore
from engine.training_loop import StepResult, TrainingLoop
from tests.engine.equality import assert_same_bits, final_weights
from tests.engine.hugging_face.made import FACTS, SMALL, net_of, save_gpt2, save_llama, stored

ROOT = Path(__file__).parents[3]
LORA = {"name": "lora", "rank": 2, "dropout": 0.1}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> RunStore:
    return RunStore(tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="module")
def content(store: RunStore, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A GPT-2 in the library of the store."""
    folder = str(save_gpt2(tmp_path_factory.mktemp("gpt2")))
    library = HuggingFaceLibrary(store.root)
    return hugging_face.brought_in(library, folder, pickled=False, code=False, consent=False)


def spec(content: str, **changes: Any) -> RunSpec:
    document = {
        "task": {"kind": "causal-lm"},
        "data": {"source": "python-docs"},
        "model": {
            "kind": "hugging-face",
            "origin": {"source": "files", "content": content, "name": "tiny"},
            "block_size": 16,
            "tuning": LORA,
        },
        "training": {
            "length": {"amount": 6},
            "optimizer": {"name": "adamw", "lr": 0.01},
            "scheduler": {"name": "constant"},
            "batching": {"batch_size": 4},
            "evaluation": {"every_steps": 3, "max_samples": 8, "samples": 1},
            "checkpointing": {"every_steps": 2},
            "hardware": {"device": "cpu", "threads": 1},
        },
    }
    return with_changes(RunSpec.parse(document), changes)


def trained(store: RunStore, wanted: RunSpec) -> Run:
    run = store.create(wanted)
    state = work(store, run.id, launcher="process")
    assert state.status == "completed", state.reason
    return run


def stored_weights(run: Run) -> dict[str, Any]:
    folder = run.folder / "checkpoints" / f"step-{run.checkpoint_steps()[-1]:09d}"
    return load_file(folder / "model.safetensors")


class Crash(Exception):
    """Stands for the end of the process."""


class CrashingLoop(TrainingLoop):
    def update(self, *, measure: bool = False) -> StepResult:
        if self.progress.step == 3:
            raise Crash
        return super().update(measure=measure)


@pytest.fixture(scope="module")
def with_lora(store: RunStore, content: str) -> Run:
    return trained(store, spec(content))


def test_a_run_tells_what_was_made_to_fit_and_shows_texts(with_lora: Run) -> None:
    told = [event["text"] for event in with_lora.events()[0] if event["kind"] == "model"]
    assert told[0] == "GPT2LMHeadModel with its stored weights."
    assert any("LoRA of rank 2 beside 8 layers (c_attn, c_fc, c_proj)" in text for text in told)
    assert len(with_lora.samples(6)[0]["text"]) == 120
    assert model_words(with_lora.spec.model) == "tiny"


def test_lora_leaves_the_weights_beside_it_as_they_were(
    store: RunStore, content: str, with_lora: Run
) -> None:
    before = load_file(HuggingFaceLibrary(store.root).folder(content) / "model.safetensors")
    after = stored_weights(with_lora)
    base = "model.base_model.model.transformer.h.0.attn.c_attn"
    assert after[f"{base}.base_layer.weight"].equal(before["transformer.h.0.attn.c_attn.weight"])
    assert after[f"{base}.lora_B.default.weight"].abs().sum() > 0


def test_a_run_that_crashed_ends_with_the_same_bits(
    store: RunStore, content: str, with_lora: Run
) -> None:
    run = store.create(spec(content))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(attempts, "TrainingLoop", CrashingLoop)
        with pytest.raises(Crash):
            work(store, run.id, launcher="process")
    assert run.checkpoint_steps() == [2, 3]
    assert work(store, run.id, launcher="process").status == "completed"
    assert_same_bits(run, with_lora)


def test_a_fork_goes_on_with_the_files_of_its_parent(
    store: RunStore, content: str, with_lora: Run
) -> None:
    child = fork(store, with_lora, 4, {"training.length.amount": 5})
    assert (child.folder / CODE / "model.safetensors").exists()
    assert work(store, child.id, launcher="process").status == "completed"


@pytest.mark.parametrize(
    "changes",
    [
        {"training.averaging": {"name": "ema", "decay": 0.5}},
        {"training.parameters.frozen": ["*.h.0.*"]},
        {"training.parameters.lr_factors": ["*lora_B*=10"], "training.parameters.layer_decay": 0.5},
        {"training.memory.activation_checkpointing": True},
        {"training.precision.dtype": "bf16"},
        {"training.logging.layers_every_steps": 2, "training.logging.histograms_every_steps": 2},
        {"model.tuning": {"name": "full"}, "training.optimizer": {"name": "muon", "lr": 0.01}},
    ],
    ids=lambda changes: next(iter(changes)).rpartition(".")[2],
)
def test_options_of_training_work_with_it(
    store: RunStore, content: str, with_lora: Run, changes: dict[str, Any]
) -> None:
    run = trained(store, spec(content, **{"training.length.amount": 2}, **changes))
    changed = {
        name
        for name, weights in final_weights(run).items()
        if weights != final_weights(with_lora).get(name)
    }
    assert changed or "training.memory.activation_checkpointing" in changes
    if "training.parameters.frozen" in changes:
        small = [name for name in stored_weights(run) if ".h.0." in name and "lora_B" in name]
        assert small
        assert not any(stored_weights(run)[name].any() for name in small)
    if "training.averaging" in changes:
        assert (run.folder / "checkpoints" / "step-000000002" / "average.safetensors").exists()


def test_it_is_only_built_in_a_process_of_its_own(store: RunStore, content: str) -> None:
    run = store.create(spec(content))
    with pytest.raises(RunsApart, match="of Hugging Face is only run in a process of its own"):
        ThreadLauncher().start(store, run.id)
    assert "process of its own" in work(store, run.id, launcher="foreground").reason
    with pytest.raises(TrialsFailed, match="a model of Hugging Face is not measured"):
        find_batch_size(run.spec, memory_bytes=1)


def test_its_size_is_not_known_before_it_is_built(content: str) -> None:
    wanted = spec(content)
    found = estimate(wanted, facts_of(wanted.data, wanted.model))
    assert (found.parameters, found.memory_bytes, found.flops) == (None, None, None)
    assert found.steps == 6


def test_a_trial_measures_it_and_says_what_was_found(store: RunStore, content: str) -> None:
    folder = HuggingFaceLibrary(store.root).folder(content)
    stages: list[str] = []
    answer = tried(spec(content), folder, stages.append)
    assert answer["ok"], answer
    assert answer["trained_parameters"] < answer["parameters"]
    assert answer["warnings"] == []
    assert stages == ["load", "build", "update"]
    wrong = with_changes(spec(content), {"model.origin.config": {"n_layers": 2}})
    answer = tried(wrong, folder, stages.append)
    assert (answer["ok"], answer["stage"]) == (False, "build")
    assert "gpt2 has no such setting" in answer["message"]


def test_what_is_brought_in_is_kept_in_the_registry_and_makes_a_run(
    store: RunStore, content: str
) -> None:
    library = HuggingFaceLibrary(store.root)
    assert [version.model.content for version in Registry(store.root).entries()] == [content]
    made = hugging_face.run_of(library, content, "python-docs")
    assert (made.model.content, made.task.kind) == (content, "causal-lm")
    assert [line[:12] for line in hugging_face.lines(library)] == [content[:12]]


def test_the_health_check_examines_it(store: RunStore) -> None:
    from engine.health.examination import check
    from engine.health.subject import subject_of

    origin = {"source": "configuration", "model_type": "gpt2", "config": SMALL}
    document = spec("0" * 64).model_dump(mode="json")
    document["model"] |= {"origin": origin, "tuning": {"name": "full"}}
    names = ["instantiation", "forward", "causality", "gradient-flow", "saving"]
    findings = {f.check: f for f in check(subject_of(RunSpec.parse(document)), names)}
    wrong = [f for f in findings.values() if f.verdict not in ("pass", "warn")]
    assert wrong == []
    assert findings["causality"].verdict == "pass"


def test_the_example_trains_without_a_network(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    example = load_spec(ROOT / "examples" / "hf-gpt2-python-docs.json")
    loss = trained(store, example).series("train/loss").value
    assert loss[-1] < 0.8 * loss[0]


def test_a_head_that_is_resized_is_trained_beside_lora(store: RunStore, tmp_path: Path) -> None:
    library = HuggingFaceLibrary(store.root)
    llama = from_folder(library, save_llama(tmp_path / "llama"))
    net = net_of(stored(llama, LoRATuning(targets=("q_proj",))), "causal-lm", library.folder(llama))
    trained = {name for name, p in net.named_parameters() if p.requires_grad}
    whole = {name.rpartition("base_model.model.")[2] for name in trained if ".lora_" not in name}
    assert whole == {"model.embed_tokens.weight", "lm_head.weight"}


# -- code that comes with a model ------------------------------------------------------------------

CONFIGURATION = """
from transformers import PreTrainedConfig

class OwnConfig(PreTrainedConfig):
    model_type = "own-model"
    vocab_size: int = 120
    width: int = 8
"""
MODEL = """
import torch
from torch import nn
from transformers import PreTrainedModel
from transformers.modeling_outputs import CausalLMOutput
from .configuration_own import OwnConfig

class OwnModel(PreTrainedModel):
    config_class = OwnConfig
    base_model_prefix = "body"

    def __init__(self, config):
        super().__init__(config)
        self.body = nn.Embedding(config.vocab_size, config.width)
        self.lm_head = nn.Linear(config.width, config.vocab_size, bias=False)
        self.post_init()

    def get_input_embeddings(self):
        return self.body

    def set_input_embeddings(self, module):
        self.body = module

    def get_output_embeddings(self):
        return self.lm_head

    def set_output_embeddings(self, module):
        self.lm_head = module

    def forward(self, input_ids, use_cache=False):
        return CausalLMOutput(logits=self.lm_head(self.body(input_ids)))
"""


@pytest.fixture
def coded(tmp_path: Path) -> str:
    folder = tmp_path / "own"
    folder.mkdir()
    names = {
        "AutoConfig": "configuration_own.OwnConfig",
        "AutoModelForCausalLM": "model_own.OwnModel",
    }
    config = {"model_type": "own-model", "vocab_size": 120, "width": 8, "auto_map": names}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "configuration_own.py").write_text(CONFIGURATION)
    (folder / "model_own.py").write_text(MODEL)
    weights = {"body.weight": torch.ones(120, 8), "lm_head.weight": torch.full((120, 8), 2.0)}
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    return from_folder(HuggingFaceLibrary(RunStore(tmp_path / "runs").root), folder, code=True)


def test_code_that_is_trusted_builds_the_model(coded: str, tmp_path: Path) -> None:
    folder = HuggingFaceLibrary(tmp_path / "runs").folder(coded)
    net = net_of(stored(coded, trust_remote_code=True), "causal-lm", folder)
    assert type(net.model).__name__ == "OwnModel"
    tokens = torch.zeros(2, 5, dtype=torch.int64)
    assert net(tokens).shape == (2, 5, FACTS["causal-lm"].vocabulary_size)
    assert net(tokens)[0, 0, 0].item() == 16.0, "with its stored weights"


def test_code_that_is_not_trusted_is_not_run(coded: str, tmp_path: Path) -> None:
    folder = HuggingFaceLibrary(tmp_path / "runs").folder(coded)
    assert foreign_code(stored(coded)) is None
    with pytest.raises(BadInput, match="bring it in with that code, and trust it"):
        net_of(stored(coded), "causal-lm", folder)


def test_nobody_runs_it_without_consent(coded: str, tmp_path: Path) -> None:
    store = RunStore(tmp_path / "runs")
    trusted = stored(coded, trust_remote_code=True)
    assert foreign_code(trusted) == coded
    wanted = spec(coded).model_copy(update={"model": trusted})
    run = store.create(wanted)
    with pytest.raises(CodeRefused, match="nobody has consented"):
        begun(store, run.id)
    CodeLibrary(store.root).allow(coded)
    CodeLibrary(store.root).refuse_unless_allowed(coded)
