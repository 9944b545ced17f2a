"""The run folder: everything that is known about a run, readable while it trains."""
