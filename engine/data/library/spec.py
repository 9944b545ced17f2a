"""DatasetSpec: a dataset of the library, and how its rows become samples."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import Field, field_validator, model_validator

from engine.data.augmentation_spec import Augmentation
from engine.data.text.preparation import TextPreparation
from engine.frozen import Frozen, knob
from engine.task_spec import TaskKind

Role = Literal[
    "text",
    "number",
    "category",
    "image",
    "label",
    "target",
    "group",
    "time",
    "split",
    "ignore",
]
"""What a column is for. Inputs are texts, numbers, categories or an image; a label is a class (or
several), a target a number or a text to be written; group, time and split decide what is held
out."""
Modality = Literal["text", "image", "table"]

MODALITIES: dict[TaskKind, Modality] = {
    **dict.fromkeys(get_args(TaskKind), "text"),
    "image-classification": "image",
    "tabular-classification": "table",
    "tabular-regression": "table",
}
"""What the inputs of a task are."""


def _brought_in(default: Any, label: str) -> Any:
    """A field that comes with the dataset; the Launch form does not ask for it."""
    return Field(default, title=label, json_schema_extra={"brought_in": True})


class RatioSplit(Frozen):
    """A share of the rows, drawn at random; which ones does not depend on their order."""

    kind: Literal["ratio"] = "ratio"
    val_fraction: float = knob(0.1, "Validation share", common=True, gt=0, lt=1)
    """Share of the rows that is held out for validation."""
    split_seed: int = knob(0, "Split seed", ge=0, le=2**32 - 1)
    """Decides which rows are held out."""


class StratifiedSplit(Frozen):
    """The same share of the rows of each class; which ones does not depend on their order."""

    kind: Literal["stratified"] = "stratified"
    val_fraction: float = knob(0.1, "Validation share", common=True, gt=0, lt=1)
    """Share of each class that is held out for validation."""
    split_seed: int = knob(0, "Split seed", ge=0, le=2**32 - 1)
    """Decides which rows are held out."""


class GroupSplit(Frozen):
    """Whole groups of rows: all of one patient, author or document are on the same side."""

    kind: Literal["group"] = "group"
    val_fraction: float = knob(0.1, "Validation share", common=True, gt=0, lt=1)
    """Share of the rows that is held out for validation, as near as whole groups come to it."""
    split_seed: int = knob(0, "Split seed", ge=0, le=2**32 - 1)
    """Decides which groups are held out."""


class TimeSplit(Frozen):
    """The latest rows: what comes after is predicted from what was before."""

    kind: Literal["time"] = "time"
    val_fraction: float = knob(0.1, "Validation share", common=True, gt=0, lt=1)
    """Share of the rows that is held out for validation; rows of one moment stay together."""


class LastSplit(Frozen):
    """The last rows in their order, so that running text stays in one piece on both sides."""

    kind: Literal["last"] = "last"
    val_fraction: float = knob(0.1, "Validation share", common=True, gt=0, lt=1)
    """Share of the rows that is held out for validation."""


class GivenSplit(Frozen):
    """What a column says, or the files that the rows came from."""

    kind: Literal["given"] = "given"
    train: tuple[str, ...] = knob(("train", "training"), "Training rows")
    """Values of the split's column for rows to train on."""
    val: tuple[str, ...] = knob(("validation", "valid", "val", "dev"), "Validation rows")
    """Values of the split's column for rows that are held out; rows with others are not used."""

    @model_validator(mode="after")
    def _apart(self) -> GivenSplit:
        both = sorted(set(self.train) & set(self.val))
        if both or not self.train or not self.val:
            reason = f"both have {', '.join(both)}" if both else "each needs one name or more"
            raise ValueError(f"training and validation rows are told apart by names, but {reason}.")
        return self


Split = Annotated[
    RatioSplit | StratifiedSplit | GroupSplit | TimeSplit | LastSplit | GivenSplit,
    Field(discriminator="kind"),
]


class ImageOptions(Frozen):
    """How images become numbers from 0 to 1, all of one size."""

    height: int = knob(32, "Height", unit="pixels", common=True, gt=0, le=1024)
    """Height of every image after it was resized."""
    width: int = knob(32, "Width", unit="pixels", common=True, gt=0, le=1024)
    """Width of every image after it was resized."""
    color: Literal["rgb", "grey"] = knob("rgb", "Colour", common=True)
    """Three channels, or one. What is transparent is shown on white."""
    fit: Literal["stretch", "crop", "pad"] = knob("stretch", "Other proportions")
    """Images of other proportions are stretched, cropped in the middle, or padded with black."""


class TableOptions(Frozen):
    """How the columns of a table become numbers."""

    categories: Literal["one-hot", "indices"] = knob("one-hot", "Categories")
    """A column of zeros and ones for each category of the training rows; or one column with its
    number from 1. A category that is not among the training rows is zero everywhere."""
    missing: Literal["fill", "drop", "refuse"] = knob("fill", "Missing values")
    """Numbers are filled with the mean of the training rows, a missing category is one of its own;
    or rows with missing values are dropped; or the data is refused."""


class DatasetSpec(Frozen):
    """A dataset of your own, brought in on the Data page or with `python -m engine data import`."""

    source: Literal["dataset"] = "dataset"
    dataset: str = _brought_in(..., "Dataset")
    """Fingerprint of the dataset: SHA-256 of its columns and rows."""
    name: str = _brought_in("", "Name")
    """What to show; empty for the fingerprint's beginning."""
    task: TaskKind = _brought_in(..., "Task")
    """What the samples are made for; the run's task must be the same."""
    columns: dict[str, Role] = _brought_in(..., "Columns")
    """Each column that is used, and what for; the others are ignored."""
    separator: str = _brought_in("", "Separator of labels")
    """What stands between several labels of one row, for several at once; empty where they are
    lists, or a column each."""
    text: TextPreparation = Field(TextPreparation(), title="Text")
    image: ImageOptions = Field(ImageOptions(), title="Images")
    augmentation: Augmentation = Field(Augmentation(), title="Augmentation")
    table: TableOptions = Field(TableOptions(), title="Table")
    split: Split = Field(RatioSplit(), title="Split")

    @field_validator("dataset")
    @classmethod
    def _is_a_fingerprint(cls, dataset: str) -> str:
        if len(dataset) != 64 or set(dataset) - set("0123456789abcdef"):
            raise ValueError("a dataset is named by 64 hexadecimal digits, its SHA-256.")
        return dataset

    @property
    def shown_name(self) -> str:
        """What tables, headings and messages call it."""
        return self.name or self.dataset[:12]

    @property
    def modality(self) -> Modality:
        """What the inputs are."""
        return MODALITIES[self.task]

    def of_role(self, *roles: Role) -> list[str]:
        """The columns with one of these roles, in their order."""
        return [name for name, role in self.columns.items() if role in roles]
