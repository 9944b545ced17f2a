"""A health report beside an earlier one, or one on other data: what has changed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import streamlit as st

from components.durations import shown_age
from components.models.finding_view import measured_words
from components.models.looked_at import Looked
from engine.health import kept
from engine.health.names import NAMES
from engine.health.report import Finding, HealthReport
from engine.health.summaries import summaries

_NONE = "Nothing"


class Other(NamedTuple):
    """A report to compare with."""

    label: str
    file: Path


def offered(root: Path, report: HealthReport) -> list[Other]:
    """Earlier reports about the same, then those of the same model on other data."""
    now = time.time()
    found = []
    for file in kept.earlier(root, report.digest):
        age = shown_age(max(0.0, now - int(file.stem) / 1e9))
        found.append(Other(f"The one before, {age} ({file.stem[-6:]})", file))
    version = next((one.version for one in summaries(root) if one.digest == report.digest), "")
    for one in summaries(root):
        if one.version == version and version and one.digest != report.digest:
            age = shown_age(max(0.0, now - one.checked_at))
            found.append(Other(f"On {one.data}, {age} ({one.digest[:6]})", one.file))
    return found


def show(looked: Looked, report: HealthReport, earlier: Sequence[Other]) -> None:
    """Draw the choice of a report, and what is otherwise in it."""
    files = {other.label: other.file for other in earlier}
    chosen = st.selectbox("Compare with", [_NONE, *files], key=looked.key("compare"), width=340)
    if chosen is None or chosen == _NONE or chosen not in files:
        return
    frame = changes(kept.read_file(files[chosen]), report)
    if frame.empty:
        st.caption("Verdicts and numbers are the same.")
        return
    st.dataframe(frame, hide_index=True, alt="What has changed between the two reports")


def changes(before: HealthReport, now: HealthReport) -> pd.DataFrame:
    """One line a verdict or number that is not the same in both, the verdicts first."""
    old = {finding.check: finding for finding in before.findings}
    new = {finding.check: finding for finding in now.findings}
    rows = [
        (_title(check), "verdict", _verdict(old.get(check)), _verdict(new.get(check)))
        for check in (*new, *(check for check in old if check not in new))
        if _verdict(old.get(check)) != _verdict(new.get(check))
    ]
    for check, finding in new.items():
        rows += _numbers(check, old.get(check), finding)
    return pd.DataFrame(rows, columns=["Check", "What", "Before", "Now"])


def _numbers(check: str, old: Finding | None, new: Finding) -> list[tuple[str, str, str, str]]:
    before = {one.name: measured_words(one) for one in old.measured} if old else {}
    now = {one.name: measured_words(one) for one in new.measured}
    return [
        (_title(check), name, before.get(name, "–"), now.get(name, "–"))
        for name in (*now, *(name for name in before if name not in now))
        if before.get(name) != now.get(name)
    ]


def _verdict(finding: Finding | None) -> str:
    return "not made" if finding is None else finding.verdict


def _title(check: str) -> str:
    return NAMES[check].title if check in NAMES else check
