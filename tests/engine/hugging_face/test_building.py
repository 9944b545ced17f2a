"""Models of transformers, built for any data: by configuration alone, and from stored weights."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from engine.errors import EngineError
from engine.models.drawing import Drawing
from engine.models.hugging_face import extras
from engine.models.hugging_face.building import DoesNotWork
from engine.models.hugging_face.extras import ExtraMissing
from engine.models.hugging_face.files import ModelRefused
from engine.models.hugging_face.intake import from_folder
from engine.models.hugging_face.library import HuggingFaceLibrary
from engine.models.hugging_face.lora import merged
from engine.models.hugging_face.net import HuggingFaceAnswerer, HuggingFaceWriter, up_to_padding
from engine.models.hugging_face.spec import HuggingFaceModel, LoRATuning
from engine.models.imported.probe import made_up
from tests.engine.hugging_face.made import (
    BERT,
    FACTS,
    SMALL,
    VOCABULARY,
    configured,
    net_of,
    save_bert,
    save_gpt2,
    save_vit,
    stored,
)

GPT2 = configured("gpt2", SMALL)
T5 = configured("t5", {"num_layers": 2, "d_model": 32, "num_heads": 2, "d_kv": 16, "d_ff": 48})
BART = configured(
    "bart",
    {"d_model": 32, "encoder_layers": 1, "decoder_layers": 1}
    | {
        f"{side}_{what}": n
        for side in ("encoder", "decoder")
        for what, n in (("attention_heads", 2), ("ffn_dim", 48))
    },
)
CONVNEXT = {"depths": [1, 1], "hidden_sizes": [16, 32], "num_stages": 2, "patch_size": 2}

KINDS: list[tuple[HuggingFaceModel, str]] = [
    (GPT2, "causal-lm"),
    (GPT2, "sequence-classification"),
    (GPT2, "token-classification"),
    (configured("llama", BERT), "causal-lm"),
    (configured("bert", BERT), "masked-lm"),
    (configured("bert", BERT), "causal-lm"),
    (configured("bert", BERT), "sequence-classification"),
    (configured("bert", BERT), "multi-label-classification"),
    (configured("bert", BERT), "token-classification"),
    (configured("bert", BERT, head="TokenClassification"), "masked-lm"),
    (configured("roberta", BERT), "masked-lm"),
    (configured("roberta", BERT), "token-classification"),
    (T5, "seq2seq"),
    (BART, "seq2seq"),
    (configured("vit", BERT | {"patch_size": 2}), "image-classification"),
    (configured("deit", BERT | {"patch_size": 2}), "image-classification"),
    (configured("convnext", CONVNEXT), "image-classification"),
]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> HuggingFaceLibrary:
    return HuggingFaceLibrary(tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="module")
def gpt2(library: HuggingFaceLibrary, tmp_path_factory: pytest.TempPathFactory) -> str:
    return from_folder(library, save_gpt2(tmp_path_factory.mktemp("gpt2")))


@pytest.fixture(scope="module")
def bert(library: HuggingFaceLibrary, tmp_path_factory: pytest.TempPathFactory) -> str:
    return from_folder(library, save_bert(tmp_path_factory.mktemp("bert")))


@pytest.fixture(scope="module")
def vit(library: HuggingFaceLibrary, tmp_path_factory: pytest.TempPathFactory) -> str:
    return from_folder(library, save_vit(tmp_path_factory.mktemp("vit")))


def _id(value: object) -> str:
    return value.shown_name if isinstance(value, HuggingFaceModel) else str(value)


# -- by configuration alone ------------------------------------------------------------------------


@pytest.mark.parametrize(("model", "task"), KINDS, ids=_id)
def test_outputs_fit_the_task_and_every_weight_has_a_gradient(
    model: HuggingFaceModel, task: str
) -> None:
    net, facts = net_of(model, task), FACTS[task]
    inputs = made_up(task, facts)
    outputs = net(*inputs)
    lead = inputs[-1].shape[: 1 + (task in ("causal-lm", "masked-lm", "seq2seq"))]
    lead = inputs[-1].shape[:2] if task == "token-classification" else lead
    assert outputs.shape == (*lead, facts.outputs)
    outputs.square().mean().backward()
    dead = [n for n, p in net.named_parameters() if p.grad is None and "pooler" not in n]
    assert dead == []


@pytest.mark.parametrize(
    "model", [GPT2, configured("llama", BERT), configured("bert", BERT)], ids=_id
)
def test_a_decoder_does_not_see_the_future(model: HuggingFaceModel) -> None:
    net = net_of(model, "causal-lm").eval()
    (tokens,) = made_up("causal-lm", FACTS["causal-lm"])
    other = tokens.clone()
    other[:, -1] = (other[:, -1] + 1) % VOCABULARY
    assert torch.allclose(net(tokens)[:, :-1], net(other)[:, :-1], atol=1e-6)


@pytest.mark.parametrize("kind", ["bert", "roberta", "gpt2"])
def test_padding_is_not_looked_at(kind: str) -> None:
    config = SMALL if kind == "gpt2" else BERT
    net = net_of(configured(kind, config), "sequence-classification").eval()
    short = torch.randint(1, VOCABULARY, (2, 9), generator=torch.Generator().manual_seed(0))
    padded = torch.nn.functional.pad(short, (0, 7))
    assert torch.allclose(net(short), net(padded), atol=1e-5)


def test_padding_is_what_stands_behind_the_last_other_token() -> None:
    tokens = torch.tensor([[0, 5, 0, 6, 0, 0], [7, 8, 9, 5, 6, 7], [0, 0, 0, 0, 0, 0]])
    assert up_to_padding(tokens, 0).sum(dim=1).tolist() == [4, 6, 1]


def test_token_0_is_a_token_where_nothing_is_padded() -> None:
    net = net_of(configured("bert", BERT), "masked-lm")
    net(torch.zeros(2, 16, dtype=torch.int64)).sum().backward()
    embeddings = net.model.get_input_embeddings().weight
    assert embeddings.shape == (VOCABULARY, 32)
    assert embeddings.grad[0].abs().sum() > 0


def test_the_same_seed_draws_the_same_weights() -> None:
    one, same, other = (net_of(GPT2, "causal-lm", seed=seed).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert any(not torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("model", [GPT2, configured("llama", BERT)], ids=_id)
def test_writing_with_keys_and_values_kept_draws_the_same_tokens(model: HuggingFaceModel) -> None:
    net = net_of(model, "causal-lm").eval()
    assert isinstance(net, HuggingFaceWriter)
    assert net.block_size == 16
    prompt = torch.tensor([[5, 6, 7], [8, 9, 10]])
    kept, anew = (
        net.generate(
            prompt,
            20,
            drawing=Drawing(temperature=1.0, top_k=20),
            generator=torch.Generator().manual_seed(3),
            cached=cached,
        )
        for cached in (True, False)
    )
    assert kept.shape == (2, 23)
    assert torch.equal(kept, anew)


@pytest.mark.parametrize("model", [T5, BART], ids=_id)
def test_answering_with_keys_and_values_kept_gives_the_same_tokens(model: HuggingFaceModel) -> None:
    net = net_of(model, "seq2seq").eval()
    assert isinstance(net, HuggingFaceAnswerer)
    texts = made_up("seq2seq", FACTS["seq2seq"])[0]
    kept, anew = (net.generate(texts, 1, 2, 12, cached=cached) for cached in (True, False))
    assert torch.equal(kept, anew)
    assert kept.shape[0] == 3


REFUSED: list[tuple[HuggingFaceModel, str, str]] = [
    (
        configured("gpt3", {}),
        "causal-lm",
        r"origin\.model_type: no architecture.*Did you mean.*gpt2",
    ),
    (configured("vit", {}), "causal-lm", "transformers has no CausalLM of this architecture"),
    (configured("gpt2", {}), "masked-lm", "transformers has no MaskedLM of this architecture"),
    (configured("gpt2", {"n_layers": 2}), "causal-lm", "n_layers: gpt2 has no such.*'n_layer'"),
    (configured("gpt2", {"n_layer": "two"}), "causal-lm", "'n_layer' expected int, got str"),
    (configured("gpt2", SMALL | {"n_embd": 33}), "causal-lm", "cannot be built: .*divisible"),
    (
        configured("gpt2", SMALL | {"n_positions": 8}),
        "causal-lm",
        "too small for samples of 16 tokens",
    ),
    (configured("qwen2", BERT), "causal-lm", "num_key_value_heads: 2 attention heads cannot"),
    (configured("vit", BERT), "image-classification", "does not divide the images of 8x8.*1, 2, 4"),
    (configured("convnext", {}), "image-classification", "fails on data of this shape"),
    (configured("gpt2", SMALL, head="MaskedLM"), "causal-lm", "model.head: does not fit the task"),
    (
        configured("gpt2", SMALL, tuning=LoRATuning(targets=("q_proj",))),
        "causal-lm",
        "no linear layer of this name .got 'q_proj'.. There are: c_attn, c_fc, c_proj",
    ),
]


@pytest.mark.parametrize(("model", "task", "said"), REFUSED, ids=range(len(REFUSED)))
def test_what_does_not_fit_is_refused_in_words(
    model: HuggingFaceModel, task: str, said: str
) -> None:
    with pytest.raises(EngineError, match=f"(?s){said}"):
        net_of(model, task)


def test_without_the_packages_one_sentence_says_how_to_install_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(extras, "installed", lambda name: False)
    assert extras.missing(GPT2) == "transformers"
    with pytest.raises(
        ExtraMissing, match="need transformers and peft. Install with: python -m pip"
    ):
        net_of(configured("gpt2", SMALL, tuning=LoRATuning()), "causal-lm")


# -- from stored weights ---------------------------------------------------------------------------


def test_data_with_the_models_own_tokens_changes_no_weight(
    library: HuggingFaceLibrary, gpt2: str
) -> None:
    own = library.held(gpt2).files["tokenizer.json"].sha256
    facts = FACTS["causal-lm"].model_copy(update={"tokenizer": own, "vocabulary_size": 95})
    from engine.models.hugging_face.building import hugging_face_model

    net = hugging_face_model(stored(gpt2), facts, library.folder(gpt2))
    saved = load_file(library.folder(gpt2) / "model.safetensors")
    assert torch.equal(net.model.get_input_embeddings().weight, saved["transformer.wte.weight"])
    assert "The data has the tokens that it was trained with." in net.found
    assert net(*made_up("causal-lm", facts)).shape[-1] == 95


def test_other_tokens_resize_the_embeddings_which_is_said(
    library: HuggingFaceLibrary, gpt2: str
) -> None:
    net = net_of(stored(gpt2), "causal-lm", library.folder(gpt2))
    assert net.model.get_input_embeddings().weight.shape[0] == VOCABULARY
    assert any("for 120 tokens, are resized to the data's 97" in said for said in net.found)
    saved = load_file(library.folder(gpt2) / "model.safetensors")
    name = "transformer.h.0.attn.c_attn.weight"
    assert torch.equal(net.model.state_dict()[name], saved[name])


def test_random_weights_of_the_same_architecture(library: HuggingFaceLibrary, gpt2: str) -> None:
    folder = library.folder(gpt2)
    net = net_of(stored(gpt2, weights="random"), "causal-lm", folder)
    name = "transformer.h.0.attn.c_attn.weight"
    assert not torch.equal(
        net.model.state_dict()[name], load_file(folder / "model.safetensors")[name]
    )
    assert net.found[0] == "GPT2LMHeadModel with random weights."


def test_what_begins_anew_and_what_is_not_used_is_said(
    library: HuggingFaceLibrary, bert: str, vit: str
) -> None:
    found = net_of(stored(bert), "token-classification", library.folder(bert)).found
    assert "These begin anew, with random weights: classifier." in found
    assert any(said.startswith("Weights in its files that are not used: cls.") for said in found)
    found = net_of(stored(vit), "image-classification", library.folder(vit)).found
    anew = (
        "classifier, vit.embeddings.patch_embeddings.projection, vit.embeddings.position_embeddings"
    )
    assert f"These begin anew, with random weights: {anew}." in found


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"n_embd": 64}, r"do not fit: transformer.* is .*96 in the files and .*192 in the model"),
        ({"n_layer": 3}, r"hold no weights for transformer.h.2.* and 11 more"),
    ],
)
def test_weights_that_do_not_fit_are_refused(
    library: HuggingFaceLibrary, gpt2: str, config: dict[str, Any], said: str
) -> None:
    with pytest.raises(ModelRefused, match=said):
        net_of(stored(gpt2, config=config), "causal-lm", library.folder(gpt2))


def test_files_that_were_changed_are_refused(library: HuggingFaceLibrary, tmp_path: Path) -> None:
    content = from_folder(library, save_gpt2(tmp_path / "other", vocabulary=110))
    with (library.folder(content) / "config.json").open("a") as file:
        file.write(" ")
    with pytest.raises(ModelRefused, match=r"config\.json: the file in .* was changed"):
        net_of(stored(content), "causal-lm", library.folder(content))


class _Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (Path("evil-was-here"),)


def test_pickled_weights_need_a_word_and_their_code_is_never_run(
    library: HuggingFaceLibrary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = save_gpt2(tmp_path / "pickled", pickled=True)
    with pytest.raises(ModelRefused, match="these weights are pickled, and such files can hold"):
        from_folder(library, folder)
    content = from_folder(library, folder, pickled=True)
    with pytest.raises(ModelRefused, match="its weights are pickled"):
        net_of(stored(content), "causal-lm", library.folder(content))
    allowed = stored(content, allow_pickled_weights=True)
    assert net_of(allowed, "causal-lm", library.folder(content)).found

    monkeypatch.chdir(tmp_path)
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(_Evil()))
    evil = stored(from_folder(library, folder, pickled=True), allow_pickled_weights=True)
    with pytest.raises(DoesNotWork, match="cannot be built"):
        net_of(evil, "causal-lm", library.folder(evil.content or ""))
    assert not Path("evil-was-here").exists()
    monkeypatch.undo()


# -- LoRA ------------------------------------------------------------------------------------------


def _trained(net: Any) -> set[str]:
    return {name for name, p in net.named_parameters() if p.requires_grad}


def test_lora_trains_small_matrices_and_what_begins_anew(
    library: HuggingFaceLibrary, bert: str
) -> None:
    model = stored(bert, LoRATuning(rank=2, targets=("query", "value")))
    net = net_of(model, "token-classification", library.folder(bert))
    trained = _trained(net)
    small = {name for name in trained if ".lora_A." in name or ".lora_B." in name}
    assert len(small) == 2 * 2 * 2
    whole = {name.rpartition("base_model.model.")[2] for name in trained - small}
    assert whole == {
        "bert.embeddings.word_embeddings.weight",
        "classifier.weight",
        "classifier.bias",
    }
    assert any("LoRA of rank 2 beside 4 layers (query, value)" in said for said in net.found)


@pytest.mark.parametrize(
    ("kind", "task", "layers"),
    [
        (GPT2, "causal-lm", "8 layers (c_attn, c_fc, c_proj)"),
        (configured("convnext", CONVNEXT), "image-classification", "4 layers (pwconv1, pwconv2)"),
        (T5, "seq2seq", "32 layers"),
    ],
    ids=_id,
)
def test_layers_for_lora_are_found_and_said(kind: HuggingFaceModel, task: str, layers: str) -> None:
    net = net_of(kind.model_copy(update={"tuning": LoRATuning()}), task)
    assert any(layers in said and "parameters are trained" in said for said in net.found)


@pytest.mark.parametrize(
    ("model", "task"),
    [(GPT2, "causal-lm"), (configured("vit", BERT | {"patch_size": 2}), "image-classification")],
    ids=_id,
)
def test_a_merged_model_gives_what_the_adapted_one_gave(model: HuggingFaceModel, task: str) -> None:
    net = net_of(model.model_copy(update={"tuning": LoRATuning(rank=4, alpha=32.0)}), task).eval()
    before = net(*made_up(task, FACTS[task]))
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for name, parameter in net.named_parameters():
            if ".lora_B." in name:
                parameter.normal_(std=0.3, generator=generator)
    inputs = made_up(task, FACTS[task])
    adapted, plain = net(*inputs), merged(net)
    assert not torch.allclose(adapted, before, atol=1e-3)
    assert torch.allclose(plain(*inputs), adapted, atol=1e-4)
    assert torch.equal(net(*inputs), adapted), "the adapted model stays as it is"
    assert not [name for name in plain.state_dict() if "lora" in name]
    assert type(plain.model).__name__ == net.found[0].partition(" ")[0]
