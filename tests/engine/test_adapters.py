"""What Python users have becomes batches with the task's field names."""

import numpy as np
import pytest
import torch
from torch.utils.data import Dataset, IterableDataset, TensorDataset

from engine.data.adapters import UnusableData, as_batch_source, in_memory_facts
from engine.data.batching import ArraySource
from engine.task_spec import TaskSpec

TASK = TaskSpec(kind="image-classification", inputs=("pixels",), target="digit")
PIXELS, DIGITS = torch.arange(12.0).view(6, 2), torch.arange(6)


class Tuples(Dataset):
    def __len__(self):
        return 6

    def __getitem__(self, index):
        return PIXELS[index], int(DIGITS[index])


class Records(Tuples):
    def __getitem__(self, index):
        return {"pixels": PIXELS[index], "digit": DIGITS[index], "id": index}


class Endless(IterableDataset):
    def __iter__(self):
        yield 1


@pytest.mark.parametrize(
    "data",
    [
        (PIXELS, DIGITS),
        [PIXELS.numpy(), DIGITS.numpy()],
        {"digit": DIGITS, "pixels": PIXELS, "weight": DIGITS},
        TensorDataset(PIXELS, DIGITS),
        Tuples(),
        Records(),
        ArraySource({"pixels": PIXELS, "digit": DIGITS}),
    ],
    ids=["tuple", "numpy", "mapping", "tensor-dataset", "tuples", "records", "source"],
)
def test_all_give_the_same_batch(data):
    source = as_batch_source(data, TASK)
    batch = source.batch(0, np.array([4, 1]))
    assert len(source) == 6
    assert torch.equal(batch["pixels"], PIXELS[[4, 1]])
    assert batch["digit"].tolist() == [4, 1]


def test_two_inputs_come_before_the_target():
    task = TaskSpec(inputs=("left", "right"), target="y")
    source = as_batch_source((PIXELS, PIXELS + 1, DIGITS), task)
    batch = source.batch(0, np.array([0]))
    assert batch["right"].tolist() == [[1.0, 2.0]]
    assert batch["y"].tolist() == [0]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (Endless(), "Endless has no length"),
        ("text", "str is not data"),
        ((PIXELS,), r"2 tensors pixels, digit, got 1"),
        ({"pixels": PIXELS}, "no field digit"),
    ],
)
def test_other_data_is_refused_with_what_to_give(data, words):
    with pytest.raises(UnusableData, match=words):
        as_batch_source(data, TASK)


def test_samples_with_other_fields_are_refused():
    source = as_batch_source(Tuples(), TaskSpec(inputs=("a", "b"), target="y"))
    with pytest.raises(UnusableData, match="a, b, y"):
        source.batch(0, np.array([0]))


def test_facts_of_handed_over_data_claim_nothing_that_was_not_seen():
    facts = in_memory_facts(as_batch_source((PIXELS, DIGITS), TASK), None)
    assert facts.model_dump(exclude_none=True, exclude={"padding_token"}) == {
        "modality": "unknown",
        "train_samples": 6,
        "val_samples": 0,
        "fingerprint": "",
    }
