"""The trial of a model on one real batch: begun, watched and told."""

from __future__ import annotations

import streamlit as st

from components import model_state, session
from components.plain_text import as_markdown
from engine.models.imported.dry_run import DryRun
from engine.models.imported.limits import SECONDS
from engine.models.imported.trials import Trial
from engine.run_spec import RunSpec

_LOOK_S = 0.5
_STAGES = {
    "import": "It cannot be imported",
    "build": "It cannot be built",
    "signature": "It cannot be called",
    "forward": "Its forward fails",
    "output": "Its outputs do not fit",
    "backward": "It cannot be trained",
    "time": "It takes too long",
    "memory": "It takes too much memory",
    "ended": "It ended its process",
    "cancelled": "Cancelled",
}
_HELP = (
    "Builds the model in a process of its own and makes one update from one real batch: forward, "
    "backward and a step of the optimizer. Some seconds."
)


def show(spec: RunSpec, why_not: str = "") -> bool:
    """Draw the button and what came of it; whether the model was shown to work.

    With `why_not` it cannot be begun.
    """
    trials = model_state.trials(session.store())
    trial = trials.of(spec)
    if trial is not None and not trial.is_over:
        watch(trial)
        return False
    st.button(
        "Try it on one real batch" if trial is None else "Try it again",
        key="models.try",
        icon=":material/science:",
        type="primary" if trial is None else "secondary",
        disabled=bool(why_not),
        help=why_not or _HELP,
        on_click=_begin,
        args=(spec,),
    )
    if trial is not None:
        tell(trial)
    return trial is not None and trial.works


def _begin(spec: RunSpec) -> None:
    model_state.trials(session.store()).begin(spec)


@st.fragment(run_every=_LOOK_S)
def watch(trial: Trial) -> None:
    """Draw how far a trial is, until it is over; then the page is drawn anew."""
    if trial.is_over:
        st.rerun()
    with st.container(
        border=True, horizontal=True, vertical_alignment="center", key="models-going"
    ):
        st.markdown(
            f":material/hourglass_top: Trying it on one real batch: {as_markdown(trial.stage)}… "
            f":gray[{trial.seconds:.0f} s of at most {SECONDS:.0f} for each part]",
            width="stretch",
        )
        st.button("Cancel", key="models.try.cancel", icon=":material/close:", on_click=trial.cancel)


def tell(trial: Trial) -> None:
    """Draw what a trial that is over has shown."""
    verdict = trial.verdict
    if verdict is None:
        st.error(as_markdown(trial.refused), icon=":material/error:")
    elif verdict.ok:
        _works(verdict, trial.spec)
    else:
        _fails(verdict)
    if verdict is not None and verdict.output.strip():
        with st.expander("What it printed"):
            st.code(verdict.output, None, wrap_lines=True)


def _works(verdict: DryRun, spec: RunSpec) -> None:
    st.success(works_in_words(verdict), icon=":material/check_circle:")
    for warning in verdict.warnings:
        st.warning(as_markdown(warning), icon=":material/warning:")
    st.markdown("\n".join(f"- {as_markdown(sentence)}" for sentence in verdict.found))


def works_in_words(verdict: DryRun) -> str:
    """What one update showed, in a sentence."""
    assert verdict.parameters is not None
    assert verdict.loss is not None
    trained = verdict.trained_parameters
    share = "" if trained in (None, verdict.parameters) else f", {trained:,} of them trained"
    took = "" if verdict.took_s is None else f" in {verdict.took_s:.1f} s"
    return (
        f"**It works.** {verdict.parameters:,} parameters{share}; one update{took}, "
        f"from a loss of {verdict.loss:.4g}."
    )


def _fails(verdict: DryRun) -> None:
    title = _STAGES.get(verdict.stage, "It does not work")
    if verdict.stage == "cancelled":
        st.info(as_markdown(verdict.message), icon=":material/cancel:")
        return
    st.error(as_markdown(verdict.message), title=title, icon=":material/error:")
    if verdict.lines:
        st.caption("Where, in your files:")
        st.code("\n".join(verdict.lines), None, wrap_lines=True)
