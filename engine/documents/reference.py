"""The reference of the configuration, written from the schema itself."""

from __future__ import annotations

import json
import types
from typing import Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from engine.documents.schema import Group, bounds, groups, in_words
from engine.documents.versions import VERSION
from engine.frozen import Frozen
from engine.run_spec import RunSpec

_PREFACE = f"""\
# Configuration

`make docs` writes this page from the schema. What a run is made from is one document, a `RunSpec`:
the Launch page fills it in, `python -m engine train` takes it as a JSON file, and Python builds it.
Unknown names are refused, and so is everything that this run would ignore. This page describes
version {VERSION} of the document; files of earlier versions are understood.

```python
from engine.documents.spec_files import load_spec, save
from engine.training_config_builder import TrainingConfigBuilder

spec = (
    TrainingConfigBuilder.quick_prototype()
    .with_model("mlp", width=64)
    .with_dataset("digits")
    .with_training(epochs=5, batch_size=16)
    .with_optimizer("adamw", lr=3e-3)
    .build()
)
save(spec, "spec.json")
assert load_spec("spec.json") == spec
```

Without `with_model` and `with_dataset`, `build()` gives a `TrainingConfig` for the `Trainer`.
"""
_HEADER = "| Field | Type and bounds | Default | Meaning |\n| --- | --- | --- | --- |\n"
_NAMES: dict[Any, str] = {
    int: "whole number",
    float: "number",
    bool: "true or false",
    str: "text",
    Any: "any",
}


def configuration() -> str:
    """docs/configuration.md."""
    return "\n".join([_PREFACE, *(_section(found) for found in groups(RunSpec) if _tells(found))])


def _tells(group: Group) -> bool:
    return bool(group.fields() or group.tag)


def _section(group: Group) -> str:
    tag = (
        f"| `{group.tag}` | `{json.dumps(group.choice)}` |  | Chooses this. |\n"
        if group.tag
        else ""
    )
    rows = tag + "".join(_row(name, info) for name, info in group.fields().items())
    return f"## {_heading(group)}\n\n{_one_line(group.model.__doc__ or '')}\n\n{_HEADER}{rows}"


def _heading(group: Group) -> str:
    title, path = group.title or "The document", group.path
    if group.choice:
        path = path.removesuffix(f"[{group.choice}]")
        title = f"{title}: {group.choice}"
    return f"{title} (`{path}`)" if path else title


def _row(name: str, info: FieldInfo) -> str:
    cells = (f"`{name}`", _allowed(info), _default(info), _meaning(info))
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |\n"


def _allowed(info: FieldInfo) -> str:
    limits = in_words(bounds(info))
    return f"{_type(info.annotation)}, {limits}" if limits else _type(info.annotation)


def _type(annotation: Any) -> str:
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return " or ".join(f"`{json.dumps(choice)}`" for choice in inner)
    if origin in (Union, types.UnionType):
        return " or ".join("`null`" if part is types.NoneType else _type(part) for part in inner)
    if origin is tuple:
        return f"list of {_type(inner[0])}"
    if origin is dict:
        return "object"
    return _NAMES[annotation]


def _default(info: FieldInfo) -> str:
    if info.is_required():
        return "required"
    value = info.get_default(call_default_factory=True)
    assert not isinstance(value, Frozen), "groups have sections of their own"
    return f"`{json.dumps(value)}`"


def _meaning(info: FieldInfo) -> str:
    extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    unit = f" ({extra['unit']})" if extra.get("unit") else ""
    label = f"{info.title}{unit}" if info.title else ""
    return ". ".join(part for part in (label, _one_line(info.description or "")) if part)


def _one_line(text: str) -> str:
    return " ".join(text.split())
