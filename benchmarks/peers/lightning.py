"""The same work with `lightning.Trainer`."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path
from typing import Any

import lightning
from lightning.pytorch.loggers import CSVLogger
from torch import Tensor
from torch.utils.data import DataLoader, default_collate

from benchmarks.loops import CLIP_NORM
from benchmarks.work import Work, loss_of
from engine.data.batching import Batch


class _Module(lightning.LightningModule):
    def __init__(self, work: Work, *, log: bool) -> None:
        super().__init__()
        self.model, self._work, self._log = work.model(), work, log

    def training_step(self, batch: Batch, _: int) -> Tensor:
        loss = loss_of(self.model, batch)
        if self._log:
            self.log("train/loss", loss)
        return loss

    def configure_optimizers(self) -> dict[str, Any]:
        optimizer = self._work.optimizer(self.model)
        schedule = {"scheduler": self._work.schedule(optimizer), "interval": "step"}
        return {"optimizer": optimizer, "lr_scheduler": schedule}


def ready_made(work: Work, folder: Path, *, log: bool) -> float:
    """Seconds a step; ``log`` writes the loss of each to a CSV file, else it is "barebones"."""
    source = work.source()
    _train(work, work.ready_made(source), folder, log=log)
    return source.step_s()


def collating(work: Work, folder: Path) -> float:
    """Seconds a step as that library is usually used: a DataLoader makes batches from samples."""
    source = work.source()

    def collated(samples: list[Batch]) -> Batch:
        source.tick()
        return default_collate(samples)

    size = work.spec.training.batching.batch_size
    loader = DataLoader(source.samples(), size, shuffle=True, collate_fn=collated)
    _train(work, loader, folder, log=True)
    return source.step_s()


def _train(work: Work, loader: DataLoader[Batch], folder: Path, *, log: bool) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of few data workers, of barebones
        logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
        trainer = lightning.Trainer(
            max_steps=work.steps,
            accelerator="cpu",
            devices=1,
            gradient_clip_val=CLIP_NORM,
            default_root_dir=folder,
            **_logging(folder) if log else {"barebones": True},
        )
        trainer.fit(_Module(work, log=log), loader)


def _logging(folder: Path) -> dict[str, Any]:
    return {
        "logger": CSVLogger(folder),
        "log_every_n_steps": 1,
        "enable_checkpointing": False,
        "enable_progress_bar": False,
        "enable_model_summary": False,
    }
