"""From nothing, an example or a form to a run."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from components import (
    config_form,
    example_cards,
    fork_banner,
    launch_panel,
    preset_bar,
    session,
    spec_tabs,
    workspace,
)
from components.outlook import outlook

STYLE = Path(__file__).parents[1] / "components" / "launch_page.css"

st.html(STYLE)
st.title("Launch")
store, now = session.store(), workspace.current()
if now.brought or now.draft.fork is not None:
    examples = st.expander("Examples", icon=":material/apps:", key="launch.examples")
else:
    examples = st.container()
    examples.markdown("Start an example with one click, or set up a run of your own below.")
with examples:
    example_cards.show("launch.example", customise=workspace.load)

st.header("Your run")
if now.warning:
    st.warning(now.warning, icon=":material/save:")
ahead = outlook(now.draft, store)
fork_banner.show(ahead, store)
form, panel = st.columns([5, 3], gap="medium")
with form, st.container(key="launch-form"):
    preset_bar.show(ahead)
    config_form.show(now.draft, ahead.problems, ahead.facts)
with panel:
    launch_panel.show(ahead)

if now.draft.fork is None:
    st.subheader("The same run as")
    spec_tabs.show(ahead.spec, store.root)
