"""Bundled data: split so that nothing held out was seen, the same every time."""

import hashlib
import subprocess
import sys
import textwrap
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.data import digits, python_docs
from engine.data.sources import (
    LOADERS,
    PROVENANCE,
    BlockSizeMissing,
    NotLoadable,
    facts_of,
    load,
    load_for,
)
from engine.data.specs import (
    DATA_TASKS,
    DataFacts,
    DatasetSpec,
    DataSpec,
    DigitsSpec,
    InMemoryData,
    PythonDocsSpec,
)
from engine.data.vocabulary import CharVocabulary, UnknownCharacter
from engine.models.specs import CNNSpec, GPTSpec, MLPSpec
from engine.task_spec import METRICS

SPECS = [
    spec() for spec in get_args(get_args(DataSpec)[0]) if spec not in (InMemoryData, DatasetSpec)
]


def run_python(script):
    subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=True)


def long_paragraphs(texts):
    """Which topic each long paragraph stands in, without regard to white space."""
    for name, text in texts.items():
        for paragraph in text.split("\n\n"):
            words = " ".join(paragraph.split())
            if len(words) >= 60:
                yield words, name


def test_no_paragraph_of_the_documentation_stands_in_two_topics():
    topics_of = {}
    for words, name in long_paragraphs(python_docs.topics()):
        topics_of.setdefault(words, set()).add(name)
    assert len(topics_of) > 500
    assert [names for names in topics_of.values() if len(names) > 1] == []


@given(
    val_fraction=st.sampled_from([0.001, 0.05, 0.1, 0.3, 0.5, 0.9, 0.999]),
    split_seed=st.integers(0, 2**32 - 1),
)
def test_topics_are_held_out_whole_and_at_most_the_share(val_fraction, split_seed):
    lengths = {name: len(text) for name, text in python_docs.topics().items()}
    held_out = python_docs.held_out(lengths, val_fraction=val_fraction, split_seed=split_seed)
    total = sum(lengths.values())
    share = sum(lengths[name] for name in held_out) / total
    assert 0 < len(held_out) == len(set(held_out)) < len(lengths)
    assert share <= max(val_fraction, min(lengths.values()) / total)
    assert share > val_fraction - 0.05 or val_fraction > 0.3


def test_the_documentation_is_split_into_texts_that_share_no_topic():
    spec = PythonDocsSpec(val_fraction=0.1, split_seed=3)
    loaded = load(spec, block_size=64)
    train, val = (loaded.vocabulary.decode(split["tokens"]) for split in (loaded.train, loaded.val))
    topics = python_docs.topics()
    assert {name for name, text in topics.items() if text in val} == set(topics) - {
        name for name, text in topics.items() if text in train
    }
    assert len(val) / len(train + val) == pytest.approx(0.1, abs=0.01)


def test_a_text_survives_its_vocabulary():
    vocabulary = CharVocabulary.of("der Bär")
    assert vocabulary.characters == " Bderä"
    assert vocabulary.encode("Bär").tolist() == [1, 5, 4]
    assert vocabulary.decode(vocabulary.encode("der Bär")) == "der Bär"
    assert len(vocabulary) == 6


@given(st.text())
def test_every_text_survives_its_own_vocabulary(text):
    vocabulary = CharVocabulary.of(text)
    assert vocabulary.decode(vocabulary.encode(text)) == text


def test_special_tokens_come_first_and_stand_for_no_character():
    vocabulary = CharVocabulary.of("abc", ("padding", "mask"))
    assert (len(vocabulary), vocabulary.special("mask")) == (5, 1)
    assert vocabulary.encode("cab").tolist() == [4, 2, 3]
    assert vocabulary.decode(np.array([4, 1, 2, 0, 0])) == "ca"
    assert vocabulary.decode(np.array([4, 1, 2]), special="_") == "c_a"


def test_an_unknown_character_is_named():
    with pytest.raises(UnknownCharacter, match="'z'"):
        CharVocabulary.of("abc").encode("abzz")


def test_digits_are_images_from_0_to_1_and_each_class_gives_its_share():
    loaded = load(DigitsSpec(val_fraction=0.2))
    images, labels = loaded.val["inputs"], loaded.val["targets"]
    assert images.dtype == np.float32
    assert labels.dtype == np.int64
    assert images.shape == (359, 1, 8, 8)
    assert (images.min(), images.max()) == (0.0, 1.0)
    assert np.bincount(labels).tolist() == [36, 36, 35, 37, 36, 36, 36, 36, 35, 36]
    assert len(loaded.train["targets"]) + len(labels) == 1797


def test_digits_are_scikit_learns():
    run_python(  # in a process of its own: importing sklearn changes the environment
        """
        import numpy as np
        from sklearn.datasets import load_digits
        from engine.data.digits import images_and_labels
        expected, (images, labels) = load_digits(), images_and_labels()
        assert np.array_equal(images[:, 0] * 16, expected.images)
        assert np.array_equal(labels, expected.target)
        """
    )


@given(
    counts=st.lists(st.integers(2, 30), min_size=1, max_size=5),
    val_fraction=st.floats(0.01, 0.99),
    split_seed=st.integers(0, 2**32 - 1),
)
def test_every_class_is_in_both_splits(counts, val_fraction, split_seed):
    labels = np.repeat(np.arange(len(counts)), counts)
    val = digits.held_out(labels, val_fraction=val_fraction, split_seed=split_seed)
    assert set(labels[val]) == set(labels[~val]) == set(range(len(counts)))


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.source)
def test_the_split_seed_decides_what_is_held_out_and_the_fingerprint(spec):
    other = spec.model_copy(update={"split_seed": 1})
    assert facts_of(spec, GPTSpec()) == facts_of(spec, GPTSpec())
    assert facts_of(spec, GPTSpec()).fingerprint != facts_of(other, GPTSpec()).fingerprint


def test_the_fingerprint_does_not_depend_on_the_context_length():
    short, long = (facts_of(PythonDocsSpec(), GPTSpec(block_size=size)) for size in (8, 64))
    assert short.fingerprint == long.fingerprint
    assert len(short.fingerprint) == len(hashlib.sha256().hexdigest())
    assert short.train_samples > 7 * long.train_samples


def test_facts_name_what_models_need():
    assert facts_of(DigitsSpec(), CNNSpec()).model_copy(update={"fingerprint": ""}) == DataFacts(
        modality="image",
        task="image-classification",
        train_samples=1438,
        val_samples=359,
        classes=tuple("0123456789"),
        image_shape=(1, 8, 8),
    )


def test_a_context_longer_than_the_text_gives_no_samples_rather_than_an_error():
    facts = facts_of(PythonDocsSpec(), GPTSpec(block_size=1_000_000))
    assert (facts.train_samples, facts.val_samples) == (0, 0)


def test_text_beside_a_model_without_a_context_length_is_refused():
    assert facts_of(PythonDocsSpec(), MLPSpec()).modality == "text"
    with pytest.raises(BlockSizeMissing, match="context length"):
        load_for(PythonDocsSpec(), MLPSpec())


def test_data_from_memory_cannot_be_loaded():
    with pytest.raises(NotLoadable, match="in memory"):
        load(InMemoryData())


def test_every_source_but_memory_has_a_loader_and_a_task_and_every_source_a_licence():
    assert set(LOADERS) == set(DATA_TASKS) == {spec.source for spec in SPECS}
    assert set(PROVENANCE) == {*LOADERS, "in-memory"}
    assert set(DATA_TASKS.values()) == set(METRICS)


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.source)
def test_the_facts_are_those_of_the_arrays(spec):
    loaded = load(spec, block_size=64)
    facts = loaded.facts
    assert facts.task == DATA_TASKS[spec.source]
    if loaded.block_size is None:
        assert facts.train_samples == len(loaded.train["targets"]) > 100
        assert facts.val_samples == len(loaded.val["targets"]) > 20
    if facts.features is not None:
        assert loaded.train["inputs"].shape[1] == len(facts.features)
    if loaded.vocabulary is not None:
        assert facts.vocabulary_size == len(loaded.vocabulary)


def test_loading_needs_neither_torch_nor_sklearn():
    run_python(
        """
        import sys
        from typing import get_args
        from engine.data.sources import load
        from engine.data.specs import DatasetSpec, DataSpec, InMemoryData
        for spec in get_args(get_args(DataSpec)[0]):
            spec in (InMemoryData, DatasetSpec) or load(spec(), block_size=8)
        assert not {"torch", "sklearn", "pyarrow"} & set(sys.modules)
        """
    )
