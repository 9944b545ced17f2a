"""Loading data: what of a step is spent on waiting for it, and how quick batches are beside
PyTorch's DataLoader over the same samples; how much sooner prepared texts are there again."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, default_collate

from benchmarks import effort
from benchmarks.interleaving import interleaved, times_faster
from benchmarks.table import print_table
from engine.data import digits, python_docs
from engine.data.batching import Batch, BatchPlan, BatchSource, batch_sources
from engine.data.loaded import LoadedData
from engine.data.sources import load_for
from engine.data.specs import DataFacts
from engine.data.text.loading import load_texts
from engine.data.text.preparation import TextPreparation
from engine.data.text.rows import TextChunk, TextRows, TextSplits
from engine.data.vocabulary import IGNORED
from engine.data.workers import OfLengths, Prepared
from engine.examples import EXAMPLES
from engine.losses import loss_for
from engine.models.build import build_model
from engine.optimizer_factory import OptimizerFactory
from engine.run_spec import RunSpec
from engine.training_loop import TrainingLoop

ROUNDS = effort.of(9, 1)
STEPS = effort.of(150, 10)
LOADED_BATCHES = effort.of(300, 10)
LARGE_CHARS = effort.of(20_000_000, 200_000)
MOST_WAITING = 0.05
"""The share of a step that may be spent on waiting for data."""
LEAST_SOONER = 20.0
"""How many times sooner prepared texts are to be there again."""
INTERRUPTED = 0.02
"""Share of the steps that is left out, the slowest."""
BUNDLED = {"text": "gpt-python-docs", "images": "digits-vision", "table": "cancer-table"}


class Work(NamedTuple):
    """A model, and the samples that it is trained on."""

    spec: RunSpec
    loaded: LoadedData

    @property
    def batch_size(self) -> int:
        return self.spec.training.batching.batch_size

    def source(self) -> BatchSource:
        return batch_sources(self.loaded, seed=0)[0]

    def batches(self, source: BatchSource) -> ClockedBatches:
        lengths = source.sample_lengths if isinstance(source, OfLengths) else None
        plan = BatchPlan(len(source), self.batch_size, shuffle=True, seed=0, lengths=lengths)
        return ClockedBatches(source, plan)


class ClockedBatches(Prepared):
    """Batches as a run has them, and how long each was waited for."""

    def __init__(self, source: BatchSource, plan: BatchPlan) -> None:
        super().__init__(source, plan, workers=0, seed=0)
        self.waited_s: list[float] = []

    def batch(self, micro_step: int) -> Batch:
        began = time.perf_counter()
        found = super().batch(micro_step)
        self.waited_s.append(time.perf_counter() - began)
        return found


class Items(Dataset[Any]):
    """The same samples one by one, as data sets usually give them."""

    def __init__(self, source: BatchSource) -> None:
        self._source = source

    def __len__(self) -> int:
        return len(self._source)

    def __getitem__(self, index: int) -> Batch:
        one = self._source.batch(0, np.array([index]))
        return {name: tensor[0] for name, tensor in one.items()}


class KeptItems(Items):
    """Samples that lie in memory as tensors: the quickest that a Dataset can be."""

    def __init__(self, source: BatchSource, count: int) -> None:
        super().__init__(source)
        self._samples = [Items.__getitem__(self, index) for index in range(count)]

    def __len__(self) -> int:
        return len(self._samples)

    def __getitem__(self, index: int) -> Batch:
        return self._samples[index]


def main() -> None:
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        works = _works(Path(folder))
        _waiting(works)
        _loading(works)
        _second_start(Path(folder))


def _waiting(works: Mapping[str, Work]) -> None:
    rows = []
    for name, work in works.items():
        shares = interleaved({name: lambda work=work: _waiting_share(work)}, ROUNDS)[name]
        share = float(np.median(shares))
        verdict = "" if share <= MOST_WAITING else f"more than {MOST_WAITING:.0%}"
        rows.append([name, f"{share:.2%}", verdict])
    print_table("Share of a step spent on waiting for data, 1 thread", ["data", "share", ""], rows)


def _waiting_share(work: Work) -> float:
    source = work.source()
    batches = work.batches(source)
    torch.manual_seed(0)
    model = build_model(work.spec.model, work.loaded.facts).train()
    training = work.spec.training
    loop = TrainingLoop(
        model,
        OptimizerFactory.build(model, training.optimizer, training.parameters),
        lambda step: 1.0,
        batches,
        training,
        work.spec.task,
        loss=loss_for(work.spec.task, source),
        tell=lambda kind, text: None,
    )
    loop.update()
    batches.waited_s.clear()
    steps_s = [_seconds(loop.update) for _ in range(STEPS)]
    return _typical(batches.waited_s) / _typical(steps_s)


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _typical(seconds: list[float]) -> float:
    """Their mean without the slowest, in which the machine did something else."""
    kept = sorted(seconds)[: max(1, int((1 - INTERRUPTED) * len(seconds)))]
    return float(np.mean(kept))


def _loading(works: Mapping[str, Work]) -> None:
    rows = []
    for name, work in works.items():
        source = work.source()
        found = interleaved(
            {
                "ours": lambda work=work, source=source: _ours(work, source),
                "DataLoader": _loader(work, Items(source)),
                "kept": _loader(work, KeptItems(source, min(len(source), 2_000))),
            },
            ROUNDS,
        )
        speed = float(np.median([1 / seconds for seconds in found["ours"]]))
        ratios = (times_faster(found, "ours", than) for than in ("DataLoader", "kept"))
        rows.append([name, f"{speed:,.0f}", *(f"{ratio:.1f}" for ratio in ratios)])
    print_table(
        "Samples a second without a model, and how many times a DataLoader's over the same samples",
        ["data", "a second", "items cut when asked for", "items kept as tensors"],
        rows,
    )


def _ours(work: Work, source: BatchSource) -> float:
    """Seconds a sample."""
    batches, samples = work.batches(source), 0
    began = time.perf_counter()
    for micro_step in range(LOADED_BATCHES):
        samples += len(batches.batch(micro_step)["targets"])
    return (time.perf_counter() - began) / samples


def _loader(work: Work, items: Items) -> Callable[[], float]:
    loader = DataLoader(items, work.batch_size, shuffle=True, collate_fn=_collated)

    def measure() -> float:
        samples, began = 0, time.perf_counter()
        while True:
            for number, batch in enumerate(loader):
                samples += len(batch["targets"])
                elapsed = time.perf_counter() - began
                if number >= LOADED_BATCHES or elapsed > 2.0:
                    return elapsed / samples
            if samples >= LOADED_BATCHES * work.batch_size:
                return (time.perf_counter() - began) / samples

    return measure


def _collated(samples: list[Batch]) -> Batch:
    """PyTorch's own collation, with padding where samples differ in length."""
    if len({tensor.shape for sample in samples for tensor in sample.values()}) <= len(samples[0]):
        return dict(default_collate(samples))
    return {
        name: _padded([sample[name] for sample in samples], IGNORED if name == "targets" else 0)
        for name in samples[0]
    }


def _padded(rows: list[Tensor], filler: int) -> Tensor:
    if not rows[0].ndim:
        return torch.stack(rows)
    return torch.nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=filler)


def _second_start(folder: Path) -> None:
    rows = []
    texts = list(_many_texts(LARGE_CHARS))
    for kind in ("char", "bpe"):
        how = TextPreparation.parse({"tokenizer": {"kind": kind}, "cut": "pack"})
        splits = _splits(texts, None, f"large {kind}")
        began = time.perf_counter()
        load_texts(splits, how, "causal-lm", folder)
        first_s, began = time.perf_counter() - began, time.perf_counter()
        load_texts(splits, how, "causal-lm", folder)
        ratio = first_s / (time.perf_counter() - began)
        verdict = "" if ratio >= LEAST_SOONER else f"less than {LEAST_SOONER:g}"
        rows.append([kind, f"{first_s:.2f}", f"{ratio:,.0f}", verdict])
    print_table(
        f"Preparing {LARGE_CHARS:,} characters, and how many times sooner they are there again",
        ["tokenizer", "seconds", "times sooner", ""],
        rows,
    )


# -- what is trained on ----------------------------------------------------------------------------


def _works(folder: Path) -> dict[str, Work]:
    found = {}
    for name, example in BUNDLED.items():
        spec = _fixed(EXAMPLES[example].spec)
        found[f"{name}, bundled"] = Work(spec, load_for(spec.data, spec.model))
    for name, loaded in _prepared(folder).items():
        spec = _fixed(EXAMPLES[BUNDLED.get(name, "gpt-python-docs")].spec, loaded.facts)
        found[f"{name}, prepared"] = Work(spec, loaded)
    return found


def _fixed(spec: RunSpec, facts: DataFacts | None = None) -> RunSpec:
    document = spec.model_dump(mode="json")
    document["training"]["hardware"] |= {"device": "cpu", "threads": 1}
    if facts is not None and facts.task != spec.task.kind:
        document["task"] = {"kind": facts.task}
        document["model"] = {"kind": "encoder"}
    return RunSpec.parse(document)


def _prepared(folder: Path) -> dict[str, LoadedData]:
    topics = list(python_docs.topics().values())
    lines = [line for topic in topics for line in topic.splitlines() if line.strip()]
    bpe = {"tokenizer": {"kind": "bpe", "vocabulary_size": 1_000}}
    packed = TextPreparation.parse({**bpe, "cut": "windows"})
    whole = TextPreparation.parse({**bpe, "length": 128})
    classes = [len(line) % 2 for line in lines]
    return {
        "text": load_texts(_splits(topics, None, "topics"), packed, "causal-lm", folder),
        "lines": load_texts(
            _splits(lines, classes, "lines"),
            whole,
            "sequence-classification",
            folder,
            classes=("even", "odd"),
        ),
        "images": _images(folder),
        "table": _table(folder),
    }


def _splits(texts: list[str], targets: list[int] | None, identity: str) -> TextSplits:
    held_out = max(1, len(texts) // 10)

    def rows(part: slice) -> TextRows:
        mine, answers = texts[part], None if targets is None else targets[part]

        def read() -> Iterator[TextChunk]:
            for start in range(0, len(mine), 1024):
                here = slice(start, start + 1024)
                yield TextChunk(mine[here], None if answers is None else answers[here])

        return TextRows(read, len(mine))

    return TextSplits(rows(slice(held_out, None)), rows(slice(held_out)), identity)


def _many_texts(chars: int) -> Iterator[str]:
    """Paragraphs of the documentation, each with a number of its own, until there are enough."""
    paragraphs = [p for topic in python_docs.topics().values() for p in topic.split("\n\n")]
    written = 0
    while written < chars:
        for paragraph in paragraphs:
            text = f"{written} {paragraph}"
            written += len(text)
            yield text


def _images(folder: Path) -> LoadedData:
    images, labels = digits.images_and_labels()
    large = (np.kron(images, np.ones((1, 1, 4, 4), np.float32)) * 255).astype(np.uint8)
    arrays = _stored(folder, "images", {"inputs": large, "targets": labels})
    facts = DataFacts(
        modality="image",
        task="image-classification",
        train_samples=len(labels),
        val_samples=0,
        classes=digits.CLASSES,
        image_shape=(1, 32, 32),
    )
    return LoadedData(arrays, {name: array[:0] for name, array in arrays.items()}, facts)


def _table(folder: Path) -> LoadedData:
    spec = EXAMPLES[BUNDLED["table"]].spec
    loaded = load_for(spec.data, spec.model)
    many = {name: np.concatenate([array] * 20) for name, array in loaded.train.items()}
    arrays = _stored(folder, "table", many)
    facts = loaded.facts.model_copy(update={"train_samples": len(many["targets"])})
    return LoadedData(arrays, {name: array[:0] for name, array in arrays.items()}, facts)


def _stored(folder: Path, name: str, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Arrays on the disk, memory-mapped as prepared data is."""
    found = {}
    for field, array in arrays.items():
        path = folder / f"{name}-{field}.npy"
        np.save(path, array)
        found[field] = np.load(path, mmap_mode="c")
    return found


if __name__ == "__main__":
    main()
