"""A model of the user's own code as a typed document."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, JsonValue, field_validator

from engine.frozen import Frozen, knob

CODE_OFF = "TRAINDECK_IMPORTED_CODE"
"""The environment variable that, set to 'off', keeps imported code from being run at all."""

Choice = Literal["found", "yes", "no"]


def _brought_in(default: Any, label: str) -> Any:
    """A field that comes with the code; the Launch form does not ask for it."""
    return Field(default, title=label, json_schema_extra={"brought_in": True})


class CallSpec(Frozen):
    """How the model's forward is called and what of its output is taken; "found" is worked out from
    its signature and from what it does with a small batch."""

    inputs: tuple[str, ...] = knob((), "Arguments for the data")
    """Arguments of forward that are given the batch's inputs, in the order of the task's; empty
    finds them."""
    targets: Choice = knob("found", "Give targets")
    """Whether forward is given something in place of its targets argument, as models need that
    give all their logits only then. The true targets are not among it."""
    masks: Literal["found", "none", "torch", "keep"] = knob("found", "Give masks")
    """How masks are made: as PyTorch's own modules want them (true where not to look) or the other
    way round, shaped for attention heads (true where to look)."""
    batch_first: Choice = knob("found", "Batch dimension first")
    """Whether the first dimension of inputs and outputs is that of the samples."""
    flatten: Choice = knob("found", "Flatten inputs")
    """Whether an image is given as one row of numbers."""
    output: str = knob("found", "Output")
    """Where the logits are: "tensor", "first" of several, or the name of a key or attribute."""
    shift: Choice = knob("found", "Leaves out the last token")
    """Whether forward drops the last token of what it is given; then one more is given."""
    resize_head: bool = knob(False, "Resize the head")
    """Whether the last linear layer is replaced where it has another number of outputs than the
    data has classes."""


class ImportedModel(Frozen):
    """A model of the user's own Python code, kept as files beside the runs. Brought in on the
    Models page or with `python -m engine models import`."""

    kind: Literal["imported"] = "imported"
    code: str = _brought_in(..., "Code")
    """SHA-256 of the code's files and their names."""
    file: str = _brought_in("model.py", "File")
    """The file within the code that the class or function stands in."""
    entry: str = _brought_in(..., "Class or function")
    """What is called to build the model."""
    arguments: dict[str, JsonValue] = _brought_in({}, "Arguments")
    """What it is called with, by name."""
    config_class: str = _brought_in("", "Configuration class")
    """A class of the same code that is made from the arguments and handed over instead of them;
    empty for none."""
    name: str = _brought_in("", "Name")
    """What to show; empty for the entry."""
    block_size: int = knob(64, "Context length", unit="tokens", common=True, gt=0, le=1_000_000)
    """The length of the pieces that a running text is cut into; other data has its own."""
    call: CallSpec = Field(CallSpec(), title="Call")

    @field_validator("code")
    @classmethod
    def _is_a_hash(cls, code: str) -> str:
        if len(code) != 64 or set(code) - set("0123456789abcdef"):
            raise ValueError("the code is named by 64 hexadecimal digits, its SHA-256.")
        return code

    @field_validator("file")
    @classmethod
    def _is_a_module(cls, file: str) -> str:
        parts = file.split("/")
        if not file.endswith(".py") or "\\" in file or not all(parts) or {".", ".."} & {*parts}:
            raise ValueError(f"{file!r} is no Python file within a folder, such as 'net/model.py'.")
        return file

    @field_validator("entry", "config_class")
    @classmethod
    def _is_a_name(cls, entry: str) -> str:
        if entry and not all(part.isidentifier() for part in entry.split(".")):
            raise ValueError(f"{entry!r} is no name of a class or function.")
        return entry

    @property
    def shown_name(self) -> str:
        """What tables and headings call it."""
        return self.name or self.entry
