"""The run folder: everything that is known about a run, readable while it trains."""

RUNS_VARIABLE = "TRAINDECK_RUNS"
"""The environment variable that names the runs folder."""
