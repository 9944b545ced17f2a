"""Models that can be built from a spec."""
