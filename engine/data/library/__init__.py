"""Datasets of the user's own, kept beside the runs by the fingerprint of their content."""
