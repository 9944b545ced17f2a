"""The parameters of a model, one line each, as they are before training."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from components.charts.module_likeness import shape_words
from components.models import structure_tab
from components.models.looked_at import Looked
from engine.health.report import Value
from engine.models.structure.document import Structure


def show(looked: Looked) -> None:
    """Draw the table, once the structure was measured."""
    structure = structure_tab.head(looked)
    if structure is None:
        return
    st.caption(
        "Weights as the run's seed draws them. Decay: whether weight decay acts on it by the "
        "settings of the run that it was measured with."
    )
    found = frame(structure)
    st.dataframe(
        found,
        hide_index=True,
        height=min(640, 38 + 35 * max(1, len(found))),
        placeholder="–",
        column_config={
            "Name": st.column_config.TextColumn(width=260, pinned=True),
            "Numbers": st.column_config.NumberColumn(format="localized"),
            "Share": st.column_config.ProgressColumn(format="percent", min_value=0, max_value=1),
            "Mean": st.column_config.NumberColumn(format="%.3g"),
            "Std": st.column_config.NumberColumn(format="%.3g"),
        },
        alt="Parameters of the model",
    )
    st.download_button(
        "Download CSV",
        found.to_csv(index=False),
        "parameters.csv",
        "text/csv",
        key=looked.key("parameters_csv"),
        on_click="ignore",
        icon=":material/download:",
    )


def frame(structure: Structure) -> pd.DataFrame:
    """One line a parameter; what is not known is missing."""
    weights, all_numbers = structure.weights, max(1, structure.whole.parameters)
    return pd.DataFrame(
        {
            "Name": [weight.name for weight in weights],
            "Shape": [shape_words(weight.shape) for weight in weights],
            "Numbers": [weight.count for weight in weights],
            "Share": [weight.count / all_numbers for weight in weights],
            "Type": [weight.dtype for weight in weights],
            "Role": [weight.role for weight in weights],
            "Trained": [weight.trained for weight in weights],
            "Decay": [weight.decayed for weight in weights],
            "Mean": pd.Series([_number(weight.mean) for weight in weights], dtype="float64"),
            "Std": pd.Series([_number(weight.std) for weight in weights], dtype="float64"),
            "Also": [", ".join(weight.aliases) or None for weight in weights],
        }
    )


def _number(value: Value) -> float | None:
    """A number as the table has it: NaN and infinities are told by the health check."""
    return float(value) if value is not None else None
