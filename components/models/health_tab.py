"""The health check of a model: started, followed, kept, and compared with earlier ones."""

from __future__ import annotations

import time
from collections.abc import Sequence

import streamlit as st

from components import trouble
from components.durations import shown_age, shown_duration
from components.models import examinations, finding_view, looked_at, report_changes, wording
from components.models.examinations import Examination
from components.models.looked_at import Looked
from components.plain_text import as_markdown
from engine.health import child, kept
from engine.health.child import HealthCheck
from engine.health.names import NAMES
from engine.health.report import Finding, HealthReport
from engine.models.imported.library import is_off
from engine.models.imported.spec import ImportedModel

_REFRESH_S = 0.5


def show(looked: Looked) -> None:
    """Draw the check that runs, or what the last one found."""
    if looked.spec is None:
        st.caption("It cannot be built here, so there is nothing to check.")
        return
    running = examinations.of_runs(looked.store.root).of("health", looked.digest)
    if running is not None and not running.process.done:
        _progress(looked, running)
        return
    report = _kept(looked)
    _start(looked, again=report is not None)
    if running is not None and running.process.problem:
        st.error(as_markdown(running.process.problem), icon=":material/error:")
        _found_before_it_broke(running)
    if report is None:
        st.caption(
            f"{len(NAMES)} checks in about ten seconds for a small model: whether it can be built, "
            "sees the future, learns in every layer, fits into memory, and more. They run in a "
            "process of its own and change nothing."
        )
        return
    _report(looked, report)


def _kept(looked: Looked) -> HealthReport | None:
    digest = looked.examined()
    return kept.read(looked.store.root, digest) if digest else None


def _start(looked: Looked, *, again: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        looked_at.choose(looked)
        assert looked.spec is not None
        off = isinstance(looked.spec.model, ImportedModel) and is_off()
        if st.button(
            "Check again" if again else "Check health",
            key=looked.key("check"),
            type="secondary" if again else "primary",
            icon=":material/stethoscope:",
            disabled=off,
            help="Imported code is not run on this server." if off else None,
        ):
            with trouble.shown():
                _begin(looked)
                st.rerun()


def _begin(looked: Looked) -> None:
    spec = looked.spec
    assert spec is not None
    examinations.of_runs(looked.store.root).begin(
        "health", looked.digest, looked.model.name, lambda: child.start(looked.store, spec)
    )


@st.fragment(run_every=_REFRESH_S)
def _progress(looked: Looked, running: Examination) -> None:
    """Check by check, looked at again and again until it is over."""
    here = examinations.of_runs(looked.store.root)
    here.of("health", looked.digest)
    check = running.process
    assert isinstance(check, HealthCheck)
    if check.done:
        st.rerun()
    done, of = len(check.findings), len(check.names)
    beginning = "" if done else ": building the model"
    now = f": {NAMES[check.current].title}" if check.current else beginning
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.progress(done / of, text=f"{done} of {of} checks{now}", width="stretch")
        st.button(
            "Cancel",
            key=looked.key("cancel_check"),
            icon=":material/close:",
            on_click=here.cancel,
            args=("health", looked.digest),
        )
    for finding in check.findings:
        finding_view.line(finding)


def _found_before_it_broke(running: Examination) -> None:
    check = running.process
    assert isinstance(check, HealthCheck)
    for finding in check.findings:
        finding_view.line(finding)


def _report(looked: Looked, report: HealthReport) -> None:
    _summary(report)
    earlier = report_changes.offered(looked.store.root, report)
    if earlier:
        report_changes.show(looked, report, earlier)
    _findings(looked, report.findings)


def _summary(report: HealthReport) -> None:
    took_s = sum(finding.took_s for finding in report.findings)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        for verdict, (color, icon) in wording.VERDICTS.items():
            if count := report.count(verdict):
                st.badge(f"{count} {verdict}", icon=icon, color=color)
        age = shown_age(max(0.0, time.time() - report.checked_at))
        threads = report.environment.get("threads")
        on = f", on {threads} thread{'s' if threads != 1 else ''}" if threads else ""
        st.caption(f"checked {age} in {shown_duration(took_s)}{on}", width="content")


def _findings(looked: Looked, findings: Sequence[Finding]) -> None:
    keys = {finding.check: looked.key(f"finding.{finding.check}") for finding in findings}
    with st.container(horizontal=True, gap="small"):
        for label, is_open in (("Open all", True), ("Close all", False)):
            st.button(
                label,
                key=looked.key(label),
                type="tertiary",
                on_click=st.session_state.update,
                args=(dict.fromkeys(keys.values(), is_open),),
            )
    with st.container(gap="xsmall"):
        for finding in findings:
            finding_view.show(finding, keys[finding.check])
