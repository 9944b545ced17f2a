"""Words, badges and links for models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import streamlit as st

from components import readable
from components.plain_text import as_markdown
from engine.health.report import Verdict
from engine.health.summaries import HealthSummary
from engine.models.registry import Stage
from engine.run_spec import RunSpec
from engine.runs.spec_words import data_words

Color = Literal["blue", "green", "gray", "orange", "red", "violet"]

STAGES: Mapping[Stage, tuple[Color, str]] = {
    "candidate": ("blue", ":material/science:"),
    "production": ("green", ":material/verified:"),
    "archived": ("gray", ":material/inventory_2:"),
}
VERDICTS: Mapping[Verdict, tuple[Color, str]] = {
    "pass": ("green", ":material/check_circle:"),
    "warn": ("orange", ":material/warning:"),
    "fail": ("red", ":material/error:"),
    "skipped": ("gray", ":material/do_not_disturb_on:"),
}
HEALTH_WORDS: Mapping[Verdict, str] = {
    "pass": "healthy",
    "warn": "warnings",
    "fail": "unhealthy",
    "skipped": "nothing checked",
}


def stage_badge(stage: Stage) -> None:
    """Draw the stage."""
    color, icon = STAGES[stage]
    st.badge(stage, icon=icon, color=color)


def health_badge(found: HealthSummary | None) -> None:
    """Draw the verdict of the newest health check."""
    if found is None:
        st.badge("health not checked", icon=":material/help:", color="gray")
        return
    color, icon = VERDICTS[found.verdict]
    st.badge(f"{HEALTH_WORDS[found.verdict]}: {counts(found)}", icon=icon, color=color)


def counts(found: HealthSummary) -> str:
    """How many checks came to which verdict: those that are bad first."""
    shown = [
        f"{found.counts[verdict]} {verdict}"
        for verdict in ("fail", "warn", "pass")
        if found.counts[verdict]
    ]
    return ", ".join(shown) or "all skipped"


def short(digest: str) -> str:
    """So much of a digest as people can compare."""
    return digest[:8]


def about(spec: RunSpec) -> str:
    """Data and task, as a model is looked at with them; unique among the usual ones."""
    return f"{data_words(spec.data)} · {readable.choice(spec.task.kind)}"


def title(name: str) -> str:
    """A name as markdown."""
    return as_markdown(name)
