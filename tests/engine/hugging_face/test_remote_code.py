"""Code that comes with a model is run only where it is trusted, and by nobody but the builder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from engine.errors import BadInput
from engine.launch.launchers import begun
from engine.models.hugging_face.intake import from_folder
from engine.models.hugging_face.library import HuggingFaceLibrary
from engine.models.imported.library import CodeLibrary, CodeRefused
from engine.models.specs import foreign_code
from engine.runs.store import RunStore
from tests.engine.hugging_face.made import FACTS, net_of, stored
from tests.engine.hugging_face.test_runs import spec

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
def content(tmp_path: Path) -> str:
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


def test_code_that_is_trusted_builds_the_model(content: str, tmp_path: Path) -> None:
    folder = HuggingFaceLibrary(tmp_path / "runs").folder(content)
    net = net_of(stored(content, trust_remote_code=True), "causal-lm", folder)
    assert type(net.model).__name__ == "OwnModel"
    tokens = torch.zeros(2, 5, dtype=torch.int64)
    assert net(tokens).shape == (2, 5, FACTS["causal-lm"].vocabulary_size)
    assert net(tokens)[0, 0, 0].item() == 16.0, "with its stored weights"


def test_code_that_is_not_trusted_is_not_run(content: str, tmp_path: Path) -> None:
    folder = HuggingFaceLibrary(tmp_path / "runs").folder(content)
    assert foreign_code(stored(content)) is None
    with pytest.raises(BadInput, match="bring it in with that code, and trust it"):
        net_of(stored(content), "causal-lm", folder)


def test_nobody_runs_it_without_consent(content: str, tmp_path: Path) -> None:
    store = RunStore(tmp_path / "runs")
    trusted = stored(content, trust_remote_code=True)
    assert foreign_code(trusted) == content
    wanted = spec(content).model_copy(update={"model": trusted})
    run = store.create(wanted)
    with pytest.raises(CodeRefused, match="nobody has consented"):
        begun(store, run.id)
    CodeLibrary(store.root).allow(content)
    CodeLibrary(store.root).refuse_unless_allowed(content)
