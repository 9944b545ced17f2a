"""What one check of a health check found: verdict, sentence, remedy, numbers, pictures."""

from __future__ import annotations

import streamlit as st

from components import readable, seeding
from components.charts.findings import finding_figure, left_out
from components.models.wording import VERDICTS
from components.numbers import DASH, shown_number
from components.plain_text import as_markdown
from engine.health.names import NAMES
from engine.health.report import Finding, Measured, Value

_LONGEST = 110
_UNKNOWN = "A check that this version does not have any more"


def line(finding: Finding) -> None:
    """Draw it in one line."""
    color, icon = VERDICTS[finding.verdict]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.badge(finding.verdict, icon=icon, color=color)
        st.markdown(f"**{_title(finding)}** {as_markdown(finding.text)}", width="stretch")


def show(finding: Finding, key: str) -> None:
    """Draw it as a line that unfolds; what is not well is unfolded from the beginning."""
    color, icon = VERDICTS[finding.verdict]
    known = NAMES.get(finding.check)
    text = as_markdown(shortened(finding.text))
    label = f":{color}-badge[{icon} {finding.verdict}] **{_title(finding)}** :gray[{text}]"
    seeding.seed(key, finding.verdict in ("warn", "fail"))
    box = st.expander(label, key=key, on_change="rerun")
    if not box.open:
        return
    with box:
        st.caption(as_markdown(known.question if known else _UNKNOWN))
        st.markdown(as_markdown(finding.text))
        if finding.remedy:
            st.info(as_markdown(finding.remedy), icon=":material/build:")
        _numbers(finding)
        _pictures(finding, key)
        st.caption(f"Took {readable.duration(finding.took_s)}.")


def shortened(text: str) -> str:
    """The first sentence, or how it begins."""
    first = text.split(". ")[0].rstrip(".")
    return first if len(first) <= _LONGEST else f"{first[: _LONGEST - 1]}…"


def measured_words(measured: Measured) -> str:
    """A number with its unit; a dash for what is not known."""
    number = value_words(measured.value)
    if number == DASH or not measured.unit:
        return number
    return f"{number} {measured.unit}" if measured.unit != "at most" else f"at most {number}"


def value_words(value: Value) -> str:
    """A number as people read it, also one that is none."""
    if isinstance(value, str):
        return {"Infinity": "∞", "-Infinity": "-∞"}.get(value, value)
    return shown_number(value)


def _title(finding: Finding) -> str:
    known = NAMES.get(finding.check)
    return as_markdown(known.title if known else finding.check)


def _numbers(finding: Finding) -> None:
    if not finding.measured:
        return
    with st.grid(4, min_column_width=150, gap=("small", "xsmall")):
        for one in finding.measured:
            words = as_markdown(measured_words(one))
            st.markdown(f":small[:gray[{as_markdown(one.name)}]]  \n**{words}**")


def _pictures(finding: Finding, key: str) -> None:
    dark = st.context.theme.type == "dark"
    with st.grid(2, min_column_width=320, gap="small"):
        for number, figure in enumerate(finding.figures):
            with st.container():
                st.plotly_chart(
                    finding_figure(figure, dark=dark),
                    key=f"{key}.{number}",
                    config={"displayModeBar": False},
                )
                if missing := left_out(figure):
                    values = "value is" if missing == 1 else "values are"
                    st.caption(f"{missing:,} {values} not finite, or cannot be on this axis.")
