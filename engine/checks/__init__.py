"""Checks of a run before it starts, grouped by what they look at."""
