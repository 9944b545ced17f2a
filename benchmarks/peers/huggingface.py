"""The same work with `transformers.Trainer`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from torch import Tensor, nn
from torch.utils.data import DataLoader
from transformers import PrinterCallback, Trainer, TrainingArguments, default_data_collator

from benchmarks.loops import CLIP_NORM
from benchmarks.work import Work, loss_of
from engine.data.batching import Batch


class _Trainer(Trainer):
    """Takes the loss that everybody takes."""

    def compute_loss(
        self, model: nn.Module, inputs: dict[str, Tensor], **_: object
    ) -> Tensor:  # the rest is for outputs and for language models of that library
        return loss_of(model, inputs)


class _ReadyMade(_Trainer):
    """Takes the batches as they come."""

    def get_train_dataloader(self) -> DataLoader[Any]:
        return self.train_dataset


def ready_made(work: Work, folder: Path, *, log: bool, files: bool = False) -> float:
    """Seconds a step; ``log`` keeps loss, gradient norm and learning rate of each in memory.

    ``files`` writes them for TensorBoard too.
    """
    source = work.source()
    arguments = _arguments(work, folder, log=log, report_to="tensorboard" if files else "none")
    _train(_ReadyMade, work, arguments, work.ready_made(source), None)
    return source.step_s()


def collating(work: Work, folder: Path) -> float:
    """Seconds a step as that library is usually used: it makes the batches from samples."""
    source = work.source()

    def collated(samples: list[Batch]) -> Batch:
        source.tick()
        return default_data_collator(samples)

    _train(_Trainer, work, _arguments(work, folder, log=True), source.samples(), collated)
    return source.step_s()


def _train(
    kind: type[_Trainer],
    work: Work,
    arguments: TrainingArguments,
    data: Any,
    collator: Callable[[list[Batch]], Batch] | None,
) -> None:
    model = work.model()
    optimizer = work.optimizer(model)
    trainer = kind(
        model=model,
        args=arguments,
        train_dataset=data,
        data_collator=collator,
        optimizers=(optimizer, work.schedule(optimizer)),
    )
    trainer.remove_callback(PrinterCallback)
    trainer.train()


def _arguments(
    work: Work, folder: Path, *, log: bool, report_to: str = "none"
) -> TrainingArguments:
    return TrainingArguments(
        output_dir=str(folder),
        max_steps=work.steps,
        per_device_train_batch_size=work.spec.training.batching.batch_size,
        remove_unused_columns=False,
        max_grad_norm=CLIP_NORM,
        logging_strategy="steps" if log else "no",
        logging_steps=1,
        logging_nan_inf_filter=log,
        save_strategy="no",
        report_to=report_to,
        disable_tqdm=True,
        use_cpu=True,
        dataloader_pin_memory=False,
    )
