"""Charts as pure functions: numbers in, what to draw out. No streamlit, no torch."""
