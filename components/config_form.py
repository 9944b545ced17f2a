"""The form of a whole RunSpec, made from its schema; errors stand beside their field."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

import streamlit as st

from components import augmentation_view, form_fields, session, workspace
from components.draft import Draft
from components.form_schema import Item, Leaf, Variants, value_at
from components.models import launch_model, versions
from engine.data.specs import DataFacts
from engine.errors import Problem
from engine.task_spec import METRICS

_MONITOR = "training.evaluation.monitor"
_GROUPS = {
    "Task and data": ("task", "data"),
    "Model": ("model",),
    "Training": ("training",),
}
"""Titles, and which parts of the document they hold."""


def show(draft: Draft, problems: Sequence[Problem], facts: DataFacts | None = None) -> None:
    """Draw the form of a draft: common fields in groups, the others under 'Advanced'.

    Each of `problems` stands beside the field that its path names; `facts` are those of the data.
    """
    items = draft.items()
    for item in items:
        if "." not in item.path and isinstance(item, Leaf):
            _show_item(item, draft, problems)
    for title, parts in _GROUPS.items():
        members = [item for item in items if item.path.split(".")[0] in parts]
        with st.container(border=True):
            st.markdown(f"##### {title}")
            _show_group(title, members, draft, problems, facts)
            if "data" in parts:
                augmentation_view.show(draft.document, facts, session.store().root)


def _show_group(
    title: str,
    items: Sequence[Item],
    draft: Draft,
    problems: Sequence[Problem],
    facts: DataFacts | None,
) -> None:
    common = [item for item in items if isinstance(item, Variants) or item.common]
    _show_grid(common, draft, problems)
    if _GROUPS[title] == (versions.PATH,):
        launch_model.show(draft, facts, problems)
    rest = [item for item in items if item not in common]
    if not rest:
        return
    wrong = any(problem.path == item.path for item in rest for problem in problems)
    with st.expander("Advanced", expanded=workspace.keep_open(title, wrong), type="compact"):
        for section, grouped in groupby(rest, key=lambda item: item.section):
            members = list(grouped)
            if section not in (title, *(item.label for item in members)):
                st.caption(f"**{section}**")
            _show_grid(members, draft, problems)


def _show_grid(items: Sequence[Item], draft: Draft, problems: Sequence[Problem]) -> None:
    with st.grid(3, min_column_width=145):
        for item in items:
            with st.container(gap="xsmall"):
                _show_item(item, draft, problems)


def _show_item(item: Item, draft: Draft, problems: Sequence[Problem]) -> None:
    value = value_at(draft.document, item.path)
    own = [problem for problem in problems if problem.path == item.path]
    if isinstance(item, Variants):
        offered = item
        if item.path == versions.PATH:
            offered = versions.with_library(item, session.store())
        form_fields.show_variants(offered, value[item.tag], own)
    else:
        form_fields.show(_with_choices(item, draft), value, own)


def _with_choices(leaf: Leaf, draft: Draft) -> Leaf:
    """What can be monitored depends on the task."""
    if leaf.path != _MONITOR:
        return leaf
    measured = METRICS.get(draft.document["task"]["kind"], {})
    return replace(leaf, kind="choice", choices=tuple(f"val/{name}" for name in measured))
