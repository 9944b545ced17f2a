"""Samples: repeatable, plain data, and no trace in the model or the random numbers."""

import json

import numpy as np
import pytest
import torch
from torch import nn

from engine.config.generation import GenerationConfig
from engine.data.batching import ArraySource, batch_sources
from engine.data.sources import load_for
from engine.data.specs import DigitsSpec, PythonDocsSpec
from engine.models.build import build_model
from engine.models.specs import GPTSpec, MLPSpec
from engine.samples import PROMPT, generated_texts, misclassified_images, sampler_for
from engine.task_spec import TaskSpec

TEXT, IMAGES = TaskSpec(kind="causal-lm"), TaskSpec(kind="image-classification")
CLASSES = ("none", "left", "right")


class Brightest(nn.Module):
    """Takes the brighter half of the first row for the class, never 'none'."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(10.0))

    def forward(self, images):
        left, right = images[:, 0, 0].unbind(dim=-1)
        return self.scale * torch.stack([torch.zeros_like(left), left, right], dim=-1)


def pictures(labels):
    """Images (N, 1, 1, 2) that are bright on the left."""
    images = torch.tensor([[[[0.8, 0.0]]]]).repeat(len(labels), 1, 1, 1)
    return ArraySource({"inputs": images, "targets": torch.tensor(labels)})


@pytest.fixture
def text():
    spec = GPTSpec(layers=1, heads=1, width=8, block_size=8, dropout=0.5)
    loaded = load_for(PythonDocsSpec(), spec)
    return build_model(spec, loaded.facts), loaded


def test_the_wrong_ones_are_shown_with_what_was_taken_for_what():
    source = pictures([1, 2, 1, 0])
    found = misclassified_images(Brightest(), source, IMAGES, classes=CLASSES, count=5)
    sure = round(float(torch.tensor([0.0, 8.0, 0.0]).softmax(0)[1]), 4)
    assert found == [
        {"index": 1, "image": [[204, 0]], "true": "right", "predicted": "left", "confidence": sure},
        {"index": 3, "image": [[204, 0]], "true": "none", "predicted": "left", "confidence": sure},
    ]


@pytest.mark.parametrize("count", [0, 3, 400])
def test_the_first_wrong_ones_are_shown_across_batches(count):
    labels = [2, 1] * 300
    found = misclassified_images(
        Brightest(), pictures(labels), IMAGES, classes=CLASSES, count=count
    )
    assert [sample["index"] for sample in found] == list(range(0, 600, 2))[:count]


def test_colour_images_are_rows_of_red_green_blue():
    class Wrong(Brightest):
        def forward(self, images):
            return self.scale * torch.eye(3)[:1]

    image = torch.tensor([1.0, 0.5, 0.0]).view(1, 3, 1, 1).repeat(1, 1, 2, 1)
    source = ArraySource({"inputs": image, "targets": torch.tensor([1])})
    (found,) = misclassified_images(Wrong(), source, IMAGES, classes=CLASSES, count=1)
    assert found["image"] == [[[255, 128, 0]], [[255, 128, 0]]]
    assert np.array(found["image"]).shape == (2, 1, 3)


def test_texts_continue_the_prompt_and_repeat_with_their_seed(text):
    model, loaded = text
    one, two = (
        generated_texts(
            model, loaded.vocabulary, count=2, seed=1, config=GenerationConfig(length=30)
        )
        for _ in range(2)
    )
    assert one == two
    assert [sample["prompt"] for sample in one] == [PROMPT, PROMPT]
    assert [len(sample["text"]) for sample in one] == [30, 30]
    assert one[0] != one[1]


@pytest.mark.parametrize("training", [True, False])
def test_sampling_leaves_mode_and_random_numbers_as_they_were(text, training):
    model, loaded = text
    model.train(training)
    other = model_of_images().train(training)
    before = torch.get_rng_state()
    generated_texts(model, loaded.vocabulary, count=1, seed=0, config=GenerationConfig(length=5))
    misclassified_images(other, *images(), classes=DIGITS, count=3)
    assert model.training is other.training is training
    assert torch.equal(torch.get_rng_state(), before)


def test_samples_are_kept_as_json(text):
    model, loaded = text
    texts = sampler_for(TEXT, loaded, None)(model, 2)
    shown = digits_sampler()(model_of_images(), 4)
    assert json.loads(json.dumps([texts, shown])) == [texts, shown]
    assert (len(texts), len(shown)) == (2, 4)
    assert np.array(shown[0]["image"]).shape == (8, 8)


def test_nothing_is_shown_of_what_cannot_be():
    loaded = load_for(PythonDocsSpec(), GPTSpec(block_size=8))
    assert sampler_for(TEXT, loaded, None)(nn.Linear(1, 1), 3) == []
    assert sampler_for(IMAGES, load_for(DigitsSpec(), MLPSpec()), None)(nn.Linear(1, 1), 3) == []


DIGITS = tuple("0123456789")


def model_of_images():
    torch.manual_seed(0)
    return build_model(MLPSpec(dropout=0.5), load_for(DigitsSpec(), MLPSpec()).facts)


def images():
    return batch_sources(load_for(DigitsSpec(), MLPSpec()), seed=0)[1], IMAGES


def digits_sampler():
    return sampler_for(IMAGES, load_for(DigitsSpec(), MLPSpec()), images()[0])
